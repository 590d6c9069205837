"""What a VALP learns: typed data in three splits, its metrics, judges and baselines."""
