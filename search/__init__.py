"""How candidates are searched: strategies, Ray, the ledger, and the command line."""

import warnings

# Optuna imports tqdm, which warns in a notebook without ipywidgets. Nothing here shows a bar of tqdm.
warnings.filterwarnings("ignore", message="IProgress not found")
