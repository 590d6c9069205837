"""Passes the candidates of a search on to TensorBoard and MLflow."""
