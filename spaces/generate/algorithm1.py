"""Algorithm 1 (002, V-B): a random VALP, built from its outputs back to its inputs.

A step picks a random output or network, and gives it a source: an existing component, or with probability α a
new network. It ends while there is still room for the networks that completing the graph may take, which keeps
max_n: at every moment room ≥ `Draft.needed()`. Completion serves what is still open from what exists, and else
by bridging networks.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from valp.errors import SettingError
from valp.graph.graph import Graph, Input, Output, Role
from valp.spaces.generate.assembly import assemble
from valp.spaces.generate.choose import Choose, RandomChoose
from valp.spaces.generate.draft import Draft
from valp.spaces.generate.draft_node import INPUT, Place
from valp.spaces.generate.space import Space

STEPS_PER_NETWORK = 20
"""A graph that is saturated with connections before it is full of networks is completed as it is."""


def initialize(
    inputs: Sequence[Input],
    outputs: Sequence[Output],
    losses: Mapping[str, Sequence[str]],
    space: Space,
    choose: Choose,
    *,
    images: Mapping[str, tuple[int, int, int]] = MappingProxyType({}),
    variances: Mapping[str, float] = MappingProxyType({}),
) -> Graph:
    """A random graph for these inputs and outputs; `check` accepts it, and it has at most max_n networks.

    Args:
        inputs: the model inputs.
        outputs: the model outputs.
        losses: the losses of each output.
        space: α, φ, max_n and the ranges of the networks.
        choose: takes the decisions.
        images: (C, H, W) of the outputs that are pictures: transposed decoders can make these only.
        variances: of outputs, for β of their squared errors; see `Space.beta_error`.

    Raises:
        SettingError: if max_n is too small for the outputs, or an output has a type no network kind of the space
            produces.
    """
    draft = Draft(inputs, outputs, images, space, choose)
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
    """The least max_n for which a graph can be drawn for these inputs and outputs; see `initialize`."""
    return Draft(inputs, outputs, images, space, RandomChoose(0)).needed()


def _grow(draft: Draft, target: Place) -> None:
    """Lines 6 to 14: a source for `target`, found or created; nothing where neither is possible."""
    role = draft.role(target)
    found = draft.sources(target, role)
    kinds = draft.creatable(target, role)
    if kinds and (not found or draft.choose.flag(draft.name("create"), draft.space.alpha)):
        draft.connect(draft.create(target, role, kinds), target, role)
    elif found:
        draft.connect(draft.choose.category(draft.name("source"), found), target, role)


def complete(draft: Draft) -> None:
    """Serves each open component from what exists, else by a new network; then each input that nothing reads."""
    serve(draft)
    for i in draft.unread_inputs():
        draft.connect((INPUT, i), draft.choose.category(draft.name("reader"), draft.readers(i)), Role.DATA)


def serve(draft: Draft) -> None:
    """Serves each open component."""
    while draft.open:
        target = draft.choose.category(draft.name("open"), sorted(draft.open))
        role = draft.role(target)
        found = draft.sources(target, role)
        if found:
            draft.connect(draft.choose.category(draft.name("serve"), found), target, role)
        else:
            draft.connect(draft.create(target, role, draft.creatable(target, role)), target, role)
