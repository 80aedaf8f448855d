"""Page functions: values in, one `Page` out. Pure: no file, clock or environment is read, and Jinja is not known here."""
