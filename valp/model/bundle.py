"""A bundle: one file with a trained VALP and all that using it takes.

A zip archive of `manifest.json` (graph, preprocessing, scores, checksum), `weights.safetensors` and `README.md`, a
model card. It holds no code and no pickle.
"""

import hashlib
import io
import zipfile
import zlib
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from valp.check.check import GraphError
from valp.compile.compile import compile
from valp.errors import FileError
from valp.files import parse_model, read_bytes, write_bytes
from valp.model.manifest import Manifest
from valp.model.model import Model
from valp.model.model_card import card

__all__ = ["CARD", "MANIFEST", "WEIGHTS", "Manifest", "Model", "load", "save"]

MANIFEST, WEIGHTS, CARD = "manifest.json", "weights.safetensors", "README.md"


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
