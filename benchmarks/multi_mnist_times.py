"""The CPU time of a step with each balancing method, in one process where the methods take turns."""

import time
from collections.abc import Sequence

from benchmarks.balance_subjects import SUBJECTS
from benchmarks.balance_trainings import Method
from valp.compile.compile import compile
from valp.plan.plan import Executor
from valp.spaces.problem.problem import Problem
from valp.train.balance import BALANCERS, NATIVE, read_balance
from valp.train.fit import Fitting, one_thread, ready

WARMING, TURNS, RATE = 5, 7, 0.01

Times = dict[str, dict[str, float]]
"""The milliseconds of a step by executor and method."""


def measure(name: str, problem: Problem, methods: Sequence[Method], batch: int, steps: int) -> Times:
    """The CPU milliseconds of a step of SGD; the fastest turn counts. MGDA-UB is trained by torch alone.

    Args:
        name: the name of a subject.
        problem: its problem.
        methods: the methods, each with one network for all tasks.
        batch: the examples in a step.
        steps: the steps of a turn.
    """
    one_thread()
    ready("auto", print)
    graph = SUBJECTS[name].graph(problem.description)
    found: Times = {}
    executors: tuple[Executor, ...] = ("torch", "native")
    for executor in executors:
        trainings = {
            method.code: Fitting(
                compile(graph, seed=0),
                problem.train.inputs,
                problem.train.truths,
                steps=WARMING + TURNS * steps,
                batch=batch,
                learning_rate=RATE,
                balance=read_balance(method.balance),
                executor=executor,
                optimizer="sgd",
            )
            for method in methods
            if executor == "torch" or isinstance(BALANCERS[read_balance(method.balance).method], NATIVE)
        }
        for training in trainings.values():
            training.advance(WARMING)
        best = dict.fromkeys(trainings, float("inf"))
        for _ in range(TURNS):
            for code, training in trainings.items():
                start = time.process_time()
                training.advance(training.made + steps)
                best[code] = min(best[code], 1e3 * (time.process_time() - start) / steps)
        found[executor] = best
    return found
