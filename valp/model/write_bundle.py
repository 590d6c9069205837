"""Writes a bundle: one file with a trained VALP and everything that is needed to use it.

A zip archive of `manifest.json` (graph, preprocessing, scores, checksum), `weights.safetensors` and `README.md`, a
model card. It holds no code and no pickle.
"""

import hashlib
import io
import zipfile
from pathlib import Path

from safetensors.torch import save as save_tensors

from valp.compile.module import VALPModule
from valp.files import write_bytes
from valp.graph.graph import DataType
from valp.model.manifest import Manifest
from valp.model.model_card import card

MANIFEST, WEIGHTS, CARD = "manifest.json", "weights.safetensors", "README.md"


def write_bundle(module: VALPModule, manifest: Manifest, path: Path) -> None:
    """Writes the file, whole or not at all.

    Raises:
        FileError: if it cannot be written.
    """
    weights = save_tensors({name: tensor.contiguous() for name, tensor in module.state_dict().items()})
    manifest = manifest.model_copy(update={"checksum": hashlib.sha256(weights).hexdigest()})
    generated = [column.name for column in manifest.preprocessing.outputs if column.type is DataType.SAMPLES]
    conditions = module.plan.conditions_of(name for name in generated if name in module.plan.outputs)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as bundle:
        parts = {
            MANIFEST: manifest.model_dump_json(indent=1).encode(),
            WEIGHTS: weights,
            CARD: card(manifest.model_dump(mode="json"), module.parameter_count, path.name, conditions).encode(),
        }
        for name, content in parts.items():
            bundle.writestr(zipfile.ZipInfo(name), content)  # no date, so that equal models give equal files
    write_bytes(path, archive.getvalue())
