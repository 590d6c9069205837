"""`valp graphs`: the list of the graphs made by hand, and one of them as a file."""

import json

import pytest

from valp.graph.graph import Graph
from valp.spaces.catalogue import CATALOGUE, catalogue_graph


def test_the_list_has_every_entry_with_its_description(valp):
    code, out, err = valp("graphs")
    assert (code, err) == (0, "")
    for name, entry in CATALOGUE.items():
        assert f" {name} " in out
        assert entry.title.split(":")[0] in out


def test_the_list_is_one_json_document(valp):
    code, out, err = valp("graphs", "--json")
    assert (code, err) == (0, "")
    listed = json.loads(out)
    assert [row["name"] for row in listed] == list(CATALOGUE)
    assert all(row["title"] and row["source"] for row in listed)


def test_a_graph_is_printed_as_its_document(valp, digits_problem):
    code, out, err = valp("graphs", "mt-vae", "--problem", "digits")
    assert (code, err) == (0, "")
    assert Graph.model_validate_json(out) == catalogue_graph("mt-vae", digits_problem)


def test_a_graph_is_written_drawn_checked_and_trained(valp, digits_problem, tmp_path):
    path = tmp_path / "vae.json"
    assert valp("graphs", "vae", "--problem", "digits", "-o", path) == (0, f"{path}\n", "")
    assert Graph.model_validate_json(path.read_text()) == catalogue_graph("vae", digits_problem)
    assert valp("check", path)[0] == 0
    assert valp("draw", path, "-o", tmp_path / "vae.svg")[0] == 0
    model = tmp_path / "vae.valp"
    assert valp("train", path, "--problem", "digits", "--steps", 10, "-o", model)[0] == 0
    assert model.is_file()


def test_the_written_file_is_named_in_json(valp, tmp_path):
    path = tmp_path / "vae.json"
    code, out, _ = valp("graphs", "vae", "--problem", "digits", "-o", path, "--json")
    assert (code, json.loads(out)) == (0, {"graph": str(path)})


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["vea", "--problem", "digits"], "but got 'vea'; did you mean 'vae'?"),
        (["vae"], "--problem must be given"),
        (["vae", "--problem", "logic"], "vae needs a Samples output, but logic has none"),
        (["lenet", "--problem", "sine"], "lenet needs an image as input, but sine has none"),
        (["vae", "--problem", "digit"], "did you mean 'digits'?"),
        (["--problem", "digits"], "--problem and -o need the NAME of a graph"),
        (["vae", "--problem", "digits", "-o", "/dev/null/vae.json"], "cannot be written"),
    ],
)
def test_wrong_input_is_refused_in_one_sentence(valp, words, said):
    code, out, err = valp("graphs", *words)
    assert (code, out) == (1, "")
    assert err.startswith("valp: ")
    assert err.count("\n") == 1
    assert said in err
