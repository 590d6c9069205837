"""A trained VALP in the user's terms: raw rows in, predictions and samples out."""

import warnings
from collections.abc import Mapping, Sequence
from numbers import Integral
from pathlib import Path
from typing import Any, overload

import torch
from numpy.typing import NDArray
from torch import Tensor

from valp.compile.module import VALPModule
from valp.errors import DataError, SettingError
from valp.graph.graph import DataType, Graph
from valp.model.asked_conditions import drawn_classes, read_conditions
from valp.model.data_frames import frame_like, is_frame
from valp.model.manifest import Manifest
from valp.model.model_html import model_html
from valp.model.output_columns import PROBABILITIES, Arrays, flat
from valp.model.preprocessing import Column
from valp.model.write_bundle import write_bundle
from valp.plan.plan import Mode
from valp.score.prediction_scores import CERTAINTY

ROWS = 5000
"""Rows per forward pass."""


class Model:
    """A trained VALP. It takes raw rows, and returns results in their units and with the names of their classes.

    `valp.load` reads one, and `Run.best` and `Run.model` return one from a search. In a notebook it shows its inputs,
    outputs, scores and graph.

    Attributes:
        module: the torch module, in evaluation mode.
        manifest: its description.
    """

    def __init__(self, module: VALPModule, manifest: Manifest) -> None:
        self.module = module.eval()
        self.manifest = manifest

    @property
    def graph(self) -> Graph:
        """Its graph; a notebook shows it as a picture."""
        return self.manifest.graph

    @property
    def inputs(self) -> tuple[Column, ...]:
        """The columns of its inputs."""
        names = [part.name for part in self.manifest.graph.inputs]
        return tuple(column for column in self.manifest.preprocessing.inputs if column.name in names)

    @property
    def outputs(self) -> tuple[Column, ...]:
        """The columns of its outputs."""
        names = [part.name for part in self.manifest.graph.outputs]
        return tuple(column for column in self.manifest.preprocessing.outputs if column.name in names)

    @property
    def generated(self) -> tuple[Column, ...]:
        """The columns of the outputs that are generated."""
        return tuple(column for column in self.outputs if column.type is DataType.SAMPLES)

    @overload
    def predict(self, data: Mapping[str, Any], draws: int = 0, seed: int | None = None) -> Arrays: ...

    @overload
    def predict(self, data: Any, draws: int = 0, seed: int | None = None) -> Any: ...

    def predict(self, data: Any, draws: int = 0, seed: int | None = None) -> Any:
        """Every output for raw rows.

        Args:
            data: a mapping with n rows of each model input, in the user's units, with class numbers or names for a
                Discrete one. Or a table (a data frame, an Arrow table or a mapping of columns) that has the columns of
                the inputs; other columns are ignored. Its cells are read like those of the training table.
            draws: 0 takes the means of the latent variables; otherwise outputs are averaged over this many draws of
                them from N(μ, σ²).
            seed: the seed of the draws; None for different draws in each call.

        Returns:
            For a data frame or an Arrow table, one of the same kind: the columns that `flat` makes, n rows in the same
            order, and the same index if it is a pandas frame. Otherwise a dictionary of arrays by output, n rows each:
            (n, size) in the user's units, images in their shape. For a Discrete output (n,) class names, or numbers if
            the classes have no names, and under `output.probabilities` (n, classes). For labels (n, size) of 0 and 1,
            and their probabilities in the same way.

        Raises:
            SettingError: if `draws` is negative or no whole number.
            DataError: if an input or a column is missing or does not fit.
        """
        if not isinstance(draws, Integral) or draws < 0:
            raise SettingError(f"draws must be a whole number of 0 or more, but is {draws}")
        return self._answered(data, self._predicted(data, draws, seed))

    @torch.inference_mode()
    def _predicted(self, data: Any, draws: int, seed: int | None) -> Arrays:
        prepared = self._prepared(data, self.inputs)
        count, generator = len(next(iter(prepared.values()))), _generator(seed)
        if draws == 0 or not self.module.plan.noise:
            return self._restored(self._values(prepared, {}, count, "predict"))
        totals: dict[str, Tensor] = {}
        for _ in range(draws):
            for name, values in self._values(prepared, self._noise(count, generator), count, "predict").items():
                totals[name] = totals[name] + values if name in totals else values
        return self._restored({name: total / draws for name, total in totals.items()})

    @overload
    def generate(
        self, count: int, *, conditions: Mapping[str, Any] | None = None, seed: int | None = None
    ) -> Arrays: ...

    @overload
    def generate(self, count: int, *, conditions: Any, seed: int | None = None) -> Any: ...

    def generate(self, count: int, *, conditions: Any = None, seed: int | None = None) -> Any:
        """New samples of every Samples output.

        Args:
            count: the number of samples.
            conditions: what the samples are asked for by, if by anything; the method `conditions` names it. A mapping
                with one value or row for all samples, or `count` rows, of each such input or class, as in
                `{"grower": "Ada"}` or `{"digit": 7}`; or a table in one of the forms that `predict` takes, with 1 or
                `count` rows. A class that is left out is drawn for each sample, as often as in the training data.
            seed: the seed of the noise and of drawn classes; None for others in each call.

        Returns:
            By output, (count, size) in the user's units, images in their shape; `flat` turns it into columns. If
            `conditions` is a data frame, one of the same kind with these columns.

        Raises:
            SettingError: if the model has no Samples output or `count` is not positive.
            DataError: if a condition is missing or does not fit, or a class is unknown.
        """
        return self._answered(conditions, self._generated(count, conditions, seed))

    @torch.inference_mode()
    def _generated(self, count: int, inputs: Any, seed: int | None) -> Arrays:
        outputs = [column.name for column in self.generated]
        if not outputs or count < 1:
            raise SettingError(
                f"count must be positive, but is {count}" if outputs else "the model has no output that is generated"
            )
        prepared, noise, _ = self._asked(count, inputs, seed)
        return self._restored(self._values(self._cast(prepared), noise, count, "generate", outputs))

    def drawn_classes(self, count: int, *, conditions: Any = None, seed: int) -> Arrays:
        """The classes that `generate` draws with the same arguments, because `conditions` leaves them out.

        Returns:
            By the name of the input or output, (count,) class names, or numbers if the classes have no names.

        Raises:
            DataError: as `generate`.
        """
        prepared, _, drawn = self._asked(count, conditions, seed)
        columns = [column for column in (*self.inputs, *self.outputs) if column.name in drawn]
        return {column.name: column.class_values[prepared[column.name].argmax(1).numpy()] for column in columns}

    def _asked(
        self, count: int, inputs: Any, seed: int | None
    ) -> tuple[dict[str, Tensor], dict[str, Tensor], set[str]]:
        """The conditions of samples, their noise, and the names of the classes that are drawn, not given."""
        conditions = self.conditions()
        drawn = [name for name in self.manifest.shares if name in conditions]
        prepared: dict[str, Tensor] = {}
        for name, tensor in read_conditions(inputs, self.inputs, self.outputs, conditions, drawn).items():
            if len(tensor) not in (1, count):
                raise DataError(f"{name!r} must have 1 or {count} rows to condition {count} samples, not {len(tensor)}")
            prepared[name] = tensor.expand(count, -1)
        given, generator = set(prepared), _generator(seed)
        noise = self._noise(count, generator, [column.name for column in self.generated if column.drawn])
        for name in drawn:
            classes = drawn_classes(self.manifest.shares[name], count, generator)
            prepared.setdefault(name, classes)
        return prepared, noise, {*drawn} - given

    def conditions(self) -> frozenset[str]:
        """By what samples may be asked for: the inputs on which they depend, and the outputs whose class is given."""
        return self.module.plan.conditions_of(column.name for column in self.generated)

    def save(self, path: Path | str) -> Path:
        """Writes the model as one file, whole or not at all; `valp.load` reads it.

        The file holds the graph, the weights, the preprocessing, the scores and a model card, and no code.

        Args:
            path: where the file is written; its usual suffix is `.valp`.

        Returns:
            The path.

        Raises:
            FileError: if it cannot be written.
        """
        written = Path(path)
        write_bundle(self.module, self.manifest, written)
        return written

    def flat(self, found: Mapping[str, NDArray[Any]]) -> Arrays:
        """The result of `predict` or `generate` as columns (n,), for a data frame. `valp predict` writes the same.

        Returns:
            The columns by name. A single variable, label or class has its output's name. One of several is called
            `output.variable`, with the name of its column in the training table, or its number. A probability is
            called `output.probabilities.class`. Samples of a single output have the names of the table's columns.
        """
        return flat(found, [column for column in self.outputs if column.name in found])

    def __repr__(self) -> str:
        inputs, outputs = (", ".join(column.name for column in part) for part in (self.inputs, self.outputs))
        return f"<Model of {self.manifest.problem}: {inputs} → {outputs}, {self.module.parameter_count:,} parameters>"

    def _repr_html_(self) -> str:
        return model_html(self.manifest, self.module.parameter_count, self.conditions())

    def _prepared(self, data: Any, columns: tuple[Column, ...]) -> dict[str, Tensor]:
        names = [column.name for column in columns]
        if not isinstance(data, Mapping) or not all(name in data for name in names):
            from valp.model.raw_inputs import raw_inputs, unseen  # it imports Arrow, which takes a while

            data = raw_inputs(data, columns)
            for remark in unseen(data, columns) if all(name in data for name in names) else ():
                warnings.warn(remark, stacklevel=4)
        return self._cast(self.manifest.preprocessing.prepare(data, names=names))

    def _answered(self, asked: Any, found: Arrays) -> Any:
        """The result, as a data frame if the input was one."""
        return frame_like(asked, self.flat(found)) if is_frame(asked) else found

    def _values(
        self,
        inputs: Mapping[str, Tensor],
        noise: Mapping[str, Tensor],
        count: int,
        mode: Mode,
        outputs: Sequence[str] | None = None,
    ) -> dict[str, Tensor]:
        """The outputs for all rows, computed `ROWS` rows at a time to save memory."""
        parts = []
        for start in range(0, count, ROWS):
            rows = slice(start, start + ROWS)
            parts.append(self.module(_at(inputs, rows), mode, _at(noise, rows), outputs))
        return parts[0] if len(parts) == 1 else {name: torch.cat([part[name] for part in parts]) for name in parts[0]}

    def _noise(self, count: int, generator: torch.Generator, drawn: Sequence[str] = ()) -> dict[str, Tensor]:
        return self._cast(self.module.drawn_noise(count, generator, drawn))

    def _cast(self, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Values in the precision of the module."""
        dtype = next((parameter.dtype for parameter in self.module.parameters()), torch.float32)
        return {name: tensor.to(dtype) for name, tensor in values.items()}

    def _restored(self, values: Mapping[str, Tensor]) -> Arrays:
        restored: Arrays = {}
        for name, tensor in values.items():
            column = self.manifest.preprocessing.output(name)
            if column.type is not DataType.DISCRETE:
                restored[name] = column.restore(tensor)
                continue
            if column.labels:
                restored[name] = (tensor > CERTAINTY).long().numpy()
            else:
                restored[name] = column.class_values[tensor.argmax(1).numpy()]
            restored[f"{name}.{PROBABILITIES}"] = tensor.numpy()
        return restored


def _at(tensors: Mapping[str, Tensor], rows: slice) -> dict[str, Tensor]:
    return {name: tensor[rows] for name, tensor in tensors.items()}


def _generator(seed: int | None) -> torch.Generator:
    generator = torch.Generator()
    generator.seed() if seed is None else generator.manual_seed(seed)
    return generator
