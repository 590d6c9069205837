"""A ledger in PostgreSQL, and the tables by which several drivers share its candidates."""
