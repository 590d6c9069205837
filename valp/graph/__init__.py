"""A VALP as a value: data units, components and their layers, connections and losses, and the types of data.

Nothing here needs torch.
"""
