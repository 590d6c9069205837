"""What there is to search: problems, and the candidates allowed for them."""
