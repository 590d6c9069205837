"""Trainings that compare balancing methods on one problem: learning rates chosen on validation, equally for all.

A training descends by SGD with momentum. After each epoch the validation split judges the networks, and the best epoch
counts. The score that chooses is the *relative error*: the error of a task divided by its error without learning, as
the mean over the tasks. The error of a class is 1 − accuracy, that of numbers the mean squared error.
"""

import copy
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import merge
from statistics import mean

from benchmarks.balance_subjects import SUBJECTS, errors, errors_without_learning
from benchmarks.robustness_graphs import only
from benchmarks.saved_rows import Row, SavedRows
from benchmarks.worker_pool import work_off
from valp.compile.compile import compile
from valp.spaces.problem.problem import Problem
from valp.train.balance import read_balance
from valp.train.fit import Fitting, one_thread, ready


@dataclass(frozen=True)
class Method:
    """A way to learn several tasks.

    Attributes:
        code: its name in the tables and the files.
        balance: the balancing method with its settings, as on the command line.
        single: whether each task has networks of its own.
        grid: the weights of the tasks to choose from; empty for 1 each.
        last: whether it is trained after all seeds of the others.
    """

    code: str
    balance: str = "fixed"
    single: bool = False
    grid: tuple[tuple[float, ...], ...] = ()
    last: bool = False


@dataclass(frozen=True)
class Training:
    """Networks to train.

    Attributes:
        problem: the name of a subject.
        method: the code of the method.
        balance: its balancing method.
        task: the task, if each has networks of its own.
        weights: β of the tasks; empty for 1 each.
        rate: the learning rate.
        seed: the seed of the initial weights and of the order of the examples.
    """

    problem: str
    method: str
    balance: str
    task: str
    weights: tuple[float, ...]
    rate: float
    seed: int

    @property
    def key(self) -> str:
        """Its name in the file."""
        weights = ":".join(f"{weight:g}" for weight in self.weights)
        named = " ".join(part for part in (self.method, self.task, weights) if part)
        return f"{self.problem}/{named}/{self.rate:g}/{self.seed}"


@dataclass(frozen=True)
class Setup:
    """What all trainings have in common.

    Attributes:
        epochs: the most passes over the training split.
        patience: the epochs without a better validation score after which a training ends.
        batch: the examples in a step.
    """

    epochs: int
    patience: int
    batch: int

    def identified(self, name: str, problem: Problem) -> str:
        """Identifies the data of a subject, its networks and this setup: finished trainings of others are not used."""
        return f"{problem.fingerprint} {SUBJECTS[name].sizes} {self.epochs} {self.patience} {self.batch}"


@dataclass(frozen=True)
class Plan:
    """All trainings that are wanted on one problem.

    Attributes:
        problem: the name of a subject.
        tasks: the outputs of the problem.
        methods: the methods.
        rates: the learning rates from which each method chooses.
        seeds: the number of seeds.
        store: the finished trainings.
    """

    problem: str
    tasks: Sequence[str]
    methods: Sequence[Method]
    rates: Sequence[float]
    seeds: int
    store: SavedRows

    def tried(self, method: Method, task: str) -> list[Training]:
        """The trainings of a method with the first seed. One of them is chosen on the validation split."""
        return [
            Training(self.problem, method.code, method.balance, task, weights, rate, 0)
            for weights in method.grid or ((),)
            for rate in self.rates
        ]

    def chosen(self, method: Method, task: str) -> Training | None:
        """The training with the best validation score; None until all are finished."""
        tried = self.tried(method, task)
        scores = [self.store.rows[one.key]["score"] for one in tried if one.key in self.store.rows]
        if len(scores) < len(tried):
            return None
        return tried[min(range(len(tried)), key=lambda i: math.inf if scores[i] is None else scores[i])]

    def left(self) -> Iterator[Training]:
        """The trainings that can start now, seed after seed. Others may follow when these are finished."""
        for last in (False, True):
            methods = [method for method in self.methods if method.last == last]
            for seed in range(self.seeds):
                for method in methods:
                    for task in self.parts(method):
                        chosen = self.chosen(method, task)
                        wanted = self.tried(method, task) if seed == 0 else [] if chosen is None else [chosen]
                        trainings = [replace(one, seed=seed) for one in wanted]
                        yield from (one for one in trainings if one.key not in self.store.rows)

    def parts(self, method: Method) -> Sequence[str]:
        """The tasks that have trainings of their own; one empty name if all tasks share one."""
        return self.tasks if method.single else ("",)

    def results(self, method: Method) -> list[Row]:
        """For each seed that is finished: its number, and the test error of each task."""
        found = []
        for seed in range(self.seeds):
            chosen = [self.chosen(method, task) for task in self.parts(method)]
            keys = [replace(one, seed=seed).key for one in chosen if one is not None]
            rows = [self.store.rows[key] for key in keys if key in self.store.rows]
            if len(rows) == len(chosen) and all(row["test"] for row in rows):
                found.append({"seed": seed, "test": {task: e for row in rows for task, e in row["test"].items()}})
        return found

    def diverged(self, method: Method) -> int:
        """The number of seeds with a training that ended without any score."""
        chosen = [one for task in self.parts(method) if (one := self.chosen(method, task)) is not None]
        rows = self.store.rows
        return sum(
            any(not rows[key]["test"] for one in chosen if (key := replace(one, seed=seed).key) in rows)
            for seed in range(self.seeds)
        )

    def settings(self, method: Method) -> str:
        """The chosen rate, and the chosen weights of a grid. A rate at the end of those tried may not be the best."""
        chosen = [self.chosen(method, task) for task in self.parts(method)]
        known = [one for one in chosen if one is not None]
        ends = {min(self.rates): " (least tried)", max(self.rates): " (most tried)"} if len(self.rates) > 1 else {}
        rates = dict.fromkeys(
            f"{one.rate:g}{ends.get(one.rate, '')}" for one in sorted(known, key=lambda one: one.rate)
        )
        weights = {" : ".join(f"{weight:g}" for weight in one.weights) for one in known if one.weights}
        return ", ".join([" and ".join(rates), *weights]) if len(known) == len(chosen) else "not all tried"


_problems: dict[str, Problem] = {}
"""The problems of this process, loaded when it starts."""


def prepare(names: Sequence[str]) -> None:
    """Loads the problems of some subjects into this process."""
    one_thread()
    _problems.update({name: SUBJECTS[name].load(None) for name in names})


def trained(training: Training, setup: Setup) -> Row:
    """Trains networks and scores the best epoch.

    Args:
        training: what to train.
        setup: what all trainings have in common.
    """
    start, problem = time.perf_counter(), _problems[training.problem]
    described = only(problem.description, training.task) if training.task else problem.description
    module = compile(SUBJECTS[training.problem].graph(described, training.weights), seed=training.seed)
    steps = max(1, len(problem.train) // setup.batch)
    fitting = Fitting(
        module,
        problem.train.inputs,
        {name: problem.train.truths[name] for name in module.plan.outputs},
        steps=steps * setup.epochs,
        batch=setup.batch,
        learning_rate=training.rate,
        balance=read_balance(training.balance),
        seed=training.seed,
        optimizer="sgd",
    )
    without = errors_without_learning(problem, problem.validation)
    best, state, at, epoch = math.inf, None, 0, 0
    while epoch < setup.epochs and epoch - at < setup.patience:
        epoch += 1
        fitting.advance(epoch * steps)
        if fitting.failure is not None:
            break
        found = errors(module, problem.validation)
        score = mean(error / without[name] for name, error in found.items())
        if score < best:
            best, state, at = score, copy.deepcopy(module.state_dict()), epoch
    row: Row = {
        "fingerprint": setup.identified(training.problem, problem),
        "failure": fitting.failure,
        "score": None,
        "test": {},
    }
    if state is not None:
        module.load_state_dict(state)
        row |= {
            "score": best,
            "validation": errors(module, problem.validation),
            "test": errors(module, problem.test),
        }
    return row | {
        "epochs": [at, epoch],
        "parameters": module.parameter_count,
        "seconds": round(time.perf_counter() - start, 1),
    }


def train_all(
    plans: Sequence[Plan], setup: Setup, workers: int, written: Callable[[], None], seconds: float = math.inf
) -> None:
    """Trains what is left, seed after seed, and saves each training as soon as it is finished.

    Args:
        plans: the plans, which have one store.
        setup: what all trainings have in common.
        workers: processes of one thread each; 0 trains in this one.
        written: called after each training, to write the page.
        seconds: no training starts after so many seconds.
    """
    end = time.monotonic() + seconds
    store = plans[0].store

    def left() -> Iterator[Training]:
        if time.monotonic() < end:
            yield from merge(*(plan.left() for plan in plans), key=lambda training: training.seed)

    def finish(training: Training, row: Row) -> None:
        store.add(training, row)
        told = "  ".join(f"{name} {error:.4f}" for name, error in list(row["test"].items())[:2])
        print(f"{training.key}: {told or row['failure']} ({row['seconds']:.0f} s)", flush=True)
        written()

    ready("auto", print)
    work_off(
        left,
        lambda training: (training, setup),
        trained,
        finish,
        workers,
        prepare,
        ([plan.problem for plan in plans],),
    )
