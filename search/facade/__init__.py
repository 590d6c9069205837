"""A search from Python: `launch`."""
