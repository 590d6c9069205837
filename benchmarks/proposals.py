"""How long does a strategy take to propose a candidate, depending on the number of candidates in the ledger?

python -m benchmarks.proposals [--candidates 100 1000 10000] [--strategies evolution random tpe nsga2]

Algorithm 1 draws the candidates for the digits; their scores are random. Each proposal uses the same calls as the
driver. Optuna's samplers need the values of all slots of every candidate, so they are measured up to 1,000 candidates.
"""

import argparse
import random
import statistics
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import optuna
from optuna.trial import TrialState, create_trial

from valp.check.keys import content_key
from valp.search.run.ledger import Ledger
from valp.search.run.result import Result
from valp.search.strategies import STRATEGIES, Question
from valp.search.strategies.optuna_parameters import slot_distributions
from valp.search.strategies.strategy import draw
from valp.spaces.candidate import Training
from valp.spaces.generate.choose import RandomChoose
from valp.spaces.generate.space import DEFAULT
from valp.spaces.own.load_problem import load_problem

PROPOSALS = 20

RUNNING = 4
"""The number of running candidates. These are read again for every proposal, finished ones are not."""

MOST_FOR_SAMPLERS = 1000


def fill(ledger: Ledger, question: Question, count: int, slots: bool) -> None:
    """Adds finished candidates to a ledger."""
    dice = random.Random(0)
    distributions = slot_distributions(question.space, question.problem) if slots else {}
    sampler = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    trials = []
    for number in range(count):
        candidate = draw(question, RandomChoose(number), number)
        scores = {name: dice.random() for name in question.problem.metrics}
        result = Result(scores, 1, content_key(candidate.graph), 1, (0.0, 0.0))
        attributes = {"candidate": candidate.model_dump_json(), "parents": [], "result": asdict(result), "seen": ""}
        trials.append(
            create_trial(
                state=TrialState.COMPLETE,
                params=sampler.ask(distributions).params if slots else {},
                distributions=distributions,
                user_attrs=attributes,
                values=[scores[name] for name in ledger.objectives],
            )
        )
    ledger.study.add_trials(trials)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--strategies", nargs="+", default=["evolution", "random", "tpe", "nsga2"])
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    problem = load_problem("digits")
    question = Question(problem, DEFAULT, Training(steps=500), 0, max(options.candidates))
    metrics = {name: problem.metrics[name] for name in problem.objectives}
    print("candidates | strategy | proposal, median ms | with reading and writing the ledger | first proposal")
    for count in options.candidates:
        for code in options.strategies:
            samples = code not in ("evolution", "random")
            if samples and count > MOST_FOR_SAMPLERS:
                continue
            with tempfile.TemporaryDirectory() as folder:
                ledger = Ledger.create(Path(folder) / "study.db", metrics)
                fill(ledger, question, count, samples)
                strategy, times = STRATEGIES[code], []
                for number in range(count, count + PROPOSALS):
                    start = time.perf_counter()
                    trial = ledger.ask(strategy.sampler(question.seed, number))
                    asked = time.perf_counter()
                    candidate = strategy.propose(question, ledger, trial)
                    proposed = time.perf_counter()
                    ledger.propose(trial, candidate)
                    times.append([(t - start) * 1e3 for t in (asked, proposed, time.perf_counter())])
                    if number >= count + RUNNING:
                        ledger.study.tell(number - RUNNING, state=TrialState.FAIL)
            alone = statistics.median(proposed - asked for asked, proposed, _ in times)
            whole = [time for *_, time in times]
            print(f"{count} | {code} | {alone:.0f} | {statistics.median(whole):.0f} | {whole[0]:.0f}", flush=True)


if __name__ == "__main__":
    main()
