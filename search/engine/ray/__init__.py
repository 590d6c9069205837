"""Trains a search's candidates in actors of Ray Tune."""
