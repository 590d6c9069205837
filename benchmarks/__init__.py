"""What docs/results.md claims, measured."""
