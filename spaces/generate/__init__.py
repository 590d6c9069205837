"""Algorithm 1 of Garciarena et al.: random graphs of a space. A `Choose` makes each decision."""
