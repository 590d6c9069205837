"""What a graph is made of: kinds of network, losses, combiners and data types, and how these become operations.

Other packages add rows to the tables through entry points.
"""
