"""A sampler that copies, memorises or avoids the task is behind the VAE in the default objective, or it is flagged."""

import pytest
import torch

from benchmarks.cheaters import BEGIN, COPIES, END, PAGE, PAPER, SCORES, flags, measured, scored, tables
from benchmarks.cheaters_graphs import SAMPLERS, Sampler
from valp.spaces.problem.judging import judges_of
from valp.spaces.problem.scoring import Scorer

STEPS = 600
OBJECTIVE = "entropy_coverage"


@pytest.fixture(scope="module")
def found(digits_problem):
    """The test scores of each sampler on digits."""
    torch.set_num_threads(1)
    scorer = Scorer(digits_problem, judges_of(digits_problem))
    return {sampler.code: scored(sampler, scorer, STEPS, 0) for sampler in SAMPLERS}


@pytest.mark.parametrize("sampler", [s for s in SAMPLERS if not s.honest], ids=lambda sampler: sampler.code)
def test_a_cheater_is_behind_the_vae_or_flagged(sampler, found):
    scores = found[sampler.code]
    assert flags(scores) or scores[OBJECTIVE] < 0.7 * found["vae"][OBJECTIVE]


@pytest.mark.parametrize("sampler", [s for s in SAMPLERS if s.honest], ids=lambda sampler: sampler.code)
def test_honest_samplers_are_not_flagged(sampler, found):
    assert not flags(found[sampler.code])


def test_real_rows_are_the_best_and_the_conditional_vae_is_not_behind_the_plain_one(found):
    assert found["real"][OBJECTIVE] > max(found[code][OBJECTIVE] for code in ("vae", "class"))
    assert found["class"][OBJECTIVE] > 0.8 * found["vae"][OBJECTIVE]


def test_a_copy_would_be_perfect_with_a_condition_for_each_sample(found):
    assert found["pixels"][PAPER] > 0.95
    assert found["pixels"][OBJECTIVE] < 0.2
    assert found["pixels"]["copying"] > COPIES
    assert found["pixels"]["spread"] < 0.01


def test_training_rows_have_perfect_scores_except_memorising(found):
    assert found["memory"][OBJECTIVE] > found["vae"][OBJECTIVE]
    assert found["memory"]["memorising"] > 0.95
    assert "copying" not in found["memory"]


def test_graphs_of_samplers_are_valid_and_score_only_what_they_generate(digits_problem):
    module = SAMPLERS[0].make(digits_problem, 1, 0)
    assert module.plan.inputs_of("image", "generate") == {"pixels"}
    for sampler in SAMPLERS:
        if sampler.code in ("memory", "real", "vae"):
            assert not sampler.make(digits_problem, 1, 0).plan.inputs_of("image", "generate")


def test_the_command_resumes_and_fills_the_page(tmp_path, monkeypatch, digits_problem):
    made = []

    def make(problem, steps, seed):
        made.append(seed)
        return SAMPLERS[0].make(problem, steps, seed)

    monkeypatch.setattr("benchmarks.cheaters.SAMPLERS", (Sampler("one", "one", make),))
    monkeypatch.setattr("benchmarks.cheaters.load_problem", lambda name, say: digits_problem)
    file = tmp_path / "digits.json"
    measured("digits", 1, 1, file)
    rows = measured("digits", 1, 2, file)
    assert made == [0, 1]
    assert measured("digits", 1, 2, file) == rows
    assert made == [0, 1]
    page = tables({"digits": rows}, 1, 2, "2026-01-01")
    assert page.count("| one |") == 1
    assert "copies" in page


def test_the_page_has_every_sampler_and_score():
    _, _, rest = PAGE.read_text().partition(BEGIN)
    table = rest.partition(END)[0]
    assert all(f"| {s.title} |" in table or f"| **{s.title}** |" in table for s in SAMPLERS)
    assert all(score in table for score in SCORES[1:])
