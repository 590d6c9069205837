"""Multi-objective successive halving: the rule, the scheduler for any user of Ray Tune, and a simulator of searches."""
