"""The scores that VALP has itself, a class each."""
