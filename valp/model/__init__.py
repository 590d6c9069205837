"""A trained VALP for its user: tables in and out, the bundle that keeps it, its card, and other formats."""
