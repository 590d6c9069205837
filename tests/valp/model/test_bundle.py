"""Bundles: a trained VALP in one file, with inputs and outputs in the user's units and names."""

import contextlib
import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

import valp
from tests.valp.graphs import discrete, numeric, samples, wired
from valp.compile.compile import compile
from valp.errors import DataError, FileError, SettingError
from valp.graph.graph import DataType, Graph, Role
from valp.model.bundle import CARD, MANIFEST, WEIGHTS, Manifest, Model, load, save
from valp.model.preprocessing import Column, Preprocessing
from valp.train.fit import fit

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
PIXELS = Column(name="pixels", type=DataType.NUMERIC, size=64, scale=16)
WISH = Column(name="wish", type=DataType.DISCRETE, size=10, classes=NAMES)
OUTPUTS = (
    Column(name="digit", type=DataType.DISCRETE, size=10, classes=NAMES),
    Column(name="ink", type=DataType.NUMERIC, size=1, offset=100, scale=50),
    Column(name="image", type=DataType.SAMPLES, size=64, scale=16, image=(1, 8, 8)),
)


@pytest.fixture(scope="module")
def digits():
    images, labels = load_digits(return_X_y=True)
    return images, labels


def graph_of(*conditions):
    """Class, ink and image from the pixels; `conditions` are inputs of the decoder."""
    return wired(
        [
            ("code", "g", numeric(32), "concatenation"),
            ("class", "delta", discrete(10), "concatenation"),
            ("sum", "g", numeric(1), "concatenation"),
            ("paint", "d", samples(64), "concatenation"),
        ],
        [("pixels", "code"), ("code", "class"), ("pixels", "sum"), ("code", "paint", Role.LATENT),
         *((name, "paint", Role.CONDITION) for name in conditions),
         ("class", "digit"), ("sum", "ink"), ("paint", "image")],
        [("digit", discrete(10)), ("ink", numeric(1)), ("image", samples(64))],
        [("cross_entropy", "digit", "digit"), ("mse", "ink", "ink"), ("bernoulli", "image", "image"),
         ("kl", "code", None)],
        inputs=[("pixels", 64)],
    )  # fmt: skip


def with_wish(graph: Graph) -> Graph:
    """The graph with a second, Discrete input, which conditions the decoder."""
    wish = valp.Input(name="wish", unit=discrete(10))
    connection = valp.Connection(source="wish", target="paint", role=Role.CONDITION)
    return graph.model_copy(update={"inputs": (*graph.inputs, wish), "connections": (*graph.connections, connection)})


def model_of(graph: Graph, seed=1) -> Model:
    columns = {"pixels": PIXELS, "wish": WISH}
    preprocessing = Preprocessing(inputs=tuple(columns[i.name] for i in graph.inputs), outputs=OUTPUTS)
    manifest = Manifest(
        problem="digits",
        title="Handwritten digits",
        graph=graph,
        preprocessing=preprocessing,
        scores={"validation": {"accuracy": 0.9375, "mse": 0.25}, "test": {"accuracy": 0.875}},
        training={"steps": 400, "batch": 50, "learning_rate": 0.001},
    )
    return Model(compile(graph, seed=seed), manifest)


@pytest.fixture(scope="module")
def trained(digits):
    torch.set_num_threads(1)
    images, labels = digits
    model = model_of(graph_of())
    pixels = PIXELS.prepare(images)
    ink = OUTPUTS[1].prepare(images.sum(1))
    truths = {"digit": torch.tensor(labels), "ink": ink, "image": pixels}
    assert fit(model.module, {"pixels": pixels}, truths, steps=400, batch=50).failure is None
    return model


@pytest.fixture(scope="module")
def path(trained, tmp_path_factory):
    path = tmp_path_factory.mktemp("bundle") / "digits.valp"
    save(trained, path)
    return path


def rewritten(path: Path, target: Path, **parts) -> Path:
    """The bundle with other contents of some parts; None leaves a part out."""
    with zipfile.ZipFile(path) as bundle:
        contents = {name: bundle.read(name) for name in bundle.namelist()}
    contents |= {{"manifest": MANIFEST, "weights": WEIGHTS, "card": CARD}[part]: text for part, text in parts.items()}
    with zipfile.ZipFile(target, "w") as bundle:
        for name, content in contents.items():
            if content is not None:
                bundle.writestr(name, content)
    return target


def manifest_with(path: Path, **fields) -> bytes:
    with zipfile.ZipFile(path) as bundle:
        return json.dumps(json.loads(bundle.read(MANIFEST)) | fields).encode()


def refused(path: Path) -> str:
    with pytest.raises(FileError) as error:
        load(path)
    message = str(error.value)
    assert "\n" not in message
    assert str(path) in message
    return message


def test_a_model_comes_back_with_its_weights_and_predicts_the_same(trained, path, digits):
    again = load(path)
    assert again.manifest.model_copy(update={"checksum": ""}) == trained.manifest
    state = trained.module.state_dict()
    assert again.module.state_dict().keys() == state.keys()
    assert all(torch.equal(state[name], tensor) for name, tensor in again.module.state_dict().items())
    first, second = (model.predict({"pixels": digits[0][:100]}) for model in (trained, again))
    assert first.keys() == second.keys()
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert not again.module.training


def test_equal_models_are_equal_files(trained, path, tmp_path):
    save(load(path), tmp_path / path.name)
    assert (tmp_path / path.name).read_bytes() == path.read_bytes()


def test_a_path_may_be_text(trained, tmp_path):
    valp.save(trained, str(tmp_path / "model.valp"))
    assert valp.load(str(tmp_path / "model.valp")).manifest.problem == "digits"


def test_a_bundle_cannot_be_written_below_a_file(trained, path):
    with pytest.raises(FileError, match="cannot be written"):
        save(trained, path / "model.valp")


def test_raw_rows_are_predicted_in_the_users_terms(trained, digits):
    images, labels = digits
    found = trained.predict({"pixels": images})
    assert found.keys() == {"digit", "digit.probabilities", "ink", "image"}
    assert set(found["digit"]) <= set(NAMES)
    assert np.mean(found["digit"] == np.array(NAMES)[labels]) > 0.8
    assert found["digit.probabilities"].shape == (len(images), 10)
    np.testing.assert_allclose(found["digit.probabilities"].sum(1), 1, rtol=1e-5)
    assert found["ink"].shape == (len(images), 1)
    assert np.abs(found["ink"][:, 0] - images.sum(1)).mean() < np.abs(images.sum(1) - images.sum(1).mean()).mean()
    assert found["image"].shape == (len(images), 1, 8, 8)


def test_pictures_may_be_given_in_their_shape(trained, digits):
    flat, pictures = digits[0][:9], digits[0][:9].reshape(9, 8, 8)
    assert np.array_equal(trained.predict({"pixels": flat})["image"], trained.predict({"pixels": pictures})["image"])


def test_classes_without_names_are_numbers(trained, digits):
    columns = (OUTPUTS[0].model_copy(update={"classes": None}), *OUTPUTS[1:])
    preprocessing = trained.manifest.preprocessing.model_copy(update={"outputs": columns})
    nameless = Model(trained.module, trained.manifest.model_copy(update={"preprocessing": preprocessing}))
    found = nameless.predict({"pixels": digits[0][:50]})["digit"]
    assert found.dtype.kind == "i"
    assert np.array_equal(np.array(NAMES)[found], trained.predict({"pixels": digits[0][:50]})["digit"])


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({}, "the model needs input 'pixels', but got none"),
        ({"pixels": np.zeros((2, 63))}, "a row of 'pixels' must have 64 values, but has 63"),
        ({"pixels": np.zeros((0, 64))}, "at least one row"),
        ({"pixels": np.full((2, 64), np.nan)}, "finite numbers, but row 0"),
    ],
)
def test_data_that_does_not_fit_is_refused(trained, inputs, said):
    with pytest.raises(DataError, match=said):
        trained.predict(inputs)


@pytest.mark.parametrize("count", [1, 7])
def test_samples_have_the_shape_of_the_images_and_only_they_are_generated(trained, count):
    generated = trained.generate(count, seed=1)
    assert generated.keys() == {"image"}
    assert generated["image"].shape == (count, 1, 8, 8)
    assert generated["image"].min() >= 0
    assert generated["image"].max() <= 16


def test_a_seed_repeats_samples_and_without_one_they_differ(trained):
    assert trained.conditions() == frozenset()
    first, again, other = (trained.generate(5, seed=seed)["image"] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(trained.generate(5)["image"], trained.generate(5)["image"])


def test_neither_predicting_nor_generating_moves_torchs_generator(trained, digits):
    state = torch.get_rng_state()
    trained.predict({"pixels": digits[0][:3]})
    trained.generate(3)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("count", [0, -1])
def test_the_number_of_samples_must_be_positive(trained, count):
    with pytest.raises(SettingError, match=f"count must be positive, but is {count}"):
        trained.generate(count)


def test_a_model_without_samples_generates_nothing():
    graph = wired([("a", "g", numeric(1), "concatenation")], [("pixels", "a"), ("a", "ink")], [("ink", numeric(1))],
                  [("mse", "ink", "ink")], inputs=[("pixels", 64)])  # fmt: skip
    with pytest.raises(SettingError, match="the model has no output that is generated"):
        model_of(graph).generate(3)


def test_a_condition_must_be_given(digits):
    model = model_of(graph_of("pixels"))
    assert model.conditions() == {"pixels"}
    with pytest.raises(DataError, match="conditioned on input 'pixels', so it must be given"):
        model.generate(3)
    assert model.generate(3, conditions={"pixels": digits[0][:3]})["image"].shape == (3, 1, 8, 8)


def test_one_row_conditions_every_sample(digits):
    model = model_of(graph_of("pixels"))
    one = model.generate(4, conditions={"pixels": digits[0][:1]}, seed=3)["image"]
    four = model.generate(4, conditions={"pixels": np.repeat(digits[0][:1], 4, axis=0)}, seed=3)["image"]
    np.testing.assert_allclose(one, four, rtol=1e-5)


def test_another_condition_gives_other_samples(digits):
    model = model_of(graph_of("pixels"))
    first, second = (model.generate(4, conditions={"pixels": digits[0][i : i + 1]}, seed=3)["image"] for i in (0, 1))
    assert not np.allclose(first, second)


@pytest.mark.parametrize("rows", [2, 5])
def test_conditions_are_one_row_or_one_for_each_sample(digits, rows):
    with pytest.raises(DataError, match=f"'pixels' must have 1 or 4 rows to condition 4 samples, not {rows}"):
        model_of(graph_of("pixels")).generate(4, conditions={"pixels": digits[0][:rows]})


def test_a_class_may_be_the_condition_and_inputs_that_are_not_conditions_are_ignored():
    model = model_of(with_wish(graph_of()))
    assert model.conditions() == {"wish"}
    first, second = (model.generate(4, conditions={"wish": [wish]}, seed=3)["image"] for wish in (0, 1))
    assert not np.allclose(first, second)
    same = model.generate(4, conditions={"wish": [0], "pixels": "not looked at"}, seed=3)["image"]
    assert np.array_equal(first, same)
    with pytest.raises(DataError, match="'wish' must hold class numbers from 0 to 9, but has 10"):
        model.generate(4, conditions={"wish": [10]})


def test_one_condition_may_have_a_row_for_all_and_another_one_for_each(digits):
    model = model_of(with_wish(graph_of("pixels")))
    assert model.conditions() == {"pixels", "wish"}
    mixed = model.generate(4, conditions={"wish": [7], "pixels": digits[0][:4]}, seed=3)["image"]
    whole = model.generate(4, conditions={"wish": [7] * 4, "pixels": digits[0][:4]}, seed=3)["image"]
    np.testing.assert_allclose(mixed, whole, rtol=1e-5)


def test_a_bundle_holds_three_parts_and_no_code(path):
    with zipfile.ZipFile(path) as bundle:
        assert bundle.namelist() == [MANIFEST, WEIGHTS, CARD]
        assert bundle.testzip() is None
        manifest = json.loads(bundle.read(MANIFEST))
        assert manifest["checksum"] == hashlib.sha256(bundle.read(WEIGHTS)).hexdigest()


def test_every_truncated_bundle_is_refused(path, tmp_path):
    content = path.read_bytes()
    cut = tmp_path / "cut.valp"
    for length in [0, 1, 4, 30, *range(100, len(content), len(content) // 60), len(content) - 1]:
        cut.write_bytes(content[:length])
        refused(cut)


def test_a_flipped_byte_is_refused_or_harmless(trained, path, tmp_path):
    content = path.read_bytes()
    damaged = tmp_path / "damaged.valp"
    state = trained.module.state_dict()
    places = [
        *range(120),
        *range(120, len(content) - 400, len(content) // 150),
        *range(len(content) - 400, len(content)),
    ]
    for place in places:
        damaged.write_bytes(content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :])
        again = None
        with contextlib.suppress(FileError):
            again = load(damaged)
        if again is not None:
            assert all(torch.equal(state[name], tensor) for name, tensor in again.module.state_dict().items())
            assert again.manifest.graph == trained.manifest.graph


@pytest.mark.parametrize("content", [b"", b"not a zip archive", b"PK\x05\x06" + bytes(18), b"PK" * 500])
def test_a_file_that_is_not_a_bundle_is_refused(tmp_path, content):
    (tmp_path / "no.valp").write_bytes(content)
    assert "is not a complete VALP bundle" in refused(tmp_path / "no.valp")


@pytest.mark.parametrize("name", ["absent.valp", ""])
def test_a_missing_file_is_refused(tmp_path, name):
    assert "cannot be read" in refused(tmp_path / name)


@pytest.mark.parametrize("part", ["manifest", "weights"])
def test_a_missing_part_is_refused(path, tmp_path, part):
    assert "is not a complete VALP bundle" in refused(rewritten(path, tmp_path / "bad.valp", **{part: None}))


def test_a_bundle_without_a_card_can_be_loaded(path, tmp_path):
    assert load(rewritten(path, tmp_path / "cardless.valp", card=None)).manifest.problem == "digits"


def test_weights_that_do_not_match_their_checksum_are_refused(path, tmp_path):
    message = refused(rewritten(path, tmp_path / "bad.valp", weights=b"other"))
    assert "is damaged: its weights do not match their checksum" in message


def test_bytes_that_are_not_weights_are_refused_even_if_their_checksum_matches(path, tmp_path):
    document = manifest_with(path, checksum=hashlib.sha256(b"none").hexdigest())
    assert "is damaged" in refused(rewritten(path, tmp_path / "bad.valp", manifest=document, weights=b"none"))


def test_weights_of_another_graph_are_refused(path, tmp_path):
    document = manifest_with(path, graph=model_of(graph_of("pixels")).manifest.graph.model_dump(mode="json"))
    assert "is damaged" in refused(rewritten(path, tmp_path / "bad.valp", manifest=document))


def test_a_graph_that_breaks_a_rule_is_refused(path, tmp_path):
    broken = graph_of().model_copy(update={"connections": graph_of().connections[1:]})
    document = manifest_with(path, graph=broken.model_dump(mode="json"))
    assert "the graph breaks" in refused(rewritten(path, tmp_path / "bad.valp", manifest=document))


def test_a_column_whose_parts_do_not_fit_is_refused(path, tmp_path, trained):
    columns = trained.manifest.preprocessing.model_dump(mode="json")
    columns["inputs"][0]["scale"] = [1, 2]
    document = manifest_with(path, preprocessing=columns)
    message = refused(rewritten(path, tmp_path / "bad.valp", manifest=document))
    assert "the scale of 'pixels' must be one number, or 64, but there are 2" in message


@pytest.mark.parametrize("version", [0, 2, "1.0", None])
def test_an_unknown_schema_version_is_refused(path, tmp_path, version):
    document = manifest_with(path, schema_version=version)
    message = refused(rewritten(path, tmp_path / "bad.valp", manifest=document))
    assert MANIFEST in message
    assert "schema_version" in message


@pytest.mark.parametrize("document", [b"", b"{}", b"[1]", b"\xff"])
def test_an_invalid_manifest_is_refused(path, tmp_path, document):
    assert "is not a valid manifest" in refused(rewritten(path, tmp_path / "bad.valp", manifest=document))


@pytest.mark.heavy
def test_a_new_process_loads_and_uses_a_bundle(trained, path, digits, tmp_path):
    np.save(tmp_path / "rows.npy", digits[0][:20])
    program = f"""
import sys
import numpy as np
import valp
assert "torch" not in sys.modules
model = valp.load({str(path)!r})
np.savez({str(tmp_path / "out.npz")!r}, **model.predict({{"pixels": np.load({str(tmp_path / "rows.npy")!r})}}),
         samples=model.generate(2, seed=4)["image"])
assert not {{"spaces", "search", "ray", "optuna"}} & set(sys.modules)
"""
    run = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    found, expected = np.load(tmp_path / "out.npz"), trained.predict({"pixels": digits[0][:20]})
    assert np.array_equal(found["digit"], expected["digit"])
    np.testing.assert_allclose(found["image"], expected["image"], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found["samples"], trained.generate(2, seed=4)["image"], rtol=1e-4, atol=1e-4)


@pytest.fixture(scope="module")
def card(path):
    with zipfile.ZipFile(path) as bundle:
        return bundle.read(CARD).decode()


def test_the_card_has_the_scores_of_every_split(card):
    assert "| score | validation | test |" in card
    assert "| accuracy | 0.9375 | 0.875 |" in card
    assert "| mse | 0.25 | – |" in card


def test_the_card_describes_inputs_and_outputs(trained, card):
    assert f"{trained.module.parameter_count:,} parameters" in card
    assert "- input `pixels`, numeric: 64 variables; raw values r enter as (r − 0) / 16" in card
    assert "- output `digit`, discrete: 10 classes; zero, one, two" in card
    assert "an image 1×8×8" in card
    assert "- steps: 400" in card


def test_the_cards_code_runs(path, card, digits, monkeypatch):
    code = card.split("```python\n")[1].split("```")[0]
    assert "import valp" in code
    monkeypatch.chdir(path.parent)
    names = {"rows": digits[0][:5]}
    exec(code, names)
    assert names["predicted"]["digit"].shape == (5,)
    assert names["samples"]["image"].shape == (16, 1, 8, 8)
