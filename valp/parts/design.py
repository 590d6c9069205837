"""What the random design of a network needs: its purpose (`Wish`), the ranges, and decisions (`Choices`).

Each kind designs its own networks in `Kind.design`. Designed convolutions keep the spatial size or halve it by pooling.
So the output of a network is known before its source is: the design fixes the spatial size that it reads, but not the
number of channels.
"""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Protocol, TypeVar

from valp.graph.graph import DataUnit, Layer, Role

T = TypeVar("T")

Sides = tuple[int, ...]
"""A spatial size: (H, W) or (T,)."""


class Choices(Protocol):
    """Makes decisions, each with a name; `valp.spaces.generate.choose.Choose` implements it."""

    def integer(self, name: str, low: int, high: int, *, log_scale: bool = False) -> int:
        """A whole number in [low, high], uniform or log-uniform."""

    def real(self, name: str, low: float, high: float, *, log_scale: bool = False) -> float:
        """A number in [low, high), uniform or log-uniform."""

    def category(self, name: str, options: Sequence[T]) -> T:
        """One of the options, all equally probable."""

    def flag(self, name: str, probability: float) -> bool:
        """True with this probability."""


class Ranges(Protocol):
    """The ranges for networks; `valp.spaces.generate.space.Space` implements it and documents each field."""

    @property
    def hidden_layers(self) -> tuple[int, int]:
        """The fewest and the most hidden layers of a network."""

    @property
    def units(self) -> tuple[int, int]:
        """The fewest and the most neurons of a hidden layer."""

    @property
    def output_units(self) -> tuple[int, int]:
        """The fewest and the most variables of a network's output."""

    @property
    def convolutions(self) -> tuple[int, int]:
        """The fewest and the most layers of a convolutional network."""

    @property
    def channels(self) -> tuple[int, int]:
        """The fewest and the most channels of a layer."""

    @property
    def kernels(self) -> tuple[int, ...]:
        """The sides that kernels may have, all odd."""

    @property
    def recurrences(self) -> tuple[int, int]:
        """The fewest and the most layers of a recurrent network."""

    @property
    def normalise(self) -> float:
        """The probability of batch normalisation."""

    @property
    def log_scale(self) -> bool:
        """Whether widths are drawn log-uniformly."""

    @property
    def uniform_layers(self) -> bool:
        """Whether the hidden layers of a network are equal."""

    @property
    def activations(self) -> tuple[str, ...]:
        """The activations of layers."""

    @property
    def initializers(self) -> tuple[str, ...]:
        """The initialisers of layers."""


@dataclass(frozen=True)
class Wish:
    """What a new network is for.

    Attributes:
        role: the role of the connection to its target.
        unit: the unit that a model output requires; None inside the model.
        reads: the spatial size of the Features that its target reads; None if the target reads anything.
        latent: the number of variables that its target needs for (μ, log σ²); None if it is not fixed.
        image: (C, H, W) of the output if it is an image, else None.
    """

    role: Role
    unit: DataUnit | None = None
    reads: Sides | None = None
    latent: int | None = None
    image: tuple[int, int, int] | None = None


@dataclass(frozen=True)
class Design:
    """A designed network.

    Attributes:
        unit: what it produces.
        layers: its layers.
        reads: the spatial size of the Features that it takes; None if it takes vectors as well.
    """

    unit: DataUnit
    layers: tuple[Layer, ...]
    reads: Sides | None = None


class Designer:
    """Helps a kind to design a network: names decisions after the network's slot, and designs common parts.

    Args:
        slot: the prefix of the names of the decisions.
        ranges: the ranges for networks.
        choices: makes the decisions.
        given: the spatial sizes of the model inputs that are Features.
    """

    def __init__(self, slot: str, ranges: Ranges, choices: Choices, given: Sequence[Sides]) -> None:
        self.ranges, self.given = ranges, given
        self._slot, self._choices, self._ending = slot, choices, ""

    def integer(self, name: str, low: int, high: int, *, log_scale: bool = False) -> int:
        """A whole number in [low, high], uniform or log-uniform."""
        return self._choices.integer(self._named(name), low, high, log_scale=log_scale)

    def category(self, name: str, options: Sequence[T]) -> T:
        """One of the options, all equally probable."""
        return self._choices.category(self._named(name), options)

    def flag(self, name: str, probability: float) -> bool:
        """True with this probability."""
        return self._choices.flag(self._named(name), probability)

    def _named(self, name: str) -> str:
        return f"{self._slot}.{name}{self._ending}"

    def output_size(self, wish: Wish) -> int:
        """The number of variables of a vector output: as the wish requires, or drawn."""
        if wish.unit is not None:
            return wish.unit.size
        size = self.integer("output", *self.ranges.output_units, log_scale=self.ranges.log_scale)
        if wish.role is not Role.LATENT:
            return size
        return size - size % 2 if wish.latent is None else wish.latent

    def normalise(self) -> bool:
        """Whether the network has batch normalisation."""
        return self.ranges.normalise > 0 and self.flag("normalise", self.ranges.normalise)

    def hidden_layers(self, drawn: "Callable[[Designer, bool], Layer]", fewest: int) -> tuple[Layer, ...]:
        """Draws the hidden layers of a network; all are equal if the ranges say so.

        Args:
            drawn: draws one layer, with or without batch normalisation.
            fewest: the minimum number of layers.
        """
        count = max(fewest, self.integer("layers", *self.ranges.hidden_layers))
        normalise = self.normalise()
        layers: list[Layer] = []
        for i in range(count):
            if i and self.ranges.uniform_layers:
                layers.append(layers[0])
            else:
                layers.append(drawn(self._numbered(i) if i else self, normalise))
        return tuple(layers)

    def _numbered(self, number: int) -> "Designer":
        """A copy whose names of decisions end in a number."""
        other = copy(self)
        other._ending = f".{number}"
        return other


def routes(wish: Wish, given: Sequence[Sides], *, halving: bool) -> list[tuple[Sides, int]]:
    """The spatial sizes of model inputs from which Features can be made for a wish, each with its number of halvings.

    Args:
        wish: what the Features are for. If it leaves their spatial size open, the number of halvings is −1.
        given: the spatial sizes of the model inputs that are Features.
        halving: whether layers may halve the sides.
    """
    target = wish.reads or (wish.unit.shape[1:] if wish.unit is not None else None)
    found: list[tuple[Sides, int]] = []
    for sides in dict.fromkeys(given):
        if target is None:
            found.append((sides, -1))
            continue
        halved, halvings = sides, 0
        while halving and halved != target and min(halved) > 1:
            halved, halvings = tuple(side // 2 for side in halved), halvings + 1
        if halved == target:
            found.append((sides, halvings))
    return found


def sequences(given: Sequence[Sides]) -> list[Sides]:
    """The spatial sizes of sequences, (T,)."""
    return [sides for sides in given if len(sides) == 1]
