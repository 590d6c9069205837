"""How candidates are searched: strategies, Ray, the ledger, and the command line."""
