"""A space: the settings of Algorithm 1, the ranges of its networks, and the searched settings of training."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from valp.errors import SettingError
from valp.graph.graph import Role
from valp.graph.vocabulary import ACTIVATIONS, INITIALIZERS
from valp.parts.combiners import COMBINERS
from valp.parts.kinds import BUILT_IN, DECODER, DISCRETIZER, GENERIC_MLP, KINDS, Kind
from valp.parts.losses import LOSSES
from valp.parts.priors import MIXTURE, PRIORS, STANDARD_NORMAL
from valp.train.balance import Balance, completed, read_balance

Range = tuple[float, float]
"""[low, high]. If both are equal, the value is fixed."""

MAX_PARAMETERS = 60
"""The most parameters of a space for Optuna's samplers, which slow down with the number of parameters."""


LOWEST_VALUES = {
    "hidden_layers": 0,
    "units": 1,
    "output_units": 2,
    "convolutions": 1,
    "channels": 1,
    "recurrences": 1,
    "beta": 1e-12,
    "beta_error": 1e-12,
    "beta_samples": 1e-12,
    "beta_kl": 1e-12,
    "learning_rate": 1e-12,
}
"""The smallest number that each range may contain."""


@dataclass(frozen=True)
class Space:
    """The set of candidates that a search draws from (Garciarena et al., V-A and V-B).

    Ranges are pairs of the smallest and the largest value.

    Attributes:
        name: the name on the command line.
        max_n: the largest number of networks in a graph.
        kinds: the network kinds, codes of `valp.parts.kinds.KINDS`. Kinds that do not fit a problem (for example
            convolutions if no input has a shape) are not used.
        alpha: α, the probability of a new network if an existing one could serve.
        phi: φ, the probability that a further connection into a decoder is a condition.
        partial: the probability that ψ is drawn. Otherwise a connection transports all variables of its source.
        hidden_layers: the range of the number of hidden layers in a network.
        units: the range of the number of neurons in a hidden layer.
        output_units: the range of the number of variables in an intra-model output; half of that for a Bottleneck.
        convolutions: the range of the number of layers in a convolutional network.
        channels: the range of the number of channels in its layers, log-uniform; twice that in a recurrent network.
        kernels: the possible sides of its kernels, all odd.
        by_shape: whether only convolutional and recurrent networks may read an input with a shape, if they can. Raw
            pixels then reach no dense layer, and condition no decoder.
        recurrences: the range of the number of layers in a recurrent network.
        normalise: the probability that a network has batch normalisation.
        log_scale: whether `units` and `output_units` are drawn log-uniformly.
        uniform_layers: whether the hidden layers of a network share one width, activation and initialiser.
        activations: the activations of hidden layers.
        initializers: the initialisers of all layers.
        network_combiners: the combiners of networks. Model outputs add.
        own_codes: whether latent variables come only from networks that predict no output. Otherwise a prediction of
            four numbers may at once be the mean and the log variance of two latent variables.
        discrete_conditions: whether a Discrete unit may condition a decoder.
        any_condition: whether samples may depend on any input, whatever the problem says by what they may be asked for.
        priors: the possible priors of the latent variables of a network, codes of `valp.parts.priors.PRIORS`. Each
            network with latent connections has its own.
        samples_loss: the loss of Samples outputs; None for the problem's own.
        beta: the range of β of the problem's losses that are not named below.
        beta_error: the range of β of the squared errors of Numeric and Features outputs, divided by the output's
            variance. At 1, an output that always predicts the mean has a loss of 1 in any unit. None for `beta`.
        beta_samples: the range of β of the likelihoods of Samples outputs; None for `beta`. If it is 1 and nothing
            else, β of a KL loss is that of a β-VAE (Higgins et al. 2017).
        beta_kl: the range of β of KL losses.
        learning_rate: the range of the learning rate of Adam.
        batches: the possible batch sizes, as multiples of the search's batch size. The number of samples seen does not
            depend on it.
        kl_warmups: the possible KL warm-ups: the share of the steps over which β of the KL losses rises from 0.
        decay: the share of the steps, at the end, over which the learning rate falls to 0. It also applies to
            single-task models.
        balances: the possible balancing methods of `valp.train.balance`. Settings given here are fixed, the others are
            searched.
        samples_score: the code of the score that a search optimises by default for Samples outputs; None for the
            problem's own.
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
    own_codes: bool = False
    discrete_conditions: bool = False
    any_condition: bool = False
    priors: tuple[str, ...] = (STANDARD_NORMAL.code,)
    samples_loss: str | None = None
    beta: Range = (1.0, 1.0)
    beta_error: Range | None = None
    beta_samples: Range | None = None
    beta_kl: Range = (1.0, 1.0)
    learning_rate: Range = (1e-3, 1e-3)
    batches: tuple[float, ...] = (1.0,)
    kl_warmups: tuple[float, ...] = (0.0,)
    decay: float = 0.0
    balances: tuple[Balance, ...] = (Balance(),)
    samples_score: str | None = None

    def __post_init__(self) -> None:
        if not 0 < self.alpha <= 1:
            raise SettingError(f"α must lie in (0, 1], but is {self.alpha}")
        for name in ("phi", "partial", "normalise", "decay"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingError(f"{name} must lie in [0, 1], but is {getattr(self, name)}")
        for name, least in LOWEST_VALUES.items():
            low, high = getattr(self, name) or (least, least)
            if not least <= low <= high:
                raise SettingError(f"{name} must be an ascending range from at least {least:g}, but is {low} to {high}")
        for name, known in (
            ("activations", ACTIVATIONS),
            ("initializers", INITIALIZERS),
            ("network_combiners", tuple(COMBINERS)),
            ("kinds", tuple(KINDS)),
            ("priors", tuple(PRIORS)),
        ):
            words = getattr(self, name)
            if not words or not set(words) <= set(known):
                raise SettingError(f"{name} must be some of {', '.join(known)}, but is {', '.join(words) or 'empty'}")
        if not any(KINDS[kind].encodes for kind in self.kinds):
            encoding = " or ".join(f"the {kind.title}, {code}," for code, kind in KINDS.items() if kind.encodes)
            raise SettingError(f"kinds must have {encoding} which can encode, but is {self.kinds}")
        for kind in self.kinds:
            if not KINDS[kind].searchable:
                raise SettingError(
                    f"kind {kind!r} cannot be searched: it must take any data, read Features by their shape or start "
                    "from latent variables, and it must design its layers if it needs any"
                )
        if not self.kernels or any(side < 1 or side % 2 == 0 for side in self.kernels):
            raise SettingError(f"kernels must have odd sides, but are {self.kernels}")
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

    def drawn_prior(self, slot: str, kind: Kind, category: Callable[[str, Sequence[str]], str]) -> str:
        """The prior of a network's latent variables, by `category`; no decision if there is only one.

        So a space with one prior makes the same decisions as before there were others.
        """
        if Role.LATENT not in kind.takes:
            return STANDARD_NORMAL.code
        return self.priors[0] if len(self.priors) == 1 else category(f"{slot}.prior", self.priors)

    def batches_of(self, batch: int) -> tuple[int, ...]:
        """The possible batch sizes in a search with this batch size."""
        return tuple(dict.fromkeys(max(1, round(factor * batch)) for factor in self.batches))


PAPER = Space(
    name="paper",
    max_n=11,
    any_condition=True,
    samples_loss="mse",
    samples_score="entropy",
    beta_kl=(
        1.96,
        1.96,
    ),  # the original code has β = 5e-5 and sums the KL over 50 images: × 50 × 784 generated variables
)
"""The space of Garciarena et al.: 1 to 4 layers of 4 to 49 units, each with its own activation and initialiser."""

DEFAULT = Space(
    name="default",
    max_n=8,
    hidden_layers=(1, 3),
    units=(32, 512),
    output_units=(16, 64),
    log_scale=True,
    uniform_layers=True,
    activations=("relu", "elu", "softplus", "tanh"),
    initializers=("xavier",),
    network_combiners=("concatenation", "addition"),
    partial=0.3,
    own_codes=True,
    discrete_conditions=True,
    priors=(MIXTURE.code,),
    beta=(0.1, 10.0),
    beta_error=(0.01, 1.0),
    beta_samples=(1.0, 1.0),
    beta_kl=(0.03, 0.5),
    learning_rate=(3e-4, 3e-3),
    batches=(0.5, 1.0, 2.0),
    kl_warmups=(0.0, 0.1, 0.3),
    decay=0.3,
)
"""Our own space: fewer and wider networks. β and the training are searched too."""

FULL = replace(
    DEFAULT,
    name="full",
    kinds=tuple(kind.code for kind in BUILT_IN),
    network_combiners=("concatenation", "addition", "gated_sum"),
    by_shape=True,
    normalise=0.5,
)
"""The default space with every network kind (also convolutional and recurrent), and batch normalisation."""

SPACES = {space.name: space for space in (DEFAULT, FULL, PAPER)}


def space_of(name: str, kinds: Sequence[str] = (), balances: Sequence[str] = ()) -> Space:
    """A space by its name, optionally with other network kinds and balancing methods.

    Args:
        name: the name of the space.
        kinds: codes of network kinds; the space's own if empty.
        balances: balancing methods in the format of `valp.train.balance.read_balance`; the space's own if empty.

    Raises:
        SettingError: if no space has this name, a kind is unknown or cannot be searched, or a balancing method is
            invalid.
    """
    if name not in SPACES:
        raise SettingError(f"space must be one of {', '.join(SPACES)}, but is {name!r}")
    others: dict[str, Any] = {"kinds": tuple(kinds)} if kinds else {}
    if balances:
        others["balances"] = tuple(read_balance(text) for text in balances)
    return replace(SPACES[name], **others)
