"""`Trace`: the losses of a training, and the lengths and angles of their gradients in each part of the graph."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from valp.graph.graph import Graph

Floats = NDArray[np.float64]

CONFLICT = 90.0
"""Two losses are in conflict where the angle between their gradients is larger, in degrees.

To first order, a step against the gradient of one of them then raises the other.
"""

SHAPES = {
    "values": "SK", "factors": "SK", "weights": "SGK", "norms": "SGK", "cosines": "SGKK", "direction_norms": "SG",
    "direction_cosines": "SGK", "network_norms": "SNK", "network_cosines": "SNKK",
}  # fmt: skip
"""The arrays that have a row for each recorded step, and their shapes in the letters of `Trace`."""


@dataclass(frozen=True)
class TracedGroup:
    """A group of parameters that one set of losses reaches; see `valp.train.balance.loss_reach`.

    Attributes:
        networks: the networks and outputs that its layers belong to.
        losses: the losses that reach it, ascending places in `Trace.losses`.
    """

    networks: tuple[str, ...]
    losses: tuple[int, ...]


@dataclass(frozen=True)
class Conflict:
    """How the gradients of two losses pull at one network.

    Attributes:
        network: the network, or an output whose combiner learns.
        losses: the two losses, ascending places in `Trace.losses`.
        angle: the mean angle between their gradients over the recorded steps, in degrees; from 0, they pull the same
            way, to 180, they pull against each other.
        share: the share of these steps with an angle above `CONFLICT`.
    """

    network: str
    losses: tuple[int, int]
    angle: float
    share: float


@dataclass(frozen=True)
class Trace:
    """What a `valp.trace.recorder.Recorder` recorded in S steps of a training with K losses.

    ∇_j is the gradient of L_j, without any weight, by the parameters of a group or of a network, on the batch of the
    step. A method makes from these the direction v, and the optimiser steps against it. A number is NaN where it does
    not exist: the loss does not reach the group, the batch has no label for it, or a gradient is zero and has no angle.

    Attributes:
        graph: the graph that was trained.
        losses: the names of the K losses, kind:prediction, or kind:prediction:truth if prediction and truth differ.
        balance: the balancing method and its settings, as text.
        groups: the G groups of parameters.
        networks: the names of the N networks and outputs that have parameters which any loss reaches.
        steps: (S,), the numbers of the recorded steps, from 1.
        values: (S, K), L_j.
        factors: (S, K), the factor of L_j in the gradients that the method combines: β, with its warm-up; for a method
            that weighs the losses, the weight itself.
        weights: (S, G, K), w_j with v = Σ_j w_j·∇_j, in each group. For a method that combines gradients, they are
            found by least squares from v.
        norms: (S, G, K), ‖∇_j‖.
        cosines: (S, G, K, K), the cosine of the angle between ∇_i and ∇_j.
        direction_norms: (S, G), ‖v‖.
        direction_cosines: (S, G, K), the cosine of the angle between ∇_j and v.
        network_norms: (S, N, K), as `norms`, in each network.
        network_cosines: (S, N, K, K), as `cosines`, in each network.
        about: the training: what is known of `problem`, `run`, `candidate`, `steps`, `batch` and `seed`.
    """

    graph: Graph
    losses: tuple[str, ...]
    balance: str
    groups: tuple[TracedGroup, ...]
    networks: tuple[str, ...]
    steps: NDArray[np.int64]
    values: Floats
    factors: Floats
    weights: Floats
    norms: Floats
    cosines: Floats
    direction_norms: Floats
    direction_cosines: Floats
    network_norms: Floats
    network_cosines: Floats
    about: dict[str, str | int] = field(default_factory=dict)

    @property
    def angles(self) -> Floats:
        """(S, G, K, K), the angles between the gradients of the losses in each group, in degrees."""
        return degrees(self.cosines)

    @property
    def direction_angles(self) -> Floats:
        """(S, G, K), the angles between the gradients of the losses and v in each group, in degrees."""
        return degrees(self.direction_cosines)

    @property
    def network_angles(self) -> Floats:
        """(S, N, K, K), the angles between the gradients of the losses in each network, in degrees."""
        return degrees(self.network_cosines)

    @property
    def every(self) -> int:
        """The number of steps from one record to the next; 1 if there are fewer than two."""
        return int(self.steps[1] - self.steps[0]) if len(self.steps) > 1 else 1

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """How each two losses pull at each network that both reach, by network, then by pair of losses."""
        angles = self.network_angles
        found = []
        for n, network in enumerate(self.networks):
            for i in range(len(self.losses)):
                for j in range(i + 1, len(self.losses)):
                    known = angles[:, n, i, j]
                    known = known[np.isfinite(known)]
                    if len(known):
                        found.append(Conflict(network, (i, j), float(known.mean()), float((known > CONFLICT).mean())))
        return tuple(found)

    def frame(self) -> Any:
        """The conflicts as a pandas data frame, the largest mean angle first.

        Returns:
            A row for each network and pair of losses that reach it: `network`, `loss`, `other`, `angle` in degrees,
            and `share`, the share of the recorded steps in which the angle is above 90°.
        """
        import pandas as pd

        rows = [
            (one.network, self.losses[one.losses[0]], self.losses[one.losses[1]], one.angle, one.share)
            for one in sorted(self.conflicts, key=lambda one: -one.angle)
        ]
        return pd.DataFrame(rows, columns=["network", "loss", "other", "angle", "share"])


def degrees(cosines: Floats) -> Floats:
    """The angles of cosines, in degrees; cosines that rounding put outside [−1, 1] count as −1 or 1."""
    angles: Floats = np.degrees(np.arccos(cosines.clip(-1, 1)))
    return angles
