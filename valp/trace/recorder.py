"""`Recorder`: records a `Trace` of a training."""

from dataclasses import dataclass
from math import ceil

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from valp.compile.module import VALPModule
from valp.errors import SettingError
from valp.graph.graph import Graph
from valp.trace.trace import SHAPES, Floats, Trace, TracedGroup
from valp.train.balance.balance import Balance
from valp.train.balance.balancer import LossStep
from valp.train.balance.loss_reach import ParameterGroup, loss_reach
from valp.train.combined_gradients import parameters_of
from valp.train.step_observer import StepObserver

MOST_RECORDS = 500
"""The most steps that are recorded by default. A recorded step takes a further backward pass for each loss."""

INDEPENDENT = 1e-12
"""Directions of gradients with a smaller share of the largest eigenvalue count as dependent on the others."""


@dataclass(frozen=True)
class _TracedPart:
    """The parameters of one network in one group."""

    group: int
    network: int
    losses: tuple[int, ...]
    parameters: list[nn.Parameter]


class Recorder(StepObserver):
    """Records a training: pass it as `observer` to `valp.train.fit.fit`, and take `trace()` afterwards.

    The training is the same as without it, with the torch executor, to the last bit.

    Args:
        module: the module that is trained.
        graph: its graph.
        steps: the steps of the training.
        every: the steps from one record to the next, the first step included; by default as few as give at most
            `MOST_RECORDS` records.
        balance: the balancing method of the training.
        about: as in `Trace`.

    Raises:
        SettingError: if `every` is not a positive whole number.
    """

    def __init__(
        self,
        module: VALPModule,
        graph: Graph,
        *,
        steps: int,
        every: int | None = None,
        balance: Balance | None = None,
        about: dict[str, str | int] | None = None,
    ) -> None:
        if every is not None and (every != int(every) or every < 1):
            raise SettingError(f"every must be a positive whole number of steps, but is {every}")
        self._every = every or max(1, ceil(steps / MOST_RECORDS))
        self._graph, self._balance, self._about = graph, balance or Balance(), dict(about or {})
        reach = loss_reach(module.plan)
        self._names, self._groups = reach.names, reach.groups
        self._networks = tuple(dict.fromkeys(network_of(layer) for group in reach.groups for layer in group.layers))
        self._parts = [
            _TracedPart(i, self._networks.index(name), group.losses, parameters_of(module, _only(group, name)))
            for i, group in enumerate(reach.groups)
            for name in dict.fromkeys(map(network_of, group.layers))
        ]
        self._step = 0
        self._now: LossStep | None = None
        self._rows: list[dict[int, Tensor]] = []
        self._steps: list[int] = []
        self._records: dict[str, list[Floats]] = {name: [] for name in SHAPES}

    def due(self, step: int) -> bool:
        """See `StepObserver`."""
        return (step - 1) % self._every == 0

    def losses(self, step: int, losses: LossStep) -> None:
        """See `StepObserver`."""
        present = losses.present.tolist()
        rows: list[dict[int, Tensor]] = [{} for _ in self._parts]
        for loss in range(len(self._names)):
            reached = [place for place, part in enumerate(self._parts) if loss in part.losses]
            if not present[loss] or not reached:
                continue
            parameters = [parameter for place in reached for parameter in self._parts[place].parameters]
            found = iter(
                torch.autograd.grad(losses.losses[loss], parameters, retain_graph=True, materialize_grads=True)
            )
            for place in reached:
                rows[place][loss] = torch.cat([next(found).flatten() for _ in self._parts[place].parameters])
        self._step, self._now, self._rows = step, losses, rows

    def gradients(self, weights: Tensor | None) -> None:
        """See `StepObserver`."""
        step, count = self._now, len(self._names)
        assert step is not None, "losses must be called before gradients"
        by_group = np.zeros((len(self._groups), count + 1, count + 1))
        by_network = np.zeros((len(self._networks), count + 1, count + 1))
        met = np.zeros(by_group.shape, bool), np.zeros(by_network.shape, bool)
        for part, rows in zip(self._parts, self._rows, strict=True):
            places = [*rows, count]
            products = _products([*rows.values(), _direction(part.parameters)])
            by_group[part.group][np.ix_(places, places)] += products
            by_network[part.network][np.ix_(places, places)] += products
            met[0][part.group][np.ix_(places, places)] = met[1][part.network][np.ix_(places, places)] = bool(rows)
        present = _numbers(step.present) > 0
        factors = _numbers(step.betas if weights is None else weights)
        group_norms, group_cosines = _norms_and_cosines(by_group, met[0])
        network_norms, network_cosines = _norms_and_cosines(by_network, met[1])
        there = np.diagonal(met[0], axis1=1, axis2=2)[:, :-1]
        found = {
            "values": np.where(present, _numbers(step.losses.detach()), np.nan),
            "factors": np.where(present, factors, np.nan),
            "weights": np.where(there, factors, np.nan) if weights is not None else _weights(by_group, there),
            "norms": group_norms[:, :-1],
            "cosines": group_cosines[:, :-1, :-1],
            "direction_norms": group_norms[:, -1],
            "direction_cosines": group_cosines[:, :-1, -1],
            "network_norms": network_norms[:, :-1],
            "network_cosines": network_cosines[:, :-1, :-1],
        }
        self._steps.append(self._step)
        for name, values in found.items():
            self._records[name].append(values)
        self._now, self._rows = None, []

    @property
    def recorded(self) -> int:
        """The number of steps recorded so far."""
        return len(self._steps)

    def trace(self) -> Trace:
        """What was recorded so far.

        Raises:
            SettingError: if no step was recorded.
        """
        if not self._steps:
            raise SettingError("a trace has at least one step, but none was recorded")
        return Trace(
            graph=self._graph,
            losses=self._names,
            balance=str(self._balance),
            groups=tuple(
                TracedGroup(tuple(dict.fromkeys(map(network_of, group.layers))), group.losses) for group in self._groups
            ),
            networks=self._networks,
            steps=np.array(self._steps, np.int64),
            about=self._about,
            **{name: np.stack(values) for name, values in self._records.items()},
        )


def network_of(layer: str) -> str:
    """The network, or the output, that a layer of a plan belongs to."""
    return layer.partition("-")[0]


def _only(group: ParameterGroup, network: str) -> ParameterGroup:
    """The part of a group that belongs to a network."""
    return ParameterGroup(tuple(layer for layer in group.layers if network_of(layer) == network), group.losses)


def _direction(parameters: list[nn.Parameter]) -> Tensor:
    """The gradient of the step, (n,); 0 for parameters that no loss of the batch reaches."""
    return torch.cat([torch.zeros_like(p).flatten() if p.grad is None else p.grad.flatten() for p in parameters])


def _products(rows: list[Tensor]) -> Floats:
    """The inner products of some vectors."""
    matrix = torch.stack([row.detach() for row in rows]).to("cpu", torch.float64)
    return (matrix @ matrix.T).numpy()


def _numbers(values: Tensor) -> Floats:
    return values.to("cpu", torch.float64).numpy()


def _norms_and_cosines(products: Floats, met: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Lengths (places, K + 1) and cosines (places, K + 1, K + 1) from inner products; the direction is last.

    `met` has the shape of the products: which of them reach the same parameters.
    """
    known = np.where(met, products, np.nan)
    norms: Floats = np.sqrt(np.diagonal(known, axis1=1, axis2=2))
    with np.errstate(divide="ignore", invalid="ignore"):
        cosines = known / (norms[:, :, None] * norms[:, None, :])
    return norms, np.where(np.isfinite(cosines), cosines, np.nan)


def _weights(products: Floats, there: NDArray[np.bool_]) -> Floats:
    """w with v = Σ_j w_j·∇_j in each group, (G, K), by least squares; the shortest w if the gradients are dependent."""
    weights = np.full(there.shape, np.nan)
    for place, known in enumerate(there):
        among = products[place][:-1, :-1][np.ix_(known, known)]
        with_direction = products[place][:-1, -1][known]
        lengths = np.sqrt(among.diagonal())
        if not np.isfinite(among).all() or not np.isfinite(with_direction).all() or not (lengths > 0).any():
            continue
        some = lengths > 0
        scaled = among[np.ix_(some, some)] / np.outer(lengths[some], lengths[some])
        found = np.full(len(lengths), np.nan)
        found[some] = (
            np.linalg.lstsq(scaled, with_direction[some] / lengths[some], rcond=INDEPENDENT)[0] / lengths[some]
        )
        weights[place, known] = found
    return weights
