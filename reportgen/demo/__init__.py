"""A Jenkins that lives on this machine, with a real sample behind it.

`model` holds what a controller knows, `sample` packs and loads it, `jenkins` serves it over HTTP.
"""
