"""Forms of layer: each describes itself, old graphs are read as before, and another package adds a form."""

import json
import pickle
import re
from pathlib import Path

import pytest
from hypothesis import given
from pydantic import ValidationError

from tests.valp.graphs import any_graphs, figure_2, with_part
from tests.valp.minimal import LAYERS as EXAMPLES
from tests.valp.test_plugins import ROOT, install, run
from valp.check.keys import content_key, structure_key
from valp.draw.layer_text import layers_text
from valp.graph.graph import Dense, Graph, PrimaryNetwork, Recurrent
from valp.graph.layers import LAYERS, HasActivation, HasInitializer, HasNormalisation, Layer, Site
from valp.graph.vocabulary import ACTIVATIONS

RECORDED = json.loads((Path(__file__).parent / "recorded_graphs.json").read_text(encoding="utf-8"))
"""Graphs of all forms with their keys, written when the forms were a closed union."""


@pytest.mark.parametrize("row", RECORDED, ids=lambda row: row["content"][:8])
def test_recorded_graphs_keep_their_keys_and_descriptions(row):
    graph = Graph.model_validate_json(json.dumps(row["graph"]))
    assert graph.model_dump(mode="json") == row["graph"]
    assert (content_key(graph), structure_key(graph)) == (row["content"], row["structure"])
    assert [layers_text(network) for network in graph.networks] == row["layers"]


def forms_of(graph):
    return [type(layer) for network in graph.networks for layer in network.layers]


@given(any_graphs())
def test_json_and_pickle_change_neither_a_graph_nor_its_keys(graph):
    keys = content_key(graph), structure_key(graph)
    for again in (
        Graph.model_validate_json(graph.model_dump_json()),
        Graph.model_validate(graph.model_dump()),
        pickle.loads(pickle.dumps(graph)),
    ):
        assert again == graph
        assert [type(x) for n in again.networks for x in n.layers] == [
            type(x) for n in graph.networks for x in n.layers
        ]
        assert (content_key(again), structure_key(again)) == keys


@pytest.mark.parametrize("form", LAYERS)
def test_a_form_describes_itself(form):
    row = LAYERS[form]
    assert row.form_name() == form
    for layer in EXAMPLES[row]:
        assert isinstance(layer, row)
        assert layer.form == form
        assert layer.width in type(layer).model_fields
        assert str(getattr(layer, layer.width)) in layer.size_text()
        assert layer.style_text()
        shape = {"recurrent": (3, 7)}.get(form, (3, 5, 5))
        operation = layer.operation(Site("out", "source", "key", shape))
        assert (operation.out, operation.sources, operation.layer) == ("out", ("source",), "key")
        assert layer.output_shape(shape)[0] == getattr(layer, layer.width)


@pytest.mark.parametrize("form", LAYERS)
def test_a_form_has_the_traits_that_its_fields_say(form):
    row = LAYERS[form]
    layer = EXAMPLES[row][0]
    for trait, name in (
        (HasActivation, "activation"),
        (HasInitializer, "initializer"),
        (HasNormalisation, "normalise"),
    ):
        assert isinstance(layer, trait) == (name in row.model_fields)
    assert isinstance(layer, HasActivation) is (row is not Recurrent)
    assert {what for what, *_ in layer.words()} == {"activation", "initializer"} & row.model_fields.keys()
    assert all(word in known for _, word, known in layer.words())


def test_words_come_with_the_known_ones():
    (activation, _) = Dense(units=1, activation="cosine").words()
    assert activation == ("activation", "cosine", ACTIVATIONS)


HOSTILE = {
    "an unknown form": ({"form": "attention", "units": 3}, "'attention'"),
    "a number": (5, "5"),
    "nothing": (None, "None"),
    "a list": ([{"form": "dense"}], "a list"),
    "a form that is a list": ({"form": ["dense"], "units": 3}, "a list"),
    "a form that is nothing": ({"form": None, "units": 3}, "None"),
    "a long form": ({"form": "x" * 100_000}, "'" + 39 * "x" + "…"),
    "a name of Python's": ({"form": "__class__"}, "'__class__'"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_an_unknown_form_is_refused_in_one_sentence_that_lists_the_known_ones(what):
    document, found = HOSTILE[what]
    graph = figure_2().model_dump(mode="json")
    graph["networks"][0]["layers"] = [document]
    for read in (lambda: Graph.model_validate(graph), lambda: Graph.model_validate_json(json.dumps(graph))):
        with pytest.raises(ValidationError) as error:
            read()
        (fault,) = error.value.errors()
        known = "dense, convolution, transposed_convolution or recurrent"
        assert fault["msg"] == f"The form of a layer must be {known}, but got {found}"
        assert fault["loc"] == ("networks", 0, "layers", 0)


def test_a_wrong_field_of_a_layer_is_named_with_its_place():
    graph = figure_2().model_dump(mode="json")
    graph["networks"][0]["layers"] = [{"units": 0, "colour": "blue"}]
    with pytest.raises(ValidationError) as error:
        Graph.model_validate(graph)
    assert {fault["loc"] for fault in error.value.errors()} == {
        ("networks", 0, "layers", 0, "units"),
        ("networks", 0, "layers", 0, "colour"),
    }


def test_a_layer_that_could_not_be_read_back_is_refused():
    class Stranger(Layer):
        form: str = "stranger"

        def output_shape(self, shape):
            return shape

        def operation(self, site):
            raise AssertionError(site)

    with pytest.raises(ValidationError, match=r"must be dense, .* but got 'stranger'"):
        PrimaryNetwork(name="n", kind="g", layers=(Stranger(),), output=figure_2().networks[0].output)


def test_an_unknown_word_of_a_layer_is_a_violation():
    from valp.check.check import check

    graph = with_part(figure_2(), "networks", 1, layers=(Dense(units=3, initializer="zeros"),))
    (violation,) = check(graph).violations
    assert (violation.code, violation.component) == ("known-word", "n1")
    assert "initializer 'zeros'" in violation.found


(PEAKS,) = re.findall(
    r'```python title="peaks.py"\n(.*?)```', (ROOT / "docs" / "extending.md").read_text(encoding="utf-8"), re.DOTALL
)
"""The module of the docs: a form of layer, and the kind of network that is made of it."""

ENTRY_POINTS = {
    "a kind that brings it": {"valp.kinds": {"peaked": "peaks:PeakNetwork"}},
    "a form and a kind": {"valp.layers": {"peaks": "peaks:Peaks"}, "valp.kinds": {"peaked": "peaks:PeakNetwork"}},
}

READ = """
import json, sys
from pathlib import Path
from valp.graph.graph import *

def unit(size):
    return DataUnit(type="numeric", shape=(size,))

DOCUMENT = {
    "inputs": [{"name": "i", "unit": {"type": "numeric", "shape": [2]}}],
    "networks": [{
        "name": "n", "kind": "peaked", "output": {"type": "numeric", "shape": [1]},
        "layers": [{"form": "peaks", "peaks": 9}, {"form": "peaks", "peaks": 5, "sharpness": 0.5}],
    }],
    "outputs": [{"name": "o", "unit": {"type": "numeric", "shape": [1]}}],
    "connections": [{"source": "i", "target": "n"}, {"source": "n", "target": "o"}],
    "losses": [{"kind": "mse", "prediction": "o", "truth": "o"}],
}
graph = Graph.model_validate_json(json.dumps(DOCUMENT))
"""

USE = """
import torch
from valp.check.check import check
from valp.check.keys import content_key
from valp.compile.compile import compile, lower
from valp.draw.draw import draw_svg
from valp.draw.layer_text import layers_text
from valp.graph.layers import LAYERS
from valp.model.bundle import Manifest, Model, load, save
from valp.model.preprocessing import Column, Preprocessing
from valp.train.fit import fit
from valp.train.inherit import Parent, inherit

Peaks = LAYERS["peaks"]
assert Peaks.__module__ == "peaks" and list(LAYERS)[-1] == "peaks"

def with_layers(*layers):
    network = graph.networks[0].model_copy(update={"layers": layers})
    return graph.model_copy(update={"networks": (network,)})

# as a value
layers = graph.networks[0].layers
assert layers == (Peaks(peaks=9), Peaks(peaks=5, sharpness=0.5))
assert Graph.model_validate_json(graph.model_dump_json()) == graph
assert Graph.model_validate(graph.model_dump()) == graph
assert graph.model_dump(mode="json")["networks"][0]["layers"][1] == {"form": "peaks", "peaks": 5, "sharpness": 0.5}

# its rules
assert check(graph).passed, check(graph).violations
codes = lambda broken: {violation.code for violation in check(broken).violations}
assert codes(with_layers(Dense(units=3))) == {"layers"}
assert codes(with_layers()) == {"layers"}

# its key: every field counts
keys = {content_key(graph)}
keys.add(content_key(with_layers(Peaks(peaks=8), layers[1])))
keys.add(content_key(with_layers(layers[0].model_copy(update={"sharpness": 2.0}), layers[1])))
keys.add(content_key(with_layers(*layers[::-1])))
assert len(keys) == 4

# its prose and picture
assert layers_text(graph.networks[0]) == "9·5 peaks", layers_text(graph.networks[0])
svg = draw_svg(graph)
assert "Network of peaks" in svg and "9·5 peaks" in svg and "#e8f0d8" in svg, svg

# it runs and learns
assert [(x.out, x.layer) for x in lower(graph).operations] == [("n.0", "n-0"), ("n.1", "n-1"), ("n", "n-2")]
module = compile(graph, seed=0)
again = compile(graph, seed=0).state_dict()
assert all(torch.equal(tensor, again[name]) for name, tensor in module.state_dict().items())
assert module.state_dict()["layers.n-1.linear.weight"].shape == (5, 9)
torch.manual_seed(0)
x = torch.randn(200, 2)
y = (-x.square().sum(1, keepdim=True)).exp()
made = fit(module, {"i": x}, {"o": y}, steps=300, learning_rate=1e-2)
assert made.failure is None and made.curves.values[-1][0] < 0.2 * made.curves.values[0][0], made.curves.values

# a child with a wider second layer keeps the first, whose tensors have the same names and shapes
child = with_layers(layers[0], Peaks(peaks=6, sharpness=0.5))
born = compile(child, seed=1)
received = inherit(born, child, [Parent(graph, module.state_dict())], {"n": (0, "n")})
assert received == {"n"}
assert torch.equal(born.state_dict()["layers.n-0.linear.weight"], module.state_dict()["layers.n-0.linear.weight"])

# it is kept
column = {"type": "numeric"}
preprocessing = Preprocessing(
    inputs=(Column(name="i", size=2, **column),), outputs=(Column(name="o", size=1, **column),)
)
path = Path(sys.argv[1])
save(Model(module, Manifest(problem="p", title="t", graph=graph, preprocessing=preprocessing)), path)
kept = load(path)
assert kept.manifest.graph == graph
assert torch.equal(torch.tensor(kept.predict({"i": x.numpy()})["o"]), module({"i": x}, "predict")["o"])
print("used")
"""


@pytest.mark.heavy
@pytest.mark.parametrize("how", ENTRY_POINTS)
def test_a_form_of_another_package_is_read_checked_keyed_drawn_trained_inherited_and_kept(tmp_path, how):
    package = install(tmp_path / "site", {"peaks.py": PEAKS}, ENTRY_POINTS[how])
    done = run(READ + USE, package, tmp_path / "peaks.valp")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "used\n"


def test_without_the_package_its_form_is_unknown(tmp_path):
    done = run(READ, tmp_path)
    assert done.returncode == 1
    assert "must be dense, convolution, transposed_convolution or recurrent, but got 'peaks'" in done.stderr


WRONG = {
    "a module that is not there": (
        {"valp.layers": {"x": "nowhere:X"}},
        "entry point 'x' in valp.layers of package angles cannot be loaded: ModuleNotFoundError: No module named "
        "'nowhere'",
    ),
    "something else": (
        {"valp.layers": {"x": "own:NUMBER"}},
        "entry point 'x' in valp.layers of package angles must be a Layer, but is 3",
    ),
    "half a form": (
        {"valp.layers": {"x": "own:Half"}},
        "entry point 'x' in valp.layers of package angles must be a complete Layer, but Half lacks operation",
    ),
    "a form without a name": (
        {"valp.layers": {"x": "own:Nameless"}},
        "entry point 'x' in valp.layers of package angles must be a complete Layer, but Nameless lacks a default for "
        "its field `form`",
    ),
    "a taken name": (
        {"valp.layers": {"x": "own:Taken"}},
        "entry point 'x' in valp.layers of package angles has the form 'dense', which is taken",
    ),
    "a kind of a wrong layer": (
        {"valp.kinds": {"x": "own:WrongKind"}},
        "the layer of entry point 'x' in valp.kinds of package angles must be a Layer, but is 'dense'",
    ),
}

OWN = """
from typing import Literal
from valp.graph.layers import Dense, Layer

NUMBER = 3

class Half(Layer):
    form: Literal["half"] = "half"

    def output_shape(self, shape):
        return shape

class Nameless(Half):
    form: str

    def operation(self, site):
        return None

class Taken(Nameless):
    form: Literal["dense"] = "dense"

class WrongKind:
    layer = "dense"
"""

TOLD = """
from valp.errors import SettingError
from valp.graph.graph import Graph
from valp.graph.layers import LAYERS
assert LAYERS["dense"].__name__ == "Dense"
try:
    LAYERS["x"]
except SettingError as error:
    print(error)
"""


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_entry_point_is_reported_in_one_sentence_when_a_form_is_looked_up(tmp_path, wrong):
    entry_points, said = WRONG[wrong]
    done = run(TOLD, install(tmp_path / "site", {"own.py": OWN}, entry_points))
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{said}\n"
