"""Optuna's dashboard for a run, through a read-only view of the ledger."""
