"""The driver of a search, and what trains its candidates: this process (`local`) or Ray Tune (`ray`)."""
