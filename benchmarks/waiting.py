"""How long a user waits for small things: a built-in problem, the key of a usual graph, the report of a long run.

The report has 5,000 candidates, which are not trained and have random scores. A headless Chromium opens it when the
file is in the page cache. Without Chromium, the report is left out.

python -m benchmarks.waiting [--repetitions 20]
"""

import argparse
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
import optuna

from valp.check.keys import content_key
from valp.graph.graph import Connection, DataType, DataUnit, Graph, Input, Loss, Output, PrimaryNetwork
from valp.search.facade.launch import launch
from valp.search.run.ledger import Ledger
from valp.search.run.run import StoredRun
from valp.search.show.display import SilentDisplay
from valp.search.show.report.evidence import Evidence
from valp.search.show.report.material import gather
from valp.search.show.report.page import page
from valp.search.strategies.strategy import Question, draw_at_random
from valp.spaces.builtin.problems import PROBLEMS
from valp.spaces.candidate import Training
from valp.spaces.generate.space import DEFAULT
from valp.spaces.own.load_problem import load_problem

SIZE = 784
NETWORKS = 11
CANDIDATES, DISTINCT = 5000, 250
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def usual_graph() -> Graph:
    """Eleven networks of 784 variables; each reads half of up to three earlier ones."""
    unit, half = DataUnit(type=DataType.NUMERIC, shape=(SIZE,)), tuple(range(0, SIZE, 2))
    names = [f"n{i}" for i in range(NETWORKS)]
    sources = ["i", *names]
    connections = [
        Connection(source=sources[place], target=name, indices=half)
        for number, name in enumerate(names)
        for place in range(max(0, number - 2), number + 1)
    ]
    return Graph(
        inputs=(Input(name="i", unit=unit),),
        networks=tuple(PrimaryNetwork(name=name, kind="g", output=unit) for name in names),
        outputs=(Output(name="o", unit=unit),),
        connections=(*connections, Connection(source=names[-1], target="o")),
        losses=(Loss(kind="mse", prediction="o", truth="o"),),
    )


def long_run(folder: Path) -> StoredRun:
    """A run on digits with 5,000 candidates, of which 250 differ."""
    problem = load_problem("digits")
    run = launch(
        problem, name="long", runs=folder, strategy="random", candidates=1, steps=10, workers=0, display=SilentDisplay()
    ).stored
    question = Question(problem, DEFAULT, Training(steps=10), 0, 10)
    drawn = [draw_at_random(question, number) for number in range(DISTINCT)]
    study = optuna.create_study(directions=[metric.score.goal for metric in run.objectives.values()])
    scores = np.random.default_rng(0).random((CANDIDATES, len(run.objectives)))
    for number in range(CANDIDATES):
        named = dict(zip(run.objectives, scores[number].tolist(), strict=True))
        result = {"scores": named, "parameters": 10, "key": "k", "samples_seen": 100, "seconds": (1.0, 0.5)}
        attributes = {"candidate": drawn[number % DISTINCT].model_dump_json(), "parents": (), "result": result}
        study.add_trial(optuna.create_trial(values=[*named.values()], user_attrs=attributes))
    return replace(run, ledger=Ledger(study, run.objectives))


def wait_for_report(program: str, file: Path) -> tuple[float, float]:
    """Seconds until the report is ready in a browser that is already running, and until its table is sorted."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        try:
            for _ in range(2):  # the first time, the file enters the page cache
                opened = browser.new_page()
                start = time.perf_counter()
                opened.goto(file.as_uri())
                opened.wait_for_selector("html[data-ready]")
                opening = time.perf_counter() - start
            start = time.perf_counter()
            opened.locator("#table thead button", has_text="mse").click()
            opened.wait_for_selector("#table th[aria-sort=ascending]")
            return opening, time.perf_counter() - start
        finally:
            browser.close()


def measure_report() -> str:
    """A line about the report of a long run."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        return f"report: there is no browser, none of {', '.join(BROWSERS)}"
    with tempfile.TemporaryDirectory() as name:
        run = long_run(Path(name))
        file = Path(name) / "report.html"
        start = time.perf_counter()
        file.write_text(page(gather(run, Evidence(None, missing="left out"))), encoding="utf-8")
        writing = time.perf_counter() - start
        opening, sorting = wait_for_report(program, file)
        megabytes = file.stat().st_size / 1e6
    return (
        f"report of {CANDIDATES} candidates, {megabytes:.1f} MB: written in {writing:.1f} s, "
        f"open after {opening:.2f} s, sorted after {sorting:.2f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=20)
    repetitions = parser.parse_args().repetitions
    graph, milliseconds = usual_graph(), []
    for _ in range(repetitions):
        start = time.perf_counter()
        content_key(graph)
        milliseconds.append(1e3 * (time.perf_counter() - start))
    print(f"key of a graph of {NETWORKS} networks: {median(milliseconds):.2f} ms, median of {repetitions}")
    for name in PROBLEMS:
        start = time.perf_counter()
        problem = load_problem(name)
        print(f"{name}: {time.perf_counter() - start:.2f} s, {problem.size_in_bytes / 1e6:.0f} MB")
    print(measure_report())


if __name__ == "__main__":
    main()
