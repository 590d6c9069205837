"""Is one VALP better than single-task networks that see the same samples?

The graph of a finished search's winner is trained from scratch and compared with tuned single-task networks, with the
same networks of equal parameters, and with plain MLPs. Every finished training is saved at once; called again, the
benchmark resumes. The page, its figures as JSON and its picture are written from the saved trainings. The last section
of the page is written by hand, and kept.

The graphs and the finished trainings are kept beside the page. Without RUN, the comparison that is there is continued,
for example with more seeds, or repeated if its file of trainings is deleted.

python -m benchmarks.sharing [RUN] [--number N] [--samples 100000 400000 1000000] [--seeds 5] [--workers 2]
    [--runs runs] [--obstacle capacity conflict beta search] [-o docs/sharing]
"""

import argparse
import json
from pathlib import Path

from benchmarks.sharing_contenders import OBSTACLES, TUNED, VALP, contenders_of
from benchmarks.sharing_figures import document_of, draw, with_search
from benchmarks.sharing_page import SEARCH, page
from benchmarks.sharing_subject import Subject, checked, subject_of
from benchmarks.sharing_trainings import Plan, Store, train_all
from valp.compile.compile import compile
from valp.errors import SettingError, ValpError
from valp.files import read_model, write_text
from valp.graph.graph import DataType
from valp.parts.own_types import like
from valp.search.engine.score_on_test import data_of
from valp.search.run.run import open_run
from valp.spaces.candidate import Candidate
from valp.spaces.own.load_problem import load_problem
from valp.train.fit import one_thread, ready

DOCS = Path(__file__).parents[1] / "docs"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "run",
        metavar="RUN",
        nargs="?",
        help="a finished search with tuned baselines; by default the graphs that are kept beside the page",
    )
    parser.add_argument("--number", type=int, help="the candidate; by default the best compromise of the front")
    parser.add_argument("--samples", type=int, nargs="+", default=[100_000, 400_000, 1_000_000])
    parser.add_argument("--seeds", type=int, default=5, help="four or more for intervals")
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread each; 0 trains in this one")
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--obstacle", choices=OBSTACLES, nargs="+", default=[], help="experiments with the VALP")
    parser.add_argument("-o", dest="base", type=Path, default=DOCS / "sharing", help="path and prefix of the page")
    asked = parser.parse_args(arguments)
    if min(asked.seeds, *asked.samples) < 1 or asked.workers < 0:
        parser.error("--seeds and --samples must be positive, and --workers must not be negative")
    try:
        compare(asked)
    except ValpError as error:
        parser.error(str(error))


def compare(asked: argparse.Namespace) -> None:
    """Trains what is left, and writes the page.

    Raises:
        DataError: if the data has changed.
        SettingError: if the run has no finished candidate or no tuned networks, or if there is nothing to continue.
    """
    one_thread()
    graphs = asked.base.with_name(f"{asked.base.name}-graphs.json")
    if asked.run is not None:
        run = open_run(asked.runs, asked.run)
        subject, problem = subject_of(run, asked.number), data_of(run, print)
    elif graphs.is_file():
        subject = read_model(Subject, graphs)
        problem = load_problem(subject.problem, print)
    else:
        raise SettingError(f"there is no {graphs} to continue: name a RUN")
    checked(problem, subject.fingerprint, subject.run)
    if asked.run is not None:
        graphs.parent.mkdir(parents=True, exist_ok=True)
        write_text(graphs, subject.model_dump_json(indent=1) + "\n")
    store = Store(asked.base.with_name(f"{asked.base.name}-trainings.json"), problem)
    metrics = {name: problem.metrics[name] for name in problem.objectives}
    contenders = contenders_of(subject, problem, asked.obstacle, print)
    plan = Plan(contenders, sorted(set(asked.samples)), asked.seeds, metrics, store)
    if "search" in asked.obstacle:
        print(" ".join(SEARCH.split()))
    every = contenders_of(subject, problem, OBSTACLES, lambda _: None)
    sampled = [output.name for output in problem.outputs if like(output.unit.type) is DataType.SAMPLES]
    about = {
        "run": subject.run,
        "problem": problem.name,
        "fingerprint": subject.fingerprint,
        "candidate": subject.number,
        "candidates": subject.candidates,
        "steps": subject.steps,
        "batch": subject.batch,
        "conditions": {
            VALP: {name: conditions_of(subject.winner, name) for name in sampled},
            TUNED: {name: conditions_of(subject.tuned[name], name) for name in sampled},
        },
    }

    def publish() -> None:
        """Writes the page of all finished trainings, also of those of earlier commands."""
        samples = sorted(store.samples.union(plan.samples))
        write(Plan(every, samples, asked.seeds, metrics, store), about, asked.base)

    ready("auto", print)
    try:
        train_all(plan, subject.problem, subject.protocol, asked.workers, lambda line: print(line, flush=True), publish)
    finally:
        publish()


def conditions_of(candidate: Candidate, output: str) -> list[str]:
    """What the generated samples of an output depend on, beside noise."""
    return sorted(compile(candidate.graph, seed=0).plan.inputs_of(output, "generate"))


def write(plan: Plan, about: dict[str, object], base: Path) -> None:
    """Writes the figures, the picture and the page, if any contender is finished."""
    document = document_of(plan, about)
    if not document["cells"]:
        return
    other = base.with_name(f"{base.name}-search.json")
    if other.is_file():
        document = with_search(document, json.loads(other.read_text("utf-8")), f"{base.name}-search.md")
    base.parent.mkdir(parents=True, exist_ok=True)
    write_text(base.with_name(f"{base.name}.json"), json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    draw(document, base.with_name(f"{base.name}.png"))
    written = base.with_name(f"{base.name}.md")
    write_text(written, page(document, written))


if __name__ == "__main__":
    main()
