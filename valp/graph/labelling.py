"""Exact canonical labelling of small labelled digraphs: two get the same arcs if and only if they are isomorphic.

Notation: n vertices 0 … n − 1 with text labels; arcs (source, target, text), parallel ones allowed. A colouring gives
each vertex one of the colours 0 … k − 1; with k = n it is a labelling.

Colour refinement splits colours until vertices of one colour have equal arcs by colour. Where several vertices still
share a colour, each is individualised in turn, and the smallest leaf of this search tree is the answer (McKay and
Piperno, Practical graph isomorphism II, 2014). Two leaves with the same arcs give an automorphism. It maps the branch
of one leaf onto the branch of the other, so the second is not searched. Twins, vertices with identical arcs, need no
search.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

Arc = tuple[int, int, str]
Colouring = list[int]
Path = tuple[int, ...]
"""The individualised vertices, starting at the root."""
Relabelled = tuple[tuple[int, int, int], ...]
"""The arcs under a labelling, sorted: (source, target, rank of the text)."""


class Leaf(NamedTuple):
    """A leaf of the search tree; the smallest wins. Leaves of equal counts and arcs differ only by an automorphism.

    Attributes:
        counts: the sorted colours of each node on the path from the root.
        arcs: the relabelled arcs.
        labelling: the place of each vertex.
    """

    counts: tuple[tuple[int, ...], ...]
    arcs: Relabelled
    labelling: Colouring


def canonical_labelling(labels: Sequence[str], arcs: Sequence[Arc]) -> list[int]:
    """The place of each vertex in the canonical order: labels ascend, and isomorphic digraphs get the same arcs.

    Args:
        labels: the text of each vertex.
        arcs: (source, target, text) between vertex numbers.
    """
    search = _Search(len(labels), arcs)
    leaf = search.explore(search.refine(_ranks(list(labels))), ())
    assert leaf is not None, "the root's search always ends in a leaf"
    return leaf.labelling


class _Search:
    """One search tree, depth first, with the leaves and automorphisms found so far."""

    def __init__(self, n: int, arcs: Sequence[Arc]) -> None:
        ranks = {text: rank for rank, text in enumerate(sorted({text for _, _, text in arcs}))}
        self.arcs = [(source, target, ranks[text]) for source, target, text in arcs]
        self.leaving: list[list[tuple[int, int]]] = [[] for _ in range(n)]
        self.arriving: list[list[tuple[int, int]]] = [[] for _ in range(n)]
        for source, target, rank in sorted(self.arcs):
            self.leaving[source].append((rank, target))
            self.arriving[target].append((rank, source))
        self.leaves: dict[Relabelled, tuple[Path, Colouring]] = {}
        self.orbits: list[list[int]] = []  # for each level of the current path, each vertex's representative
        self.jump: int | None = None  # the level whose current branch turned out to be an image of an earlier one

    def refine(self, colouring: Colouring) -> Colouring:
        """The coarsest finer colouring in which vertices of one colour have equal arcs by colour."""
        count = max(colouring, default=-1) + 1
        while count < len(colouring):
            signatures = [
                (
                    colouring[v],
                    tuple(sorted((rank, colouring[w]) for rank, w in self.leaving[v])),
                    tuple(sorted((rank, colouring[w]) for rank, w in self.arriving[v])),
                )
                for v in range(len(colouring))
            ]
            colouring = _ranks(signatures)
            before, count = count, max(colouring) + 1
            if count == before:
                break
        return colouring

    def explore(self, colouring: Colouring, path: Path) -> Leaf | None:
        """The smallest leaf below a node; None if the search must return to level `jump`."""
        colouring, choices = self._choices(colouring)
        if not choices:
            return self._leaf(colouring, path)
        level = len(path)
        self.orbits.append(list(range(len(colouring))))
        best: Leaf | None = None
        best_counts: tuple[int, ...] | None = None
        explored: list[int] = []
        for vertex in choices:
            if any(self.orbits[level][vertex] == self.orbits[level][other] for other in explored):
                continue
            explored.append(vertex)
            child = self.refine(_ranks([(colour, v != vertex) for v, colour in enumerate(colouring)]))
            counts = tuple(sorted(child))
            if best_counts is not None and counts > best_counts:
                continue
            if best_counts is None or counts < best_counts:
                best, best_counts = None, counts
            found = self.explore(child, (*path, vertex))
            if self.jump is not None:
                if self.jump < level:
                    break
                self.jump = None
            elif found is not None:
                leaf = found._replace(counts=(counts, *found.counts))
                best = leaf if best is None else min(best, leaf)
        self.orbits.pop()
        return best if self.jump is None else None

    def _choices(self, colouring: Colouring) -> tuple[Colouring, list[int]]:
        """Splits colours that only twins share. Returns the colouring and the vertices to individualise.

        Of several twins only one is individualised. There are no vertices if the colouring is a labelling.
        """
        while True:
            members: dict[int, list[int]] = {}
            for vertex, colour in enumerate(colouring):
                members.setdefault(colour, []).append(vertex)
            shared = next((members[colour] for colour in sorted(members) if len(members[colour]) > 1), None)
            if shared is None:
                return colouring, []
            twins = {(tuple(self.leaving[v]), tuple(self.arriving[v])): v for v in reversed(shared)}
            if len(twins) > 1:
                return colouring, sorted(twins.values())
            # Their arcs are identical, so any order of them gives the same arcs.
            places = {vertex: place for place, vertex in enumerate(shared)}
            colouring = _ranks([(colour, places.get(v, 0)) for v, colour in enumerate(colouring)])

    def _leaf(self, labelling: Colouring, path: Path) -> Leaf | None:
        arcs = tuple(sorted((labelling[source], labelling[target], rank) for source, target, rank in self.arcs))
        if arcs not in self.leaves:
            self.leaves[arcs] = path, labelling
            return Leaf((), arcs, labelling)
        earlier_path, earlier = self.leaves[arcs]
        self.jump = next(level for level, (v, w) in enumerate(zip(path, earlier_path, strict=False)) if v != w)
        vertex_at = {place: vertex for vertex, place in enumerate(labelling)}
        automorphism = [vertex_at[place] for place in earlier]
        # It keeps the path up to the jump, so it maps the choices of all these levels onto each other.
        for level in range(self.jump + 1):
            _join(self.orbits[level], automorphism)
        return None


def _join(orbits: list[int], automorphism: list[int]) -> None:
    """Joins the orbit of each vertex and that of its image."""
    for vertex, image in enumerate(automorphism):
        kept, gone = orbits[vertex], orbits[image]
        if kept != gone:
            orbits[:] = [kept if orbit == gone else orbit for orbit in orbits]


def _ranks(values: Sequence[Any]) -> list[int]:
    """The rank of each value among the distinct ones."""
    ranks = {value: rank for rank, value in enumerate(sorted(set(values)))}
    return [ranks[value] for value in values]
