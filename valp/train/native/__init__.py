"""The native executor: plans of MLP operations, trained on a CPU by one interpreter that Numba compiles once."""
