"""A space: the settings of Algorithm 1, the ranges of its networks, and what else of a candidate is searched."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from valp.errors import SettingError
from valp.graph.vocabulary import ACTIVATIONS, INITIALIZERS
from valp.parts.combiners import COMBINERS
from valp.parts.kinds import BUILT_IN, DECODER, DISCRETIZER, GENERIC_MLP, KINDS
from valp.parts.losses import LOSSES
from valp.train.balance import Balance, completed, read_balance

Range = tuple[float, float]
"""[low, high]; equal ends fix the value."""

MAX_PARAMETERS = 60
"""Optuna's samplers slow down with the number of parameters, so a space keeps to this many."""


LEAST = {
    "hidden_layers": 0,
    "units": 1,
    "output_units": 2,
    "convolutions": 1,
    "channels": 1,
    "recurrences": 1,
    "beta": 1e-12,
    "beta_error": 1e-12,
    "beta_kl": 1e-12,
    "learning_rate": 1e-12,
}
"""The least number a range may have."""


@dataclass(frozen=True)
class Space:
    """What candidates are drawn from (002, V-A and V-B).

    Attributes:
        name: how the command line calls it.
        max_n: the most networks of a graph.
        kinds: the kinds of its networks, codes of `valp.parts.kinds.KINDS`; those that a problem has no use for (a
            convolution where no input has a shape, say) are left out by themselves.
        alpha: α, the probability that a new network is created where an existing one could serve.
        phi: φ, the probability that a further connection into a decoder is a condition.
        partial: the probability that ψ is drawn; otherwise a connection transports all of its source.
        hidden_layers: the fewest and the most hidden layers of a network.
        units: the fewest and the most neurons of a hidden layer.
        output_units: the fewest and the most variables of an intra-model output; half as many for a Bottleneck.
        convolutions: the fewest and the most layers of a convolutional network.
        channels: the fewest and the most channels of its layers, log-uniform; a recurrent network has twice as many.
        kernels: the sides of its kernels, odd.
        by_shape: whether inputs with a shape are read by convolutional and recurrent networks alone, where those can:
            raw pixels then reach no dense layer, and condition no decoder.
        recurrences: the fewest and the most layers of a recurrent network.
        normalise: the probability that a network has batch normalisation.
        log_scale: whether `units` and `output_units` are drawn log-uniformly.
        uniform_layers: whether the hidden layers of a network share one width, activation and initialiser.
        activations: of the hidden layers.
        initializers: of all layers.
        network_combiners: of networks; model outputs add.
        discrete_conditions: whether a Discrete unit may condition a decoder.
        samples_loss: the loss of Samples outputs, in place of the problem's own; None keeps that.
        beta: β of the problem's losses.
        beta_error: β of the squared errors of Numeric and Features outputs, as a share of the variance of what they
            judge: at 1 an output that always predicts the mean costs 1, whatever its unit. None weighs them by `beta`.
        beta_kl: β of KL losses.
        learning_rate: of Adam.
        batches: examples a step, in those of the search; a candidate sees as many samples with any.
        kl_warmups: the share of the steps over which β of the KL losses rises from 0.
        decay: the share of the steps, at their end, over which the learning rate falls to 0; of the single-task models'
            trainings, too.
        balances: the balancing methods of `valp.train.balance`. Settings that are named here are fixed, the others are
            searched.
    """

    name: str
    max_n: int
    kinds: tuple[str, ...] = (GENERIC_MLP.code, DISCRETIZER.code, DECODER.code)
    alpha: float = 0.5
    phi: float = 0.3
    partial: float = 1.0
    hidden_layers: tuple[int, int] = (1, 4)
    units: tuple[int, int] = (4, 49)
    output_units: tuple[int, int] = (2, 49)
    convolutions: tuple[int, int] = (1, 3)
    channels: tuple[int, int] = (8, 32)
    kernels: tuple[int, ...] = (3,)
    recurrences: tuple[int, int] = (1, 2)
    by_shape: bool = False
    normalise: float = 0.0
    log_scale: bool = False
    uniform_layers: bool = False
    activations: tuple[str, ...] = ACTIVATIONS
    initializers: tuple[str, ...] = INITIALIZERS
    network_combiners: tuple[str, ...] = ("concatenation",)
    discrete_conditions: bool = False
    samples_loss: str | None = None
    beta: Range = (1.0, 1.0)
    beta_error: Range | None = None
    beta_kl: Range = (1.0, 1.0)
    learning_rate: Range = (1e-3, 1e-3)
    batches: tuple[float, ...] = (1.0,)
    kl_warmups: tuple[float, ...] = (0.0,)
    decay: float = 0.0
    balances: tuple[Balance, ...] = (Balance(),)

    def __post_init__(self) -> None:
        if not 0 < self.alpha <= 1:
            raise SettingError(f"α must lie in (0, 1], but is {self.alpha}")
        for name in ("phi", "partial", "normalise", "decay"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingError(f"{name} must lie in [0, 1], but is {getattr(self, name)}")
        for name, least in LEAST.items():
            low, high = getattr(self, name) or (least, least)
            if not least <= low <= high:
                raise SettingError(f"{name} must be an ascending range from {least:g} on, but is {low} to {high}")
        for name, known in (
            ("activations", ACTIVATIONS),
            ("initializers", INITIALIZERS),
            ("network_combiners", tuple(COMBINERS)),
            ("kinds", tuple(KINDS)),
        ):
            words = getattr(self, name)
            if not words or not set(words) <= set(known):
                raise SettingError(f"{name} must be some of {', '.join(known)}, but is {', '.join(words) or 'empty'}")
        if not any(KINDS[kind].encodes for kind in self.kinds):
            encoding = " or ".join(f"the {kind.title}, {code}," for code, kind in KINDS.items() if kind.encodes)
            raise SettingError(f"kinds must have {encoding} which bridges and encodes, but is {self.kinds}")
        for kind in self.kinds:
            if not KINDS[kind].searchable:
                raise SettingError(
                    f"kind {kind!r} cannot be searched: it must take any data, read Features by their shape or begin "
                    "with latent variables, and design its layers if it needs any"
                )
        if not self.kernels or any(side < 1 or side % 2 == 0 for side in self.kernels):
            raise SettingError(f"kernels must be odd sides, but are {self.kernels}")
        if not self.batches or not all(0 < factor < inf for factor in self.batches):
            raise SettingError(f"batches must be positive, but are {self.batches}")
        if not self.kl_warmups or not all(0 <= share <= 1 for share in self.kl_warmups):
            raise SettingError(f"kl_warmups must lie in [0, 1], but are {self.kl_warmups}")
        if not self.balances:
            raise SettingError("balances must name a balancing method, but is empty")
        for balance in self.balances:
            completed(balance)
        if self.samples_loss is not None and self.samples_loss not in LOSSES:
            raise SettingError(f"samples_loss must be one of {', '.join(LOSSES)}, but is {self.samples_loss!r}")

    def batches_of(self, batch: int) -> tuple[int, ...]:
        """The batch sizes of a search with this one."""
        return tuple(dict.fromkeys(max(1, round(factor * batch)) for factor in self.batches))


PAPER = Space(
    name="paper",
    max_n=11,
    samples_loss="mse",
    beta_kl=(1.96, 1.96),  # the original weighs a KL summed over 50 images by 5e-5: × 50 × 784 generated variables
)
"""The space of 002's experiment: one to four layers of 4 to 49 units, each with its own activation and initialiser."""

DEFAULT = Space(
    name="default",
    max_n=8,
    hidden_layers=(1, 3),
    units=(32, 256),
    output_units=(8, 64),
    log_scale=True,
    uniform_layers=True,
    activations=("relu", "elu", "softplus", "tanh"),
    initializers=("xavier",),
    network_combiners=("concatenation", "addition"),
    partial=0.3,
    discrete_conditions=True,
    beta=(0.1, 10.0),
    beta_error=(0.01, 1.0),
    beta_kl=(0.1, 2.0),
    learning_rate=(3e-4, 3e-3),
    batches=(0.5, 1.0, 2.0),
    kl_warmups=(0.0, 0.1, 0.3),
)
"""Our own: fewer and wider networks, with β and the training searched too."""

FULL = replace(
    DEFAULT,
    name="full",
    kinds=tuple(kind.code for kind in BUILT_IN),
    network_combiners=("concatenation", "addition", "gated_sum"),
    by_shape=True,
    normalise=0.5,
)
"""Every kind of network: convolutional on images and sequences, recurrent on sequences, with batch normalisation."""

SPACES = {space.name: space for space in (DEFAULT, FULL, PAPER)}


def space_of(name: str, kinds: Sequence[str] = (), balances: Sequence[str] = ()) -> Space:
    """A space by its name, with other kinds of network and other balancing methods where some are given.

    Args:
        name: of the space.
        kinds: codes of network kinds.
        balances: balancing methods, as `valp.train.balance.read_balance` reads them.

    Raises:
        SettingError: if there is none of this name, a kind is unknown or cannot be searched, or a balancing method is
            not possible.
    """
    if name not in SPACES:
        raise SettingError(f"space must be one of {', '.join(SPACES)}, but is {name!r}")
    others: dict[str, Any] = {"kinds": tuple(kinds)} if kinds else {}
    if balances:
        others["balances"] = tuple(read_balance(text) for text in balances)
    return replace(SPACES[name], **others)
