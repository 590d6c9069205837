"""Baselines: what a user would try before a multi-task graph, for each output of a problem."""
