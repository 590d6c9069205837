"""Real searches on the digits, in this process and by Ray's workers."""

import dataclasses

import pytest

from tests.conftest import SMALL_SEED, SMALL_STEPS, files_of
from tests.metrics import are_measured
from tests.search.engine.test_profile import seconds_of
from tests.search.listener import Listener
from valp.errors import SearchError, SettingError
from valp.search.engine.ray import tuner
from valp.search.engine.time_profile import TITLES
from valp.search.facade.launch import launch
from valp.search.run.folder import read_result
from valp.search.run.run import open_run
from valp.spaces.generate.space import DEFAULT, SPACES


def small(problem, runs, **settings):
    """The command that made the session's run, which uses no Ray, with other settings."""
    usual = {"name": "small", "strategy": "random", "candidates": 4, "workers": 0}
    usual |= {"steps": SMALL_STEPS, "seed": SMALL_SEED}
    asked = usual | {"display": Listener()} | settings
    return launch(problem, runs=runs, **asked).stored


@pytest.fixture(scope="module")
def ray_display():
    return Listener()


@pytest.fixture(scope="module")
def ray_run(ray_session, ray_display, digits_problem, tmp_path_factory):
    """A run of two workers by Ray; only read."""
    return small(digits_problem, tmp_path_factory.mktemp("ray"), workers=2, profile=True, display=ray_display)


def test_a_search_ends_with_as_many_candidates_as_asked_for_all_with_scores(ray_run):
    entries = ray_run.ledger.entries()
    assert [entry.number for entry in entries] == [0, 1, 2, 3]
    for entry in entries:
        assert entry.state == "complete"
        assert are_measured(entry.result.scores, ray_run.problem)
        assert entry.result.samples_seen == SMALL_STEPS * 50
        assert entry.result.parameters > 0


def test_a_search_trains_a_single_task_model_of_each_output_with_the_same_budget(ray_run):
    baselines = ray_run.ledger.baselines
    assert baselines.keys() == {"digit", "stroke", "image"}
    assert {results["network"].samples_seen for results in baselines.values()} == {SMALL_STEPS * 50}
    assert are_measured(ray_run.baseline_scores, ray_run.problem)


def test_a_search_leaves_the_files_of_each_candidate_which_agree_with_the_ledger(ray_run):
    for entry in ray_run.ledger.entries():
        folder = ray_run.folder.candidate(entry.number)
        assert {"candidate.json", "scores.json", "curves.csv"} <= {path.name for path in folder.iterdir()}
        assert read_result(folder) == entry.result


def test_a_search_keeps_the_weights_of_its_front_only(ray_run):
    front = {entry.number for entry in ray_run.front()}
    assert len(front) > 0
    for entry in ray_run.ledger.entries():
        weights = ray_run.folder.candidate(entry.number) / "weights.safetensors"
        assert weights.exists() == (entry.number in front)


def test_workers_get_the_same_results_as_a_search_in_this_process(ray_run, small_run):
    """`small_run` has the same settings without Ray. They differ by rounding, which may turn the class of an image.

    The validation split has 300 images, so one is a third of a hundredth of a share.
    """
    pairs = [*zip(ray_run.ledger.entries(), small_run.ledger.entries(), strict=True)]
    assert len(pairs) == 4
    for one, other in pairs:
        assert one.candidate == other.candidate
        errors, others = ({k: v for k, v in each.result.scores.items() if "mse" in k} for each in (one, other))
        assert errors == pytest.approx(others, rel=1e-2)
        assert one.result.scores == pytest.approx(other.result.scores, rel=1e-2, abs=0.01)
        losses, others = (read_curves(run, one.number) for run in (ray_run, small_run))
        assert losses == pytest.approx(others, rel=1e-3)
    assert ray_run.baseline_scores == pytest.approx(small_run.baseline_scores, rel=1e-2)
    first, second = small_run.ledger.entries()[:2]
    assert first.result.scores != pytest.approx(second.result.scores, rel=1e-2), "the comparison must be able to fail"
    assert read_curves(small_run, 0) != pytest.approx(read_curves(small_run, 1), rel=1e-3)


def read_curves(run, number):
    """The sum of the losses at each step."""
    lines = (run.folder.candidate(number) / "curves.csv").read_text().splitlines()
    assert lines[0].startswith("step,total,")
    return [float(line.split(",")[1]) for line in lines[1:]]


def test_a_search_can_print_where_its_time_went(ray_run, ray_display):
    start = next(i for i, line in enumerate(ray_display.lines) if line.endswith("share"))
    seconds = seconds_of(ray_display.lines[start:])
    assert {*TITLES.values()} < seconds.keys()
    assert seconds[TITLES["steps"]] > 0
    assert seconds[TITLES["scoring"]] > 0


@pytest.mark.parametrize("workers", [0, pytest.param(1, marks=pytest.mark.heavy)])
def test_the_same_seed_makes_the_same_search_bit_for_bit(workers, ray_session, digits_problem, tmp_path):
    runs = [
        small(digits_problem, tmp_path / name, candidates=2, steps=20, workers=workers, strategy="tpe", seed=3)
        for name in ("one", "other")
    ]
    documents, scores = (
        [[read(run, number) for number in range(2)] for run in runs]
        for read in (
            lambda run, number: (run.folder.candidate(number) / "candidate.json").read_bytes(),
            lambda run, number: run.ledger.entry(number).result.scores,
        )
    )
    assert documents[0] == documents[1]
    assert scores[0] == scores[1]
    assert runs[0].baseline_scores == runs[1].baseline_scores


def test_the_same_command_again_does_nothing_and_changes_no_file(digits_problem, runs_copy):
    before = files_of(runs_copy)
    display = Listener()
    small(digits_problem, runs_copy, display=display)
    assert display.ended == []
    assert files_of(runs_copy) == before


def test_a_search_without_time_starts_nothing_and_a_second_call_completes_it(digits_problem, runs_copy):
    before = files_of(runs_copy / "small" / "candidates")
    hurried = small(digits_problem, runs_copy, candidates=6, hours=1e-9)
    assert [entry.number for entry in hurried.ledger.entries()] == [0, 1, 2, 3]

    display = Listener()
    run = small(digits_problem, runs_copy, candidates=6, display=display)
    entries = run.ledger.entries()
    assert [entry.state for entry in entries] == ["complete"] * 6
    assert sorted(display.ended) == [4, 5]
    after = files_of(runs_copy / "small" / "candidates")
    assert {name: after[name] for name in before if "weights" not in name} == {
        name: content for name, content in before.items() if "weights" not in name
    }


@pytest.mark.parametrize(
    ("name", "value", "held"),
    [
        ("steps", 61, "steps 60"),
        ("batch", 20, "batch 50"),
        ("seed", 1, "seed 3"),
        ("strategy", "nsga2", "strategy random"),
        ("space", "paper", "space default"),
        ("protocol", "generate", "protocol predict"),
        ("keep", "all", "keep front"),
        ("objectives", ("accuracy",), "objectives accuracy, mse, entropy_coverage"),
    ],
)
def test_a_run_is_not_resumed_with_another_setting_which_is_named(name, value, held, digits_problem, runs_copy):
    before = files_of(runs_copy)
    with pytest.raises(SettingError, match=f"run 'small' has {held}, but"):
        small(digits_problem, runs_copy, candidates=9, **{name: value})
    assert files_of(runs_copy) == before


def test_a_run_is_not_resumed_with_other_data_of_the_same_problem(digits_problem, runs_copy):
    half = digits_problem.model_copy(update={"test": digits_problem.validation})
    half.__dict__.pop("fingerprint", None)  # cached, and the copy has taken it over
    with pytest.raises(SettingError, match="the data of problem 'digits' has changed since run 'small' began"):
        small(half, runs_copy)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "steps must be positive, but is 0"),
        ({"batch": -1}, "batch must be positive, but is -1"),
        ({"candidates": 0}, "candidates must be positive, but is 0"),
        ({"workers": -1}, "workers must not be negative, but is -1"),
        ({"hours": 0.0}, "hours must be positive, but is 0"),
        ({"hours": float("nan")}, "hours must be positive, but is nan"),
        ({"seed": -1}, r"seed must be at least 0 and less than 2\^63, but is -1"),
        ({"seed": 2**63}, r"seed must be at least 0 and less than 2\^63, but is 9223372036854775808"),
        ({"strategy": "luck"}, "strategy must be one of evolution, random, tpe, nsga2, nsga3, but is 'luck'"),
        ({"space": "outer"}, "space must be one of default, full, paper, but is 'outer'"),
        ({"objectives": ("beauty",)}, "objective must be one of accuracy, .*, but is 'beauty'"),
        ({"objectives": ("mse", "mse")}, "each objective must be given once, but they are mse, mse"),
        ({"name": "../outside"}, "a run's name must be the name of a folder, but is '../outside'"),
        ({"name": ""}, "a run's name must be the name of a folder, but is ''"),
        ({"name": ".."}, "a run's name must be the name of a folder, but is '..'"),
    ],
)
def test_an_impossible_setting_is_refused_before_anything_is_written(settings, message, digits_problem, tmp_path):
    runs = tmp_path / "none"
    with pytest.raises(SettingError, match=message):
        small(digits_problem, runs, **settings)
    assert not runs.exists()


def test_candidates_that_fail_are_recorded_with_their_reasons_and_the_search_goes_on(
    digits_problem, tmp_path, monkeypatch
):
    wild = dataclasses.replace(DEFAULT, name="wild", learning_rate=(1e20, 1e20))
    monkeypatch.setitem(SPACES, "wild", wild)
    display = Listener()
    with pytest.raises(SearchError, match=r"all 3 candidates of run 'small' failed.*not a finite number"):
        small(digits_problem, tmp_path, candidates=3, steps=20, space="wild", display=display)
    run = open_run(tmp_path, "small")
    entries = run.ledger.entries()
    assert sorted(display.ended) == [0, 1, 2]
    assert {entry.state for entry in entries} == {"failed"}
    for entry in entries:
        assert "finite" in entry.result.failure or "NaN" in entry.result.failure, entry.result.failure
        assert entry.result.scores == {}
        folder = run.folder.candidate(entry.number)
        assert (folder / "candidate.json").exists()
        assert not (folder / "weights.safetensors").exists()
        assert read_result(folder) == entry.result
    assert run.front() == []
    assert run.summary()["failed"] == 3
    assert all(result.failure is None for results in run.ledger.baselines.values() for result in results.values())
    assert open_run(tmp_path, "small").ledger.entries() == entries


@pytest.mark.heavy
def test_a_long_search_takes_a_fresh_tuner_from_time_to_time(ray_session, digits_problem, tmp_path, monkeypatch):
    monkeypatch.setattr(tuner, "CANDIDATES_PER_TUNER", 4)
    asked = {"candidates": 3, "steps": 5, "workers": 1}
    run = launch(digits_problem, name="long", runs=tmp_path, display=Listener(), **asked).stored
    assert [entry.state for entry in run.ledger.entries()] == ["complete"] * 3
    assert run.ledger.baselines.keys() == {output.name for output in digits_problem.outputs}
