"""How a compiled VALP is trained: the batches, the executors, and the weights that it inherits."""
