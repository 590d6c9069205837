"""The comparison of one VALP with single-task networks: its graphs, its intervals, and a small real run."""

import json
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest
import torch
from scipy.stats import mannwhitneyu

from benchmarks.sharing import DOCS, main
from benchmarks.sharing_contenders import VALP, equal_parameters
from benchmarks.sharing_figures import shift, verdict, with_search
from benchmarks.sharing_graphs import cut_apart, parameters, perceptron, scaled, widened, widths
from benchmarks.sharing_page import page
from benchmarks.sharing_trainings import better_decay
from valp.check.check import check
from valp.compile.compile import compile
from valp.graph.graph import Dense
from valp.search.run.outcome import Outcome, write_outcome
from valp.search.run.result import Result
from valp.search.run.run import open_run
from valp.search.strategies import Question
from valp.search.strategies.strategy import draw_at_random
from valp.spaces.baselines.drawn_network import drawn_network
from valp.spaces.baselines.single_task import single_task
from valp.spaces.candidate import Candidate, Training
from valp.spaces.generate.space import DEFAULT, FULL

SPACES = {"default": DEFAULT, "full": FULL}


def drawn(problem, number, space=DEFAULT):
    return draw_at_random(Question(problem, space, Training(steps=1), seed=0, candidates=1), number).graph


def singles(problem, seed="0"):
    return [drawn_network(problem, o.name, DEFAULT, Training(), seed).graph for o in problem.outputs]


@pytest.mark.parametrize("target", [20_000, 60_000, 300_000])
def test_single_task_networks_are_scaled_to_a_number_of_parameters_together(digits_problem, target):
    graphs = singles(digits_problem)
    found = scaled(graphs, target)
    assert sum(map(parameters, found)) == pytest.approx(target, rel=0.02)
    assert all(check(graph).passed for graph in found)
    assert [g.connections for g in found] == [g.connections for g in graphs]


def test_a_number_of_parameters_that_cannot_be_reached_is_told(digits_problem):
    tuned = {"digit": Candidate(graph=perceptron(digits_problem, "digit", ()))}
    contender = equal_parameters(tuned, 10_000)
    assert contender.parts[0].candidate.graph == tuned["digit"].graph
    assert "10,000 parameters together" in contender.note
    assert "the nearest is 650" in contender.note
    tiny = {"digit": Candidate(graph=single_task(digits_problem, "digit"))}
    assert "the nearest is" in equal_parameters(tiny, 5).note


@pytest.mark.parametrize("number", range(6))
@pytest.mark.parametrize("space", SPACES)
def test_a_wider_graph_has_hidden_layers_twice_as_wide(digits_problem, space, number):
    graph = drawn(digits_problem, number, SPACES[space])
    wider = widened(graph, 2)
    assert check(wider).passed
    assert widths(wider) == {place: 2 * width for place, width in widths(graph).items()}
    assert [network.output for network in wider.networks] == [network.output for network in graph.networks]


@pytest.mark.parametrize("number", range(12))
@pytest.mark.parametrize("space", SPACES)
def test_a_graph_that_is_cut_apart_computes_the_same_function_and_losses(digits_problem, space, number):
    graph = drawn(digits_problem, number, SPACES[space])
    whole, split = compile(graph, seed=1).eval(), digits_problem.train
    inputs = {name: tensor[:20] for name, tensor in split.inputs.items()}
    truths = {name: tensor[:20] for name, tensor in split.truths.items()}
    noise = whole.drawn_noise(20, torch.Generator().manual_seed(2))
    parts = cut_apart(graph)
    assert set(parts) == {output.name for output in graph.outputs}
    terms = dict(zip(whole.loss_names, whole.losses(inputs, truths, noise)[1] * whole.betas, strict=True))
    for name, part in parts.items():
        module = compile(part, seed=3).eval()
        module.load_state_dict({key: whole.state_dict()[key] for key in module.state_dict()})
        classes = {given: truths[given] for given in graph.given}
        for mode, more in (("predict", {}), ("generate", classes if name == "image" else {})):
            one, other = (model(inputs | more, mode, noise, [name])[name] for model in (module, whole))
            torch.testing.assert_close(one, other)
        own = module.losses(inputs, {key: truths[key] for key in module.plan.outputs}, noise)[1] * module.betas
        for term, value in zip(module.loss_names, own, strict=True):
            if len(parts) == 1 or not _in_several(graph, term, name):
                torch.testing.assert_close(value, terms[term])


def _in_several(graph, term, output):
    """Whether a KL loss of the whole graph has latent connections that do not lead to an output."""
    kind, _, network = term.partition(":")
    if kind != "kl":
        return False
    leading = cut_apart(graph)[output].connections
    latent = [c for c in graph.connections if c.source == network and c.role == "latent"]
    return any(c not in leading for c in latent)


def test_samples_of_a_given_class_keep_a_classifier_of_their_own(digits_problem):
    graphs = [drawn(digits_problem, number) for number in range(40)]
    for graph in graphs:
        image = cut_apart(graph)["image"]
        assert image.given == tuple(o.name for o in image.outputs if o.name != "image")
        assert [o.name for o in cut_apart(graph)["stroke"].outputs] == ["stroke"]
        assert compile(image).plan.inputs_of("image", "generate") == compile(graph).plan.inputs_of("image", "generate")
    assert any(cut_apart(graph)["image"].given for graph in graphs)
    assert any(not cut_apart(graph)["image"].given for graph in graphs)


def test_the_usual_mlp_is_for_numbers_and_classes_only(digits_problem):
    assert [layer.units for layer in perceptron(digits_problem, "digit", (512, 512)).networks[0].layers] == [512, 512]
    assert isinstance(perceptron(digits_problem, "stroke", (8,)).networks[0].layers[0], Dense)
    assert perceptron(digits_problem, "image", (512, 512)) is None


@pytest.mark.parametrize(("n", "m"), [(5, 5), (4, 4), (4, 6)])
def test_the_interval_has_exactly_the_shifts_that_the_rank_test_keeps(n, m):
    torch.manual_seed(n + m)
    first, second = torch.randn(n).tolist(), torch.randn(m).tolist()
    middle, (low, high) = shift(first, second)
    assert low <= middle <= high
    for moved, kept in ((low - 1e-6, False), (low + 1e-6, True), (high - 1e-6, True), (high + 1e-6, False)):
        tested = mannwhitneyu(first, [value + moved for value in second], method="exact")
        assert (tested.pvalue > 0.05) == kept


def test_the_interval_of_five_seeds_covers_at_least_95_percent_of_all_orders():
    covered = 0
    orders = list(combinations(range(10), 5))
    for order in orders:
        low, high = shift(order, [value for value in range(10) if value not in order])[1]
        covered += low <= 0 <= high
    assert 0.95 <= covered / len(orders) < 1


def test_few_seeds_have_no_interval():
    assert shift([1.0, 2.0, 3.0], [7.0, 8.0, 9.0]) == (-6.0, None)
    assert shift([1.0], [3.0]) == (-2.0, None)
    assert verdict(None, "maximize") == "too few seeds"


@pytest.mark.parametrize(
    ("interval", "goal", "word"),
    [
        ((0.1, 0.2), "maximize", "ahead"),
        ((0.1, 0.2), "minimize", "behind"),
        ((-0.2, -0.1), "maximize", "behind"),
        ((-0.2, -0.1), "minimize", "ahead"),
        ((0.0, 0.2), "maximize", "no clear difference"),
        ((-0.1, 0.1), "minimize", "no clear difference"),
    ],
)
def test_the_verdict_follows_the_goal(interval, goal, word):
    assert verdict(interval, goal) == word


def test_the_decay_is_the_better_one_in_most_scores(digits_problem):
    names = digits_problem.objectives
    metrics = [digits_problem.metrics[name] for name in names]

    def decay(*falling):
        rows = {0.0: dict(zip(names, (0.5, 0.5, 0.5), strict=True)), 0.3: dict(zip(names, falling, strict=True))}
        return better_decay({key: {"validation": scores} for key, scores in rows.items()}, metrics)

    assert names == ("accuracy", "mse", "entropy_coverage")
    assert decay(0.5, 0.5, 0.5) == 0.0
    assert decay(0.6, 0.4, 0.1) == 0.3
    assert decay(0.6, 0.6, 0.4) == 0.0
    assert decay(0.6, 0.6, 0.5) == 0.3
    assert decay(0.4, 0.4, 0.5) == 0.0


@pytest.fixture
def tuned_runs(runs_copy, digits_problem):
    """A folder with a run that has a tuned network of each output."""
    run = open_run(runs_copy, "small")
    for output in digits_problem.outputs:
        candidate = drawn_network(digits_problem, output.name, DEFAULT, Training(steps=60), "1")
        name = next(n for n in digits_problem.objectives if digits_problem.metrics[n].output == output.name)
        best = {"maximize": 1.0, "minimize": 0.0}[digits_problem.metrics[name].score.goal]
        result = Result({name: best}, 1, "", 3000, (0.0, 0.0))
        write_outcome(run.folder.baseline(output.name, "tuned-1"), candidate, Outcome(result))
        run.ledger.tell_baseline(output.name, "tuned-1", result)
    return runs_copy


class InterruptedTrainingError(Exception):
    pass


@pytest.mark.slow
def test_the_command_resumes_and_writes_the_page(tuned_runs, tmp_path, monkeypatch):
    made, base = [], tmp_path / "out" / "sharing"
    asked = ["small", "--runs", str(tuned_runs), "--samples", "300", "600", "--seeds", "2", "--workers", "0"]
    asked += ["-o", str(base)]

    def counted(candidate):
        if len(made) == 7:
            raise InterruptedTrainingError
        made.append(candidate)
        return trained(candidate)

    from benchmarks.sharing_trainings import trained

    monkeypatch.setattr("benchmarks.sharing_trainings.trained", counted)
    with pytest.raises(InterruptedTrainingError):
        main(asked)
    file = base.with_name("sharing-trainings.json")
    assert len(json.loads(file.read_text())["trainings"]) == 7
    made.clear()
    made += [None] * 8
    main(asked)
    models, per_model = 1 + 3 + 3 + 2 + 2, 3
    assert len(made) - 8 + 7 == 2 * models * per_model
    trainings = json.loads(file.read_text())["trainings"]
    assert len(trainings) == 2 * models * per_model
    assert all(row["samples"] == int(key.split("/")[2]) for key, row in trainings.items() if key.startswith("mlp/"))
    document, text = json.loads(base.with_suffix(".json").read_text()), base.with_suffix(".md").read_text()
    assert len(document["cells"]) == 2 * 5
    valp, _, equal, _, _ = document["cells"][:5]
    assert equal["parameters"] == pytest.approx(valp["parameters"], rel=0.02)
    assert set(valp["test"]) == set(equal["test"]) == {"accuracy", "mse", "entropy_coverage"}
    assert all(len(values) == 2 for values in valp["test"].values())
    assert "With 600 samples, the VALP is:" in text
    assert "too few seeds" in text
    assert base.with_suffix(".png").is_file()
    before = len(made)
    main(["--samples", "300", *asked[6:], "--obstacle", "capacity"])  # without the run
    assert len(made) - before == per_model
    later = json.loads(base.with_suffix(".json").read_text())
    assert {cell["samples"] for cell in later["cells"]} == {300, 600}
    assert later["contenders"]["wider"]["obstacle"] == "capacity"
    assert "the VALP, twice as wide" in base.with_suffix(".md").read_text()


def test_a_training_of_another_graph_is_not_used_again(digits_problem, tmp_path):
    from benchmarks.sharing_contenders import Part
    from benchmarks.sharing_trainings import Job, Store

    part = Part("digit", ("digit",), Candidate(graph=single_task(digits_problem, "digit")))
    job = Job("tuned", part, 300, 0.0, 0)
    Store(tmp_path / "kept.json", digits_problem).add(job, {"seconds": 1.0})
    store = Store(tmp_path / "kept.json", digits_problem)
    assert store(job)["seconds"] == 1.0
    other = replace(part, candidate=Candidate(graph=widened(part.candidate.graph, 2)))
    assert store(replace(job, part=other)) is None


@pytest.mark.slow
def test_two_processes_train_everything_once(tuned_runs, tmp_path, capsys):
    base = tmp_path / "sharing"
    main(["small", "--runs", str(tuned_runs), "--samples", "200", "--seeds", "2", "--workers", "2", "-o", str(base)])
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("[")]
    assert len(lines) == len(set(lines)) == 33
    assert lines[-1].startswith("[33/33] ")
    assert all("left] " in line for line in lines[:-1])


def test_a_run_without_tuned_networks_is_refused(small_runs, capsys):
    with pytest.raises(SystemExit):
        main(["small", "--runs", str(small_runs), "--workers", "0"])
    assert "must have tuned single-task networks of 'digit'" in capsys.readouterr().err


def test_without_a_run_there_must_be_graphs_to_continue_with(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["-o", str(tmp_path / "sharing")])
    assert "sharing-graphs.json to continue: name a RUN" in capsys.readouterr().err


def test_the_page_of_the_docs_is_made_from_its_figures():
    for written in DOCS.glob("sharing*.md"):
        assert written.read_text() == page(json.loads(written.with_suffix(".json").read_text()), written)


def test_the_page_without_figures_says_so():
    assert "There are no figures yet." in page(None, Path("sharing.md"))


def figures():
    """Figures of a comparison with 1,000 samples: the VALP, tuned networks, and the VALP cut apart."""

    def cell(code, low, parameters=10):
        test = {"accuracy": [low + i / 1000 for i in range(5)], "mse": [0.2 + i / 1000 for i in range(5)]}
        return {
            "samples": 1000, "contender": code, "test": test, "validation": test, "errors": {},
            "parameters": parameters, "seconds": 1.0, "failures": 0, "decays": {"joint": 0.3},
        }  # fmt: skip

    def contender(title, obstacle=None):
        return {"title": title, "obstacle": obstacle, "note": "", "models": 1}

    return {
        "problem": "p", "run": "r", "candidate": 1, "candidates": 2, "steps": 3, "batch": 4, "seeds": 5, "command": "c",
        "date": "2026-01-01", "fingerprint": "f", "conditions": {VALP: {"o": ["x"]}, "tuned": {"o": []}},
        "objectives": {name: {"output": "o", "title": name, "goal": goal}
                       for name, goal in (("accuracy", "maximize"), ("mse", "minimize"))},
        "contenders": {VALP: contender("one VALP"), "tuned": contender("tuned"),
                       "apart": contender("cut apart", "conflict"), "wider": contender("wider", "capacity")},
        "cells": [cell(VALP, 0.5), cell("tuned", 0.4), cell("apart", 0.6, 20)],
    }  # fmt: skip


def test_the_page_says_whether_it_is_the_sharing():
    document = figures()
    told = " ".join(page(document, Path("sharing.md")).split())
    assert "Compared with *tuned*: ahead in accuracy; no clear difference in mse." in told
    assert "These are 2 comparisons" in told
    assert "seeds can give is 0.0079; Bonferroni's correction would ask for 0.025. Trust" in told
    assert "The VALP's samples of o depend on x. The tuned network's samples of o depend on noise alone." in told
    assert "- 1,000 samples: behind in accuracy; no clear difference in mse, with 50% of the parameters" in told
    assert "So in accuracy (with 1,000 samples) no part of what the VALP is ahead" in told
    assert "So in mse" not in told  # it is not ahead of tuned networks either
    document["cells"][2]["test"]["accuracy"] = [0.3 + i / 1000 for i in range(5)]
    told = " ".join(page(document, Path("sharing.md")).split())
    assert "- 1,000 samples: ahead in accuracy; no clear" in told
    assert "So in accuracy" not in told
    document["cells"].pop()
    assert "Is it the sharing?" not in page(document, Path("sharing.md"))


def test_the_winner_of_another_search_is_an_experiment_with_the_valp():
    document, other = figures(), figures()
    other |= {"run": "other", "steps": 6}
    other["cells"][0]["test"]["accuracy"] = [0.7 + i / 1000 for i in range(5)]
    both = with_search(document, other, "sharing-search.md")
    told = page(both, Path("sharing.md"))
    rows = [line for line in told.splitlines() if "the VALP of a search with 6 steps a training | 0.702" in line]
    assert len(rows) == 1
    assert rows[0].endswith("| ahead |")
    assert "](sharing-search.md)" in told
    assert "-search` added" in page(document, Path("sharing.md"))
    assert "search" not in document["contenders"]
    for name, value in (("seeds", 4), ("problem", "q"), ("batch", 5), ("objectives", {}), ("fingerprint", "g")):
        assert with_search(document, other | {name: value}, "sharing-search.md") == document
    other["cells"].append(other["cells"][0] | {"samples": 2000})  # the first comparison has none of so many
    assert with_search(document, other, "sharing-search.md") == both
    assert with_search(document, other | {"cells": other["cells"][-1:]}, "sharing-search.md") == document
    alone = page(with_search(document, other | {"cells": other["cells"][:1]}, "sharing-search.md"), Path("sharing.md"))
    assert "the VALP of a search with 6 steps a training" in alone
    assert "](sharing-search.md)" not in alone
