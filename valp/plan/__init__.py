"""The plan of a checked graph: typed operations over named buffers, which executors run."""
