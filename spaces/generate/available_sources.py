"""Which networks of a draft can serve as sources. The sets are bit masks, so that each query is one operation."""

from collections import defaultdict
from collections.abc import Sequence

from valp.graph.graph import DataType, DataUnit, Input, Output
from valp.parts.kinds import KINDS


class Offers:
    """Which networks of a draft offer which data units. Bit i of a mask stands for network i."""

    def __init__(self, inputs: Sequence[Input], outputs: Sequence[Output]) -> None:
        self._wanted = [output.unit for output in outputs]
        self._given = {model_input.unit.type for model_input in inputs}
        self._by_type: defaultdict[DataType | str, int] = defaultdict(int)
        self._codes: dict[int, int] = {}
        self._latent = 0
        self._sampled = 0
        self.fitting = [0] * len(outputs)
        """For each output, the networks with its type and at least its size. For Features the shape must be equal."""

    def add(self, index: int, kind: str, unit: DataUnit, *, encodes: bool = True, serves: bool | None = None) -> None:
        """Adds a network.

        Args:
            index: its number.
            kind: its kind.
            unit: its output unit.
            encodes: whether latent connections may start from it.
            serves: whether it predicts an output, where networks either do so or have latent connections; None where
                they may do both.
        """
        self._set(index, kind, unit, 1 << index, encodes and not serves, fits=serves is not False)

    def remove(self, index: int, kind: str, unit: DataUnit) -> None:
        """Removes a network with this output unit."""
        self._set(index, kind, unit, 0, True, fits=True)

    def latent(self, below: int) -> bool:
        """Whether an encoding network outside `below` is wide enough for a mean and a log variance."""
        return bool(self._latent & ~below)

    def wide(self, size: int, below: int) -> bool:
        """Whether an encoding network outside `below` has at least `size` Numeric variables."""
        return any(width >= size and not below >> index & 1 for index, width in self._codes.items())

    def sampled(self, below: int) -> bool:
        """Whether a network outside `below` only samples latent variables."""
        return bool(self._sampled & ~below)

    def samples(self, below: int) -> bool:
        """Whether an input, or a network outside `below`, has the type Samples."""
        return DataType.SAMPLES in self._given or bool(self._by_type[DataType.SAMPLES] & ~below)

    def _set(self, index: int, kind: str, unit: DataUnit, bit: int, encodes: bool, *, fits: bool) -> None:
        keep, size, row = ~(1 << index), unit.size, KINDS[kind]
        self._by_type[unit.type] = self._by_type[unit.type] & keep | bit
        self._codes.pop(index, None)
        codes = encodes and row.encodes and unit.type is DataType.NUMERIC and size > 1
        if codes:
            self._latent = self._latent & keep | bit
            if bit:
                self._codes[index] = size
        if row.only_samples:
            self._sampled = self._sampled & keep | bit
        if codes and not fits:
            return
        for i, wanted in enumerate(self._wanted):
            shaped = wanted.type is not DataType.FEATURES or unit.shape == wanted.shape
            if unit.type == wanted.type and size >= wanted.size and shaped:
                self.fitting[i] = self.fitting[i] & keep | bit
