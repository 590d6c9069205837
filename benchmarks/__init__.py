"""Benchmarks, which measure the figures in docs/results.md."""
