"""A search whose candidates are trained by actors of Ray Tune."""
