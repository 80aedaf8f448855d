"""A Jenkins that lives on this machine, with a real sample behind it."""
