"""The contract of a score: what it says of itself, and values that perfect and random results have."""

import pickle
from collections.abc import Mapping
from math import isfinite

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from valp.compile.compile import compile
from valp.compile.module import VALPModule
from valp.graph.graph import Connection, DataType, Graph, Input, Loss, Output, PrimaryNetwork
from valp.parts.kinds import GENERIC_MLP
from valp.score.halves import standard_errors
from valp.score.score import GraphScore, OutputScore, Score
from valp.score.scored_output import ScoredOutput
from valp.score.subject import Attacked, Conditioned, Generated, Predicted, Records, Subject
from valp.testing.trial import loss_for, must, vector

ROWS = 60
SIZE = 3

OUTPUTS = (
    ScoredOutput("class", DataType.DISCRETE, SIZE),
    ScoredOutput("other class", DataType.DISCRETE, SIZE),
    ScoredOutput("labels", DataType.DISCRETE, SIZE, labels=True),
    ScoredOutput("numbers", DataType.NUMERIC, SIZE, variance=1.0),
    ScoredOutput("features", DataType.FEATURES, SIZE, variance=1.0),
    ScoredOutput("judged samples", DataType.SAMPLES, SIZE, judged=SIZE),
    ScoredOutput("samples", DataType.SAMPLES, SIZE),
    ScoredOutput("rows", DataType.SAMPLES, SIZE, drawn=True),
)


def check_score(score: Score) -> None:
    """Tries a score on outputs of every type: perfect results, and results that have nothing to do with the truth.

    Args:
        score: the row; it need not be installed.

    Raises:
        AssertionError: if something does not hold; the message says what.
    """
    name = getattr(score, "code", "") or type(score).__name__
    for field in ("code", "title"):
        must(bool(getattr(score, field, "")), f"a score must have a {field}, but {type(score).__name__} has none")
    direction = getattr(score, "direction", None)
    must(
        direction in ("maximize", "minimize") or (isinstance(direction, int | float) and isfinite(direction)),
        f"the direction of {name} must be 'maximize', 'minimize' or a finite target, but is {direction!r}",
    )
    must(bool(pickle.dumps(score)), f"{name} must be picklable")
    if score.parameter is not None:
        must(
            score.parameter.example > score.parameter.above,
            f"the example of {name}'s parameter must be above {score.parameter.above:g}, but is "
            f"{score.parameter.example:g}",
        )
        score = score.at(score.parameter.example)
    if isinstance(score, OutputScore):
        outputs = [output for output in OUTPUTS if score.applies(output)]
        must(bool(outputs), f"{name} must apply to an output of some type, but applies to none")
        for output in outputs:
            _check_output(score, output)
    elif isinstance(score, GraphScore):
        must(score.applies(OUTPUTS), f"{name} must apply to the graphs of a problem with outputs of every type")
        _check_value(score, score.chance(OUTPUTS), "the value without learning")
        value = _measured(score, _Trial(OUTPUTS[0], perfect=True), None)
        together = None if value is None else score.together([value, value])
        _check_value(score, together, "the value of two models together")
    else:
        must(False, f"{name} must be an OutputScore or a GraphScore, but is a {type(score).__name__}")


def _check_output(score: OutputScore, output: ScoredOutput) -> None:
    """Values of perfect and of random results are measured or absent, and the perfect one is not worse."""
    chance = score.chance(output)
    _check_value(score, chance, f"the value without learning of {output.name}")
    perfect, random = (_measured(score, _Trial(output, perfect), output) for perfect in (True, False))
    for worse, what in ((random, "a random result"), (chance, "no learning")):
        if perfect is not None and worse is not None:
            must(
                not score.better(worse, perfect),
                f"{score.code} of {output.name} must not be better for {what} ({worse:.4g}) than for a perfect result "
                f"({perfect:.4g})",
            )
    for value in (perfect, random, chance):
        if value is not None and score.ideal is not None:
            must(
                not score.better(value, score.ideal),
                f"{score.code} of {output.name} must not be better than its ideal {score.ideal:g}, but is {value:.4g}",
            )
    if score.has_error and random is not None:
        errors = standard_errors(_Trial(output, perfect=False), output, {score.code: score}, seed=0)
        must(
            score.code in errors,
            f"{score.code} of {output.name} must be measured on half of the rows too, or have has_error = False",
        )


def _measured(score: Score, trial: "_Trial", output: ScoredOutput | None) -> float | None:
    """The value of a trial. Checks that it is a number, repeatable, and that the model stays as it was."""
    before = {name: tensor.clone() for name, tensor in trial.module.state_dict().items()}
    values: list[float | None] = []
    for _ in range(2):
        if isinstance(score, OutputScore):
            assert output is not None
            values.append(score.compute(trial, output))
        elif isinstance(score, GraphScore):
            values.append(score.compute(trial))
        _check_value(score, values[-1], "a value")
    after = trial.module.state_dict()
    same = all(torch.equal(tensor, after[name]) for name, tensor in before.items())
    must(same and not trial.module.training, f"{score.code} must leave the model as it was")
    if not score.on_demand:
        must(values[0] == values[1], f"{score.code} must be the same when repeated, but is {values[0]}, {values[1]}")
    return values[0]


def _check_value(score: Score, value: float | None, what: str) -> None:
    """A value is a finite number or None."""
    if value is not None:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        must(number, f"{what} of {score.code} must be a number or None, but is a {type(value).__name__}")
        must(isfinite(value), f"{what} of {score.code} must be finite or None, but is {value}")


class _Trial(Subject):
    """A small model, and results for one output that are perfect or random."""

    def __init__(self, output: ScoredOutput, perfect: bool) -> None:
        self.module, self.outputs, self._perfect = _module(), OUTPUTS, perfect
        random = torch.Generator().manual_seed(0)
        self.inputs: Mapping[str, Tensor] = {"x": torch.randn(ROWS, SIZE, generator=random)}
        labels = torch.arange(ROWS) % SIZE
        real = one_hot(labels, SIZE) + 0.1 * torch.randn(ROWS, SIZE, generator=random)
        made = real if perfect else 3 + torch.randn(ROWS, SIZE, generator=random)
        made_labels = labels if perfect else torch.zeros_like(labels)
        judged = output.judged is not None
        # rows of the right class whose real samples are other samples: nothing is copied
        rows, other = torch.arange(ROWS), real.roll(SIZE, 0)
        self._generated = Generated(
            samples=made,
            real=real,
            features=made,
            real_features=real,
            labels=made_labels if judged else None,
            real_labels=labels if judged else None,
            groups=labels if judged else torch.zeros_like(labels),
            conditioned=Conditioned(rows, made, other, *((made_labels, labels) if judged else ())),
            records=_records(made, real, random, perfect),
        )

    def has(self, output: str) -> bool:  # noqa: ARG002 - it has all
        """See `Subject`."""
        return True

    def predicted(self, output: str) -> Predicted:
        """See `Subject`."""
        scored = next(other for other in OUTPUTS if other.name == output)
        return _prediction(scored, self._perfect, torch.Generator().manual_seed(1))

    def attacked(self, output: str, size: float) -> Attacked:  # noqa: ARG002 - no attack changes anything
        """See `Subject`."""
        found = self.predicted(output)
        return Attacked(torch.stack([found.values] * 2), found.truth, found.present, self.zero_gradient(output))

    def zero_gradient(self, output: str) -> Tensor:  # noqa: ARG002 - the same for all
        """See `Subject`."""
        return torch.zeros(ROWS, dtype=torch.bool)

    def generated(self, output: str) -> Generated:  # noqa: ARG002 - there is one
        """See `Subject`."""
        return self._generated


def _prediction(output: ScoredOutput, perfect: bool, random: torch.Generator) -> Predicted:
    """The truth as a prediction, or numbers that have nothing to do with it."""
    if output.labels:
        truth = torch.randint(2, (ROWS, SIZE), generator=random).float()
        return Predicted(truth if perfect else 1 - truth, truth, None)
    if output.type is DataType.DISCRETE:
        truth = torch.arange(ROWS) % SIZE
        return Predicted(one_hot(truth if perfect else (truth + 1) % SIZE, SIZE).float(), truth, None)
    truth = torch.randn(ROWS, SIZE, generator=random)
    return Predicted(truth if perfect else 2 * torch.randn(ROWS, SIZE, generator=random), truth, None)


def _records(made: Tensor, real: Tensor, random: torch.Generator, perfect: bool) -> Records:
    """Training rows: other rows for perfect samples, half of which are then as near; otherwise those that are made."""
    other = real + 1e-3 * torch.randn(ROWS, SIZE, generator=random)
    halves = torch.arange(ROWS) % 2 == 0
    if perfect:
        return Records(made, torch.where(halves[:, None], real, other), torch.where(halves[:, None], other, real))
    return Records(made, made, real)


def _module() -> VALPModule:
    """One Generic MLP, compiled, in evaluation mode."""
    unit = vector(DataType.NUMERIC, SIZE)
    graph = Graph(
        inputs=(Input(name="x", unit=unit),),
        networks=(PrimaryNetwork(name="n", kind=GENERIC_MLP.code, output=unit),),
        outputs=(Output(name="y", unit=unit),),
        connections=(Connection(source="x", target="n"), Connection(source="n", target="y")),
        losses=(Loss(kind=loss_for(unit), prediction="y", truth="y"),),
    )
    return compile(graph, seed=0).eval()
