"""A run on disk: its folder, settings and ledger."""
