"""The store: what was harvested, in one SQLite file and write-once blobs, kept until `prune` is told otherwise."""
