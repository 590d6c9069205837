"""A search as a scikit-learn estimator."""
