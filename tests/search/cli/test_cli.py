"""The command line: help, exit codes, stdout and stderr, and the files it leaves unchanged."""

import re
from importlib.metadata import version

import pytest
from click import Group
from click.testing import CliRunner

from tests.conftest import SMALL_STEPS, files_of
from valp.graph.graph import DataUnit, Graph
from valp.model.bundle import load
from valp.parts.kinds import KINDS
from valp.parts.kinds.generic_mlp import GenericMLP
from valp.score import SCORES, GraphScore
from valp.search.cli import cli
from valp.search.strategies import STRATEGIES
from valp.spaces.baselines.single_task import single_task
from valp.spaces.generate.space import SPACES
from valp.train.balance import BALANCERS

COMMANDS = (
    "problems",
    "search",
    "list",
    "status",
    "best",
    "show",
    "draw",
    "check",
    "graphs",
    "train",
    "score",
    "export",
)


@pytest.fixture
def small(small_runs):
    """The option with the folder of the session's run."""
    return ("--runs", small_runs)


@pytest.fixture
def graph(digits_problem) -> Graph:
    return single_task(digits_problem, "digit")


@pytest.fixture
def written(tmp_path):
    """Writes a pydantic model to a file."""

    def write(model, name="graph.json"):
        (tmp_path / name).write_text(model.model_dump_json())
        return tmp_path / name

    return write


def wrong(outcome):
    """Asserts that the command refused its input in one sentence, and returns the sentence."""
    assert outcome.code == 1, outcome.err
    assert outcome.out == ""
    lines = outcome.err.splitlines()
    assert len(lines) == 1, outcome.err
    assert lines[0].startswith("valp: ")
    assert "Traceback" not in outcome.err
    return lines[0].removeprefix("valp: ")


def dropped(run):
    """A candidate off the front, whose weights are not kept; None if all are on the front."""
    front = {entry.number for entry in run.front()}
    off = [entry.number for entry in run.ledger.entries() if entry.number not in front]
    return off[0] if off else None


# Help


def test_the_group_lists_the_commands_in_the_order_a_user_meets_them():
    assert isinstance(cli, Group)
    assert tuple(cli.commands)[: len(COMMANDS)] == COMMANDS
    help_text = CliRunner().invoke(cli, ["--help"]).output.partition("Commands:")[2]
    places = [help_text.index(f"\n  {name} ") for name in cli.commands]
    assert places == sorted(places)


@pytest.mark.parametrize("name", list(cli.commands))
def test_every_command_and_each_of_its_options_has_help(name, valp):
    outcome = valp(name, "--help")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith(f"Usage: valp {name}")
    assert cli.commands[name].help
    for parameter in cli.commands[name].params:
        if parameter.param_type_name == "option":
            assert parameter.help, parameter.name


class OwnKind(GenericMLP):
    """A kind of another package."""

    code = "own-kind"


def test_the_help_of_search_lists_the_rows_of_the_tables(valp):
    with KINDS.adding(OwnKind()):
        text = " ".join(valp("search", "--help").out.split()).replace("- ", "-")  # lines also break after a hyphen
    assert f": {', '.join([*KINDS, OwnKind.code])}." in text
    for table in (BALANCERS, SPACES):
        assert f": {', '.join(table)}." in text
    of_graphs = [re.escape(code) + "(@[0-9.]+)?" for code, score in SCORES.items() if isinstance(score, GraphScore)]
    assert re.search(rf"\({', '.join(of_graphs)}\)", text)
    assert f": {', '.join(STRATEGIES)}, or" in text  # written by hand: the strategies import torch


def test_the_version_is_printed(valp):
    outcome = valp("--version")
    assert (outcome.code, outcome.err) == (0, "")
    assert version("valp") in outcome.out


@pytest.mark.parametrize(
    "words",
    [
        ("serach", "digits"),
        ("search",),
        ("search", "digits", "--sleep", "1"),
        ("search", "digits", "--steps", "many"),
        ("show", "small", "first"),
        ("export", "small", "0"),
        ("export", "small", "0", "-o", "x", "--format", "pickle"),
        ("draw", "graph.json"),
    ],
    ids=" ".join,
)
def test_a_usage_error_exits_with_2_and_is_printed_on_stderr(words, valp):
    outcome = valp(*words)
    assert outcome.code == 2
    assert outcome.out == ""
    assert "Error: " in outcome.err
    assert "Traceback" not in outcome.err


def test_a_bare_call_shows_the_help_and_exits_with_2(valp):
    outcome = valp()
    assert outcome.code == 2
    assert "Commands:" in outcome.out + outcome.err


# JSON: one document on stdout, and nothing else there


def test_problems_are_listed_as_json(valp):
    outcome = valp("problems", "--json")
    assert {"digits", "fashion-mnist"} <= {problem["name"] for problem in outcome.json}
    assert all(problem["title"] for problem in outcome.json)
    assert outcome.err == ""


def test_runs_are_listed_as_json(valp, small, small_run):
    (listed,) = valp("list", *small, "--json").json
    assert (listed["name"], listed["problem"], listed["strategy"]) == ("small", "digits", "random")
    assert (listed["complete"], listed["failed"], listed["unfinished"]) == (4, 0, 0)
    assert listed["front"] == len(small_run.front())
    assert listed["best"].keys() == small_run.objectives.keys()


def test_without_runs_the_list_is_empty(valp, tmp_path):
    assert valp("list", "--runs", tmp_path / "none", "--json").json == []
    assert valp("list", "--runs", tmp_path / "none").code == 0
    assert not (tmp_path / "none").exists()


def test_the_front_is_an_array_of_candidates_the_knee_first(valp, small, small_run):
    listed = valp("best", "small", *small, "--json").json
    assert [candidate["number"] for candidate in listed] == [entry.number for entry in small_run.front()]
    for candidate in listed:
        assert {"number", "scores", "errors", "parameters", "key"} <= candidate.keys()
        assert candidate["errors"].keys() == candidate["scores"].keys() - {"parameters"}


@pytest.mark.parametrize(("score", "best_first"), [("accuracy", -1), ("mse", 1), ("coverage", -1)])
def test_the_front_can_be_sorted_by_a_score_the_best_first(score, best_first, valp, small):
    listed = valp("best", "small", "--by", score, *small, "--json").json
    values = [best_first * candidate["scores"][score] for candidate in listed]
    assert values == sorted(values)


def test_show_says_if_samples_hardly_differ(valp, small, monkeypatch):
    shown = valp("show", "small", 1, *small)
    monkeypatch.setattr("valp.search.run.sampler_remarks.ALIKE", 100)
    told = valp("show", "small", 1, *small)
    assert told.code == 0, told.err
    assert len(set(told.out.splitlines()) - set(shown.out.splitlines())) == 1
    assert "hardly differ" in told.out


def test_a_candidate_is_shown_as_json_with_its_document(valp, small, small_run):
    shown = valp("show", "small", 1, *small, "--json").json
    entry = small_run.ledger.entry(1)
    assert (shown["number"], shown["scores"], shown["key"]) == (1, entry.result.scores, entry.result.key)
    assert type(entry.candidate).model_validate(shown["candidate"]) == entry.candidate


def test_the_report_of_check_can_be_json(valp, graph, written):
    outcome = valp("check", written(graph), "--json")
    assert (outcome.code, outcome.json["passed"], outcome.json["violations"]) == (0, True, [])


# Text


def test_the_front_is_shown_with_the_baselines(valp, small, small_run):
    text = valp("best", "small", *small).out
    for title in ("no learning", "linear", "single-task"):
        assert f"│ {title}" in text
    assert "better than the best baseline by more than chance" in text
    for name, metric in small_run.problem.metrics.items():
        assert (name in text) == (metric.score.listed and not metric.score.on_demand)


def test_a_candidate_is_shown_and_its_picture_is_drawn(valp, runs_copy):
    picture = runs_copy / "small" / "candidates" / "1" / "graph.svg"
    outcome = valp("show", "small", 1, "--runs", runs_copy)
    assert outcome.code == 0, outcome.err
    assert f"picture: {picture}" in outcome.out
    assert b"<svg" in picture.read_bytes()


@pytest.mark.parametrize(("suffix", "start"), [(".svg", b"<?xml"), (".png", b"\x89PNG")])
def test_a_graph_is_drawn_as_svg_and_as_png(suffix, start, valp, graph, written, tmp_path):
    picture = tmp_path / f"picture{suffix}"
    outcome = valp("draw", written(graph), "-o", picture)
    assert (outcome.code, outcome.out) == (0, f"{picture}\n")
    assert picture.read_bytes().startswith(start)


def test_a_candidates_document_is_checked_and_drawn_like_a_graph(valp, small_run, tmp_path):
    document = small_run.folder.candidate(0) / "candidate.json"
    outcome = valp("check", document)
    assert outcome.code == 0
    assert f"{document}: a valid VALP" in outcome.out
    assert valp("draw", document, "-o", tmp_path / "picture.svg").code == 0


# From a run to a model


def test_a_candidate_is_exported_scored_and_trained_again_with_several_seeds(valp, small, small_run, tmp_path):
    best = small_run.front()[0]
    model, longer = tmp_path / "one.valp", tmp_path / "longer.valp"
    exported = valp("export", "small", best.number, "-o", model, *small)
    assert exported.code == 0, exported.err
    assert "read back and equal" in exported.out

    scored = valp("score", model, "--json")
    assert scored.json["problem"] == "digits"
    assert scored.json["scores"]["validation"] == pytest.approx(best.result.scores)
    assert scored.json["scores"]["test"].keys() == best.result.scores.keys()
    assert scored.json["errors"]["validation"] == pytest.approx(best.result.errors)
    assert "accuracy" in valp("score", model).out
    assert load(model).manifest.errors["validation"] == best.result.errors

    words = ("--from", "small", best.number, "--steps", 20, "--seeds", 2, "-o", longer)
    trained = valp("train", *words, *small)
    assert trained.code == 0, trained.err
    assert "±" in trained.out
    assert len([row for row in trained.err.splitlines() if row.startswith("seed ")]) == 2
    manifest = load(longer).manifest
    assert (manifest.training["run"], manifest.training["candidate"]) == ("small", best.number)
    assert manifest.training["steps"] == 20


def test_a_graph_of_the_user_is_trained_and_scored_on_the_outputs_it_has(valp, graph, written, tmp_path):
    model = tmp_path / "own.valp"
    words = ("--steps", 20, "--seed", 5, "--decay", 0.5)
    outcome = valp("train", written(graph), "--problem", "digits", *words, "-o", model)
    assert outcome.code == 0, outcome.err
    trained = load(model).manifest.training
    assert (trained["seed"], trained["decay"]) == (5, 0.5)
    usual = {"accuracy", "balanced_accuracy", "parameters"}
    assert valp("score", model, "--json").json["scores"]["test"].keys() == usual
    also = ("--also", "robust_accuracy@0.10", "--also", "latency")
    found = valp("score", model, *also, "--json").json["scores"]["test"]
    assert found.keys() == usual | {"robust_accuracy@0.1", "zero_gradients.digit", "latency"}
    assert found["robust_accuracy@0.1"] <= found["accuracy"]
    table = valp("score", model, *also).out
    assert all(name in table for name in ("robust_accuracy@0.1", "zero_gradients.digit", "latency (ms)"))
    wrong = valp("score", model, "--also", "robust_accuracy")
    assert (wrong.code, wrong.out) == (1, "")
    assert "'robust_accuracy' needs the size of the attack after @, as in robust_accuracy@0.1" in wrong.err


def test_the_same_training_makes_the_same_file(valp, graph, written, tmp_path):
    models = [tmp_path / "folder" / "model.valp", tmp_path / "other" / "model.valp"]
    for model in models:
        assert valp("train", written(graph), "--problem", "digits", "--steps", 5, "-o", model).code == 0
    assert models[0].read_bytes() == models[1].read_bytes()


# Wrong input


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("search", "digts"), "problem must be one of digits, fashion-mnist, "),
        (("search", "digits", "--steps", "0"), "steps must be positive, but is 0"),
        (("search", "digits", "--candidates", "-3"), "candidates must be positive, but is -3"),
        (("search", "digits", "--strategy", "luck"), "strategy must be one of evolution, random, tpe, nsga2, nsga3"),
        (
            ("search", "digits", "--objective", "beauty"),
            "objective must be one of accuracy, balanced_accuracy, mse, r2, entropy",
        ),
        (("search", "digits", "--kinds", "g,x"), "kinds must be some of g, delta, d, c, t, b, r, but is g, x"),
        (("search", "digits", "--kinds", "delta"), "kinds must have the Generic MLP"),
        (("search", "digits", "--start-from", "vea"), "a graph of the catalogue must be one of"),
        (("search", "digits", "--start-from", "lost.json"), "lost.json cannot be read"),
        (("search", "digits", "--name", "a/b"), "a run's name must be the name of a folder, but is 'a/b'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_search_with_wrong_settings_is_refused_and_nothing_is_written(words, sentence, valp, tmp_path):
    assert wrong(valp(*words, "--runs", tmp_path / "none")).startswith(sentence)
    assert not (tmp_path / "none").exists()


def test_a_run_with_another_setting_is_left_as_it_is(valp, runs_copy):
    before = files_of(runs_copy)
    words = ("search", "digits", "--name", "small", "--strategy", "random", "--runs", runs_copy, "--candidates", 9)
    assert "has steps 60, but 61 was given" in wrong(valp(*words, "--steps", 61))
    assert "has seed 3, but 1 was given" in wrong(valp(*words, "--steps", SMALL_STEPS, "--seed", 1))
    assert files_of(runs_copy) == before


def test_a_run_of_another_problem_is_left_as_it_is(valp, runs_copy):
    settings = runs_copy / "small" / "run.toml"
    settings.write_text(settings.read_text().replace('problem = "digits"', 'problem = "letters"'))
    before = files_of(runs_copy)
    words = ("search", "digits", "--name", "small", "--strategy", "random", "--runs", runs_copy)
    refused = wrong(valp(*words, "--steps", SMALL_STEPS))
    assert "has problem letters, but digits was given" in refused
    assert files_of(runs_copy) == before


def test_missing_data_files_are_an_error(valp, tmp_path, monkeypatch):
    for name in ("data", "home", "cache"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("VALP_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    refused = wrong(valp("search", "fashion-mnist", "--runs", tmp_path / "none"))
    assert "VALP_DATA must name a folder with" in refused
    assert not (tmp_path / "none").exists()
    assert files_of(tmp_path / "home") == {}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("best", "large"), "there is no run 'large' in"),
        (("show", "large", "0"), "there is no run 'large' in"),
        (("export", "large", "0", "-o", "{target}"), "there is no run 'large' in"),
        (("train", "--from", "large", "0", "-o", "{target}"), "there is no run 'large' in"),
        (("show", "small", "4"), "there is no candidate 4; the run has 4, numbered from 0"),
        (("export", "small", "99", "-o", "{target}"), "there is no candidate 99"),
        (("train", "--from", "small", "99", "-o", "{target}"), "there is no candidate 99"),
        (("train", "--from", "small", "one", "-o", "{target}"), "--from takes a run and the number of a candidate"),
        (("train", "--from", "small", "0", "--steps", "0", "-o", "{target}"), "steps must be positive, but is 0"),
        (("train", "--from", "small", "0", "--seeds", "-1", "-o", "{target}"), "seeds must be positive, but is -1"),
        (("train", "--from", "small", "0", "--seed", "-1", "-o", "{target}"), "seed must be at least 0"),
        (("train", "--from", "small", "0", "--problem", "letters", "-o", "{target}"), "problem must be one of"),
        (("train", "-o", "{target}"), "either GRAPH.json or --from RUN N must be given, and not both"),
        (("best", "small", "--by", "beauty"), "a score of digits must be one of accuracy, "),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_missing_runs_and_candidates_and_wrong_words_are_refused_and_the_target_stays(
    words, sentence, valp, small, small_runs, tmp_path
):
    target = tmp_path / "model.valp"
    target.write_bytes(b"precious")
    before = files_of(small_runs)
    outcome = valp(*(word.format(target=target) for word in words), *small)
    assert wrong(outcome).startswith(sentence)
    assert target.read_bytes() == b"precious"
    assert files_of(small_runs) == before


def test_a_candidate_whose_weights_are_not_kept_is_not_exported(valp, runs_copy, small_run, tmp_path):
    number = dropped(small_run)
    if number is None:  # every candidate is on the front: the file goes as it would otherwise have gone
        number = 0
        (runs_copy / "small" / "candidates" / "0" / "weights.safetensors").unlink()
    target = tmp_path / "model.valp"
    target.write_bytes(b"precious")
    refused = wrong(valp("export", "small", number, "-o", target, "--runs", runs_copy))
    assert refused.startswith(f"candidate {number} has no weights, because run 'small' keeps only those of its front")
    assert refused.endswith(f"valp train --from small {number} -o {target} --runs {runs_copy}")
    assert target.read_bytes() == b"precious"


@pytest.mark.parametrize("part", ["problem.json", "run.toml", "study.db"])
def test_a_damaged_run_is_an_error_of_one_line(part, valp, runs_copy):
    file = runs_copy / "small" / part
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 3])
    before = files_of(runs_copy)
    assert part in wrong(valp("best", "small", "--runs", runs_copy))
    assert part in wrong(valp("list", "--runs", runs_copy))
    assert files_of(runs_copy) == before


@pytest.mark.parametrize("share", [0, 0.3, 0.9, 0.999])
def test_a_truncated_bundle_is_refused(share, valp, small, small_run, tmp_path):
    model = tmp_path / "model.valp"
    assert valp("export", "small", small_run.front()[0].number, "-o", model, *small).code == 0
    content = model.read_bytes()
    model.write_bytes(content[: int(share * len(content))])
    assert "is not a complete VALP bundle" in wrong(valp("score", model))


def test_a_bundle_with_changed_bytes_is_refused(valp, small, small_run, tmp_path):
    model = tmp_path / "model.valp"
    assert valp("export", "small", small_run.front()[0].number, "-o", model, *small).code == 0
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 0xFF
    model.write_bytes(content)
    assert str(model) in wrong(valp("score", model))


@pytest.mark.parametrize("command", ["score", "check", "draw", "train"])
def test_a_missing_file_or_a_folder_is_refused(command, valp, tmp_path):
    more = {"draw": ("-o", tmp_path / "x.svg"), "train": ("--problem", "digits", "-o", tmp_path / "x.valp")}
    for path in (tmp_path / "none.json", tmp_path):
        assert "cannot be read" in wrong(valp(command, path, *more.get(command, ())))
    assert files_of(tmp_path) == {}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"graph": {}}', b"\xff\x00", b'{"inputs": []}'])
@pytest.mark.parametrize("command", ["check", "draw", "train"])
def test_a_document_that_is_not_a_graph_is_refused(command, content, valp, tmp_path):
    more = {"draw": ("-o", tmp_path / "x.svg"), "train": ("--problem", "digits", "-o", tmp_path / "x.valp")}
    document = tmp_path / "graph.json"
    document.write_bytes(content)
    assert wrong(valp(command, document, *more.get(command, ()))).startswith(f"{document} is not a valid ")
    assert list(files_of(tmp_path)) == ["graph.json"]


def broken(graph):
    """A graph that breaks three rules: its kind, its combiner and its loss are unknown."""
    network = graph.networks[0].model_copy(update={"kind": "other", "combiner": "product"})
    loss = graph.losses[0].model_copy(update={"kind": "none"})
    return graph.model_copy(update={"networks": (network, *graph.networks[1:]), "losses": (loss, *graph.losses[1:])})


def test_a_graph_that_breaks_three_rules_gets_three_messages_one_per_line(valp, graph, written):
    file = written(broken(graph))
    listed = valp("check", file, "--json")
    assert listed.code == 1
    codes = [violation["code"] for violation in listed.json["violations"]]
    assert len(set(codes)) >= 3

    outcome = valp("check", file)
    assert (outcome.code, outcome.out) == (1, "")
    lines = outcome.err.splitlines()
    assert len(lines) == len(codes)
    assert all(line.startswith(f"{file}: ") for line in lines)
    assert all(any(f"[{code}]" in line for line in lines) for code in codes)


def test_a_graph_that_breaks_rules_is_not_trained_but_drawn(valp, graph, written, tmp_path):
    file, target = written(broken(graph)), tmp_path / "model.valp"
    target.write_bytes(b"precious")
    refused = wrong(valp("train", file, "--problem", "digits", "-o", target))
    assert refused.startswith("the graph breaks ")
    assert target.read_bytes() == b"precious"
    assert valp("draw", file, "-o", tmp_path / "broken.svg").code == 0


def test_a_graph_of_another_problem_is_not_trained(valp, graph, written, tmp_path):
    unit = graph.inputs[0].unit
    larger = DataUnit(type=unit.type, shape=(1, 10, 10))
    other = graph.model_copy(update={"inputs": (graph.inputs[0].model_copy(update={"unit": larger}),)})
    target = tmp_path / "model.valp"
    target.write_bytes(b"precious")
    refused = wrong(valp("train", written(other), "--problem", "digits", "-o", target))
    assert refused.startswith(
        "input 'pixels' (features, 1×10×10) of the graph must be an input of digits: pixels (features, 1×8×8)"
    )
    assert target.read_bytes() == b"precious"


def test_a_graph_without_a_problem_is_not_trained(valp, graph, written, tmp_path):
    assert "--problem must be given" in wrong(valp("train", written(graph), "-o", tmp_path / "model.valp"))


def test_a_target_that_cannot_be_written_is_refused(valp, graph, written, small, small_run, tmp_path):
    (tmp_path / "file").write_text("in the way")
    target = tmp_path / "file" / "x"
    assert "cannot be written" in wrong(valp("draw", written(graph), "-o", f"{target}.svg"))
    exported = valp("export", "small", small_run.front()[0].number, "-o", target, *small)
    assert "cannot be written" in wrong(exported)
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_picture_with_another_suffix_is_refused(valp, graph, written, tmp_path):
    target = tmp_path / "picture.gif"
    target.write_bytes(b"precious")
    assert "a picture's suffix must be .svg or .png" in wrong(valp("draw", written(graph), "-o", target))
    assert target.read_bytes() == b"precious"


def test_a_graph_may_have_a_component_called_graph(valp, graph, written):
    renamed = type(graph).model_validate_json(graph.model_dump_json().replace(f'"{graph.networks[0].name}"', '"graph"'))
    assert valp("check", written(renamed)).code == 0
