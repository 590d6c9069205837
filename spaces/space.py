"""A space: the settings of Algorithm 1, the ranges of its networks, and what else of a candidate is searched."""

from dataclasses import dataclass

from valp.combiners import COMBINERS
from valp.errors import SettingError
from valp.losses import LOSSES
from valp.vocabulary import ACTIVATIONS, INITIALIZERS

Range = tuple[float, float]
"""[low, high]; equal ends fix the value."""

MAX_PARAMETERS = 60
"""Optuna's samplers slow down with the number of parameters, so a space keeps to this many."""


@dataclass(frozen=True)
class Space:
    """What candidates are drawn from (002, V-A and V-B).

    Attributes:
        name: how the command line calls it.
        max_n: the most networks of a graph.
        alpha: α, the probability that a new network is created where an existing one could serve.
        phi: φ, the probability that a further connection into a decoder is a condition.
        partial: the probability that ψ is drawn; otherwise a connection transports all of its source.
        hidden_layers: the fewest and the most hidden layers of a network.
        units: the fewest and the most neurons of a hidden layer.
        output_units: the fewest and the most variables of an intra-model output.
        log_scale: whether `units` and `output_units` are drawn log-uniformly.
        uniform_layers: whether the hidden layers of a network share one width, activation and initialiser.
        activations: of the hidden layers.
        initializers: of all layers.
        network_combiners: of networks; model outputs add.
        discrete_conditions: whether a Discrete unit may condition a decoder.
        samples_loss: the loss of Samples outputs, in place of the problem's own; None keeps that.
        beta: β of the problem's losses.
        beta_kl: β of KL losses.
        learning_rate: of Adam.
    """

    name: str
    max_n: int
    alpha: float = 0.5
    phi: float = 0.3
    partial: float = 1.0
    hidden_layers: tuple[int, int] = (1, 4)
    units: tuple[int, int] = (4, 49)
    output_units: tuple[int, int] = (2, 49)
    log_scale: bool = False
    uniform_layers: bool = False
    activations: tuple[str, ...] = ACTIVATIONS
    initializers: tuple[str, ...] = INITIALIZERS
    network_combiners: tuple[str, ...] = ("concatenation",)
    discrete_conditions: bool = False
    samples_loss: str | None = None
    beta: Range = (1.0, 1.0)
    beta_kl: Range = (1.0, 1.0)
    learning_rate: Range = (1e-3, 1e-3)

    def __post_init__(self) -> None:
        if not 0 < self.alpha <= 1:
            raise SettingError(f"α must lie in (0, 1], but is {self.alpha}")
        for name in ("phi", "partial"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingError(f"{name} must lie in [0, 1], but is {getattr(self, name)}")
        for name in ("hidden_layers", "units", "output_units", "beta", "beta_kl", "learning_rate"):
            low, high = getattr(self, name)
            least = 0 if name == "hidden_layers" else 2 if name == "output_units" else 1e-12
            if not least <= low <= high:
                raise SettingError(f"{name} must be an ascending range from {least:g} on, but is {low} to {high}")
        for name, known in (
            ("activations", ACTIVATIONS),
            ("initializers", INITIALIZERS),
            ("network_combiners", tuple(COMBINERS)),
        ):
            words = getattr(self, name)
            if not words or not set(words) <= set(known):
                raise SettingError(f"{name} must be some of {', '.join(known)}, but is {', '.join(words) or 'empty'}")
        if self.samples_loss is not None and self.samples_loss not in LOSSES:
            raise SettingError(f"samples_loss must be one of {', '.join(LOSSES)}, but is {self.samples_loss!r}")


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
    beta_kl=(0.1, 2.0),
    learning_rate=(3e-4, 3e-3),
)
"""Our own: fewer and wider networks, with β and the learning rate searched too."""

SPACES = {space.name: space for space in (DEFAULT, PAPER)}
