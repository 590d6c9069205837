"""A model with its preprocessing as one torch module: raw tensors in, predictions and samples out."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from valp.graph.graph import DataType
from valp.model.export.quantile_maps import FromScores, ToScores
from valp.model.export.signature import GENERATED, signature_of
from valp.model.model import Model
from valp.model.output_columns import PROBABILITIES
from valp.model.preprocessing import Column
from valp.score.prediction_scores import CERTAINTY


class Deployed(nn.Module):
    """Predicts and generates in the user's units, in one pass.

    It does what `Model.predict` (with the means of the latent variables) and `Model.generate` do, in operations that
    can be exported: classes are numbers here, and noise is given.

    Attributes:
        signature: what goes in and comes out.
    """

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.signature = signature_of(model)
        self.module = model.module
        self._inputs = [column.name for column in model.inputs]
        self._outputs = [column.name for column in model.outputs]
        self._generated = [column.name for column in model.generated]
        self.prepare = nn.ModuleList(Prepare(column) for column in model.inputs)
        self.restore = nn.ModuleList(Restore(column) for column in model.outputs)
        given = [model.manifest.preprocessing.output(port.of) for port in self.signature.given]
        self.give = nn.ModuleList(Prepare(column) for column in given)
        self.eval()

    def forward(self, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Maps tensors for the inputs of the signature to tensors for the outputs, by name and in their order."""
        inputs = {name: prepare(values[name]) for name, prepare in zip(self._inputs, self.prepare, strict=True)}
        noise = {port.of: values[port.name] for port in self.signature.noise}
        given = {port.of: give(values[port.name]) for port, give in zip(self.signature.given, self.give, strict=True)}
        predicted = self.module(inputs, "predict")
        generated = self.module(inputs | given, "generate", noise, self._generated)
        result: dict[str, Tensor] = {}
        for name, restore in zip(self._outputs, self.restore, strict=True):
            result |= {f"{name}{part}": tensor for part, tensor in restore(predicted[name]).items()}
            if name in generated:
                result[f"{name}.{GENERATED}"] = restore(generated[name])[""]
        return {port.name: result[port.name] for port in self.signature.outputs}


class _Scaled(nn.Module):
    """A column with its offset and scale as tensors.

    Attributes:
        offset, scale: () or (size,).
    """

    def __init__(self, column: Column) -> None:
        super().__init__()
        self.column = column
        self.offset: Tensor
        self.scale: Tensor
        self.register_buffer("offset", torch.tensor(column.offset))
        self.register_buffer("scale", torch.tensor(column.scale))


class Prepare(_Scaled):
    """Turns raw values into the model's, as `Column.prepare` does for float32.

    NaN is replaced by the column's fill value if it has one. An unknown class number, such as −1, becomes a row of
    zeros.
    """

    def __init__(self, column: Column) -> None:
        super().__init__(column)
        self.fill: Tensor
        self.numbers: Tensor
        self.register_buffer("fill", torch.tensor(0.0 if column.fill is None else column.fill))
        self.register_buffer("numbers", torch.arange(column.size))
        self.scores = None if column.quantiles is None else ToScores(column.quantiles)

    def forward(self, raw: Tensor) -> Tensor:
        """(rows, …) to (rows, size) float32."""
        if self.column.type is DataType.DISCRETE and not self.column.labels:
            return (raw[:, None] == self.numbers).float()
        values = raw.flatten(1).float()
        if self.column.fill is not None:
            values = torch.where(values.isnan(), self.fill, values)
        return (values - self.offset) / self.scale if self.scores is None else self.scores(values)


class Restore(_Scaled):
    """Turns the model's values into the user's. The keys are the suffixes of the output's name."""

    def __init__(self, column: Column) -> None:
        super().__init__(column)
        self.values = None if column.quantiles is None else FromScores(column.quantiles)

    def forward(self, values: Tensor) -> dict[str, Tensor]:
        """(rows, size) to (rows, …) in the user's units, or to classes or labels and their probabilities."""
        column = self.column
        if column.type is DataType.DISCRETE:
            chosen = (values > CERTAINTY).long() if column.labels else values.argmax(1)
            return {"": chosen, f".{PROBABILITIES}": values}
        raw = values * self.scale + self.offset if self.values is None else self.values(values)
        shape = column.image or column.shape
        return {"": raw if shape is None else raw.reshape(-1, *shape)}
