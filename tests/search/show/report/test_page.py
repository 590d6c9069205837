"""The report of a real run, in a real browser."""

import json
import re
from dataclasses import replace

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.search.show.report.chromium import opened
from tests.search.show.report.untrained import untrained_run
from valp.parts.kinds import KINDS
from valp.parts.kinds.generic_mlp import GenericMLP
from valp.parts.look import Look
from valp.search.show.report.evidence import Evidence
from valp.search.show.report.material import gather
from valp.search.show.report.page import page as written
from valp.search.show.report.page_colours import fill_of

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def shared(browser, report):
    """A page that tests share, because opening one takes longer than a test."""
    return opened(browser, report)


@pytest.fixture
def page(shared):
    shared.heard.clear()
    yield shared
    assert shared.heard == []


def summary_of(page):
    return json.loads(page.locator("#data").text_content())


def test_it_opens_without_a_console_message_or_a_network_request(browser, report):
    page = opened(browser, report)
    assert page.heard == []
    assert page.title() == "small: a search on digits"
    page.close()


def test_the_page_is_small(report):
    assert report.stat().st_size < 2_000_000


def test_the_policy_of_the_page_allows_no_request(page):
    assert page.evaluate("fetch('data:,x').then(() => 'fetched', () => 'refused')") == "refused"
    page.heard.clear()  # the refusal itself


def test_the_top_of_the_page_sums_up_the_search(page, run):
    figures = page.locator("#figures").inner_text()
    assert re.search(rf"candidates\s+{len(run.ledger.entries())}\s", figures)
    assert re.search(rf"on the front\s+{len(run.front())}\s", figures)
    assert "accuracy ↑" in page.locator("#bests").inner_text()
    assert page.locator("#growth svg").count() >= len(run.objectives)


def test_a_hover_over_a_point_shows_its_graph_and_scores(page, run):
    entry = run.front()[0]
    page.locator(f"#pareto g[data-number='{entry.number}'] .member").hover()
    tip = page.locator("#tip")
    assert f"Candidate {entry.number}" in tip.inner_text()
    assert tip.locator("svg .shape").count() == len(entry.candidate.graph.components)
    page.mouse.move(2, 2)
    assert tip.is_hidden()


def test_a_click_on_a_point_opens_its_candidate(page, run):
    number = run.front()[-1].number
    page.locator(f"#pareto g[data-number='{number}'] .member").click()
    assert page.locator("#candidate-title").inner_text() == f"Candidate {number}"
    assert page.url.endswith(f"#candidate-{number}")
    assert page.evaluate("document.activeElement.id") == "candidate-title"


def test_arrow_keys_move_along_the_front_and_enter_opens_a_candidate(page, run):
    points = page.locator("#pareto g[data-number]")
    assert points.count() == len(run.front())
    points.first.focus()
    if points.count() > 1:
        page.keyboard.press("ArrowRight")
    number = page.evaluate("document.activeElement.dataset.number")
    assert number == points.nth(min(1, points.count() - 1)).get_attribute("data-number")
    assert f"Candidate {number}" in page.locator("#tip").inner_text()
    page.keyboard.press("Enter")
    assert page.locator("#candidate-title").inner_text() == f"Candidate {number}"


def test_any_scores_can_be_the_axes_and_three_are_drawn_in_space(page):
    names = list(summary_of(page)["scores"])
    page.select_option("#axis-0", names[-1])
    page.select_option("#axis-1", names[0])
    assert names[-1] in page.locator("#pareto .axisname").first.text_content()
    page.get_by_role("button", name="In 3-D").click()
    assert page.locator("#pareto .axisname").count() == 3
    before = page.locator("#pareto .member").first.get_attribute("cx")
    page.get_by_role("button", name="Turn left").click()
    assert page.locator("#pareto .member").first.get_attribute("cx") != before
    page.get_by_role("button", name="In 3-D").click()
    page.select_option("#axis-2", "")
    assert page.locator("#pareto .axisname").count() == 2


def column(page, name):
    heads = [text.strip(" ▴▾") for text in page.locator("#table thead th").all_inner_texts()]
    cells = page.locator(f"#table tbody tr > :nth-child({heads.index(name) + 1})").all_inner_texts()
    figures = [re.sub(r"[^\d.−e-]", "", cell).replace("−", "-") for cell in cells]
    return [float(figure) for figure in figures if figure]  # a candidate that failed has none


def test_the_table_is_sorted_by_a_header_and_by_the_keyboard(page):
    head = page.locator("#table thead th", has_text="mse")
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert column(page, "mse ↓") == sorted(column(page, "mse ↓"))
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert column(page, "mse ↓") == sorted(column(page, "mse ↓"), reverse=True)
    page.locator("#table thead button", has_text="candidate").click()
    assert page.locator("#table th[aria-sort]").count() == 1


def test_the_table_is_filtered_by_words_and_by_the_front(page, run):
    page.get_by_role("checkbox", name="on the front").check()
    assert sorted(column(page, "candidate")) == sorted(entry.number for entry in run.front())
    page.get_by_role("checkbox", name="on the front").uncheck()
    page.get_by_role("searchbox").fill("no such candidate")
    assert page.locator("#table tbody").inner_text() == "No candidate matches."
    page.get_by_role("searchbox").fill("")
    assert len(column(page, "candidate")) == len(run.ledger.entries())


def test_two_candidates_are_compared_and_differences_are_marked(page):
    boxes = page.locator("#table tbody input[type=checkbox]")
    for i in range(boxes.count()):
        boxes.nth(i).uncheck()
    for name in ("compare candidate 0", "compare candidate 1"):
        page.get_by_label(name, exact=True).check()
    page.get_by_role("button", name="Compare the selected two").click()
    assert page.evaluate("document.activeElement.id") == "compare-title"
    assert page.locator("#pair figure").count() == 2
    assert page.locator("#pair .drawing :is(.changed, .new)").count() > 0
    rows = page.locator("#changes tbody tr").all_inner_texts()
    assert any("only in 0" in row or "only in 1" in row or "→" in row for row in rows)
    assert any("learning rate" in row for row in rows)


def test_a_candidate_compared_with_itself_does_not_differ(page):
    page.locator("#pair-a").fill("1")
    page.locator("#pair-b").fill("1")
    page.locator("#pair-b").press("Tab")
    assert "Only the seed differs" in page.locator("#pair").inner_text()
    assert page.locator("#pair .drawing :is(.changed, .new)").count() == 0


def test_a_candidate_of_the_front_is_shown_in_full(page, run):
    entry = run.front()[0]
    page.select_option("#open-other", str(entry.number))
    drawn = page.locator(".viewport svg")
    assert set(drawn.locator("[data-node]").evaluate_all("nodes => nodes.map((node) => node.dataset.node)")) == {
        component.name for component in entry.candidate.graph.components
    }
    detail = page.locator("#detail")
    for heading in ("Learning curves", "Samples of image", "Classes among samples of image",
                    "Confusion matrix of digit", "Predicted and true: stroke", "Size and speed"):  # fmt: skip
        assert detail.get_by_role("heading", name=heading, exact=True).count() == 1
    assert detail.locator(".samples img").count() >= 2
    assert detail.locator(".samples img").first.evaluate("image => image.naturalWidth") > 0
    counts = detail.locator("table.matrix").last.locator("tbody td").all_inner_texts()
    assert sum(int(text or 0) for text in counts) == summary_of_rows(page)


def summary_of_rows(page):
    detail = json.loads(page.locator("[id^='detail-']").first.text_content())
    return sum(sum(row) for row in detail["predicted"][0]["confusion"])


def test_a_hover_over_a_network_shows_its_layers_and_the_graph_zooms(page, run):
    entry = run.front()[0]
    page.select_option("#open-other", str(entry.number))
    name = entry.candidate.graph.networks[0].name
    page.locator(f".viewport [data-node='{name}']").hover()
    assert "produces" in page.locator("#tip").inner_text()
    svg = page.locator(".viewport svg")
    whole = svg.get_attribute("viewBox")
    page.locator(".viewport").focus()
    page.keyboard.press("+")
    assert svg.get_attribute("viewBox") != whole
    page.keyboard.press("0")
    assert [float(v) for v in svg.get_attribute("viewBox").split()] == [float(v) for v in whole.split()]


def test_a_candidate_off_the_front_is_drawn_too(page, run):
    front = {entry.number for entry in run.front()}
    others = [entry for entry in run.ledger.entries() if entry.number not in front]
    if not others:
        pytest.skip("all candidates of this run are on its front")
    page.select_option("#open-other", str(others[0].number))
    assert page.locator(".viewport svg .shape").count() == len(others[0].candidate.graph.components)
    assert "by default a run keeps only their weights" in page.locator("#detail").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(browser, report, scheme):
    page = opened(browser, report, scheme=scheme)
    found = Axe().run(page).response["violations"]
    serious = [
        (fault["id"], fault["nodes"][0]["html"]) for fault in found if fault["impact"] in ("serious", "critical")
    ]
    assert serious == []
    page.close()


def test_the_button_changes_light_and_dark(page):
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.click("#theme")
    assert page.evaluate(ground) != light
    page.click("#theme")
    assert page.evaluate(ground) == light


def test_a_narrow_page_does_not_scroll_sideways(browser, report):
    page = opened(browser, report, width=360, height=780)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.close()


def test_a_link_to_a_candidate_opens_it(browser, report):
    page = opened(browser, report, fragment="#candidate-2")
    assert page.locator("#candidate-title").inner_text() == "Candidate 2"
    page.close()


def test_a_run_that_has_just_begun_has_a_page(browser, run, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(written(gather(untrained_run(run, [], None, tmp_path), Evidence(None, missing="left out"))))
    page = opened(browser, path)
    assert page.heard == []
    assert "no candidate yet" in page.locator("#detail").inner_text()
    assert "left out" in page.locator("#glance").inner_text()
    page.close()


def test_failed_stopped_and_running_candidates_are_distinguished(browser, run, tmp_path):
    candidates = [entry.candidate for entry in run.ledger.entries()]
    ends = {0: "failed", 1: "pruned", 2: "running"}
    many = untrained_run(run, candidates, lambda number: (0.5, 0.1, 0.5), tmp_path, ends)
    path = tmp_path / "report.html"
    path.write_text(written(gather(many, Evidence(None, missing="left out"))))
    page = opened(browser, path)
    assert page.locator("#pareto path.stopped").count() >= 1
    for number, word in ((0, "it <i>diverged</i>"), (1, "stopped early"), (2, "It has no scores yet")):
        page.select_option("#open-other", str(number))
        assert word in page.locator("#detail").inner_text()
    page.select_option("#filter-state", "f")
    assert column(page, "candidate") == [0]
    assert page.heard == []
    page.close()


class Wave(GenericMLP):
    """A kind of another package."""

    code, title, sign, look = "wave", "Wave network", "Ω", Look("hexagon", "#CCE5FF")


def test_a_kind_of_another_package_is_shown_with_its_sign_name_shape_and_colour(browser, run, monkeypatch, tmp_path):
    monkeypatch.setattr(KINDS, "rows", KINDS.rows | {"wave": Wave()})
    candidate = run.ledger.entries()[0].candidate
    graph = candidate.graph
    waves = tuple(network.model_copy(update={"kind": "wave"}) for network in graph.networks)
    own = candidate.model_copy(update={"graph": graph.model_copy(update={"networks": waves})})
    path = tmp_path / "report.html"
    scored = untrained_run(run, [own] * 2, lambda number: (0.5, 0.1 + number, 0.5), tmp_path)
    path.write_text(written(gather(scored, Evidence(None, missing="left out"))))
    for scheme in ("light", "dark"):
        page = opened(browser, path, scheme=scheme)
        assert f"{len(waves)}Ω" in page.locator("#table tbody").inner_text()
        assert "Wave network (Ω)" in page.locator("#detail .key").first.inner_text()
        page.select_option("#open-other", "1")
        expected = fill_of("wave")
        assert expected.light == "#CCE5FF"
        wanted = getattr(expected, scheme)
        rgb = tuple(int(wanted[i : i + 2], 16) for i in (1, 3, 5))
        fills = "shapes => shapes.map((shape) => getComputedStyle(shape).fill)"
        drawn = page.locator("#pair .drawing").first.locator(".shape").evaluate_all(fills)
        assert drawn.count(f"rgb{rgb}") == len(waves)
        pictured = page.locator(".viewport svg .node :first-child, .viewport svg .shape").evaluate_all(fills)
        assert f"rgb{rgb}" in pictured
        assert page.heard == []
        page.close()


def test_an_absent_score_is_a_dash_and_a_target_is_a_direction(browser, run, tmp_path):
    """Candidate 0 has no mse, and no candidate has a speed; the best entropy is 0.5."""
    candidates = [entry.candidate for entry in run.ledger.entries()][:3]
    values = [(0.5, 0.1, 0.9), (0.6, 0.2, 0.55), (0.7, 0.3, 0.1)]
    material = gather(untrained_run(run, candidates, values.__getitem__, tmp_path), Evidence(None, missing="left out"))
    summary = material.summary
    del summary["candidates"][0]["v"]["mse"]
    summary["scores"]["entropy_coverage"] |= {"maximise": False, "target": 0.5}
    summary["scores"]["speed"] = {"title": "inferences", "unit": "1/s", "whole": True, "maximise": True}
    summary["scores"]["size"] = {"title": "size", "whole": True, "maximise": False}
    summary["candidates"][1]["v"]["size"] = 1234567
    summary["single"] = {"accuracy": 0.65}
    path = tmp_path / "report.html"
    path.write_text(written(material))
    page = opened(browser, path)
    table = page.locator("#table")
    heads = [text.strip(" ▴▾") for text in table.locator("thead th").all_inner_texts()]
    rows = [row.split("\t") for row in table.locator("tbody tr").all_inner_texts()]
    cells = [dict(zip(heads, [cell.strip() for cell in row], strict=True)) for row in rows]
    assert [row["mse ↓"] for row in cells] == ["–", "0.200", "0.300"]
    assert {row["speed"] for row in cells} == {"–"}
    assert [row["size"] for row in cells] == ["–", "1,234,567", "–"]
    table.locator("thead button", has_text="→ 0.500").click()
    assert column(page, "candidate") == [1, 0, 2]  # the nearest to the target first, and a tie by number
    for other in ("0", "1"):
        page.select_option("#open-other", other)
    for a, b in (("0", "1"), ("1", "2")):
        page.locator("#pair-a").fill(a)
        page.locator("#pair-b").fill(b)
        page.locator("#pair-b").press("Tab")
        assert page.locator("#pair table").first.locator("tbody tr").count() >= 4
    compared = page.locator("#pair table").first.locator("tr", has_text="size").inner_text().split("\t")
    assert compared == ["size", "1,234,567", "–", "–"]
    bests = page.locator("#bests").inner_text()
    assert "best at 0.500" in bests
    assert "candidate 1" in bests
    for axis, name in (("#axis-0", "mse"), ("#axis-1", "speed"), ("#axis-2", "size"), ("#axis-1", "entropy_coverage")):
        page.select_option(axis, name)
    assert (
        "Candidates without a value of mse or of entropy_coverage are not drawn: 1."
        in page.locator("#pareto").inner_text()
    )
    page.get_by_role("button", name="In 3-D").click()
    page.get_by_role("button", name="Near the front").click()
    page.get_by_role("checkbox", name="beat every baseline").check()
    assert column(page, "candidate") == [2]
    assert page.heard == []
    page.close()


@pytest.mark.parametrize("width", [1280, 400])
def test_nothing_is_cut_off_by_the_window(browser, report, width):
    page = opened(browser, report, width=width)
    cut = page.evaluate(
        "[...document.querySelectorAll('main :is(h1, h2, h3, p, button, select, figure, figcaption, dd, li)')]"
        ".filter((one) => !one.closest('.scroll') && one.getBoundingClientRect().right > innerWidth)"
        ".map((one) => one.textContent)"
    )
    assert cut == []
    page.close()


def test_names_with_markup_in_them_are_text(browser, run, digits_problem, evidence, tmp_path):
    """Class names, the title and the reason of a failure come from a user or a library."""
    bad = "<b>bold</b></script><img src=x onerror=console.log('run')>"
    output = digits_problem.columns.outputs[0]
    named = output.model_copy(update={"classes": tuple(f"{bad}{i}" for i in range(output.size))})
    columns = digits_problem.columns.model_copy(update={"outputs": (named, *digits_problem.columns.outputs[1:])})
    problem = digits_problem.model_copy(update={"columns": columns, "title": bad})
    named_run = replace(run, problem=run.problem.model_copy(update={"columns": columns}))
    material = gather(named_run, Evidence(problem, evidence.judges))
    material.summary.update(title=bad, command=bad, missing=bad)
    material.summary["candidates"][-1]["f"] = bad
    path = tmp_path / "report.html"
    path.write_text(written(material))
    page = opened(browser, path)
    assert page.heard == []
    assert page.locator("b, img[src=x]").count() == 0
    assert page.locator("table.matrix").last.locator("tbody th").first.inner_text() == f"{bad}0"
    assert page.locator(".lede").inner_text() == f"{bad}."
    page.close()
