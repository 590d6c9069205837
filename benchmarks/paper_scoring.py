"""Scores the models of a run on the test split, in processes of one thread each. Scores are saved and reused."""

import json
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from valp.compile.compile import compile
from valp.compile.module import VALPModule
from valp.errors import ValpError
from valp.files import read_model, write_text
from valp.plan.plan import Protocol
from valp.score.generation_scores import conditioning_matrix
from valp.score.judge import Judge
from valp.search.run.folder import CANDIDATE, read_weights
from valp.search.run.run import StoredRun
from valp.spaces.baselines.baseline_codes import NETWORK
from valp.spaces.candidate import Candidate
from valp.spaces.own.load_problem import load_problem
from valp.spaces.problem.judging import judges_of
from valp.spaces.problem.sampling import generate
from valp.spaces.problem.scoring import GENERATED, Scorer
from valp.train.fit import one_thread

TESTED = "test.json"
"""The file in the run's folder with the results, by the folders of the models."""

Tested = dict[str, dict[str, Any]]


class CachingJudge(Judge):
    """A judge that caches its last answer, because a model's samples are first scored, then counted by class."""

    def __init__(self, judge: Judge) -> None:
        super().__init__(judge.config)
        self.load_state_dict(judge.state_dict())
        self.asked, self.answer = b"", (torch.empty(0), torch.empty(0))

    def judge(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        """See `Judge.judge`."""
        asked = samples.numpy().tobytes()
        if asked != self.asked:
            self.asked, self.answer = asked, super().judge(samples)
        return self.answer


_scorers: list[Scorer] = []
"""The scorers of this process, made when it starts."""


def tested(run: StoredRun, processes: int, ended: Callable[[int, int], None]) -> Tested:
    """The test scores of the run's complete candidates and single-task models, by their folders in the run's folder.

    After each model, `ended` is called with the number of scored models and the number of all models.
    """
    file = run.folder.path / TESTED
    found: Tested = json.loads(file.read_text()) if file.is_file() else {}
    complete = [run.folder.candidate(entry.number) for entry in run.ledger.entries() if entry.state == "complete"]
    trained = [
        run.folder.baseline(name, NETWORK)
        for name, results in run.ledger.baselines.items()
        if NETWORK in results and results[NETWORK].failure is None
    ]
    wanted = {path.relative_to(run.folder.path).as_posix(): path for path in (*trained, *complete)}
    left = [name for name in wanted if name not in found]
    if left:
        spawned = multiprocessing.get_context("spawn")
        settings = (run.settings.problem, run.settings.protocol)
        with ProcessPoolExecutor(min(processes, len(left)), spawned, prepare, settings) as pool:
            jobs = {pool.submit(test, wanted[name]): name for name in left}
            for job in as_completed(jobs):
                found[jobs[job]] = job.result()
                write_text(file, json.dumps(found))
                ended(len(wanted.keys() & found.keys()), len(wanted))
    return {name: found[name] for name in wanted}


def prepare(problem: str, protocol: Protocol) -> None:
    """Loads the problem and the judges of a process."""
    one_thread()
    loaded = load_problem(problem)
    judges = {name: CachingJudge(judge) for name, judge in judges_of(loaded).items()}
    _scorers[:] = [Scorer(loaded, judges, protocol, few=False), Scorer(loaded, {}, "predict")]


@torch.inference_mode()
def test(path: Path) -> dict[str, Any]:
    """The scores of the model in a folder. `predict` has those with no connection cut."""
    start = time.perf_counter()
    scorer, predicting = _scorers
    try:
        module, split = model_in(path), scorer.problem.test
        made: dict[str, Any] = {"test": scorer.score(module, split), "predict": predicting.score(module, split)}
    except ValpError as error:
        return {"failure": str(error)}
    made["reached"] = [name for name in module.plan.outputs if module.plan.inputs_of(name, "generate")]
    for name, judge in scorer.judges.items():
        if name in module.plan.outputs:
            labels, _ = judge.judge(generate(module, split, name, GENERATED, scorer.noise_of(split))[0])
            made["labels"] = torch.bincount(labels, minlength=classes_of(scorer)).tolist()
    return made | {"seconds": time.perf_counter() - start}


@torch.inference_mode()
def conditioned(path: Path, scorer: Scorer, output: str, shown: int) -> tuple[Tensor, Tensor]:
    """The judge's classes of conditions and samples, for as many samples as the test split has rows.

    Returns:
        Counts [classes of the condition, classes of the sample], and samples [classes of the condition, shown, size].
        If a class has too few samples, the rest is zeros.
    """
    split, classes, judge = scorer.problem.test, classes_of(scorer), scorer.judges[output]
    samples, rows = generate(model_in(path), split, output, len(split), scorer.noise_of(split))
    images = scorer.references.conditions(output, split, rows)
    if images is None:
        raise AssertionError("an input must show what the samples look like")
    conditions, labels = judge.judge(images)[0], judge.judge(samples)[0]
    chosen = torch.zeros(classes, shown, samples.shape[1])
    for label in range(classes):
        of_label = samples[conditions == label][:shown]
        chosen[label, : len(of_label)] = of_label
    return conditioning_matrix(conditions, labels, classes), chosen


def classes_of(scorer: Scorer) -> int:
    """The number of classes of the judges."""
    return scorer.problem.columns.output(scorer.problem.judged_by or "").size


def model_in(path: Path) -> VALPModule:
    """The trained model in the folder of a candidate or single-task model."""
    candidate = read_model(Candidate, path / CANDIDATE)
    module = compile(candidate.graph, seed=candidate.training.seed)
    module.load_state_dict(read_weights(path))
    module.eval()
    return module
