"""The built-in scores, one class each."""
