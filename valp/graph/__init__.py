"""A VALP as a value: data units, components, connections and losses, and the types of data.

Nothing here needs torch.
"""
