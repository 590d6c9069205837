"""The built-in problems, and how their data files are found."""
