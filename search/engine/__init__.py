"""The driver of a search, and the workers that train its candidates: this process (`local`) or Ray Tune (`ray`)."""
