"""Exported files give the model's results in the user's units; a file that does not is not kept."""

import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from tests.valp.model.test_bundle import NAMES, graph_of, model_of, with_wish
from valp.compile.module import VALPModule
from valp.errors import FileError, SettingError
from valp.model.export import format_of
from valp.model.export.compare import LARGEST, TOLERANCE, allowed, difference, run_of
from valp.model.export.export import export
from valp.model.export.signature import signature_of
from valp.model.manifest import Manifest
from valp.model.model import Model
from valp.plan.operation import Affine, Apply

pytestmark = pytest.mark.heavy

ROOT = str(Path(__file__).parents[3])
FORMATS = ("onnx", "pt2")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two models with their files: `free` generates from noise alone, `wished` from a class and pixels, too."""
    folder = tmp_path_factory.mktemp("exported")
    for name, graph in (("free", graph_of()), ("wished", with_wish(graph_of("pixels")))):
        for suffix in FORMATS:
            assert export(model_of(graph), folder / f"{name}.{suffix}").difference <= TOLERANCE
    return folder


@pytest.fixture(scope="module")
def free():
    return model_of(graph_of())


@pytest.fixture(scope="module")
def wished():
    return model_of(with_wish(graph_of("pixels")))


def session(path):
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def run(path, values):
    """The results of a file, by plain calls of its runtime."""
    if path.suffix == ".onnx":
        runtime = session(path)
        names = [output.name for output in runtime.get_outputs()]
        return dict(zip(names, runtime.run(names, values), strict=True))
    program = torch.export.load(path).module()
    tensors = program({name: torch.from_numpy(array) for name, array in values.items()})
    return {name: tensor.detach().numpy() for name, tensor in tensors.items()}


def rows(count, seed=0):
    return np.random.default_rng(seed).integers(0, 17, size=(count, 64)).astype(np.float32)


def noise(count, seed=1):
    return np.random.default_rng(seed).standard_normal((count, 16)).astype(np.float32)


def test_inputs_and_outputs_have_the_names_of_the_problem_and_any_number_of_rows(folder):
    runtime = session(folder / "free.onnx")
    assert [(i.name, i.type, i.shape) for i in runtime.get_inputs()] == [
        ("pixels", "tensor(float)", ["batch", 64]),
        ("noise.code->paint", "tensor(float)", ["samples", 16]),
    ]
    assert [(o.name, o.type, o.shape) for o in runtime.get_outputs()] == [
        ("digit", "tensor(int64)", ["batch"]),
        ("digit.probabilities", "tensor(float)", ["batch", 10]),
        ("ink", "tensor(float)", ["batch", 1]),
        ("image", "tensor(float)", ["batch", 1, 8, 8]),
        ("image.generated", "tensor(float)", ["samples", 1, 8, 8]),
    ]


def test_with_conditions_all_inputs_and_outputs_have_the_same_number_of_rows(folder, wished):
    assert {str(i.shape[0]) for i in session(folder / "wished.onnx").get_inputs()} == {"batch"}
    modes = {port.name: port.modes for port in signature_of(wished).inputs}
    assert modes["pixels"] == modes["wish"] == ("predict", "generate")
    assert modes["noise.code->paint"] == ("generate",)


@pytest.mark.parametrize("form", FORMATS)
def test_raw_rows_are_predicted_as_the_model_predicts_them(form, folder, free):
    found = run(folder / f"free.{form}", {"pixels": rows(5), "noise.code->paint": noise(2)})
    wanted = free.predict({"pixels": rows(5)})
    assert [NAMES[number] for number in found["digit"]] == wanted["digit"].tolist()
    for name in ("digit.probabilities", "ink", "image"):
        np.testing.assert_allclose(found[name], wanted[name], rtol=1e-5, atol=1e-3)
    assert found["image.generated"].shape == (2, 1, 8, 8)


@pytest.mark.parametrize("form", FORMATS)
def test_samples_depend_on_the_noise_and_on_a_condition(form, folder, wished):
    values = {"pixels": rows(3), "wish": np.array([1, 2, 3]), "noise.code->paint": noise(3)}
    path = folder / f"wished.{form}"
    found, wanted = run(path, values), run_of(wished)(values)
    np.testing.assert_allclose(found["image.generated"], wanted["image.generated"], rtol=1e-5, atol=1e-3)
    for name, other in (("noise.code->paint", noise(3, seed=2)), ("wish", np.array([4, 5, 6]))):
        changed = run(path, values | {name: other})
        assert np.abs(changed["image.generated"] - found["image.generated"]).max() > 0.01
        assert np.array_equal(changed["digit.probabilities"], found["digit.probabilities"])


@pytest.mark.parametrize("form", FORMATS)
def test_a_class_number_out_of_range_counts_as_an_unknown_name(form, folder, wished):
    values = {"pixels": rows(2), "wish": np.array([-1, 10]), "noise.code->paint": noise(2)}
    prepared = {"pixels": torch.from_numpy(rows(2)) / 16, "wish": torch.zeros(2, 10)}
    drawn = {"code->paint": torch.from_numpy(noise(2))}
    wanted = wished.module(prepared, "generate", drawn)["image"].detach().numpy() * 16
    found = run(folder / f"wished.{form}", values)["image.generated"]
    np.testing.assert_allclose(found.reshape(2, -1), wanted, rtol=1e-5, atol=1e-4)


def test_missing_values_are_filled_if_the_model_was_trained_with_some(tmp_path, free):
    fields = tuple(f"pixel {number}" for number in range(64))
    pixels = free.manifest.preprocessing.inputs[0].model_copy(update={"fill": 8.0, "fields": fields})
    preprocessing = free.manifest.preprocessing.model_copy(update={"inputs": (pixels,)})
    model = Model(free.module, free.manifest.model_copy(update={"preprocessing": preprocessing}))
    assert export(model, tmp_path / "holes.pt2").signature.inputs[0].fields == fields
    holed, filled = rows(4), rows(4)
    holed[1, :30], filled[1, :30] = np.nan, 8
    found = run(tmp_path / "holes.pt2", {"pixels": holed, "noise.code->paint": noise(1)})
    assert np.allclose(found["ink"], free.predict({"pixels": filled})["ink"], atol=1e-3)


def test_an_onnx_file_describes_itself(folder, wished):
    about = session(folder / "wished.onnx").get_modelmeta()
    assert about.description == "digits: Handwritten digits"
    assert_documents(about.custom_metadata_map, wished)


def test_a_pt2_file_describes_itself(folder, wished):
    files = {"manifest": "", "signature": ""}
    torch.export.load(folder / "wished.pt2", extra_files=files)
    assert_documents(files, wished)


def assert_documents(found, model):
    assert Manifest.model_validate_json(found["manifest"]) == model.manifest
    signature = json.loads(found["signature"])
    assert signature["inputs"]["wish"]["classes"] == list(NAMES)
    assert signature["outputs"]["digit"]["classes"] == list(NAMES)
    assert signature["outputs"]["image.generated"]["shape"] == [1, 8, 8]
    assert signature["inputs"]["noise.code->paint"]["holds"] == "noise"


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_contains_no_path_of_the_machine_that_wrote_it(form, folder):
    path = folder / f"free.{form}"
    parts = [path.read_bytes()]
    if form == "pt2":
        with zipfile.ZipFile(path) as archive:
            parts += [archive.read(name) for name in archive.namelist()]
    assert not any(place.encode() in part for part in parts for place in (ROOT, sys.prefix, "site-packages"))


def test_torch_alone_runs_a_pt2_file(folder):
    program = f"""
import sys
sys.modules["valp"] = None
import torch
program = torch.export.load({str(folder / "free.pt2")!r}).module()
found = program({{"pixels": torch.zeros(3, 64), "noise.code->paint": torch.randn(7, 16)}})
assert found["digit"].shape == (3,) and found["image.generated"].shape == (7, 1, 8, 8)
"""
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class Doubting(nn.Module):
    """Its result depends on a condition on values, which cannot be traced."""

    def forward(self, values):
        return values if values.sum() > 0 else -values


class Forgetful(nn.Module):
    """It does something else while it is traced."""

    def forward(self, values):
        return values if torch.compiler.is_exporting() else 2 * values


class Bessel(nn.Module):
    """ONNX has no such function."""

    def forward(self, values):
        return torch.special.bessel_j0(values)


def with_layer(change):
    """The model with another operation in place of the layer of network `sum`."""
    model = model_of(graph_of())
    plan = model.module.plan
    operations = tuple(
        change(operation) if isinstance(operation, Affine) and operation.out == "sum" else operation
        for operation in plan.operations
    )
    return Model(VALPModule(replace(plan, operations=operations), seed=1), model.manifest)


def with_operation(build):
    """The same with an operation that another package might add."""
    return with_layer(
        lambda layer: Apply("sum", layer.sources, "sum-own", lambda: nn.Sequential(nn.Linear(64, 1), build()))
    )


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("build", [Doubting, Bessel])
def test_what_torch_cannot_export_is_refused_in_one_sentence(build, form, tmp_path, capfd):
    if (build, form) == (Bessel, "pt2"):
        assert export(with_operation(build), tmp_path / "model.pt2").difference <= TOLERANCE
        return
    with pytest.raises(SettingError) as error:
        export(with_operation(build), tmp_path / f"model.{form}")
    message = str(error.value)
    assert message.startswith("torch cannot export this model as ")
    assert "an operation of another package in sum: " in message
    assert "\n" not in message
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("form", "model", "why"),
    [
        ("pt2", lambda: with_operation(Forgetful), r"it differs from the model by \S+, which is more than 1e-05$"),
        (
            "bundle",
            lambda: with_layer(lambda layer: replace(layer, activation="tanh")),
            "it differs from the model by ",
        ),
        ("bundle", lambda: with_operation(Forgetful), "it cannot be read and run again: "),
    ],
)  # a bundle holds the graph, and its plan is made again
def test_a_file_whose_results_differ_from_the_models_is_not_kept(form, model, why, tmp_path):
    target = tmp_path / "model"
    target.write_bytes(b"precious")
    with pytest.raises(FileError, match=f"model is not kept, because {why}") as error:
        export(model(), target, form)
    assert "\n" not in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == [target.name]
    assert target.read_bytes() == b"precious"


@pytest.mark.parametrize("form", ["bundle", "onnx", "pt2"])
def test_a_path_that_cannot_be_written_is_refused(form, tmp_path, free):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FileError, match="cannot be written"):
        export(free, tmp_path / "file" / f"model.{form}", form)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("name", "form"), [("a.onnx", "onnx"), ("a.ONNX", "onnx"), ("a.pt2", "pt2"), ("a.valp", "bundle"), ("a", "bundle")]
)
def test_the_suffix_chooses_the_format(name, form):
    assert format_of(Path(name)) == form


def test_differences_by_rounding_are_accepted(tmp_path, free, capfd):
    model = model_of(graph_of())
    layers = model.module.layers
    with torch.no_grad():  # the probabilities come from differences of large numbers
        layers["code-0"].bias += 2e3
        layers["class-0"].weight -= layers["class-0"].weight.mean(1, keepdim=True)
    assert TOLERANCE < export(model, tmp_path / "model.onnx").difference <= allowed(model) < LARGEST
    assert allowed(free) == TOLERANCE
    assert capfd.readouterr() == ("", "")


def test_an_unknown_format_is_refused(free, tmp_path):
    with pytest.raises(SettingError, match="a format must be one of bundle, onnx, pt2, but is 'pickle'"):
        export(free, tmp_path / "model", "pickle")


def floats(*values):
    return np.array(values, np.float32)[:, None]


@pytest.mark.parametrize(
    ("found", "wanted", "scale", "far"),
    [
        (floats(0.5, 1), floats(0.5, 1), 1.0, 0),
        (floats(0.5, 0.75), floats(0.5, 0.5), 1.0, 0.25),  # small values: the difference itself
        (floats(100, 8), floats(100, 4), 1.0, 0.04),  # large ones: relative to the largest
        (floats(100, 8), floats(100, 4), 200.0, 0.02),  # in units of the scale, these are small
        (floats(np.inf, 1), floats(np.inf, 1), 1.0, 0),
        (floats(np.nan, 1), floats(2, 1), 1.0, np.inf),
        (floats(1, 1), floats(1), 1.0, np.inf),
        (floats(1, 1).astype(np.float64), floats(1, 1), 1.0, np.inf),
    ],
)
def test_a_difference_is_relative_to_large_values(found, wanted, scale, far):
    assert difference(found, wanted, scale) == pytest.approx(far)
