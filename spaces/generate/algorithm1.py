"""Algorithm 1 of Garciarena et al. (V-B): a random VALP, built from its outputs back to its inputs.

Each step picks a random output or network and gives it a source: an existing component, or with probability α a new
network. The number of networks never exceeds max_n: at every moment `Draft.room()` is at least `Draft.needed()`, the
networks that completing the graph may still create. The steps end when the two are equal. Completion then gives each
open component a source: an existing component if one fits, otherwise a new network.
"""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from valp.errors import SettingError
from valp.graph.graph import Graph, Input, Output, Role
from valp.spaces.generate.assembly import assemble
from valp.spaces.generate.choose import Choose, RandomChoose
from valp.spaces.generate.draft import Draft
from valp.spaces.generate.draft_node import INPUT, OUTPUT, Place
from valp.spaces.generate.space import Space

STEPS_PER_NETWORK = 20
"""The most steps per network. It ends the loop if no more connections are possible before max_n is reached."""


def initialize(
    inputs: Sequence[Input],
    outputs: Sequence[Output],
    losses: Mapping[str, Sequence[str]],
    space: Space,
    choose: Choose,
    *,
    images: Mapping[str, tuple[int, int, int]] = MappingProxyType({}),
    variances: Mapping[str, float] = MappingProxyType({}),
    conditions: Collection[str] | None = None,
) -> Graph:
    """A random graph for these inputs and outputs. `check` accepts it, and it has at most max_n networks.

    Args:
        inputs: the model inputs.
        outputs: the model outputs.
        losses: the losses of each output.
        space: α, φ, max_n and the ranges of the networks.
        choose: makes the decisions.
        images: (C, H, W) of each output that is a picture. Transposed decoders can make only these.
        variances: the variances of outputs, for β of their squared errors; see `Space.beta_error`.
        conditions: by what samples may be asked for: names of inputs, and of Discrete outputs whose class is then
            given. Samples depend on nothing else. None allows anything.

    Raises:
        SettingError: if max_n is too small for the outputs, no kind of the space produces the type of an output, or
            none brings an input to an output.
    """
    draft = Draft(inputs, outputs, images, space, choose, conditions)
    if draft.needed() > space.max_n:
        raise SettingError(f"max_n must be at least {draft.needed()} for these outputs, but is {space.max_n}")
    for _ in range(STEPS_PER_NETWORK * space.max_n):
        if draft.room() <= draft.needed():
            break
        target = draft.choose.category(draft.name("target"), draft.targets())
        _grow(draft, target)
    complete(draft)
    return assemble(draft, losses, variances)


def fewest(
    inputs: Sequence[Input], outputs: Sequence[Output], images: Mapping[str, tuple[int, int, int]], space: Space
) -> int:
    """The smallest max_n with which `initialize` can draw a graph for these inputs and outputs."""
    return Draft(inputs, outputs, images, space, RandomChoose(0)).needed()


def _grow(draft: Draft, target: Place) -> None:
    """Lines 6 to 14 of Algorithm 1: connects an existing or a new source to `target`, if one is possible."""
    role = draft.role(target)
    found = draft.sources(target, role)
    kinds = draft.creatable(target, role)
    if kinds and (not found or draft.choose.flag(draft.name("create"), draft.space.alpha)):
        draft.connect(draft.create(target, role, kinds), target, role)
    elif found:
        draft.connect(draft.choose.category(draft.name("source"), found), target, role)


def complete(draft: Draft) -> None:
    """Gives each open component a source, and each unread input a reader, and suits priors to given classes."""
    serve(draft)
    for i in draft.unread_inputs():
        found = draft.readers(i) or [_broad_network(draft)]
        draft.connect((INPUT, i), draft.choose.category(draft.name("reader"), found), Role.DATA)
    draft.suit_priors()


def _broad_network(draft: Draft) -> Place:
    """A new network that takes any data, as a further source of an output."""
    able = [(OUTPUT, i) for i, makes in enumerate(draft.broad) if makes]
    target = draft.choose.category(draft.name("widened"), able)
    place = draft.create(target, Role.DATA, draft.broad[target[1]])
    draft.connect(place, target, Role.DATA)
    return place


def serve(draft: Draft) -> None:
    """Gives each open component a source: an existing component if one fits, otherwise a new network."""
    while draft.open:
        target = draft.choose.category(draft.name("open"), sorted(draft.open))
        role = draft.role(target)
        found = draft.sources(target, role)
        if found:
            draft.connect(draft.choose.category(draft.name("serve"), found), target, role)
        else:
            draft.connect(draft.create(target, role, draft.creatable(target, role)), target, role)
