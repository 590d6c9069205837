"""The result of mutation and crossover, and the conversion of a parent into a revision."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from valp.check.keys import content_key
from valp.errors import SettingError
from valp.graph.graph import Graph, Output
from valp.parts.losses import LOSSES
from valp.spaces.candidate import Candidate, Training
from valp.spaces.generate.algorithm1 import serve
from valp.spaces.generate.assembly import losses_of
from valp.spaces.generate.choose import Choose
from valp.spaces.generate.draft_node import NETWORK, Place
from valp.spaces.generate.space import Space
from valp.spaces.problem.description import Description
from valp.spaces.problem.interface import require_interface
from valp.spaces.vary.revision import Revision
from valp.spaces.vary.take_networks import take


@dataclass(frozen=True)
class Variation:
    """A candidate made from others.

    Attributes:
        graph: the graph, which `check` accepts.
        training: the first parent's training, with searched values changed by a move or taken from the other parent.
        origins: for each network that was made from a parent's network of the same kind and type: the parent, 0 or 1,
            and the network's name there.
        moves: the names of the moves that made the candidate.
    """

    graph: Graph
    training: Training
    origins: Mapping[str, tuple[int, str]]
    moves: tuple[str, ...]


def variation_of(revision: Revision, moves: Sequence[str]) -> Variation:
    """The result of a completed revision."""
    return Variation(
        graph=revision.graph(),
        training=revision.training,
        origins={node.name: node.origin for node in revision.nodes if node.origin is not None},
        moves=tuple(moves),
    )


def opened(parent: Candidate, problem: Description, space: Space, choose: Choose, batch: int | None) -> Revision:
    """Converts a parent into a revision. `batch` is the search's batch size, by default the parent's own.

    Inputs and outputs of the problem that the parent lacks are connected. A graph with more than max_n networks may
    keep that number.

    Raises:
        SettingError: if the graph is not for the problem, the space has no networks for what it lacks, or samples
            depend on something that they may not be asked for by.
    """
    graph = parent.graph
    require_interface(graph, problem)
    outputs = outputs_of(graph, problem)
    training = parent.training
    revision = Revision(problem, outputs, space, choose, training, batch or training.batch)
    names = take(revision, graph, 0, [c for output in outputs for c in graph.incoming(output.name)])
    for output in outputs:
        judge(revision, graph, output, names)
    revision.most = max(space.max_n, len(revision.nodes) + (revision.needed() if revision.open else 0))
    serve(revision)
    if not revision.keeps_conditions():
        asked = ", ".join(problem.conditions or ()) or "nothing"
        raise SettingError(
            f"samples of {problem.name} may be asked for by {asked}, but those of a parent depend on another input"
        )
    unread = [i for i in revision.unread_inputs() if not revision.readers(i)]
    if unread:
        name = revision.inputs[unread[0]].name
        raise SettingError(f"the {space.name} space must have a network kind that reads input {name!r}, but has none")
    if not revision.completed():
        raise AssertionError("a served revision is complete")
    return revision


def outputs_of(graph: Graph, problem: Description) -> tuple[Output, ...]:
    """The problem's outputs, with the combiners that they have in a graph."""
    own = {output.name: output for output in graph.outputs}
    return tuple(own.get(output.name, output) for output in problem.outputs)


def judge(revision: Revision, graph: Graph, output: Output, names: Mapping[str, str]) -> None:
    """Copies a graph's losses for an output. If none with positive β applies to the output, adds the problem's losses.

    Args:
        revision: the target of the copy.
        graph: the source of the copy.
        output: the output.
        names: the copied networks' names in the revision, by their names in the graph.
    """
    own, others = [], []
    for loss in graph.losses:
        if loss.truth == output.name and loss.prediction == output.name:
            own.append(loss)
        elif loss.truth == output.name and loss.prediction in names:
            others.append(loss.model_copy(update={"prediction": names[loss.prediction]}))
    if not any(loss.beta > 0 for loss in own):
        codes, variance = revision.problem.losses[output.name], revision.problem.variances.get(output.name)
        own = losses_of(revision, output, codes, variance)
        truths = {LOSSES[loss.kind].truth for loss in own}
        others = [loss for loss in others if LOSSES[loss.kind].truth in truths]
    revision.losses += [*own, *others]


def is_same(one: Revision, other: Revision) -> bool:
    """Whether two completed revisions are equal except for names."""
    if one.training != other.training or _parts(one) != _parts(other):
        return False
    return content_key(one.graph()) == content_key(other.graph())


def _parts(revision: Revision) -> Counter[Hashable]:
    """A multiset of the connections and losses without names. Equal revisions have equal multisets."""
    labels: dict[Place, int] = {}
    for i, node in enumerate(revision.nodes):
        initializer = node.initializer if node.row.last_layer else ""
        labels[NETWORK, i] = hash(
            (node.kind, node.combiner, node.design.layers, node.unit, initializer, node.beta, node.prior)
        )
    parts: Counter[Hashable] = Counter((loss.kind, loss.truth, loss.beta) for loss in revision.losses)
    for target in revision.components():
        for place, role, indices in revision.into(target):
            whole = indices is None or indices == tuple(range(revision.unit(place).size))
            ends = labels.get(place, place), labels.get(target, target)
            parts[ends, role, None if whole else indices] += 1
    return parts
