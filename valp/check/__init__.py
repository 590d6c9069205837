"""Checks whether a graph is a VALP, and computes keys by which equal graphs are recognised."""
