"""Mutation: changes a candidate by a few moves."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

from valp.spaces.candidate import Candidate
from valp.spaces.generate.choose import Choose
from valp.spaces.generate.draft_node import OUTPUT
from valp.spaces.generate.space import Space
from valp.spaces.problem.description import Description
from valp.spaces.vary.moves import MOVES, tried_in
from valp.spaces.vary.numbered_choices import Numbered, in_random_order
from valp.spaces.vary.revision import Revision
from valp.spaces.vary.variation import Variation, is_same, opened, variation_of

ANOTHER_MOVE = 0.6
"""The probability of one more move."""

MOST_MOVES = 8

FOCUS = 0.5
"""The probability that all moves, if possible, concern the networks of one output. Each output is equally likely.

Without this, a task with few networks would rarely change.
"""


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
    """Changes a candidate by one or more moves. Every move changes something, though a
    combiner has no effect where there is one source.

    Args:
        parent: a candidate for the problem that `check` accepts. It need not be in the space.
        problem: the problem. The child has its inputs and outputs; those that the parent lacks are added.
        space: the space of the child. Values of the parent outside its ranges remain unless a move changes them,
            except for N(0, I) as the prior of samples of a given class; see `DraftParts.suit_priors`.
        choose: makes the decisions.
        moves: the number of moves; None draws at least 1, and each further one with probability 0.6.
        batch: the search's batch size, to which the space's batch sizes relate; the parent's own by default.
        rather: names of preferred moves. The first of these that is possible is the first move.

    Returns:
        The child. It has at most max_n networks, or as many as its parent if that has more.

    Raises:
        SettingError: if the parent is not for the problem.
    """
    numbered = Numbered(choose, "mutate")
    count = moves or 1
    while moves is None and count < MOST_MOVES and numbered.flag("further", ANOTHER_MOVE):
        count += 1
    revision, made = opened(parent, problem, space, numbered, batch), []
    last = len(problem.outputs) - 1
    focus = numbered.integer("output", 0, last) if last and numbered.flag("focused", FOCUS) else None
    for place in range(count):
        found = moved(revision, numbered, rather if place == 0 else (), focus)
        if found is not None:
            revision, name = found
            made.append(name)
    return variation_of(revision, made)


def moved(
    revision: Revision, choose: Numbered, rather: Sequence[str] = (), focus: int | None = None
) -> tuple[Revision, str] | None:
    """A revision changed by a move at a random site, and the name of the move; None if no move is possible.

    Moves are tried in random order, after those in `rather`. The sites of a move are also tried in random order; those
    in networks that serve the output with the index `focus` come first.
    """
    tried = set[str]()
    inside = set() if focus is None else revision.serving((OUTPUT, focus))
    for name in (*rather, *in_random_order(choose, "move", tried_in(revision.space))):
        if name in tried:
            continue
        tried.add(name)
        move = MOVES[name]
        asked = f"{name.replace(' ', '_')}.site"
        near: list[Any] = []
        far: list[Any] = []
        for site in move.sites(revision):
            (near if move.at is not None and move.at(site) in inside else far).append(site)
        for site in chain(in_random_order(choose, asked, near), in_random_order(choose, asked, far)):
            edited = revision.copy()
            if move.make(edited, site) and edited.completed() and not is_same(revision, edited):
                return edited, name
    return None
