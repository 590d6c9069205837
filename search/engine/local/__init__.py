"""A search in this process, without Ray."""
