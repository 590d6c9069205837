"""The optimisers that `fit` knows."""

from typing import Literal, get_args

Optimizer = Literal["adam", "sgd"]
"""`adam` is Adam with its usual settings (Kingma & Ba 2015). `sgd` is stochastic gradient descent with momentum:
v ← μ·v + gradient, w ← w − rate·v. Adam divides each gradient by its own size, so it hides how long a direction is;
experiments about directions need `sgd`."""

OPTIMIZERS: tuple[Optimizer, ...] = get_args(Optimizer)

MOMENTUM = 0.9
"""μ of `sgd`."""
