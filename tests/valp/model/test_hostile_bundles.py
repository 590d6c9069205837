"""Bundles whose parts do not fit each other are refused before a module is compiled."""

import hashlib
import json
import zipfile

import pytest
import torch
from safetensors.torch import save as save_tensors

from tests.valp.model.test_bundle import graph_of, manifest_with, model_of, refused, rewritten
from valp.compile.compile import compile, lower
from valp.errors import FileError
from valp.graph.graph import Dense
from valp.model import bundle
from valp.model.bundle import MANIFEST, WEIGHTS, load, save
from valp.model.require_fitting_parts import require_fitting_weights


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("bundle") / "digits.valp"
    save(model_of(graph_of()), path)
    return path


@pytest.fixture
def compiles_nothing(monkeypatch):
    """From now on, making a module is an error."""
    monkeypatch.setattr(bundle, "VALPModule", None)


def with_layers(*units):
    """The graph of the bundle, whose first network has other layers."""
    graph = graph_of()
    code = graph.networks[0].model_copy(update={"layers": tuple(Dense(units=n) for n in units)})
    return graph.model_copy(update={"networks": (code, *graph.networks[1:])})


@pytest.mark.usefixtures("compiles_nothing")
def test_a_small_file_with_a_large_graph_is_refused_before_memory_is_touched(path, tmp_path):
    document = manifest_with(path, graph=with_layers(30_000, 20_000).model_dump(mode="json"))
    message = refused(rewritten(path, tmp_path / "bad.valp", manifest=document))
    assert "its graph has 602," in message
    assert " weights, but the file has " in message


@pytest.mark.usefixtures("compiles_nothing")
def test_a_graph_over_the_limits_is_refused_before_memory_is_touched(path, tmp_path):
    document = manifest_with(path, graph=with_layers(10**9).model_dump(mode="json"))
    assert "1,000,000,000 in layer 0 [width]" in refused(rewritten(path, tmp_path / "bad.valp", manifest=document))


@pytest.mark.usefixtures("compiles_nothing")
def test_the_numbers_of_a_prior_count_too():
    graph = graph_of()
    code = graph.networks[0].model_copy(
        update={"output": graph.networks[0].output.model_copy(update={"shape": (20_000,)})}
    )
    paint = graph.networks[3].model_copy(update={"prior": "mixture"})
    plan = lower(graph.model_copy(update={"networks": (code, *graph.networks[1:3], paint)}))
    few = {"layers.x": torch.zeros(10**6).expand(3, 10**6)}
    with pytest.raises(FileError, match=r"its graph has 10\d,"):
        require_fitting_weights(plan, few)


def test_the_weights_of_every_module_fit_its_plan():
    plan = lower(graph_of())
    require_fitting_weights(plan, compile(graph_of()).state_dict())


@pytest.mark.usefixtures("compiles_nothing")
@pytest.mark.parametrize(
    ("part", "place", "fields", "said"),
    [
        ("outputs", 0, {"type": "numeric", "classes": None}, "column of output 'digit' must be discrete of shape 10"),
        ("outputs", 1, {"name": "weight"}, "'ink' must be numeric of shape 1, as in the graph, but there is none"),
        ("outputs", 2, {"size": 32, "image": None}, "as in the graph, but samples of shape 32"),
        ("inputs", 0, {"size": 63}, "the column of input 'pixels' must be numeric of shape 64"),
        ("inputs", 0, {"type": "samples"}, "but samples of shape 64"),
    ],
)  # fmt: skip
def test_columns_that_do_not_fit_the_graph_are_refused(path, tmp_path, part, place, fields, said):
    with zipfile.ZipFile(path) as held:
        columns = json.loads(held.read(MANIFEST))["preprocessing"]
    columns[part][place] |= fields
    document = manifest_with(path, preprocessing=columns)
    assert said in refused(rewritten(path, tmp_path / "bad.valp", manifest=document))


@pytest.mark.usefixtures("compiles_nothing")
def test_shares_of_a_wrong_number_of_classes_are_refused(path, tmp_path):
    document = manifest_with(path, shares={"digit": [0.5, 0.5]})
    assert "'digit' must have 10 shares of classes, but has 2" in refused(
        rewritten(path, tmp_path / "bad.valp", manifest=document)
    )


def test_a_compressed_bundle_is_refused_before_it_is_decompressed(path, tmp_path):
    with zipfile.ZipFile(path) as held, zipfile.ZipFile(tmp_path / "bomb.valp", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr(MANIFEST, held.read(MANIFEST))
        bomb.writestr(WEIGHTS, bytes(10**7))
    assert f"{MANIFEST} must not be compressed" in refused(tmp_path / "bomb.valp")


def test_weights_of_another_shape_but_the_right_number_are_refused(path, tmp_path):
    state = load(path).module.state_dict()
    name = next(name for name, tensor in state.items() if tensor.ndim == 2)
    weights = save_tensors({**state, name: state[name].T.contiguous()})
    document = manifest_with(path, checksum=hashlib.sha256(weights).hexdigest())
    assert "is damaged" in refused(rewritten(path, tmp_path / "bad.valp", manifest=document, weights=weights))
