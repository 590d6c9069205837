"""How a compiled VALP is trained: `fit`, the schedule, the balancing methods, the executors, inherited weights."""
