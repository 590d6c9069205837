"""Scores of predictions and of generated samples, and the judge that labels samples."""
