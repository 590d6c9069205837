"""The effect of a learning rate that falls at the end of the training, measured on random candidates.

python -m benchmarks.decay [--candidates 16] [--decays 0 0.1 0.2 0.4] [--steps 2000]

Algorithm 1 draws the candidates in the default space for Fashion-MNIST. Each is trained once with each decay;
everything else is equal. Scores are validation scores. Differences are to the first decay, for the same candidate.
"""

import argparse
from statistics import mean, median, stdev

from benchmarks.strategies_page import rows_of
from valp.search.engine.evaluate import train
from valp.search.strategies import Question
from valp.search.strategies.strategy import draw_at_random
from valp.spaces.candidate import Training
from valp.spaces.generate.space import DEFAULT
from valp.spaces.own.load_problem import load_problem
from valp.spaces.problem.judging import judges_of
from valp.spaces.problem.scoring import Scorer
from valp.train.fit import one_thread

SCORES = ("accuracy", "mse", "entropy", "coverage")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--candidates", type=int, default=16)
    parser.add_argument("--decays", type=float, nargs="+", default=[0.0, 0.1, 0.2, 0.4])
    parser.add_argument("--steps", type=int, default=2000)
    asked = parser.parse_args()
    one_thread()
    problem = load_problem("fashion-mnist", print)
    scorer = Scorer(problem, judges_of(problem, print))
    question = Question(problem, DEFAULT, Training(steps=asked.steps), seed=0, candidates=asked.candidates)
    found: dict[float, list[dict[str, float]]] = {decay: [] for decay in asked.decays}
    for number in range(asked.candidates):
        candidate = draw_at_random(question, number)
        for decay, scores in found.items():
            training = candidate.training.model_copy(update={"decay": decay})
            module, _ = train(candidate.model_copy(update={"training": training}), scorer)
            scores.append(scorer.score(module, problem.validation))
        print(f"{number + 1} of {asked.candidates}", flush=True)
    rows: list[tuple[str, ...]] = [("decay", *SCORES, "accuracy gained, mean ± sd", "MSE, median ratio")]
    first = found[asked.decays[0]]
    for decay, scores in found.items():
        means = (f"{mean(one[name] for one in scores):.4g}" for name in SCORES)
        gained = [one["accuracy"] - other["accuracy"] for one, other in zip(scores, first, strict=True)]
        ratio = median(one["mse"] / other["mse"] for one, other in zip(scores, first, strict=True))
        rows.append((f"{decay:g}", *means, f"{mean(gained):+.4f} ± {stdev(gained):.4f}", f"{ratio:.2f}"))
    print(f"\n{rows_of(rows)}")


if __name__ == "__main__":
    main()
