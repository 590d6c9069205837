"""The inputs and outputs of an exported model, tensor by tensor; they are the same in ONNX and pt2 files."""

import json
from typing import Literal

from valp.graph.graph import DataType, Frozen
from valp.model.model import Model
from valp.model.output_columns import PROBABILITIES
from valp.model.preprocessing import Column
from valp.plan.operation import Sample
from valp.plan.plan import Protocol

Rows = Literal["batch", "samples"]

PREDICT: tuple[Protocol, ...] = ("predict",)
GENERATE: tuple[Protocol, ...] = ("generate",)
GENERATED, NOISE, COMPONENT, GIVEN = "generated", "noise", "component", "given"
"""Words in the names of tensors."""


class Port(Frozen):
    """One tensor that goes in or comes out.

    Attributes:
        name: its name in the file: that of the model's input or output, `output.probabilities`, `output.generated`,
            `noise.source->target` for a latent connection, `component.network` for a network with a fitted prior,
            `noise.output` for rows that are draws, or `given.output` for a class by which samples are asked for.
        holds: its content; labels are 0 or 1. `noise` is drawn from N(0, I), and `component` is uniform in [0, 1): it
            picks a component of the prior.
        of: the model input, model output, latent connection or network that it belongs to.
        modes: the modes that read an input or return an output.
        dtype: the type of its numbers.
        rows: the name of its first dimension; tensors with the same name have the same number of rows.
        shape: the shape of a row; () for a class number.
        classes: the names of the classes, or of the labels, in the order of their numbers.
        fields: the columns of the user's table that it was made of, in order.
    """

    name: str
    holds: Literal["values", "class", "labels", "probabilities", "noise", "component"]
    of: str
    modes: tuple[Protocol, ...]
    dtype: Literal["float32", "int64"]
    rows: Rows
    shape: tuple[int, ...]
    classes: tuple[str, ...] | None = None
    fields: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Its type and shape, `float32 (batch, 1, 8, 8)`."""
        return f"{self.dtype} ({', '.join((self.rows, *map(str, self.shape)))})"


class Signature(Frozen):
    """All inputs and outputs, in the order of the file."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]

    @property
    def noise(self) -> tuple[Port, ...]:
        """The inputs that are random numbers."""
        return tuple(port for port in self.inputs if port.holds in (NOISE, COMPONENT))

    @property
    def given(self) -> tuple[Port, ...]:
        """The inputs that are classes of outputs."""
        return tuple(port for port in self.inputs if port.name == f"{GIVEN}.{port.of}")

    @property
    def document(self) -> dict[str, dict[str, object]]:
        """As JSON values: `inputs` and `outputs`, each by name."""
        return {
            way: {port.name: port.model_dump(mode="json", exclude={"name"}) for port in ports}
            for way, ports in (("inputs", self.inputs), ("outputs", self.outputs))
        }


def signature_of(model: Model) -> Signature:
    """The inputs and outputs of a model when one file predicts and generates.

    If inputs condition the samples, the first dimension of all tensors is `batch`. Otherwise noise, given classes and
    samples have their own number of rows, `samples`.
    """
    conditions, plan = model.conditions(), model.module.plan
    rows: Rows = "batch" if any(column.name in conditions for column in model.inputs) else "samples"
    inputs = [_port(column, (*PREDICT, *GENERATE) if column.name in conditions else PREDICT) for column in model.inputs]
    inputs += [
        _port(column, GENERATE).model_copy(update={"name": f"{GIVEN}.{column.name}", "rows": rows})
        for column in model.outputs
        if column.name in conditions
    ]
    drawn = plan.needed([plan.outputs[column.name] for column in model.generated], "generate")
    sampled = [operation for operation in drawn if isinstance(operation, Sample)]
    inputs += [_random(NOISE, op.connection, "noise", (op.size,), rows) for op in sampled]
    connections = {operation.connection for operation in sampled}
    inputs += [
        _random(COMPONENT, group.name, "component", (), rows)
        for group in plan.groups
        if group.connections[0][0] in connections
    ]
    drawn_columns = [column for column in model.generated if column.drawn and column.name in plan.spreads]
    inputs += [_random(NOISE, column.name, "noise", (column.size,), rows) for column in drawn_columns]
    outputs: list[Port] = []
    for column in model.outputs:
        outputs.append(_port(column, PREDICT))
        if column.type is DataType.DISCRETE:
            outputs.append(_probabilities(column))
    for column in model.generated:
        name = f"{column.name}.{GENERATED}"
        outputs.append(_port(column, GENERATE).model_copy(update={"name": name, "rows": rows}))
    return Signature(inputs=tuple(inputs), outputs=tuple(outputs))


def documents(model: Model) -> dict[str, str]:
    """The description of a model in a file, as JSON: `manifest`, as in a bundle, and `signature`."""
    return {
        "manifest": model.manifest.model_dump_json(exclude={"checksum"}),
        "signature": json.dumps(signature_of(model).document, ensure_ascii=False),
    }


def _port(column: Column, modes: tuple[Protocol, ...]) -> Port:
    """A model input or output, in the user's units."""
    discrete = column.type is DataType.DISCRETE
    one_class = discrete and not column.labels
    return Port(
        name=column.name,
        holds="class" if one_class else "labels" if discrete else "values",
        of=column.name,
        modes=modes,
        dtype="int64" if discrete else "float32",
        rows="batch",
        shape=() if one_class else column.image or column.shape or (column.size,),
        classes=column.classes,
        fields=column.fields,
    )


def _probabilities(column: Column) -> Port:
    return Port(
        name=f"{column.name}.{PROBABILITIES}",
        holds="probabilities",
        of=column.name,
        modes=PREDICT,
        dtype="float32",
        rows="batch",
        shape=(column.size,),
        classes=column.classes,
    )


def _random(prefix: str, of: str, holds: Literal["noise", "component"], shape: tuple[int, ...], rows: Rows) -> Port:
    """An input for random numbers."""
    return Port(name=f"{prefix}.{of}", holds=holds, of=of, modes=GENERATE, dtype="float32", rows=rows, shape=shape)
