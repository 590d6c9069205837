"""What a graph is made of: the kinds of network, losses and combiners, and the workbench on which they become
operations of a plan. Other packages add rows to their tables through entry points."""
