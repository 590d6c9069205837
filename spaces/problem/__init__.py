"""A problem: typed data in three splits, its metrics, judges and baselines."""
