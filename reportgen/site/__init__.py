"""From a view of the store to a published version."""
