"""Crossover: some outputs with all that feeds them from one candidate, the others from another."""

from collections.abc import Collection, Sequence
from functools import partial
from itertools import combinations
from typing import Any

from valp.graph.graph import Connection, Graph
from valp.spaces.candidate import Candidate, Training
from valp.spaces.generate.choose import Choose
from valp.spaces.generate.space import Space
from valp.spaces.problem.description import Description
from valp.spaces.problem.interface import require_interface
from valp.spaces.vary.fixed_parts import is_fixed_output
from valp.spaces.vary.network_moves import removable, remove
from valp.spaces.vary.numbered_choices import Numbered, in_turn
from valp.spaces.vary.revision import Revision
from valp.spaces.vary.take_networks import ancestors, take
from valp.spaces.vary.variation import Variation, judge, opened, outputs_of, variation_of
from valp.train.balance import Balance

MOST_OUTPUTS = 5
"""Of so many outputs all ways to share them out are looked at; of more, as many drawn ones."""

MOST_JOINED = 4
"""So many of these ways are tried, the best first."""


def cross(
    first: Candidate,
    second: Candidate,
    problem: Description,
    space: Space,
    choose: Choose,
    *,
    better: Collection[str] = (),
) -> Variation:
    """A child of two candidates: one or some outputs are served as in the second, the others as in the first.

    An output brings all networks that feed it, and its losses with their β. Networks that are the same in both, by
    name, layers and sources, are there once. Which outputs come from the second is drawn among the selections whose
    networks find room; where none do, among those with the fewest too many, and then networks go, first those that
    nothing needs, as a mutation removes them. With a single output the child has some of the networks that serve it in
    either parent. The learning rate, the batch, the KL warm-up and
    the balancing method each come from one of the two.

    Args:
        first, second: candidates for the problem that `check` accepts.
        problem: whose inputs and outputs the child has.
        space: what it may be.
        choose: takes the decisions.
        better: outputs that the second serves better: none but these come from it, unless they are all or none.

    Returns:
        The child. It has at most max_n networks, or as many as a parent if that has more.

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
    """The searched values of a training, each from one of the two; the samples seen are the first's."""
    both = (first, second)
    batch = choose.category("batch", [training.batch for training in both])
    drawn: dict[str, Any] = {
        "learning_rate": choose.category("learning_rate", [training.learning_rate for training in both]),
        "kl_warmup": choose.category("kl_warmup", [training.kl_warmup for training in both]),
    }
    if first.balance != second.balance:  # no decision where there is no choice: others keep their names
        drawn["balance"] = _crossed_balance(first.balance, second.balance, choose)
    return (first if batch == first.batch else first.in_batches(batch)).model_copy(update=drawn)


def _crossed_balance(first: Balance, second: Balance, choose: Choose) -> Balance:
    """The balancing method of one of the two; of the same method, each setting from one of the two."""
    if first.method != second.method:
        return choose.category("balance", [first, second])
    settings = {
        name: choose.category(f"balance.{name}", [one, second.settings.get(name, one)])
        for name, one in first.settings.items()
    }
    return Balance(method=first.method, settings=second.settings | settings)


def _child(revision: Revision, first: Candidate, second: Candidate, moves: Sequence[str]) -> Variation:
    """A revision with the origins that the parents really have."""
    parents = [{network.name for network in parent.graph.networks} for parent in (first, second)]
    for node in revision.nodes:
        if node.origin is not None and node.origin[1] not in parents[node.origin[0]]:
            node.origin = None
    return variation_of(revision, moves)


def _whole(parent: Candidate, problem: Description, space: Space, choose: Choose) -> Graph:
    """A parent's graph, with what it lacks of the problem."""
    graph = parent.graph
    require_interface(graph, problem)
    if len(graph.inputs) == len(problem.inputs) and len(graph.outputs) == len(problem.outputs):
        return graph
    return opened(parent, problem, space, choose, None).graph()


def _selections(
    graphs: Sequence[Graph], problem: Description, better: Collection[str], limit: int, choose: Choose
) -> list[list[str]]:
    """The outputs that could come from the second graph: first those that find room, equals in random order.

    Of what the second serves better, more comes first.
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

    return [list(outputs) for outputs in sorted(in_turn(choose, "outputs", found), key=order)]


def _size(graphs: Sequence[Graph], problem: Description, outputs: Collection[str]) -> int:
    """The networks of a child that has these outputs as in the second graph, the others as in the first."""
    first, second = graphs
    ours, theirs = _arrivals(graphs, [output.name for output in problem.outputs], outputs)
    here, there = _cone(first, ours), _cone(second, theirs)
    return len(here) + len(there) - len(_shared(first, second, here, theirs))


def _arrivals(graphs: Sequence[Graph], names: Sequence[str], outputs: Collection[str]) -> list[list[Connection]]:
    """The connections into these outputs of the second graph, and into the others of the first; the first's first."""
    parts: list[list[Connection]] = [[], []]
    for name in names:
        parent = name in outputs
        parts[parent] += graphs[parent].incoming(name)
    return parts


def _cone(graph: Graph, arrivals: Collection[Connection]) -> set[str]:
    """The networks that these connections come from, and all that feed them."""
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
    """Some outputs as in the second graph, the others as in the first."""
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
    for output in merged:
        parent = output.name in outputs
        judge(revision, graphs[parent], output, names[parent])
    revision.most = max(space.max_n, len(revision.nodes))
    return revision


def _some(graph: Graph, choose: Choose) -> list[Connection]:
    """Some of the connections into the only output; all of those that belong together."""
    (output,) = graph.outputs
    units = {network.name: network.output for network in graph.networks}
    found = graph.incoming(output.name)
    if any(is_fixed_output(output, units[connection.source]) for connection in found):
        return list(found)
    return [found[i] for i in choose.subset("arrivals", len(found), choose.integer("count", 1, len(found)))]


def _shared(first: Graph, second: Graph, here: Collection[str], arrivals: Collection[Connection]) -> set[str]:
    """The networks that feed these arrivals of the second graph, and are here already: with all that feeds them."""
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
    """With networks removed until no more than `limit` are left, the least missed first; None if that cannot be."""
    while len(revision.nodes) > limit:
        revision.most = len(revision.nodes) - 1
        drawn = in_turn(revision.choose, "trim", removable(revision))
        for index in sorted(drawn, key=partial(_missed, revision)):
            edited = revision.copy()
            if remove(edited, index) and edited.completed():
                revision = edited
                break
        else:
            return None
    return revision if revision.completed() else None


def _missed(revision: Revision, index: int) -> tuple[int, int]:
    """How many components have no other source than this network, and how many read it."""
    readers = revision.out_of(index)
    return sum(len(revision.into(target)) == 1 for target, _ in readers), len(readers)
