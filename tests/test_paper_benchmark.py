"""The paper's experiment: its graphs, its columns, its page, and a small real run."""

import json

import numpy as np
import pytest

from benchmarks import paper, paper_trainings
from benchmarks.paper_counts import COUNTS, Column, counted
from benchmarks.paper_page import DISCUSSION, Experiment, page
from benchmarks.paper_trainings import DRAWN, SINGLE, WHOLE, Job, candidate_of
from tests.interrupting import Interrupted
from valp.check.check import check
from valp.graph.graph import Role

STEPS = (10, 20)


@pytest.mark.parametrize("number", range(30))
def test_widened_graphs_transport_all_variables_between_networks_and_are_else_the_drawn_ones(number, digits_problem):
    drawn, whole = (candidate_of(Job(kind, str(number), STEPS), digits_problem).graph for kind in (DRAWN, WHOLE))
    assert check(whole).passed
    sizes = {network.name: network.output.size for network in whole.networks}
    for before, after in zip(drawn.connections, whole.connections, strict=True):
        assert (before.source, before.target, before.role) == (after.source, after.target, after.role)
        if before.source in sizes and before.target in sizes:
            carried = sizes[before.source] if after.indices is None else len(after.indices)
            assert carried == sizes[before.source] - (after.role is Role.LATENT and sizes[before.source] % 2)
        else:
            assert before.indices == after.indices
    assert whole.networks == drawn.networks
    assert whole.losses == drawn.losses


def test_random_valps_are_those_of_random_search_with_the_papers_settings(digits_problem):
    made = candidate_of(Job(DRAWN, "3", STEPS), digits_problem)
    assert made.training.model_copy(update={"seed": 0}) == paper_trainings.Training(steps=20, batch=50)
    assert len({candidate_of(Job(DRAWN, str(n), STEPS), digits_problem).training.seed for n in range(5)}) == 5
    assert candidate_of(Job(SINGLE, "digit", STEPS), digits_problem).graph.outputs[0].name == "digit"


def scores(accuracy=0.8, mse=1e-3, entropy=0.6, **more):
    return {"accuracy": accuracy, "mse": mse, "entropy": entropy, "coverage": entropy / 5, **more}


def model(number, reached=("garment", "histogram"), **more):
    of = scores(**more)
    kept = {"labels": [10] * 10, "predict": of, "validation": of}
    return {"number": number, "parameters": 1000, "reached": list(reached), "test": of, **kept}


def column(kind, steps, rows, failed=0):
    single = {"accuracy": 0.86, "mse": 5e-4, "entropy": 0.9}
    return Column(kind, steps, rows, failed, dict.fromkeys(("test", "validation", "predict"), single))


def test_models_are_counted_with_an_interval():
    made = column(DRAWN, 40, [model(0, accuracy=0.9), model(1, accuracy=0.1), model(2, conditioning=0.5)])
    told = {count.what: counted(made, count) for count in COUNTS}
    assert told["accuracy above 0.85"] == "1 (33.3%; 0.8 to 90.6)"
    assert told["better than both MLPs"] == "0 (0.0%; 0.0 to 70.8)"
    assert told["conditioned samplers: of at least 0.45"].startswith("1 ")
    assert told["conditioning accuracy above 0.15, below 0.45"].startswith("0 ")


def test_the_page_says_what_became_of_the_gap_and_keeps_what_was_written_by_hand(tmp_path):
    bound = ("garment", "histogram", "image")
    late = [model(0, bound, conditioning=0.7), model(1, bound, conditioning=0.3, entropy=0.9), model(2, accuracy=0.1)]
    early = [model(0, bound, conditioning=0.2), model(1, bound, conditioning=0.2), model(2)]
    columns = [column(DRAWN, 40, late, failed=1), column(WHOLE, 40, []), column(DRAWN, 4, early), column(WHOLE, 4, [])]
    written = tmp_path / "paper.md"
    written.write_text(f"# Old\n\n{DISCUSSION}\n\nBy hand.\n")
    text = page(Experiment(columns, 9, list("abcdefghij"), np.eye(10, dtype=int), "2026-01-01"), written)
    words = " ".join(text.split())
    assert (
        "Of 2 models with a conditioning accuracy between 0.15 and 0.45 after 4 steps, 1 are above at the end" in words
    )
    assert "The first 4 (4 of 9 so far) are trained for 40 steps" in words
    assert "1 of these with ψ as drawn, 40 steps failed" in words
    assert "1 models classify at chance level (accuracy below 0.15). In 0 of them no path" in words
    assert text.endswith(f"{DISCUSSION}\n\nBy hand.\n")


@pytest.mark.heavy
def test_the_command_resumes_and_scores_models_twice(tmp_path, monkeypatch, digits_problem, capsys):
    monkeypatch.setattr(paper, "load_problem", lambda name, say: digits_problem)
    monkeypatch.setattr(paper_trainings, "load_problem", lambda name, say: digits_problem)
    words = [
        "--candidates",
        "2",
        "--early-candidates",
        "3",
        "--steps",
        "20",
        "--early",
        "10",
        "--workers",
        "0",
        "--docs",
        str(tmp_path),
    ]
    some = Interrupted(paper_trainings.trained, at=5)
    calls = some.calls
    monkeypatch.setattr(paper, "trained", some)
    with pytest.raises(KeyboardInterrupt):
        paper.main(words)
    paper.main(words)
    assert len(calls) == 9
    assert len(set(calls)) == 8
    rows = json.loads((tmp_path / "paper-models.json").read_text())
    assert {key.split("/")[0] for key in rows} == {SINGLE, DRAWN, WHOLE}
    assert list(rows.pop("drawn/2/10")["after"]) == ["10"]
    assert all(list(row["after"]) == ["10", "20"] for row in rows.values())
    assert all("validation" in row["after"]["20"] and "validation" not in row["after"]["10"] for row in rows.values())
    assert (tmp_path / "paper.png").stat().st_size > 10_000
    text = (tmp_path / "paper.md").read_text()
    assert "| models scored | 500 | 2 | 2 | 3 | 2 |" in text
    capsys.readouterr()
    with pytest.raises(SystemExit):
        paper.main([*words, "--early", "20"])
    assert "--early must be positive and below --steps" in capsys.readouterr().err
