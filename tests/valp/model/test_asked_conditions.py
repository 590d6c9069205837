"""Samples that are asked for by a class of an output: drawn, given by name or number, and exported."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from tests.valp.model.test_bundle import NAMES, OUTPUTS, graph_of, model_of, with_wish
from valp.errors import DataError
from valp.graph.graph import Connection, Graph, Role
from valp.model.bundle import load, save
from valp.model.export.compare import TOLERANCE, run_of
from valp.model.export.export import export
from valp.model.export.signature import signature_of
from valp.model.model import Model

SHARES = (0.4, 0.3, 0.2, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def by_class(graph: Graph) -> Graph:
    """The graph with the network that predicts the digit as a condition of its decoder; the class is given."""
    condition = Connection(source="class", target="paint", role=Role.CONDITION)
    networks = tuple(n.model_copy(update={"prior": "mixture"}) if n.name == "paint" else n for n in graph.networks)
    update = {"connections": (*graph.connections, condition), "given": ("digit",), "networks": networks}
    return graph.model_copy(update=update)


def with_shares(model: Model, **shares) -> Model:
    return Model(model.module, model.manifest.model_copy(update={"shares": shares}))


@pytest.fixture(scope="module")
def model():
    return with_shares(model_of(by_class(graph_of())), digit=SHARES)


@pytest.fixture(scope="module")
def fitted():
    """A model whose latent variables depend on the class."""
    made = with_shares(model_of(by_class(graph_of())), digit=SHARES)
    classes = torch.arange(500) % 10
    codes = torch.randn(500, 16, generator=torch.Generator().manual_seed(0)) + 3 * torch.eye(10, 16)[classes]
    made.module.priors["paint"].fit(codes, 0)
    made.module.class_priors["paint"].fit(codes, classes, 0)
    return made


@pytest.fixture(scope="module")
def both():
    """A model whose samples depend on pixels, on a class of an input, and on a class of an output."""
    return with_shares(model_of(by_class(with_wish(graph_of("pixels")))), digit=SHARES, wish=(0.1,) * 10)


def test_a_class_is_given_by_its_name_or_number_for_all_samples_or_for_each(model):
    assert model.conditions() == {"digit"}
    one = model.generate(4, conditions={"digit": 7}, seed=1)["image"]
    for same in (NAMES[7], [7], [NAMES[7]] * 4, np.full(4, 7)):
        np.testing.assert_allclose(model.generate(4, conditions={"digit": same}, seed=1)["image"], one, rtol=1e-5)
    mixed = model.generate(4, conditions={"digit": [7, 1, 7, 1]}, seed=1)["image"]
    np.testing.assert_allclose(mixed[::2], one[::2], rtol=1e-5)
    assert not np.allclose(mixed[1::2], one[1::2])


def test_a_class_comes_from_a_column_of_a_table_too(model):
    table = pd.DataFrame({"digit": [NAMES[3], NAMES[0]], "other": [1, 2]}, index=[5, 9])
    found = model.generate(2, conditions=table, seed=1)
    expected = model.generate(2, conditions={"digit": [3, 0]}, seed=1)["image"]
    assert list(found.index) == [5, 9]
    assert np.array_equal(found.to_numpy(), expected.reshape(2, 64))


def test_without_a_condition_classes_are_drawn_as_often_as_in_the_training_data(model):
    count, asked = 4000, {}

    def forward(inputs, *args, **kwargs):
        asked.update(inputs)
        return type(model.module).forward(model.module, inputs, *args, **kwargs)

    model.module.forward = forward
    try:
        model.generate(count, seed=3)
    finally:
        del model.module.forward
    classes = asked["digit"].argmax(1)
    assert asked["digit"].sum(1).eq(1).all()
    shares = torch.bincount(classes, minlength=10).double() / count
    assert shares[4:].sum() == 0
    assert np.abs(shares.numpy() - np.array(SHARES)).max() < 4 * np.sqrt(0.25 / count)


def test_the_seed_repeats_the_drawn_classes_and_the_noise_is_that_of_a_given_class(model):
    first, again, other = (model.generate(6, seed=seed)["image"] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)
    given = [model.generate(6, conditions={"digit": digit}, seed=1)["image"] for digit in range(4)]
    for i, image in enumerate(first):  # each sample is the one of its class with the same noise
        assert min(np.abs(image - of_class[i]).max() for of_class in given) < 1e-4


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("eleven", r"^'digit' must hold the classes zero, one, .*, nine, but has 'eleven'$"),
        (["one", ""], r"^'digit' must hold the classes zero, one, .*, nine, but has ''$"),
        (10, r"^'digit' must hold class numbers from 0 to 9, but has 10$"),
        (-1, r"^'digit' must hold class numbers from 0 to 9, but has -1$"),
        (0.5, r"^'digit' must hold class numbers from 0 to 9, but has 0.5$"),
        ([1, 2, 3], r"^'digit' must have 1 or 2 rows to condition 2 samples, not 3$"),
    ],
)
def test_a_class_that_is_unknown_is_refused(wrong, sentence, model):
    with pytest.raises(DataError, match=sentence):
        model.generate(2, conditions={"digit": wrong})


def test_an_unknown_class_in_a_table_is_refused(model):
    with pytest.raises(DataError, match=r"'digit' must hold the classes zero, one, .*, but has 'eleven'"):
        model.generate(2, conditions=pd.DataFrame({"digit": ["one", "eleven"]}))


def test_another_output_is_no_condition(model):
    with pytest.raises(DataError, match="depend on class 'digit', but 'ink' is an output"):
        model.generate(2, conditions={"ink": 3.0})


def test_a_bundle_without_shares_needs_its_class(model, tmp_path):
    old = with_shares(model)
    save(old, tmp_path / "old.valp")
    loaded = load(tmp_path / "old.valp")
    with pytest.raises(DataError, match="samples are conditioned on class 'digit', so it must be given"):
        loaded.generate(3)
    expected = model.generate(3, conditions={"digit": 2}, seed=1)["image"]
    assert np.array_equal(loaded.generate(3, conditions={"digit": 2}, seed=1)["image"], expected)


def test_a_bundle_keeps_the_shares_and_its_card_says_what_samples_may_be_asked_for_by(model, tmp_path):
    model.save(tmp_path / "m.valp")
    loaded = load(tmp_path / "m.valp")
    assert loaded.manifest.shares == {"digit": SHARES}
    assert np.array_equal(loaded.generate(5, seed=4)["image"], model.generate(5, seed=4)["image"])
    import zipfile

    with zipfile.ZipFile(tmp_path / "m.valp") as bundle:
        card = bundle.read("README.md").decode()
    assert "Samples may be asked for by the class `digit`." in card
    assert 'samples = model.generate(16, conditions={"digit": "zero"})' in card
    assert "samples by digit" in model._repr_html_()


def test_only_what_cannot_be_drawn_must_be_given(both):
    assert both.conditions() == {"pixels", "wish", "digit"}
    pixels = np.arange(64) % 17
    with pytest.raises(DataError, match="conditioned on input 'pixels', so it must be given"):
        both.generate(3)
    with pytest.raises(DataError, match="needs input 'pixels', but got digit"):
        both.generate(3, conditions={"digit": 3})
    first, again = (both.generate(3, conditions={"pixels": pixels}, seed=2)["image"] for _ in range(2))
    assert np.array_equal(first, again)
    table = pd.DataFrame([pixels], columns=[f"pixels.{i}" for i in range(64)])
    assert np.array_equal(both.generate(3, conditions=table, seed=2).to_numpy(), first.reshape(3, 64))
    given = both.generate(3, conditions={"pixels": pixels, "wish": 1, "digit": 2}, seed=2)["image"]
    named = both.generate(3, conditions=table.assign(wish="one", digit="two"), seed=2).to_numpy()
    np.testing.assert_allclose(named, given.reshape(3, 64), rtol=1e-5)


@pytest.mark.heavy
@pytest.mark.parametrize("form", ["onnx", "pt2"])
@pytest.mark.parametrize("name", ["model", "fitted", "both"])
def test_an_exported_sampler_is_asked_for_a_class_and_equals_torch(form, name, request, tmp_path):
    from tests.valp.model.test_export import run

    model = request.getfixturevalue(name)
    exported = export(model, tmp_path / f"m.{form}")
    assert exported.difference <= TOLERANCE
    rows = "batch" if name == "both" else "samples"
    port = next(port for port in exported.signature.inputs if port.name == "given.digit")
    assert (port.holds, port.of, port.dtype, port.shape, port.rows) == ("class", "digit", "int64", (), rows)
    assert port.modes == ("generate",)
    assert port.classes == OUTPUTS[0].classes
    random = np.random.default_rng(0)
    values = {"pixels": random.integers(0, 17, (3, 64)).astype(np.float32), "given.digit": np.array([7, 0, 7])}
    values |= {"wish": np.array([1, 2, 3])} if name == "both" else {}
    values["noise.code->paint"] = random.standard_normal((3, 16)).astype(np.float32)
    values["component.paint"] = random.random(3, dtype=np.float32)
    assert values.keys() == {port.name for port in signature_of(model).inputs}
    found, wanted = run(tmp_path / f"m.{form}", values), run_of(model)(values)
    gap = np.abs(found["image.generated"] - wanted["image.generated"]).max()
    assert gap <= 1e-5 * np.abs(wanted["image.generated"]).max()
    changed = run(tmp_path / f"m.{form}", values | {"given.digit": np.array([7, 1, 7])})["image.generated"]
    assert np.array_equal(changed[::2], found["image.generated"][::2])
    assert not np.allclose(changed[1], found["image.generated"][1])
    unknown = values | {"given.digit": np.array([7, -1, 10])}
    found, wanted = run(tmp_path / f"m.{form}", unknown), run_of(model)(unknown)
    assert np.abs(found["image.generated"] - wanted["image.generated"]).max() <= 1e-5 * 16
    if form == "onnx":
        import onnxruntime

        meta = onnxruntime.InferenceSession(tmp_path / "m.onnx").get_modelmeta().custom_metadata_map
        assert json.loads(meta["manifest"])["shares"]["digit"] == list(SHARES)
