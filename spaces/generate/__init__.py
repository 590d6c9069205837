"""Algorithm 1: random graphs of a space. Each decision is made by a `Choose`."""
