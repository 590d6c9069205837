"""Predictions of a model with every sort of column, in the user's units and names, and the columns of its bundle."""

import zipfile

import numpy as np
import pytest
import torch

from tests.valp.graphs import discrete, numeric, samples, wired
from valp.compile.compile import compile
from valp.errors import DataError, SettingError
from valp.graph.graph import DataType, Input, Role
from valp.model.bundle import CARD, Manifest, Model, load, save
from valp.model.preprocessing import Column, Preprocessing

ANIMALS = ("ant", "bee", "cat")
FIELDS = ("width in cm", "height in cm", "mass")
INPUTS = (
    Column(name="x", type=DataType.NUMERIC, size=3, offset=(1, 20, 300), scale=(1, 2, 0.25), fields=FIELDS),
    Column(name="animal", type=DataType.DISCRETE, size=3, classes=ANIMALS),
    Column(name="picture", type=DataType.FEATURES, size=12, shape=(3, 2, 2), image=(3, 2, 2), scale=255),
    Column(name="sound", type=DataType.FEATURES, size=8, shape=(2, 4)),
)
OUTPUTS = (
    Column(name="y", type=DataType.NUMERIC, size=2, offset=(5, -5), scale=(10, 0.1)),
    Column(name="tags", type=DataType.DISCRETE, size=4, labels=True, classes=("red", "round", "ripe", "raw")),
    Column(name="kind", type=DataType.DISCRETE, size=3, classes=ANIMALS),
    Column(name="wave", type=DataType.SAMPLES, size=6),
)
ROWS = 9


def graph():
    """Everything is predicted from what a decoder makes, so that latent noise reaches each output."""
    made = wired(
        [
            ("code", "g", numeric(4), "concatenation"),
            ("paint", "d", samples(6), "concatenation"),
            ("number", "g", numeric(2), "concatenation"),
            ("flags", "delta", discrete(4), "concatenation"),
            ("class", "delta", discrete(3), "concatenation"),
            ("reader", "g", numeric(2), "concatenation"),
        ],
        [*((column.name, "code") for column in INPUTS), ("code", "paint", Role.LATENT), ("paint", "reader"),
         *(("reader", name) for name in ("number", "flags", "class")),
         ("number", "y"), ("flags", "tags"), ("class", "kind"), ("paint", "wave")],
        [("y", numeric(2)), ("tags", discrete(4)), ("kind", discrete(3)), ("wave", samples(6))],
        [("mse", "y", "y"), ("binary_cross_entropy", "tags", "tags"), ("cross_entropy", "kind", "kind"),
         ("gaussian", "wave", "wave"), ("kl", "code", None)],
    )  # fmt: skip
    return made.model_copy(update={"inputs": tuple(Input(name=c.name, unit=c.unit) for c in INPUTS)})


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    manifest = Manifest(
        problem="zoo", title="Animals", graph=graph(), preprocessing=Preprocessing(inputs=INPUTS, outputs=OUTPUTS)
    )
    module = compile(manifest.graph, seed=3)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.mul_(2)  # for the latent noise to matter
    return Model(module, manifest)


@pytest.fixture(scope="module")
def raw():
    random = np.random.default_rng(0)
    return {
        "x": random.normal((1, 20, 300), (1, 2, 0.25), (ROWS, 3)),
        "animal": random.choice(ANIMALS, ROWS),
        "picture": random.integers(0, 256, (ROWS, 3, 2, 2)),
        "sound": random.normal(size=(ROWS, 2, 4)),
    }


def prepared(raw):
    return Preprocessing(inputs=INPUTS, outputs=OUTPUTS).prepare(raw)


def test_labels_are_zeros_and_ones_and_come_with_their_probabilities(model, raw):
    found = model.predict(raw)
    assert found["tags"].shape == found["tags.probabilities"].shape == (ROWS, 4)
    assert found["tags"].dtype.kind == "i"
    assert np.array_equal(found["tags"], found["tags.probabilities"] > 0.5)
    assert not np.allclose(found["tags.probabilities"].sum(1), 1)
    assert 0 < found["tags"].mean() < 1


def test_each_variable_comes_back_in_its_own_unit(model, raw):
    values = model.module(prepared(raw), "predict")["y"].detach().numpy()
    np.testing.assert_allclose(model.predict(raw)["y"], values * [10, 0.1] + [5, -5], rtol=1e-5)


def test_classes_go_in_by_number_or_name_and_come_out_by_name(model, raw):
    numbers = np.array([ANIMALS.index(name) for name in raw["animal"]])
    by_name, by_number = model.predict(raw), model.predict({**raw, "animal": numbers})
    assert all(np.array_equal(by_name[name], by_number[name]) for name in by_name)
    assert set(by_name["kind"]) <= set(ANIMALS)
    assert all(np.isfinite(values).all() for values in model.predict({**raw, "animal": ["dog"] * ROWS}).values()
               if values.dtype.kind == "f")  # fmt: skip


def test_draws_average_over_the_latent_variables(model, raw):
    inputs = prepared(raw)
    generator = torch.Generator().manual_seed(5)
    drawn = []
    for _ in range(3):
        noise = {name: torch.randn(ROWS, k, generator=generator) for name, k in model.module.plan.noise.items()}
        drawn.append(model.module(inputs, "predict", noise))
    found = model.predict(raw, draws=3, seed=5)
    for name in ("tags", "kind"):
        mean = torch.stack([values[name] for values in drawn]).mean(0).detach()
        np.testing.assert_allclose(found[f"{name}.probabilities"], mean, rtol=1e-5)
    assert found["kind"].tolist() == [ANIMALS[i] for i in found["kind.probabilities"].argmax(1)]
    assert np.array_equal(found["tags"], found["tags.probabilities"] > 0.5)
    for column in (OUTPUTS[0], OUTPUTS[3]):
        mean = torch.stack([values[column.name] for values in drawn]).mean(0)
        np.testing.assert_allclose(found[column.name], column.restore(mean), rtol=1e-4, atol=1e-5)


def test_a_seed_repeats_draws_and_without_one_they_differ(model, raw):
    means, first, again, other = (
        model.predict(raw, draws=draws, seed=seed)["y"] for draws, seed in ((0, 1), (2, 1), (2, 1), (2, 2))
    )
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)
    assert not np.allclose(first, means)
    assert not np.allclose(model.predict(raw, draws=1)["y"], model.predict(raw, draws=1)["y"])


def test_draws_leave_torchs_generator_alone(model, raw):
    state = torch.get_rng_state()
    model.predict(raw, draws=2)
    assert torch.equal(torch.get_rng_state(), state)


def test_draws_of_a_model_without_latent_variables_are_its_prediction(raw):
    plain = wired([("a", "g", numeric(2), "concatenation")], [("x", "a"), ("a", "y")], [("y", numeric(2))],
                  [("mse", "y", "y")], inputs=[("x", 3)])  # fmt: skip
    manifest = Manifest(
        problem="zoo", title="Animals", graph=plain, preprocessing=Preprocessing(inputs=INPUTS, outputs=OUTPUTS)
    )
    found = Model(compile(plain, seed=1), manifest)
    assert np.array_equal(found.predict(raw, draws=4)["y"], found.predict({"x": raw["x"]})["y"])


def test_the_number_of_draws_is_not_negative(model, raw):
    with pytest.raises(SettingError, match="draws must be a whole number of 0 or more, but is -1"):
        model.predict(raw, draws=-1)


@pytest.fixture(scope="module")
def path(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("bundle") / "zoo.valp"
    save(model, path)
    return path


def test_a_bundle_keeps_every_column_whole(model, raw, path):
    again = load(path)
    assert again.manifest.preprocessing == model.manifest.preprocessing
    first, second = model.predict(raw, draws=2, seed=1), again.predict(raw, draws=2, seed=1)
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert again.manifest.preprocessing.inputs[0].fields == FIELDS


def test_the_column_whose_rows_do_not_fit_is_named(model, raw):
    with pytest.raises(DataError, match="a row of 'sound' must have 8 values, but has 7"):
        model.predict({**raw, "sound": np.zeros((ROWS, 7))})


@pytest.fixture(scope="module")
def card(path):
    with zipfile.ZipFile(path) as bundle:
        return bundle.read(CARD).decode()


@pytest.mark.parametrize(
    "line",
    [
        "- input `x`, numeric: 3 variables; raw values enter shifted and scaled, each variable with its own offset and "
        "scale; from the columns width in cm, height in cm, mass",
        "- input `animal`, discrete: 3 classes; ant, bee, cat",
        "- input `picture`, features: 12 variables; an image 3×2×2; raw values r enter as (r − 0) / 255",
        "- input `sound`, features: 8 variables; a sequence 2×4",
        "- output `tags`, discrete: 4 labels; red, round, ripe, raw",
        '    "x": x,  # (n, 3), in raw units',
        '    "animal": animal,  # (n,), class names',
        '    "picture": picture,  # (n, 3, 2, 2), in raw units',
    ],
)
def test_the_card_describes_inputs_and_outputs(card, line):
    assert line in card.splitlines()


def test_the_code_on_the_card_runs_with_several_inputs(path, card, raw, monkeypatch):
    monkeypatch.chdir(path.parent)
    names = dict(raw)
    exec(card.split("```python\n")[1].split("```")[0], names)
    assert names["predicted"]["kind"].shape == (ROWS,)
    assert names["samples"]["wave"].shape == (16, 6)


def test_the_card_names_the_first_of_many_columns(model, tmp_path):
    wide = INPUTS[0].model_copy(update={"fields": tuple(f"f{i}" for i in range(784))})
    columns = model.manifest.preprocessing.model_copy(update={"inputs": (wide, *INPUTS[1:])})
    save(Model(model.module, model.manifest.model_copy(update={"preprocessing": columns})), tmp_path / "wide.valp")
    with zipfile.ZipFile(tmp_path / "wide.valp") as bundle:
        assert "f18, f19 and 764 more" in bundle.read(CARD).decode()
