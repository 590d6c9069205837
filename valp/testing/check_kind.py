"""The contract of a kind of network: the networks that it designs match its attributes."""

from contextlib import ExitStack
from html import unescape

import torch

from valp.check.check import check
from valp.compile.compile import compile
from valp.compile.module import VALPModule
from valp.draw.draw import draw_svg
from valp.graph.graph import DataType, Graph, PrimaryNetwork, Role
from valp.graph.layers import LAYERS
from valp.parts.design import Designer
from valp.parts.kinds import ANY, KINDS, Kind
from valp.plan.plan import MODES
from valp.testing.kind_trials import GIVEN, TRIED, KindTrial, kind_trials
from valp.testing.trial import RandomChoices, SmallRanges, added, batch_for, must
from valp.train.inherit import Parent, inherit

STEPS = 40
"""Training steps in which the loss of a batch must fall."""


def check_kind(kind: Kind, *, seeds: int = 3) -> None:
    """Tests a kind of network: its attributes, and that its designs are valid, run, learn and can be inherited.

    Args:
        kind: the row; it need not be installed.
        seeds: the number of networks that it designs for each wish that it serves.

    Raises:
        AssertionError: if something does not hold; the message says what.
    """
    _says_what_it_is(kind)
    with ExitStack() as stack:
        stack.enter_context(added(KINDS.rows, kind.code, kind))
        if kind.layer is not None:
            stack.enter_context(added(LAYERS.rows, kind.layer.form_name(), kind.layer))
        must(kind.searchable, f"{kind.title} must be searchable: see `Kind.searchable`")
        trials = [*kind_trials(kind, seeds)]
        must(bool(trials), f"{kind.title} must serve something inside a model or a model output, but serves nothing")
        for trial in trials:
            _passes(kind, trial)
            _runs(kind, trial.graph)
        picture = unescape(draw_svg(trials[0].graph))
        must(kind.title in picture, f"{kind.title} must be named in pictures")
        _learns(kind, trials[0].graph)
        _hands_down(kind, trials[0].graph)
        _changes(kind, trials[0].graph)


def _says_what_it_is(kind: Kind) -> None:
    for field in ("code", "title", "sign"):
        must(bool(getattr(kind, field, "")), f"a kind must have a {field}, but {type(kind).__name__} has none")
    name = kind.title
    must(bool(kind.takes) and set(kind.takes) <= set(Role), f"{name} must take something, in known roles")
    must(all(types and types <= ANY for types in kind.takes.values()), f"{name} must take data types in each role")
    must(not kind.needs_latent or Role.LATENT in kind.takes, f"{name} must take what it needs: latent connections")
    must(kind.needs <= frozenset().union(*kind.takes.values()), f"{name} must take the types that it needs")
    must(kind.layer is not None or kind.fewest_layers == 0, f"{name} needs layers, so it must have a form of layer")
    for merged in DataType:
        made = kind.produces(merged)
        must(bool(made) and made <= ANY, f"{name} must produce data types of {merged}, but produces {set(made) or {}}")
    if kind.encodes:
        able = kind.takes_any_data and all(DataType.NUMERIC in kind.produces(merged) for merged in DataType)
        must(able, f"{name} must make Numeric of anything, because it encodes")


def _passes(kind: Kind, trial: KindTrial) -> None:
    """The graph is a VALP and survives JSON, and the design is what the wish asks for."""
    graph, unit = trial.graph, trial.network.output
    report = check(graph)
    must(report.passed, f"{kind.title} must design networks that `check` accepts, but {_first(report.violations)}")
    must(Graph.model_validate_json(graph.model_dump_json()) == graph, f"{kind.title} must survive JSON")
    asked = trial.wish.unit
    must(asked is None or unit == asked, f"{kind.title} must make {asked} when an output asks for it, but makes {unit}")


def _first(violations: object) -> str:
    return str(next(iter(violations), "")) if isinstance(violations, tuple) else ""


def _runs(kind: Kind, graph: Graph) -> None:
    """The graph runs in every mode, and row by row as well as in a batch."""
    module, (inputs, _) = compile(graph, seed=0), batch_for(graph)
    must(_same(module, compile(graph, seed=0)), f"{kind.title} must draw its weights from the seed alone")
    size = graph.outputs[0].unit.size
    for mode in MODES:
        made = module(inputs, mode)["o"]
        rows = len(next(iter(inputs.values())))
        must(made.shape == (rows, size), f"{kind.title} must make {(rows, size)} in {mode}, but made {made.shape}")
        must(bool(made.isfinite().all()), f"{kind.title} must make finite numbers in {mode}")
    whole = module(inputs, "predict")["o"]
    alone = torch.cat([module({k: x[i : i + 1] for k, x in inputs.items()}, "predict")["o"] for i in range(len(whole))])
    must(torch.allclose(whole, alone, atol=1e-5), f"{kind.title} must treat each row by itself when it predicts")


def _learns(kind: Kind, graph: Graph) -> None:
    """Gradients reach every parameter, and the loss of a batch falls."""
    module, (inputs, truths) = compile(graph, seed=0), batch_for(graph)
    own = [name for name, _ in module.named_parameters() if name.split(".")[1].partition("-")[0] == TRIED]
    must(not (kind.only_samples and own), f"{kind.title} must learn nothing, because it only samples")
    noise = {name: torch.zeros(len(next(iter(inputs.values()))), k) for name, k in module.plan.noise.items()}
    optimizer = torch.optim.Adam(module.parameters(), lr=0.02)
    history = []
    for step in range(STEPS):
        total, _ = module.losses(inputs, truths, noise)
        optimizer.zero_grad()
        total.backward()  # type: ignore[no-untyped-call] # torch's own
        if step == 0:
            unreached = [name for name, parameter in module.named_parameters() if parameter.grad is None]
            must(not unreached, f"{kind.title} must let gradients reach its parameters, but not {', '.join(unreached)}")
        optimizer.step()
        history.append(total.item())
    must(history[-1] < history[0], f"{kind.title} must learn: its loss went from {history[0]:.3g} to {history[-1]:.3g}")


def _hands_down(kind: Kind, graph: Graph) -> None:
    """A copy of a trained model that inherits everything predicts the same."""
    parent, child = compile(graph, seed=0), compile(graph, seed=1)
    origins = {network.name: (0, network.name) for network in graph.networks}
    inherit(child, graph, [Parent(graph, parent.state_dict())], origins)
    inputs, _ = batch_for(graph)
    same = torch.allclose(parent(inputs, "predict")["o"], child(inputs, "predict")["o"], atol=1e-5)
    must(same, f"{kind.title} must pass all of its weights on to a copy of itself")


def _changes(kind: Kind, graph: Graph) -> None:
    """What mutation relies on: another size, one more layer, and the initialiser of an implied last layer."""
    network = graph.networks[-1]
    other = _with(graph, network.model_copy(update={"initializer": "uniform"}))
    counts = not _same(compile(other, seed=0), compile(graph, seed=0))
    has, drawn = ("has an", "no weights are") if kind.last_layer else ("has no", "weights are")
    must(
        counts == kind.last_layer,
        f"{kind.title} says that it {has} implied last layer, but {drawn} drawn by the initialiser of one",
    )
    if kind.resizable and kind.reads_per_variable is None:
        unit = network.output.model_copy(update={"shape": (network.output.shape[0] + 1, *network.output.shape[1:])})
        report = check(_with(graph, network.model_copy(update={"output": unit})))
        must(report.passed, f"{kind.title} must allow another output size, but {_first(report.violations)}")
    if kind.stacks:
        layer = kind.hidden_layer(Designer(TRIED, SmallRanges(), RandomChoices("more"), GIVEN), False)
        report = check(_with(graph, network.model_copy(update={"layers": (layer, *network.layers)})))
        must(report.passed, f"{kind.title} must allow one more hidden layer, but {_first(report.violations)}")


def _with(graph: Graph, network: PrimaryNetwork) -> Graph:
    """The graph with another last network, and with a model output that fits it."""
    output = graph.outputs[0].model_copy(update={"unit": network.output})
    return graph.model_copy(update={"networks": (*graph.networks[:-1], network), "outputs": (output,)})


def _same(one: VALPModule, other: VALPModule) -> bool:
    states = one.state_dict(), other.state_dict()
    return states[0].keys() == states[1].keys() and all(torch.equal(x, states[1][k]) for k, x in states[0].items())
