"""The built-in problems, and where their files are found."""
