"""How a network of each kind is drawn: its output unit, its layers, and the spatial size of the Features it reads.

Convolutions here keep the spatial size or halve it by pooling, so that what a network makes is known before what it
will read: only the spatial size of that is fixed at once, its channels are not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from valp.graph.graph import (
    Convolution,
    DataType,
    DataUnit,
    Dense,
    Layer,
    Recurrent,
    Role,
    TransposedConvolution,
)
from valp.parts.kinds import KINDS
from valp.parts.own_types import OWN_TYPES, like
from valp.spaces.generate.choose import Choose
from valp.spaces.generate.space import Space

Sides = tuple[int, ...]
"""A spatial size: (H, W) or (T,)."""

Make = tuple[str, DataType | str]
"""What could be created: a kind, and the type of its output."""

LEAST_POOLED = 4
"""Sides shorter than this are pooled no more."""

ALWAYS_POOLED = 8
"""Sides of this length and more are pooled in every layer, for what a convolution leaves is read by dense layers."""

MOST_DOUBLINGS = 2
"""Transposed layers that double the sides of a picture, at the most."""


@dataclass(frozen=True)
class Wish:
    """What a new network is for.

    Attributes:
        role: of the connection from it.
        unit: the unit a model output asks for; None inside the model.
        reads: the spatial size of the Features that its target reads; None where it reads anything.
        latent: the variables a Bottleneck needs for (μ, log σ²); None elsewhere.
        image: (C, H, W) of the output, where that is a picture.
    """

    role: Role
    unit: DataUnit | None = None
    reads: Sides | None = None
    latent: int | None = None
    image: tuple[int, int, int] | None = None


@dataclass(frozen=True)
class Design:
    """A drawn network: `reads` is the spatial size of the Features it takes; None if it takes vectors as well."""

    unit: DataUnit
    layers: tuple[Layer, ...]
    reads: Sides | None = None


def design(make: Make, wish: Wish, slot: str, space: Space, choose: Choose, given: Sequence[Sides]) -> Design:
    """Draws a network.

    Args:
        make: its kind and the type of its output.
        wish: what it is for.
        slot: the prefix of its decisions' names.
        space: the ranges.
        choose: takes the decisions.
        given: the spatial sizes of the model inputs that are Features.
    """
    kind, data_type = make
    drawers: dict[str, Callable[[], Design]] = {
        "b": lambda: _bottleneck(slot, space, choose),
        "c": lambda: _convolutional(data_type, wish, slot, space, choose, given),
        "t": lambda: _transposed(data_type, wish, slot, space, choose),
        "r": lambda: _recurrent(data_type, wish, slot, space, choose, given),
    }
    if kind in drawers:
        return drawers[kind]()
    size = _output_size(wish, slot, space, choose)
    layers = _dense(slot, space, choose) if KINDS[kind].layer is Dense else ()
    return Design(DataUnit(type=data_type, shape=(size,)), layers)


def serving(space: Space, wanted: DataType | str, wish: Wish, given: Sequence[Sides]) -> tuple[Make, ...]:
    """The networks of a space that can serve what asks for one type."""
    base, own = like(wanted), OWN_TYPES.get(wanted)
    makes: list[Make] = []
    for kind in space.kinds:
        if kind == "c":
            able = base is DataType.FEATURES and route(wish, given, convolved=True) is not None
        elif kind == "r":
            sequences = route(wish, given, convolved=False) if base is DataType.FEATURES else _sequences(given)
            able = base in (DataType.NUMERIC, DataType.FEATURES) and bool(sequences) and wish.role is not Role.LATENT
        elif kind == "t":
            able = base is DataType.SAMPLES and wish.image is not None and "b" in space.kinds
        elif kind == "b":
            able = wanted is DataType.NUMERIC and wish.unit is None and wish.role is not Role.LATENT
        elif kind == "g":
            # As Samples it needs Samples itself, and the chain must begin somewhere.
            able = base is DataType.NUMERIC or (wanted is DataType.SAMPLES and "d" in space.kinds)
        else:
            able = base in KINDS[kind].produces(DataType.NUMERIC) and wish.role is not Role.LATENT
        if able and (own is None or (kind in own.made_by and own.received is None)):
            makes.append((kind, wanted))
    return tuple(sorted(makes, key=lambda make: make == ("g", DataType.SAMPLES)))  # which needs Samples itself: last


def anything(space: Space, given: Sequence[Sides]) -> tuple[Make, ...]:
    """The networks of a space that can serve what takes every type, each kind once."""
    usual: dict[str, DataType] = {"delta": DataType.DISCRETE, "d": DataType.SAMPLES, "c": DataType.FEATURES}
    wish = Wish(Role.DATA)
    makes: list[Make] = []
    for kind in space.kinds:
        makes += [m for m in serving(space, usual.get(kind, DataType.NUMERIC), wish, given) if m[0] == kind]
    return tuple(makes)


def route(wish: Wish, given: Sequence[Sides], *, convolved: bool) -> list[tuple[Sides, int]] | None:
    """The inputs' spatial sizes from which Features can be made for a wish, with the halvings that takes.

    None if there is none. Where the wish leaves the size open, the number of halvings is −1.
    """
    target = wish.reads or (wish.unit.shape[1:] if wish.unit is not None else None)
    found: list[tuple[Sides, int]] = []
    for sides in dict.fromkeys(given):
        if target is None:
            found.append((sides, -1))
            continue
        halved, halvings = sides, 0
        while convolved and halved != target and min(halved) > 1:
            halved, halvings = tuple(side // 2 for side in halved), halvings + 1
        if halved == target:
            found.append((sides, halvings))
    if not convolved:
        found = [(sides, halvings) for sides, halvings in found if len(sides) == 1]
    return found or None


def _sequences(given: Sequence[Sides]) -> list[Sides]:
    return [sides for sides in given if len(sides) == 1]


def _output_size(wish: Wish, slot: str, space: Space, choose: Choose) -> int:
    if wish.unit is not None:
        return wish.unit.size
    size = choose.integer(f"{slot}.output", *space.output_units, log_scale=space.log_scale)
    if wish.role is not Role.LATENT:
        return size
    return size - size % 2 if wish.latent is None else wish.latent


def _dense(slot: str, space: Space, choose: Choose) -> tuple[Dense, ...]:
    count = choose.integer(f"{slot}.layers", *space.hidden_layers)
    normalise = _normalise(slot, space, choose)
    layers: list[Dense] = []
    for i in range(count):
        if i and space.uniform_layers:
            layers.append(layers[0])
            continue
        detail = f".{i}" if i else ""
        layers.append(
            Dense(
                units=choose.integer(f"{slot}.units{detail}", *space.units, log_scale=space.log_scale),
                activation=choose.category(f"{slot}.activation{detail}", space.activations),
                initializer=choose.category(f"{slot}.layer_initializer{detail}", space.initializers),
                normalise=normalise,
            )
        )
    return tuple(layers)


def _normalise(slot: str, space: Space, choose: Choose) -> bool:
    return space.normalise > 0 and choose.flag(f"{slot}.normalise", space.normalise)


def _bottleneck(slot: str, space: Space, choose: Choose) -> Design:
    size = choose.integer(f"{slot}.output", *space.output_units, log_scale=space.log_scale)
    return Design(DataUnit(type=DataType.NUMERIC, shape=(max(1, size // 2),)), ())


def _convolutional(
    data_type: DataType | str, wish: Wish, slot: str, space: Space, choose: Choose, given: Sequence[Sides]
) -> Design:
    sides, halvings = choose.category(f"{slot}.reads", route(wish, given, convolved=True) or [])
    reads = sides
    count = max(choose.integer(f"{slot}.layers", *space.convolutions), halvings)
    activation = choose.category(f"{slot}.activation", space.activations)
    normalise = _normalise(slot, space, choose)
    layers: list[Convolution] = []
    for i in range(count):
        if halvings < 0:
            pooled = min(sides) >= ALWAYS_POOLED or (
                min(sides) >= LEAST_POOLED and choose.flag(f"{slot}.pool.{i}", 0.5)
            )
        else:
            pooled = i < halvings
        last = i == count - 1 and wish.unit is not None
        channels = choose.integer(f"{slot}.channels.{i}", *space.channels, log_scale=True)
        half = choose.category(f"{slot}.kernel.{i}", space.kernels) // 2
        layers.append(
            Convolution(
                channels=wish.unit.shape[0] if last and wish.unit is not None else channels,
                kernel=(2 * half + 1,) * len(sides),
                stride=(1,) * len(sides),
                padding=(half,) * len(sides),
                pool=(2 if pooled else 1,) * len(sides),
                activation="identity" if last else activation,
                initializer=choose.category(f"{slot}.layer_initializer.{i}", space.initializers),
                normalise=normalise and not last,
            )
        )
        sides = tuple(side // 2 for side in sides) if pooled else sides
    return Design(DataUnit(type=data_type, shape=(layers[-1].channels, *sides)), tuple(layers), reads)


def _transposed(data_type: DataType | str, wish: Wish, slot: str, space: Space, choose: Choose) -> Design:
    """From one pixel to a first map in one layer, then doubled; an image of odd sides gets a 3×3 layer instead."""
    if wish.image is None:
        raise AssertionError("a transposed decoder is only made for pictures")
    pixels, *shape = wish.image
    doublings = 0
    while doublings < MOST_DOUBLINGS and all(side % 2 ** (doublings + 1) == 0 for side in shape):
        doublings += 1
    first = tuple(side // 2**doublings for side in shape)
    activation = choose.category(f"{slot}.activation", space.activations)
    normalise = _normalise(slot, space, choose)
    channels = choose.integer(f"{slot}.channels", *space.channels, log_scale=True)
    ones, nothing, words = (1, 1), (0, 0), {"activation": activation, "normalise": normalise}
    layers = [TransposedConvolution(channels=2 * channels, kernel=first, stride=ones, padding=nothing, **words)]
    for i in range(doublings):
        layers.append(TransposedConvolution(channels=max(1, channels >> i), **words))
    if not doublings:
        layers.append(TransposedConvolution(channels=channels, kernel=(3, 3), stride=ones, padding=ones, **words))
    last = {"channels": pixels, "activation": "identity", "normalise": False}
    layers[-1] = layers[-1].model_copy(update=last)
    return Design(DataUnit(type=data_type, shape=(pixels * shape[0] * shape[1],)), tuple(layers))


def _recurrent(
    data_type: DataType | str, wish: Wish, slot: str, space: Space, choose: Choose, given: Sequence[Sides]
) -> Design:
    ordered = like(data_type) is DataType.FEATURES
    routes = route(wish, given, convolved=False) if ordered else [(sides, 0) for sides in _sequences(given)]
    steps, _ = choose.category(f"{slot}.reads", routes or [])
    count = choose.integer(f"{slot}.layers", *space.recurrences)
    cell, normalise = choose.category(f"{slot}.cell", ("gru", "lstm")), _normalise(slot, space, choose)
    initializer = choose.category(f"{slot}.layer_initializer", space.initializers)
    units = choose.integer(f"{slot}.channels", *space.channels, log_scale=True)
    layers = (Recurrent(units=2 * units, cell=cell, initializer=initializer, normalise=normalise),) * count
    if not ordered:
        return Design(DataUnit(type=data_type, shape=(_output_size(wish, slot, space, choose),)), layers, steps)
    channels = wish.unit.shape[0] if wish.unit is not None else units
    return Design(DataUnit(type=data_type, shape=(channels, *steps)), layers, steps)
