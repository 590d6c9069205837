"""Mutation: a candidate changed by a few moves."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

from valp.spaces.candidate import Candidate
from valp.spaces.generate.choose import Choose
from valp.spaces.generate.draft_node import OUTPUT
from valp.spaces.generate.space import Space
from valp.spaces.problem.description import Description
from valp.spaces.vary.moves import MOVES, tried_in
from valp.spaces.vary.numbered_choices import Numbered, in_turn
from valp.spaces.vary.revision import Revision
from valp.spaces.vary.variation import Variation, is_same, opened, variation_of

FURTHER = 0.6
"""The probability of one more move."""

MOST_MOVES = 8

FOCUSED = 0.5
"""The probability that all moves are, if possible, of what serves one output, each as likely: a task that few networks
serve would else seldom have any."""


def mutate(
    parent: Candidate,
    problem: Description,
    space: Space,
    choose: Choose,
    *,
    moves: int | None = None,
    batch: int | None = None,
    rather: Sequence[str] = (),
) -> Variation:
    """A candidate changed by moves, each of which changes it.

    Args:
        parent: a candidate for the problem that `check` accepts, of this space or not.
        problem: whose inputs and outputs it keeps; those that the parent lacks are added.
        space: what it may be. Values of the parent outside its ranges stay where no move touches them.
        choose: takes the decisions.
        moves: how many; None draws 1 or more, each further one with probability 0.6.
        batch: examples a step in the search, to which those of the space relate; the parent's own by default.
        rather: moves, by name, of which the first that can be made is made before any drawn one.

    Returns:
        The child. It has at most max_n networks, or as many as its parent if those are more.

    Raises:
        SettingError: if the parent is not for the problem.
    """
    numbered = Numbered(choose, "mutate")
    count = moves or 1
    while moves is None and count < MOST_MOVES and numbered.flag("further", FURTHER):
        count += 1
    revision, made = opened(parent, problem, space, numbered, batch), []
    last = len(problem.outputs) - 1
    focus = numbered.integer("output", 0, last) if last and numbered.flag("focused", FOCUSED) else None
    for place in range(count):
        found = moved(revision, numbered, rather if place == 0 else (), focus)
        if found is not None:
            revision, name = found
            made.append(name)
    return variation_of(revision, made)


def moved(
    revision: Revision, choose: Numbered, rather: Sequence[str] = (), focus: int | None = None
) -> tuple[Revision, str] | None:
    """A revision changed by a move at a random site, and the move; None if there is none.

    Moves are tried in random order, but after those that are `rather` made; sites too, but first those of what serves
    the output `focus`, an index, if there are any.
    """
    tried = set[str]()
    inside = set() if focus is None else revision.serving((OUTPUT, focus))
    for name in (*rather, *in_turn(choose, "move", tried_in(revision.space))):
        if name in tried:
            continue
        tried.add(name)
        move = MOVES[name]
        asked = f"{name.replace(' ', '_')}.site"
        near: list[Any] = []
        far: list[Any] = []
        for site in move.sites(revision):
            (near if move.at is not None and move.at(site) in inside else far).append(site)
        for site in chain(in_turn(choose, asked, near), in_turn(choose, asked, far)):
            edited = revision.copy()
            if move.make(edited, site) and edited.completed() and not is_same(revision, edited):
                return edited, name
    return None
