"""Candidates compared by several objectives: the front, its hypervolume, and populations."""
