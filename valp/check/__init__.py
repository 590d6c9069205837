"""Whether a graph is a VALP, and which graphs are the same."""
