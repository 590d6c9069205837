"""`valp export`, and what its page says."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from valp.model.bundle import load

pytestmark = pytest.mark.heavy

PAGE = (Path(__file__).parents[3] / "docs" / "export.md").read_text()
ONNX_ALONE, TORCH_ALONE, PYTHON = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def best(small_run):
    return small_run.front()[0]


@pytest.fixture(scope="module")
def bundle(small_runs, tmp_path_factory):
    """A bundle of the run's best candidate, as the command writes it."""
    from valp.model.bundle import save
    from valp.search.engine.models import model_of
    from valp.search.run.run import open_run

    run = open_run(small_runs, "small")
    path = tmp_path_factory.mktemp("bundle") / "digits.valp"
    save(model_of(run, run.front()[0]), path)
    return path


def alone(program, folder, *absent):
    """What a program prints where some packages cannot be imported."""
    blocked = "import sys\n" + "".join(f"sys.modules[{name!r}] = None\n" for name in absent)
    done = subprocess.run(
        [sys.executable, "-I", "-c", blocked + program], cwd=folder, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def test_the_session_of_the_page_runs(valp, best, small_runs, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VALP_RUNS", str(small_runs))
    (session,) = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    outcomes = {}
    for line in session.splitlines():
        words = line.removeprefix("$ valp ").replace("export first", "export small").split()
        outcomes[words[-1]] = outcome = valp(*words)
        assert outcome.code == 0, outcome.err
        assert (f"candidate {best.number}" in outcome.err) == (words[1] == "small")
        assert re.match(rf"{words[-1]}: \d+\.\d\d MB, read back and (equal|differs by \S+ at most)\n", outcome.out)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(outcomes)
    shown = outcomes["digits.onnx"].out
    assert re.search(r"│ in +│ pixels +│ float32 \(batch, 1, 8, 8\) +│ predict", shown)
    assert re.search(r"│ out +│ image.generated +│ float32 \(\w+, 1, 8, 8\) +│ generate +│", shown)
    assert 'onnxruntime.InferenceSession("digits.onnx")' in shown

    images = load_digits().data[:4].reshape(-1, 1, 8, 8).astype(np.float32)
    np.save("images.npy", images)
    printed = alone(ONNX_ALONE, tmp_path, "torch", "valp").splitlines()
    assert eval(printed[0].split("] ")[0] + "]") == load("digits.valp").predict({"pixels": images})["digit"].tolist()
    assert printed[-1] == "(4, 1, 8, 8)"
    assert "[4, 1, 8, 8]" in alone(TORCH_ALONE, tmp_path, "valp")
    exec(PYTHON, {})
    assert "float32 (batch, 10)" in capsys.readouterr().out


def test_json_has_the_signature_and_is_all_that_is_printed(valp, bundle, tmp_path):
    target = tmp_path / "digits.pt2"
    outcome = valp("export", bundle, "-o", target, "--json")
    assert outcome.err == ""
    assert outcome.json["format"] == "pt2"
    assert outcome.json["bytes"] == target.stat().st_size
    assert outcome.json["difference"] <= 1e-5
    assert outcome.json["outputs"]["digit"]["classes"] == [str(digit) for digit in range(10)]


def test_a_named_format_overrides_the_suffix(valp, bundle, tmp_path):
    target = tmp_path / "digits.onnx"
    assert valp("export", bundle, "-o", target, "--format", "bundle").code == 0
    assert load(target).manifest.problem == "digits"


def test_without_the_number_the_best_compromise_is_taken(valp, best, small_runs, tmp_path):
    outcome = valp("export", "small", "-o", tmp_path / "x.valp", "--runs", small_runs)
    assert outcome.code == 0, outcome.err
    assert load(tmp_path / "x.valp").manifest.training["candidate"] == best.number


@pytest.mark.parametrize(
    ("source", "sentence"), [("none.valp", "and no file "), ("text.valp", "is not a complete VALP bundle")]
)
def test_a_file_that_is_not_a_bundle_is_refused_and_the_target_stays(source, sentence, valp, tmp_path):
    (tmp_path / "text.valp").write_text("no bundle")
    target = tmp_path / "x.onnx"
    target.write_bytes(b"precious")
    outcome = valp("export", tmp_path / source, "-o", target)
    assert outcome.code == 1
    assert outcome.err.startswith("valp: ")
    assert sentence in outcome.err
    assert target.read_bytes() == b"precious"
