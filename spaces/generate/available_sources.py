"""What the networks of a draft offer each other, as sets of bits: questions about them are one operation each."""

from collections import defaultdict
from collections.abc import Sequence

from valp.graph.graph import DataType, DataUnit, Input, Output


class Offers:
    """Which networks of a draft give what; network i is bit i."""

    def __init__(self, inputs: Sequence[Input], outputs: Sequence[Output]) -> None:
        self._wanted = [output.unit for output in outputs]
        self._given = {model_input.unit.type for model_input in inputs}
        self._by_type: defaultdict[DataType | str, int] = defaultdict(int)
        self._generic: dict[int, int] = {}
        self._latent = 0
        self._bottlenecks = 0
        self.fitting = [0] * len(outputs)
        """For each output the networks that have its type and at least its size; of Features its very shape."""

    def add(self, index: int, kind: str, unit: DataUnit) -> None:
        """A network gives this unit."""
        self._set(index, kind, unit, 1 << index)

    def remove(self, index: int, kind: str, unit: DataUnit) -> None:
        """It does no longer."""
        self._set(index, kind, unit, 0)

    def latent(self, below: int) -> bool:
        """Whether a Generic MLP outside `below` is wide enough for a mean and a log variance."""
        return bool(self._latent & ~below)

    def wide(self, size: int, below: int) -> bool:
        """Whether a Generic MLP outside `below` gives at least so many Numeric variables."""
        return any(width >= size and not below >> index & 1 for index, width in self._generic.items())

    def bottleneck(self, below: int) -> bool:
        """Whether there is a Bottleneck outside `below`."""
        return bool(self._bottlenecks & ~below)

    def samples(self, below: int) -> bool:
        """Whether an input, or a network outside `below`, gives Samples."""
        return DataType.SAMPLES in self._given or bool(self._by_type[DataType.SAMPLES] & ~below)

    def _set(self, index: int, kind: str, unit: DataUnit, bit: int) -> None:
        keep, size = ~(1 << index), unit.size
        self._by_type[unit.type] = self._by_type[unit.type] & keep | bit
        self._generic.pop(index, None)
        if kind == "g" and unit.type is DataType.NUMERIC and size > 1:
            self._latent = self._latent & keep | bit
            if bit:
                self._generic[index] = size
        if kind == "b":
            self._bottlenecks = self._bottlenecks & keep | bit
        for i, wanted in enumerate(self._wanted):
            shaped = wanted.type is not DataType.FEATURES or unit.shape == wanted.shape
            if unit.type == wanted.type and size >= wanted.size and shaped:
                self.fitting[i] = self.fitting[i] & keep | bit
