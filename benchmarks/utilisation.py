"""The share of the workers' time spent on training and scoring, with candidates that take about ten seconds.

python -m benchmarks.utilisation
"""

import argparse
import tempfile

from valp.search.facade.launch import launch
from valp.search.show.display import LineDisplay
from valp.spaces.own.load_problem import load_problem

CANDIDATES, WORKERS = 24, 2
STEPS = 16_000
"""These take about ten seconds on one core, for a candidate of the default space on the digits."""


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    with tempfile.TemporaryDirectory() as runs:
        run = launch(
            load_problem("digits"),
            name="utilisation",
            strategy="random",
            runs=runs,
            candidates=CANDIDATES,
            steps=STEPS,
            workers=WORKERS,
            seed=1,
            display=LineDisplay(),
        ).stored
        seconds = [sum(entry.result.seconds) for entry in run.ledger.entries() if entry.result is not None]
        print(f"{len(seconds)} candidates, {sum(seconds) / len(seconds):.1f} s each")


if __name__ == "__main__":
    main()
