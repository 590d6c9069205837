"""A trained VALP for its user: tables in and out, the bundle file, the model card, and export formats."""
