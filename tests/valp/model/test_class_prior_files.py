"""Bundles keep the priors of the classes, and those of earlier versions, which had none, give the samples they gave."""

import hashlib
import json
import zipfile

import numpy as np
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from tests.valp.model.test_asked_conditions import fitted
from valp.model.bundle import load, save
from valp.model.write_bundle import MANIFEST, WEIGHTS

__all__ = ["fitted"]


def as_earlier(path, older):
    """Writes a bundle as versions without priors of classes did."""
    with zipfile.ZipFile(path) as bundle:
        parts = {name: bundle.read(name) for name in bundle.namelist()}
    weights = {name: x for name, x in load_tensors(parts[WEIGHTS]).items() if not name.startswith("class_priors.")}
    parts[WEIGHTS] = save_tensors(weights)
    manifest = json.loads(parts[MANIFEST]) | {"checksum": hashlib.sha256(parts[WEIGHTS]).hexdigest()}
    parts[MANIFEST] = json.dumps(manifest).encode()
    with zipfile.ZipFile(older, "w") as bundle:
        for name, content in parts.items():
            bundle.writestr(name, content)


def samples(model, digit):
    return model.generate(50, conditions={"digit": digit}, seed=0)["image"]


def test_a_bundle_gives_the_samples_of_the_model(fitted, tmp_path):
    save(fitted, tmp_path / "m.valp")
    for digit in range(10):
        np.testing.assert_array_equal(samples(load(tmp_path / "m.valp"), digit), samples(fitted, digit))


def test_a_bundle_of_an_earlier_version_draws_from_the_prior_without_a_class(fitted, tmp_path):
    save(fitted, tmp_path / "m.valp")
    as_earlier(tmp_path / "m.valp", tmp_path / "old.valp")
    old, now = load(tmp_path / "old.valp"), load(tmp_path / "m.valp")
    now.module.class_priors["paint"].known.zero_()
    np.testing.assert_array_equal(samples(old, 7), samples(now, 7))
    assert np.abs(samples(old, 7) - samples(fitted, 7)).max() > 0.1
    save(old, tmp_path / "again.valp")
    np.testing.assert_array_equal(samples(load(tmp_path / "again.valp"), 7), samples(old, 7))
