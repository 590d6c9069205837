"""The contenders of the comparison: one VALP, single-task networks, and variants of the VALP."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from benchmarks.sharing_graphs import (
    cut_apart,
    divergent,
    equal_betas,
    parameters,
    perceptron,
    scaled,
    widened,
    with_betas,
)
from benchmarks.sharing_subject import Subject
from valp.graph.graph import Graph
from valp.spaces.candidate import Candidate, Training
from valp.spaces.problem.description import Description

VALP, TUNED, MLP, ALIKE = "valp", "tuned", "mlp", "alike"
TOLERANCE = 0.02
"""How much the number of parameters may differ where it should be equal."""

PERCEPTRON = (512, 512)
"""The hidden layers of the usual MLP."""

OBSTACLES = ("capacity", "conflict", "beta", "search")


@dataclass(frozen=True)
class Part:
    """A model of a contender.

    Attributes:
        name: its name in the contender: the output that it learns, or the contender's code for a joint model.
        outputs: the outputs whose scores count.
        candidate: its graph and training. The number of steps, the decay and the seed of the training are not used.
    """

    name: str
    outputs: tuple[str, ...]
    candidate: Candidate

    @cached_property
    def digest(self) -> str:
        """SHA-256 of its candidate."""
        return sha256(self.candidate.model_dump_json().encode()).hexdigest()


@dataclass(frozen=True)
class Contender:
    """What is compared: one joint model, or a model for each output.

    Attributes:
        code: its name in files.
        title: its name on the page.
        parts: its models. Each is trained on the same number of samples.
        obstacle: the obstacle that it tests; None for one of the comparison itself.
        note: what a reader must know, or nothing.
    """

    code: str
    title: str
    parts: tuple[Part, ...]
    obstacle: str | None = None
    note: str = ""


def contenders_of(
    subject: Subject, problem: Description, obstacles: Collection[str], say: Callable[[str], object]
) -> list[Contender]:
    """The contenders, the VALP first.

    Args:
        subject: the winner, whose graph is the VALP, and the tuned networks.
        problem: their problem.
        obstacles: the obstacles to test, of `OBSTACLES`.
        say: gets a line for a test that does not apply to the graph.
    """
    whole, tuned = subject.winner, subject.tuned
    found = [
        _joint(VALP, "one VALP", problem, whole),
        Contender(TUNED, "single-task, tuned", _parts(tuned)),
        equal_parameters(tuned, parameters(whole.graph)),
    ]
    usual = {output.name: perceptron(problem, output.name, PERCEPTRON) for output in problem.outputs}
    training = Training(learning_rate=1e-3, batch=subject.batch)
    candidates = {name: Candidate(graph=graph, training=training) for name, graph in usual.items() if graph is not None}
    if candidates:
        found.append(Contender(MLP, "single-task, MLP of two layers of 512", _parts(candidates)))
        alike = Training(learning_rate=whole.training.learning_rate, batch=whole.training.batch)
        candidates = {name: one.model_copy(update={"training": alike}) for name, one in candidates.items()}
        title = "single-task, MLP with the VALP's learning rate and batch size"
        found.append(Contender(ALIKE, title, _parts(candidates)))
    for obstacle in obstacles:
        variants = list(VARIANTS[obstacle](problem, whole)) if obstacle in VARIANTS else []
        if not variants and obstacle in VARIANTS:
            say(f"the obstacle {obstacle} cannot be tested: the graph has nothing to change")
        found += variants
    return found


def equal_parameters(tuned: Mapping[str, Candidate], target: int) -> Contender:
    """The tuned networks with other widths, so that they have as many parameters together as the VALP."""
    graphs = scaled([candidate.graph for candidate in tuned.values()], target)
    reached = sum(parameters(graph) for graph in graphs)
    note = ""
    if abs(reached - target) > TOLERANCE * target:
        note = (
            f"Widths of the single-task networks cannot be chosen so that they have {target:,} parameters together, as "
            f"the VALP has: the nearest is {reached:,}."
        )
    changed = {
        name: candidate.model_copy(update={"graph": graph})
        for (name, candidate), graph in zip(tuned.items(), graphs, strict=True)
    }
    return Contender("equal", "single-task, tuned, equal parameters", _parts(changed), note=note)


def _parts(candidates: Mapping[str, Candidate]) -> tuple[Part, ...]:
    return tuple(Part(name, (name,), candidate) for name, candidate in candidates.items())


def _joint(code: str, title: str, problem: Description, candidate: Candidate, obstacle: str | None = None) -> Contender:
    outputs = tuple(output.name for output in problem.outputs)
    return Contender(code, title, (Part(code, outputs, candidate),), obstacle)


def _variant(code: str, title: str, problem: Description, whole: Candidate, graph: Graph, obstacle: str) -> Contender:
    return _joint(code, title, problem, whole.model_copy(update={"graph": graph}), obstacle)


def _capacity(problem: Description, whole: Candidate) -> Iterator[Contender]:
    wider = widened(whole.graph, 2)
    if wider != whole.graph:
        yield _variant("wider", "the VALP, twice as wide", problem, whole, wider, "capacity")


def _conflict(_: Description, whole: Candidate) -> Iterator[Contender]:
    apart = {name: whole.model_copy(update={"graph": graph}) for name, graph in cut_apart(whole.graph).items()}
    yield Contender("apart", "the VALP, cut apart: nothing is shared", _parts(apart), "conflict")


def _beta(problem: Description, whole: Candidate) -> Iterator[Contender]:
    networks = divergent(whole.graph)
    if networks:
        for code, title, factor in (("kl-third", "β of KL × 1/3", 1 / 3), ("kl-triple", "β of KL × 3", 3.0)):
            graph = with_betas(whole.graph, dict.fromkeys(networks, factor))
            yield _variant(code, f"the VALP, {title}", problem, whole, graph, "beta")
    title = "the VALP, β of the other losses on one scale"
    yield _variant("equal-beta", title, problem, whole, equal_betas(whole.graph, problem), "beta")


VARIANTS: Mapping[str, Callable[[Description, Candidate], Iterator[Contender]]] = {
    "capacity": _capacity,
    "conflict": _conflict,
    "beta": _beta,
}
"""The experiments, by obstacle. That of `search` is another search."""
