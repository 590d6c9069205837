"""Optuna's dashboard on a run: a view of its ledger that nothing can be written through."""
