"""`program_of`: translates a plan into the tables that the native interpreter runs."""

from collections.abc import Iterable, Mapping
from itertools import accumulate

import numpy as np

from valp.plan.operation import Affine, Combine, Concatenate, Gate, Normalise, Operation, Sample, Select
from valp.plan.plan import Divergence, LossTerm, Plan
from valp.train.native import codes
from valp.train.native.parameter_layout import ParameterLayout, aligned
from valp.train.native.program import FIELDS, Block, Form, NativeData, Program, UnsupportedError


def program_of(
    plan: Plan,
    batch: int,
    inputs: Mapping[str, NativeData],
    truths: Mapping[str, NativeData],
    weights: Mapping[str, NativeData],
    form: Form = "sum",
) -> Program:
    """The program that trains a plan.

    Args:
        plan: what to train.
        batch: rows per batch.
        inputs: the data of each model input.
        truths: the ground truth of each output.
        weights: the label weights of each output that has them.
        form: what the balancing method needs; see `valp.train.native.program`.

    Raises:
        UnsupportedError: if the native executor does not support an operation or a loss of the plan.
    """
    return Assembler(plan, batch, inputs, form).program(truths, weights)


class Assembler:
    """Writes the tables of a program."""

    def __init__(self, plan: Plan, batch: int, inputs: Mapping[str, NativeData], form: Form) -> None:
        self.plan, self.batch, self.inputs, self.form = plan, batch, inputs, form
        judged = {term.prediction for term in plan.losses}
        judged |= {buffer for term in plan.divergences for buffer, _, _ in term.latents}
        self.operations = plan.needed(judged, "train")
        self.noise = dict(zip(plan.noise, accumulate(plan.noise.values(), initial=0), strict=False))
        self.blocks: dict[str, Block] = {}
        self.layout = ParameterLayout(plan, self.operations, form == "separate")
        self.parameters = self.layout.parameters
        self.size = 0
        self.rows: dict[str, list[list[int]]] = {"forward": [], "losses": [], "backward": []}
        self.indices: list[int] = []
        self.places: dict[str, int] = {}
        self.parts: list[list[int]] = []
        self.begun: set[str] = set()
        """The buffers whose gradient has been written, of the current loss if the losses are separate."""
        self.shifts: dict[str, int] = {}
        """The shift of the gradients of each layer, if it is not 0."""
        self.own: dict[tuple[int, str], int] = {}
        """The place of each loss's own gradient by a buffer, if the losses are weighed."""

    def program(self, truths: Mapping[str, NativeData], weights: Mapping[str, NativeData]) -> Program:
        """The program; see `program_of`."""
        self._gather()
        for operation in self.operations:
            self._forward(operation)
        data = {name: (truth, weights.get(name, NativeData(0, 0, 0))) for name, truth in truths.items()}
        everything = range(len(self.plan.terms))
        if self.form == "separate":
            for number in everything:
                self.begun, self.shifts = set(), self.layout.shifts(number)
                self._losses([number], data)
                self._part(differentiated=self.plan.terms[number].beta != 0)
        else:
            self._losses(everything, data)
            if self.form == "weigh":
                self._part(differentiated=False)
                self._weigh()
            self._part(differentiated=True)
        tables = {name: np.array(rows, np.int64).reshape(-1, FIELDS) for name, rows in self.rows.items()}
        return Program(
            **tables,
            parts=np.array(self.parts, np.int64),
            indices=np.array(self.indices or [0], np.int64),
            parameters=self.parameters,
            groups=tuple(self.layout.groups),
            size=self.size,
            weights=self.layout.size,
            slopes=self.layout.slopes,
            noise=self.noise,
        )

    def _part(self, *, differentiated: bool) -> None:
        """Ends a part of the program: the losses since the last part and, if `differentiated`, the way back."""
        first, start = (self.parts[-1][1], self.parts[-1][3]) if self.parts else (0, 0)
        for operation in reversed(self.operations) if differentiated else ():
            self._backward(operation)
        self.parts.append([first, len(self.rows["losses"]), start, len(self.rows["backward"])])

    def _row(self, table: str, *fields: int) -> None:
        self.rows[table].append([*fields, *[0] * (FIELDS - len(fields))])

    def _block(self, name: str, size: int, low: int, high: int) -> Block:
        self.blocks[name] = Block(self._space(size), size, low, high)
        return self.blocks[name]

    def _space(self, size: int) -> int:
        """The place of `size` further variables."""
        place = self.size
        self.size += aligned(self.batch * size)
        return place

    def _listed(self, numbers: list[int]) -> int:
        place = len(self.indices)
        self.indices += numbers
        return place

    # Forward

    def _gather(self) -> None:
        """Gathers the inputs that an operation other than `Select` reads. A `Select` gathers its own input."""
        whole = {s for op in self.operations if not isinstance(op, Select) for s in op.sources}
        for name, size in self.plan.inputs.items():
            if name in whole:
                block, data = self._block(name, size, 0, 0), self.inputs[name]
                self._row("forward", codes.GATHER, block.offset, size, 0, 0, data.address, data.count)

    def _forward(self, operation: Operation) -> None:
        if isinstance(operation, Select):
            self._select(operation)
            return
        sources = [self.blocks[name] for name in operation.sources]
        wanted = any(source.differentiable for source in sources)
        match operation:
            case Concatenate(out):
                starts = [0, *accumulate(source.size for source in sources)]
                spans = [(s + x.low, s + x.high) for s, x in zip(starts, sources, strict=False) if x.differentiable]
                low, high = (spans[0][0], spans[-1][1]) if spans else (0, 0)
                block = self._block(out, starts[-1], low, high)
                for start, source in zip(starts, sources, strict=False):
                    self._add(source, source.size, block, start, 1, added=False)
            case Combine(out, _, size, "product"):
                block = self._block(out, size, 0, size if wanted else 0)
                place = self._listed([number for source in sources for number in (source.offset, source.size)])
                self.places[out] = place
                self._row("forward", codes.PRODUCT, block.offset, size, 0, 0, place, 2 * len(sources))
            case Combine(out, _, size, function):
                block = self._block(out, size, 0, size if wanted else 0)
                for i, source in enumerate(sources):
                    self._add(source, size, block, 0, len(sources) if function == "mean" else 1, added=i > 0)
            case Gate(out, _, size):
                block = self._block(out, size, 0, size)
                gates = self.parameters[f"layers.{operation.layer}.gates"]
                for i, x in enumerate(sources):
                    at = gates + i * size
                    self._row("forward", codes.GATE, block.offset, size, x.offset, x.size, at, int(i > 0))
            case Affine(normalise=False):
                self._affine(operation, sources[0])
            case Normalise(out, _, function):
                x = sources[0]
                block = self._block(out, x.size, 0, x.size if wanted else 0)
                code = codes.SOFTMAX if function == "softmax" else codes.SIGMOIDS
                self._row("forward", code, block.offset, x.size, x.offset, x.size)
            case Sample(out, _, connection, size):
                x = sources[0]
                block = self._block(out, size, 0, size if wanted else 0)
                self._row("forward", codes.SAMPLE, block.offset, size, x.offset, x.size, self.noise[connection])
            case Affine():
                raise UnsupportedError("batch normalisation")
            case _:
                raise UnsupportedError(f"the operation {type(operation).__name__}")

    def _select(self, op: Select) -> None:
        place = self._listed(list(op.indices))
        self.places[op.out] = place
        size = len(op.indices)
        if op.source in self.inputs:
            data = self.inputs[op.source]
            block = self._block(op.out, size, 0, 0)
            fields = (block.offset, size, 0, data.columns, data.address, data.count, place)
            self._row("forward", codes.GATHER_SELECTED, *fields)
        else:
            source = self.blocks[op.source]
            block = self._block(op.out, size, 0, size if source.differentiable else 0)
            self._row("forward", codes.SELECT, block.offset, size, source.offset, source.size, place)

    def _add(self, source: Block, size: int, block: Block, column: int, divisor: int, *, added: bool) -> None:
        fields = (block.offset + column, size, source.offset, source.size, block.size, divisor, int(added))
        self._row("forward", codes.ADD, *fields)

    def _affine(self, op: Affine, x: Block) -> None:
        block = self._block(op.out, op.outputs, 0, op.outputs)
        weight, bias = (self.parameters[f"layers.{op.layer}.{name}"] for name in ("weight", "bias"))
        if op.activation not in codes.ACTIVATION_CODES:
            raise UnsupportedError(f"the activation {op.activation}")
        fields = (block.offset, op.outputs, x.offset, x.size, op.inputs, weight, bias)
        self._row("forward", codes.AFFINE, *fields, codes.ACTIVATION_CODES[op.activation])

    # Losses

    def _losses(self, numbers: Iterable[int], data: Mapping[str, tuple[NativeData, NativeData]]) -> None:
        """Some losses. `data` has the truth and the label weights of each output."""
        for number in numbers:
            term = self.plan.terms[number]
            if isinstance(term, Divergence):
                self._divergence(number, term)
            else:
                self._loss(number, term, *data[term.truth])

    def _loss(self, number: int, term: LossTerm, truth: NativeData, weights: NativeData) -> None:
        if term.kind not in codes.LOSS_CODES:
            raise UnsupportedError(f"the loss {term.kind}")
        block = self.blocks.get(term.prediction)
        if block is None or not block.differentiable:
            raise UnsupportedError("a loss of a value without parameters")
        gradient, added = self._target(number, term.prediction, block)
        data = (truth.address, weights.address, weights.columns, added, truth.count, gradient)
        self._row("losses", codes.LOSS_CODES[term.kind], number, block.size, block.offset, block.size, *data)

    def _divergence(self, number: int, term: Divergence) -> None:
        for name, size, variables in term.latents:
            block = self.blocks.get(name)
            if block is None or not block.differentiable:
                raise UnsupportedError("a divergence of a value without parameters")
            gradient, added = self._target(number, name, block)
            self._row("losses", codes.KL, number, size, block.offset, block.size, variables, 0, 0, added, 0, gradient)

    def _target(self, number: int, name: str, block: Block) -> tuple[int, int]:
        """Where a loss writes its gradient by a buffer, and whether it adds to what is there.

        If the losses are weighed, each has its own place: for the first of a buffer that of the buffer's gradient.
        """
        if self.form != "weigh":
            added = name in self.begun
            self.begun.add(name)
            return block.offset, int(added)
        if (number, name) in self.own:
            return self.own[number, name], 1
        self.own[number, name] = self._space(block.size) if name in self.begun else block.offset
        self.begun.add(name)
        return self.own[number, name], 0

    def _weigh(self) -> None:
        """The gradients by the predictions: the weighted sums of those of the losses."""
        for (number, name), place in self.own.items():
            block = self.blocks[name]
            added = int(place != block.offset)
            self._row("losses", codes.SCALE, number, block.size, block.offset, block.size, place, 0, 0, added)

    # Backward

    def _backward(self, operation: Operation) -> None:
        out = self.blocks[operation.out]
        if operation.out not in self.begun or not out.differentiable:
            return
        start = 0
        for i, name in enumerate(operation.sources):
            x = self.blocks.get(name, Block(0, 0, 0, 0))
            fields = (out.offset, out.size, x.offset, x.size)
            if isinstance(operation, Affine):
                self._affine_back(operation, x, fields)
            elif isinstance(operation, Gate):
                gates = self.parameters[f"layers.{operation.layer}.gates"] + i * out.size
                self._begin(name, x)
                shift = self.shifts.get(operation.layer, 0)
                self._row("backward", codes.GATE_BACK, *fields, gates, int(x.differentiable), shift)
            elif x.differentiable:
                self._pass_back(operation, i, start, x, fields)
            start += x.size

    def _pass_back(self, op: Operation, i: int, start: int, x: Block, fields: tuple[int, int, int, int]) -> None:
        """The gradient that an operation without parameters passes to its i-th source."""
        offset, size, *source = fields
        name = op.sources[i]
        match op:
            case Concatenate():
                added = int(name in self.begun)
                self.begun.add(name)
                self._row("backward", codes.ADD_BACK, offset + start, x.size, *source, size, 1, added)
            case Combine(function="product"):
                self._begin(name, x)
                numbers = (self.places[op.out], 2 * len(op.sources), i)
                self._row("backward", codes.PRODUCT_BACK, *fields, *numbers)
            case Combine(_, sources, _, function):
                self._begin(name, x)
                divisor = len(sources) if function == "mean" else 1
                self._row("backward", codes.ADD_BACK, *fields, size, divisor, 1)
            case Select(out):
                self._begin(name, x)
                self._row("backward", codes.SELECT_BACK, *fields, self.places[out])
            case Normalise(_, _, function):
                self._begin(name, x)
                self._row("backward", codes.SOFTMAX_BACK if function == "softmax" else codes.SIGMOIDS_BACK, *fields)
            case Sample(_, _, connection):
                self._begin(name, x)
                self._row("backward", codes.SAMPLE_BACK, *fields, self.noise[connection])

    def _affine_back(self, op: Affine, x: Block, fields: tuple[int, int, int, int]) -> None:
        weight, bias = (self.parameters[f"layers.{op.layer}.{name}"] for name in ("weight", "bias"))
        added = int(op.source in self.begun)
        if x.differentiable:
            self.begun.add(op.source)
        numbers = (op.inputs, weight, bias, codes.ACTIVATION_CODES[op.activation], x.low, x.high, added)
        self._row("backward", codes.AFFINE_BACK, *fields, *numbers, self.shifts.get(op.layer, 0))

    def _begin(self, name: str, x: Block) -> None:
        """Sets a gradient to 0 before the first addition to it."""
        if x.differentiable and name not in self.begun:
            self.begun.add(name)
            self._row("backward", codes.CLEAR, x.offset, x.size)
