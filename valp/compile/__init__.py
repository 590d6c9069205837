"""A checked graph becomes a plan, and the plan a torch module."""
