"""ONNX: one graph that any ONNX runtime runs, without torch and without this package."""

from pathlib import Path
from typing import Any

import torch

from valp.errors import require_packages
from valp.files import write_bytes
from valp.model.export.compare import Answering
from valp.model.export.deployed import Deployed
from valp.model.export.signature import documents
from valp.model.export.tracing import exporting, traced
from valp.model.model import Model
from valp.model.output_columns import Arrays

ERRORS_ONLY = 3
"""The log level of ONNX Runtime."""


def write(model: Model, path: Path) -> None:
    """Writes the graph, with the documents as its `metadata_props`.

    Raises:
        MissingPackageError: if the packages of the extra `onnx` are missing.
        SettingError: if torch cannot export the model.
        FileError: if the file cannot be written.
    """
    require_packages("an ONNX file", "onnx", "onnx", "onnxruntime", "onnxscript")
    deployed = Deployed(model)
    signature = deployed.signature
    with exporting(model, "ONNX"):
        program = torch.onnx.export(
            traced(deployed),
            dynamo=True,
            input_names=[port.name for port in signature.inputs],
            output_names=[port.name for port in signature.outputs],
            dynamic_shapes=({port.name: {0: port.rows} for port in signature.inputs},),
            verbose=False,
        )
        assert program is not None  # never None with dynamo
        _strip(program.model)
        program.model.metadata_props.update(documents(model))
        program.model.doc_string = f"{model.manifest.problem}: {model.manifest.title}"
        content = program.model_proto.SerializeToString(deterministic=True)
    write_bytes(path, content)


def read(path: Path) -> Answering:
    """A function that runs the model of a file."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = ERRORS_ONLY
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]

    def run(values: Arrays) -> Arrays:
        return dict(zip(names, session.run(names, values), strict=True))

    return run


def _strip(model: Any) -> None:
    """Removes torch's notes on the origin of each node, which include paths on this machine."""
    for node in model.graph.all_nodes():
        node.metadata_props.clear()
        for value in node.outputs:
            value.metadata_props.clear()
    for value in (*model.graph.inputs, *model.graph.initializers.values()):
        value.metadata_props.clear()
