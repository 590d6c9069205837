"""A bundle: one file with a trained VALP and all that using it takes.

A zip archive of `manifest.json` (graph, preprocessing, scores, checksum), `weights.safetensors` and `README.md`, a
model card. It holds no code and no pickle.
"""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from valp.card import card
from valp.check import GraphError
from valp.compile import compile
from valp.errors import DataError, FileError, SettingError
from valp.files import parse_model, read_bytes, write_bytes
from valp.graph import DataType, Frozen, Graph
from valp.module import VALPModule
from valp.plan import Protocol
from valp.preprocessing import Preprocessing
from valp.scores import CERTAINTY
from valp.types import like

MANIFEST, WEIGHTS, CARD = "manifest.json", "weights.safetensors", "README.md"


class Manifest(Frozen):
    """What a bundle says of itself.

    Attributes:
        problem: the name of the problem it learnt.
        title: one line about the problem.
        graph: the VALP.
        preprocessing: what turns raw data into its tensors and back.
        scores: by split, then by name.
        protocol: the mode in which its predictions were scored.
        training: how it was trained, in words and numbers.
        checksum: SHA-256 of the weights file.
    """

    schema_version: Literal[1] = 1
    problem: str
    title: str
    graph: Graph
    preprocessing: Preprocessing
    scores: dict[str, dict[str, float]] = Field(default_factory=dict)
    protocol: Protocol = "predict"
    training: dict[str, str | int | float] = Field(default_factory=dict)
    checksum: str = ""


class Model:
    """A trained VALP in the user's terms: raw data in, predictions and samples out.

    Attributes:
        module: the torch module, in evaluation mode.
        manifest: what it is.
    """

    def __init__(self, module: VALPModule, manifest: Manifest) -> None:
        self.module = module.eval()
        self.manifest = manifest

    @torch.inference_mode()
    def predict(self, inputs: Mapping[str, Any], draws: int = 0, seed: int | None = None) -> dict[str, NDArray[Any]]:
        """Every output for raw inputs.

        Args:
            inputs: for each model input n rows in the user's units; class numbers or names for a Discrete one.
            draws: 0 takes the means of the latent variables; otherwise outputs are averaged over so many draws of
                them, N(μ, σ²).
            seed: of the draws; None for fresh ones.

        Returns:
            By output, n rows: (n, size) in the user's units, images in their shape; for a Discrete output (n,) class
            names, or numbers where they have no names, and under `output.probabilities` (n, classes); for labels
            (n, size) of 0 and 1, and their probabilities likewise.

        Raises:
            SettingError: if `draws` is negative.
            DataError: if an input is missing or does not fit.
        """
        if draws < 0:
            raise SettingError(f"draws must be 0 or more, but is {draws}")
        prepared = self.manifest.preprocessing.prepare(inputs, names=[i.name for i in self.manifest.graph.inputs])
        if draws == 0 or not self.module.plan.noise:
            return self._restored(self.module(prepared, "predict"))
        count, generator = len(next(iter(prepared.values()))), _generator(seed)
        totals: dict[str, Tensor] = {}
        for _ in range(draws):
            for name, values in self.module(prepared, "predict", self._noise(count, generator)).items():
                totals[name] = totals[name] + values if name in totals else values
        return self._restored({name: total / draws for name, total in totals.items()})

    @torch.inference_mode()
    def generate(
        self, count: int, *, inputs: Mapping[str, Any] | None = None, seed: int | None = None
    ) -> dict[str, NDArray[Any]]:
        """New samples of every Samples output.

        Args:
            count: how many.
            inputs: what conditions them: `count` raw rows, or one for all, of each input that reaches an output
                when the model generates; see `conditions`.
            seed: of the noise; None for fresh noise.

        Returns:
            By output, (count, size) in the user's units, images in their shape.

        Raises:
            SettingError: if the model has no Samples output or `count` is not positive.
            DataError: if a condition is missing or does not fit.
        """
        outputs = [o.name for o in self.manifest.graph.outputs if like(o.unit.type) is DataType.SAMPLES]
        if not outputs or count < 1:
            raise SettingError(
                f"count must be positive, but is {count}" if outputs else "the model has no output that is generated"
            )
        raw = inputs or {}
        needed = self.conditions()
        missing = sorted(needed - raw.keys())
        if missing:
            raise DataError(f"this model's samples are conditioned on input {missing[0]!r}, so it must be given")
        prepared: dict[str, Tensor] = {}
        for name in sorted(needed):  # one at a time, for their numbers of rows may differ
            tensor = self.manifest.preprocessing.prepare(raw, names=[name])[name]
            if len(tensor) not in (1, count):
                raise DataError(f"{name!r} must have 1 or {count} rows to condition {count} samples, not {len(tensor)}")
            prepared[name] = tensor.expand(count, -1)
        return self._restored(self.module(prepared, "generate", self._noise(count, _generator(seed)), outputs))

    def conditions(self) -> frozenset[str]:
        """The inputs on which generated samples depend."""
        outputs = [o.name for o in self.manifest.graph.outputs if like(o.unit.type) is DataType.SAMPLES]
        return frozenset().union(*(self.module.plan.inputs_of(name, "generate") for name in outputs))

    def _noise(self, count: int, generator: torch.Generator) -> dict[str, Tensor]:
        return {name: torch.randn(count, k, generator=generator) for name, k in self.module.plan.noise.items()}

    def _restored(self, values: Mapping[str, Tensor]) -> dict[str, NDArray[Any]]:
        restored: dict[str, NDArray[Any]] = {}
        for name, tensor in values.items():
            column = self.manifest.preprocessing.output(name)
            if column.type is not DataType.DISCRETE:
                restored[name] = column.restore(tensor)
                continue
            if column.labels:
                restored[name] = (tensor > CERTAINTY).long().numpy()
            else:
                numbers = tensor.argmax(1).numpy()
                restored[name] = np.array(column.classes)[numbers] if column.classes else numbers
            restored[f"{name}.probabilities"] = tensor.numpy()
        return restored


def _generator(seed: int | None) -> torch.Generator:
    generator = torch.Generator()
    generator.seed() if seed is None else generator.manual_seed(seed)
    return generator


def save(model: Model, path: str | Path) -> None:
    """Writes a bundle, whole or not at all.

    Raises:
        FileError: if it cannot be written.
    """
    where = Path(path)
    weights = save_tensors({name: tensor.contiguous() for name, tensor in model.module.state_dict().items()})
    manifest = model.manifest.model_copy(update={"checksum": hashlib.sha256(weights).hexdigest()})
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as bundle:
        parts = {
            MANIFEST: manifest.model_dump_json(indent=1).encode(),
            WEIGHTS: weights,
            CARD: card(manifest.model_dump(mode="json"), model.module.parameter_count, where.name).encode(),
        }
        for name, content in parts.items():
            bundle.writestr(zipfile.ZipInfo(name), content)  # without a date, so that equal models are equal files
    write_bytes(where, archive.getvalue())


def load(path: str | Path) -> Model:
    """Reads a bundle.

    Raises:
        FileError: if it cannot be read, is truncated or damaged, or is none.
    """
    where = Path(path)
    try:
        with zipfile.ZipFile(io.BytesIO(read_bytes(where))) as bundle:
            document, weights = bundle.read(MANIFEST), bundle.read(WEIGHTS)
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, ValueError, RuntimeError) as error:
        # zipfile's ways to say it: a damaged header may also speak of an unknown version, method or password
        raise FileError(f"{where} is not a whole VALP bundle: {error}") from error
    manifest = parse_model(Manifest, document, f"{where}: {MANIFEST}")
    if hashlib.sha256(weights).hexdigest() != manifest.checksum:
        raise FileError(f"{where} is damaged: its weights do not match their checksum")
    try:
        module = compile(manifest.graph, seed=0)
        module.load_state_dict(load_tensors(weights))
    except (GraphError, SafetensorError, RuntimeError) as error:
        raise FileError(f"{where} is damaged: {str(error).splitlines()[0]}") from error
    return Model(module, manifest)
