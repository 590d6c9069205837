"""The trainings of the paper's experiment: the random VALPs, twice, and the single-task models."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from benchmarks.paper_scoring import CachingJudge, conditioned, scored
from valp.compile.module import VALPModule
from valp.graph.graph import Connection, Graph, Role
from valp.search.engine.evaluate import compiled, fitting
from valp.search.strategies.strategy import Question, draw_at_random
from valp.spaces.baselines.single_task import single_task
from valp.spaces.candidate import Candidate, Training
from valp.spaces.generate.space import PAPER
from valp.spaces.own.load_problem import load_problem
from valp.spaces.problem.judging import judges_of
from valp.spaces.problem.problem import Problem
from valp.spaces.problem.scoring import Scorer
from valp.train.fit import one_thread
from valp.train.stopwatch import Stopwatch

PROBLEM, BATCH, SEED = "fashion-mnist", 50, 1
DRAWN, WHOLE, SINGLE = "drawn", "whole", "single"
"""The kinds of models: ψ as drawn; ψ of all variables, as in the original's code; and single-task models."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """The training of a model.

    Attributes:
        kind: `drawn`, `whole` or `single`.
        model: the number of a random VALP, or the output of a single-task model.
        steps: the steps after which it is scored, ascending. The last are those of the whole training.
    """

    kind: str
    model: str
    steps: tuple[int, ...]

    @property
    def key(self) -> str:
        """Its name in the file."""
        return "/".join((self.kind, self.model, *map(str, self.steps)))


def candidate_of(job: Job, problem: Problem) -> Candidate:
    """The graph and the training of a job. A VALP is the one that random search with seed 1 has under this number."""
    training = Training(steps=job.steps[-1], batch=BATCH)
    if job.kind == SINGLE:
        return Candidate(graph=single_task(problem, job.model), training=training)
    number = int(job.model)
    drawn = draw_at_random(Question(problem, PAPER, training, SEED, number + 1), number)
    return drawn if job.kind == DRAWN else drawn.model_copy(update={"graph": whole(drawn.graph)})


def whole(graph: Graph) -> Graph:
    """The graph with all variables of a network in each connection to another network.

    A latent connection needs an even number of variables: of an odd number it leaves out the last.
    """
    sizes = {network.name: network.output.size for network in graph.networks}

    def widened(one: Connection) -> Connection:
        if one.source not in sizes or one.target not in sizes:
            return one
        size = sizes[one.source]
        odd = one.role is Role.LATENT and size % 2
        return one.model_copy(update={"indices": tuple(range(size - 1)) if odd else None})

    return graph.model_copy(update={"connections": tuple(widened(one) for one in graph.connections)})


_scorers: list[Scorer] = []
"""The scorers of this process, made when it starts: as in the paper, and with all connections kept."""


def prepare() -> None:
    """Loads the problem and the judge into this process."""
    one_thread()
    problem = load_problem(PROBLEM, lambda _: None)
    judges = {name: CachingJudge(judge) for name, judge in judges_of(problem).items()}
    _scorers[:] = [Scorer(problem, judges, "generate", few=False), Scorer(problem, {}, "predict")]


def trained(job: Job) -> Row:
    """Trains a model, and scores it after the steps of the job."""
    start = time.perf_counter()
    problem = _scorers[0].problem
    candidate = candidate_of(job, problem)
    row: Row = {"fingerprint": problem.fingerprint, "networks": len(candidate.graph.networks), "after": {}}
    for steps, module, failure in _stages(candidate, job.steps):
        row |= {"parameters": module.parameter_count, "failure": failure}
        if failure is None:
            row["reached"] = [name for name in module.plan.outputs if module.plan.inputs_of(name, "generate")]
            row["after"][str(steps)] = rounded(scored(module, *_scorers, last=steps == job.steps[-1]))
    return row | {"seconds": round(time.perf_counter() - start, 1)}


def conditioning(job: Job, output: str, shown: int) -> tuple[Tensor, Tensor]:
    """The conditioning matrix and the samples of a model, which is trained again; see `paper_scoring.conditioned`."""
    prepare()
    *_, (_, module, _) = _stages(candidate_of(job, _scorers[0].problem), job.steps)
    return conditioned(module, _scorers[0], output, shown)


def _stages(candidate: Candidate, steps: Sequence[int]) -> Iterator[tuple[int, VALPModule, str | None]]:
    """The model after each of these numbers of steps, and why its training failed; the last one if it did."""
    module = compiled(candidate, None, Stopwatch())
    training = fitting(module, candidate, _scorers[0], "auto")
    for count in steps:
        training.advance(count)
        yield count, module, training.failure
        if training.failure is not None:
            return


def rounded(value: Any) -> Any:
    """The value with six digits in each figure."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    return [rounded(one) for one in value] if isinstance(value, list | tuple) else value
