"""The trace of a candidate on the page."""

import json
import re

import pytest

from tests.valp.graphs import figure_2, with_part
from tests.valp.trace.traced import recorded
from valp.search.facade.launch import launch
from valp.search.run.folder import TRACE
from valp.search.run.run import open_run
from valp.search.show.report.evidence import Evidence, evidence_of
from valp.search.show.report.graph_drawing import compact_svg
from valp.search.show.report.material import gather
from valp.search.show.report.page import write_report
from valp.search.show.report.traced import traced
from valp.spaces.own.load_problem import load_problem
from valp.trace.trace_file import save_trace


@pytest.fixture(scope="module")
def traced_run(tmp_path_factory):
    """A run of three candidates, of which one on the front and one off it have a trace."""
    problem, runs = load_problem("logic"), tmp_path_factory.mktemp("traced")
    launch(problem, name="t", runs=runs, candidates=3, steps=4, workers=0, baselines="none", executor="torch")
    run = open_run(runs, "t")
    front = [entry.number for entry in run.front()]
    off = [entry.number for entry in run.ledger.entries() if entry.number not in front]
    data = problem.train.inputs, problem.train.truths
    for number in (front[0], *off[:1]):
        trace, _ = recorded("central", graph=run.ledger.entry(number).candidate.graph, data=data, steps=6, batch=4)
        save_trace(trace, run.folder.candidate(number) / TRACE)
    return run, front, off


def test_candidates_with_a_trace_have_its_pictures_on_and_off_the_front(traced_run):
    run, front, off = traced_run
    shown = json.loads(json.dumps(gather(run, Evidence(None, missing="not needed here")).details))
    assert {int(number) for number in shown} == {*front, *off[:1]}
    for number, more in shown.items():
        assert ("traced" in more) == (int(number) in (front[0], *off[:1]))
    found = shown[str(front[0])]["traced"]
    assert found["balance"] == "central"
    assert (found["records"], found["every"], found["inherited"]) == (6, 1, False)
    cells = re.findall(r'<text[^>]*fill="#111111"[^>]*>(\d+)°</text>', found["svg"])
    angles = sorted(angle for *_, angle, _ in found["conflicts"])
    assert sorted(map(int, cells)) == pytest.approx(angles, abs=0.6)
    for group in found["groups"]:
        assert len(group["losses"]) > 1
        assert all(len(line) == len(found["steps"]) for line in (*group["lengths"], group["direction"]))


def test_text_of_cells_is_centred_on_them(traced_run):
    run, front, _ = traced_run
    svg = traced(run.folder.candidate(front[0]), inherited=False)["svg"]
    cell = re.compile(r'<polygon[^>]*points="([\d., -]+)"[^>]*/><text[^>]*x="([\d.-]+)"[^>]*>\d+°<')
    found = cell.findall(svg)
    assert found
    for points, x in found:
        xs = [float(point.split(",")[0]) for point in points.split()]
        assert float(x) == pytest.approx((min(xs) + max(xs)) / 2, abs=0.2)


def test_numbers_in_the_text_of_a_picture_keep_their_digits():
    graph = with_part(figure_2(), "losses", 1, beta=0.0394)
    assert "β 0.0394 · mse" in compact_svg(graph)


def test_no_trace_and_a_damaged_one_are_left_out(tmp_path):
    assert traced(tmp_path, inherited=False) is None
    (tmp_path / TRACE).write_bytes(b"no archive")
    assert traced(tmp_path, inherited=False) is None


@pytest.mark.heavy
def test_the_page_shows_both_pictures_without_a_message(browser, traced_run, tmp_path):
    run, front, _ = traced_run
    path = write_report(run, tmp_path / "report.html")
    page = browser.new_page()
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{path.as_uri()}#c{front[0]}")
    assert page.locator("h3", has_text="Which networks the losses fight over").count() == 1
    assert page.locator("h3", has_text="Gradients over the training").count() == 1
    assert page.locator(".traced .chart").count() >= 3
    assert evidence_of(run, print).problem is not None
    assert said == []
