"""Crossover: some outputs and the networks that feed them come from one candidate, the others from another."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from itertools import combinations
from typing import Any

from valp.graph.graph import Connection, Graph, Role
from valp.spaces.candidate import Candidate, Training
from valp.spaces.generate.choose import Choose
from valp.spaces.generate.draft_node import NETWORK, OUTPUT
from valp.spaces.generate.space import Space
from valp.spaces.problem.description import Description
from valp.spaces.problem.interface import require_interface
from valp.spaces.vary.fixed_parts import is_fixed_output
from valp.spaces.vary.network_moves import removable, remove
from valp.spaces.vary.numbered_choices import Numbered, in_random_order
from valp.spaces.vary.revision import Revision
from valp.spaces.vary.take_networks import ancestors, take
from valp.spaces.vary.variation import Variation, judge, opened, outputs_of, variation_of
from valp.train.balance import Balance

MOST_OUTPUTS = 5
"""Up to this many outputs, every way to divide them among the parents is considered; for more, a random sample."""

MOST_JOINED = 4
"""The most ways that are tried, the best first."""


def cross(
    first: Candidate,
    second: Candidate,
    problem: Description,
    space: Space,
    choose: Choose,
    *,
    better: Collection[str] = (),
) -> Variation:
    """A child of two candidates: at least one output comes from the second parent, the others from the first.

    An output brings all networks that feed it, and its losses with their β. Networks with the same name, layers and
    sources in both parents appear once. The selection of outputs from the second parent is drawn among those whose
    networks fit into max_n. If none fits, it is drawn among those with the fewest networks too many. Networks are then
    removed as in a mutation, the least needed first. With a single output, the child has some of the networks that
    serve it in each parent. The learning rate, the batch size, the KL warm-up and the balancing method each come from
    one of the parents.

    Args:
        first, second: candidates for the problem that `check` accepts.
        problem: the problem. The child has its inputs and outputs.
        space: the space of the child.
        choose: makes the decisions.
        better: the outputs for which the second parent is better. Only these come from it, unless they are all or none.

    Returns:
        The child. It has at most max_n networks, or as many as the larger parent if that has more.

    Raises:
        SettingError: if a parent is not for the problem.
    """
    numbered = Numbered(choose, "cross")
    graphs = [_whole(parent, problem, space, numbered) for parent in (first, second)]
    training = _crossed(first.training, second.training, numbered)
    limit = max(space.max_n, *(len(graph.networks) for graph in graphs))

    drawn = []
    for outputs in _selections(graphs, problem, better, limit, numbered)[:MOST_JOINED]:
        drawn.append(_joined(graphs, outputs, problem, space, numbered, training))
        if len(drawn[-1].nodes) <= limit and drawn[-1].completed():
            return _child(drawn[-1], first, second, ["cross"])
    for revision in drawn:
        trimmed = _trimmed(revision, limit)
        if trimmed is not None:
            return _child(trimmed, first, second, ["cross", "remove"])
    alone = opened(first, problem, space, numbered, None)
    alone.training = training
    return variation_of(alone, ["cross"])


def _crossed(first: Training, second: Training, choose: Choose) -> Training:
    """The training of the child. Each searched value comes from one of the two, the samples seen from the first."""
    both = (first, second)
    batch = choose.category("batch", [training.batch for training in both])
    drawn: dict[str, Any] = {
        "learning_rate": choose.category("learning_rate", [training.learning_rate for training in both]),
        "kl_warmup": choose.category("kl_warmup", [training.kl_warmup for training in both]),
    }
    if first.balance != second.balance:  # without a choice no decision is made, so that others keep their names
        drawn["balance"] = _crossed_balance(first.balance, second.balance, choose)
    return (first if batch == first.batch else first.in_batches(batch)).model_copy(update=drawn)


def _crossed_balance(first: Balance, second: Balance, choose: Choose) -> Balance:
    """The balancing method of one of the two. If the methods are equal, each setting comes from one of the two."""
    if first.method != second.method:
        return choose.category("balance", [first, second])
    settings = {
        name: choose.category(f"balance.{name}", [one, second.settings.get(name, one)])
        for name, one in first.settings.items()
    }
    return Balance(method=first.method, settings=second.settings | settings)


def _child(revision: Revision, first: Candidate, second: Candidate, moves: Sequence[str]) -> Variation:
    """The child of a completed revision. Origins that are not in a parent's own graph are removed."""
    parents = [{network.name for network in parent.graph.networks} for parent in (first, second)]
    for node in revision.nodes:
        if node.origin is not None and node.origin[1] not in parents[node.origin[0]]:
            node.origin = None
    return variation_of(revision, moves)


def _whole(parent: Candidate, problem: Description, space: Space, choose: Choose) -> Graph:
    """A parent's graph, completed if it lacks inputs or outputs of the problem."""
    graph = parent.graph
    require_interface(graph, problem)
    if len(graph.inputs) == len(problem.inputs) and len(graph.outputs) == len(problem.outputs):
        return graph
    return opened(parent, problem, space, choose, None).graph()


def _selections(
    graphs: Sequence[Graph], problem: Description, better: Collection[str], limit: int, choose: Choose
) -> list[list[str]]:
    """The selections of outputs from the second graph. Those with the fewest networks above `limit` come first.

    Among the outputs for which the second is better, larger selections come first. Ties are in random order.
    """
    names = [output.name for output in problem.outputs]
    if len(names) == 1:
        return [names]
    wanted = [name for name in names if name in better]
    directed = 0 < len(wanted) < len(names)
    among, most = (wanted, len(wanted)) if directed else (names, len(names) - 1)
    if len(among) <= MOST_OUTPUTS:
        found = [chosen for count in range(1, most + 1) for chosen in combinations(among, count)]
    else:
        counts = [choose.integer("count", 1, most) for _ in range(2**MOST_OUTPUTS)]
        found = [tuple(among[i] for i in choose.subset("some", len(among), count)) for count in counts]

    def order(outputs: Sequence[str]) -> tuple[int, int]:
        return max(0, _size(graphs, problem, outputs) - limit), -len(outputs) if directed else 0

    return [list(outputs) for outputs in sorted(in_random_order(choose, "outputs", found), key=order)]


def _size(graphs: Sequence[Graph], problem: Description, outputs: Collection[str]) -> int:
    """The number of networks in a child with these outputs from the second graph, and the others from the first."""
    first, second = graphs
    ours, theirs = _arrivals(graphs, [output.name for output in problem.outputs], outputs)
    here, there = _cone(first, ours), _cone(second, theirs)
    return len(here) + len(there) - len(_shared(first, second, here, theirs))


def _arrivals(graphs: Sequence[Graph], names: Sequence[str], outputs: Collection[str]) -> list[list[Connection]]:
    """The connections into the outputs that come from the first graph, and into those that come from the second."""
    parts: list[list[Connection]] = [[], []]
    for name in names:
        parent = name in outputs
        parts[parent] += graphs[parent].incoming(name)
    return parts


def _cone(graph: Graph, arrivals: Collection[Connection]) -> set[str]:
    """The sources of these connections, and all networks that feed them."""
    networks = {network.name for network in graph.networks}
    return ancestors(graph, [connection.source for connection in arrivals]) & networks


def _joined(
    graphs: Sequence[Graph],
    outputs: Collection[str],
    problem: Description,
    space: Space,
    choose: Choose,
    training: Training,
) -> Revision:
    """A revision with some outputs from the second graph, and the others from the first."""
    first, second = graphs
    both = zip(outputs_of(first, problem), outputs_of(second, problem), strict=True)
    merged = [other if own.name in outputs else own for own, other in both]
    revision = Revision(problem, merged, space, choose, training, training.batch)
    if len(merged) == 1:
        parts = [_some(graph, choose) for graph in graphs]
    else:
        parts = _arrivals(graphs, [output.name for output in merged], outputs)
    names = [take(revision, first, 0, parts[0])]
    names.append(take(revision, second, 1, parts[1], _shared(first, second, names[0], parts[1])))
    for graph, named in zip(graphs, names, strict=True):
        _predict_given(revision, graph, named)
    for output in merged:
        parent = output.name in outputs
        judge(revision, graphs[parent], output, names[parent])
    revision.most = max(space.max_n, len(revision.nodes))
    return revision


def _predict_given(revision: Revision, graph: Graph, names: Mapping[str, str]) -> None:
    """Lets networks that predicted a given class in a parent still do so if they condition samples of the child.

    Otherwise these samples would depend on what the prediction reads.

    Args:
        revision: the child.
        graph: a parent's graph.
        names: the networks' names in the child, by their names in the graph.
    """
    places = {node.name: (NETWORK, i) for i, node in enumerate(revision.nodes)}
    for output in revision.givable():
        for name in graph.predictors(revision.outputs[output].name):
            place = places.get(names.get(name, ""))
            if place is None or any(source == place for source, _, _ in revision.into((OUTPUT, output))):
                continue
            if any(revision.is_generating(target) for target, _ in revision.out_of(place[1])):
                revision.append(place, (OUTPUT, output), Role.DATA, None)


def _some(graph: Graph, choose: Choose) -> list[Connection]:
    """Draws some of the connections into the only output; takes all if one of them is fixed."""
    (output,) = graph.outputs
    units = {network.name: network.output for network in graph.networks}
    found = graph.incoming(output.name)
    if any(is_fixed_output(output, units[connection.source]) for connection in found):
        return list(found)
    return [found[i] for i in choose.subset("arrivals", len(found), choose.integer("count", 1, len(found)))]


def _shared(first: Graph, second: Graph, here: Collection[str], arrivals: Collection[Connection]) -> set[str]:
    """The networks that feed these arrivals of the second graph and, with all their sources, are here already."""
    own = {network.name: network for network in first.networks}
    networks = {network.name for network in second.networks}
    alike = {
        network.name
        for network in second.networks
        if network.name in here
        and network == own[network.name]
        and first.incoming(network.name) == second.incoming(network.name)
    }
    return {name for name in _cone(second, arrivals) & alike if ancestors(second, [name]) & networks <= alike}


def _trimmed(revision: Revision, limit: int) -> Revision | None:
    """Removes networks, the least needed first, until at most `limit` are left; None if that is impossible."""
    while len(revision.nodes) > limit:
        revision.most = len(revision.nodes) - 1
        drawn = in_random_order(revision.choose, "trim", removable(revision))
        for index in sorted(drawn, key=partial(_missed, revision)):
            edited = revision.copy()
            if remove(edited, index) and edited.completed():
                revision = edited
                break
        else:
            return None
    return revision if revision.completed() else None


def _missed(revision: Revision, index: int) -> tuple[int, int]:
    """The number of components with this network as their only source, and the number of its readers."""
    readers = revision.out_of(index)
    return sum(len(revision.into(target)) == 1 for target, _ in readers), len(readers)
