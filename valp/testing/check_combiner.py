"""The contract of a combiner: the size it promises, and whether order matters."""

from contextlib import ExitStack

import torch

from valp.check.check import check
from valp.compile.compile import compile
from valp.graph.graph import Connection, DataType, Graph, Input, Loss, Output, PrimaryNetwork
from valp.parts.combiners import COMBINERS, Combiner
from valp.parts.kinds import GENERIC_MLP
from valp.plan.plan import MODES
from valp.testing.trial import added, batch_for, loss_for, must, vector

SIZES = (5, 3, 4)
"""The sizes of the units that meet."""


def check_combiner(combiner: Combiner) -> None:
    """Tests a combiner on three units of different sizes in front of a Generic MLP.

    Args:
        combiner: the row; it need not be installed.

    Raises:
        AssertionError: if something does not hold; the message says what.
    """
    code = combiner.code
    must(bool(code) and bool(combiner.sign), "a combiner must have a code and a sign")
    size = combiner.size(SIZES)
    must(size > 0, f"{code} must make at least one variable of units of {SIZES}, but makes {size}")
    if combiner.elementwise:
        must(size <= min(SIZES), f"{code} must cut to the shortest unit, {min(SIZES)}, but makes {size}")
    with ExitStack() as stack:
        stack.enter_context(added(COMBINERS.rows, code, combiner))
        graph = _graph(code, (0, 1, 2))
        report = check(graph)
        must(report.passed, f"{code} must be accepted by `check`, but {next(iter(report.violations), '')}")
        module, (inputs, truths) = compile(graph, seed=0), batch_for(graph)
        merged = module.run(inputs, ["n.in"], "predict", {})["n.in"]
        must(
            merged.shape[1] == size,
            f"{code} must make {size} variables, as its `size` says, but makes {merged.shape[1]}",
        )
        for mode in MODES:
            must(bool(module(inputs, mode)["o"].isfinite().all()), f"{code} must make finite numbers in {mode}")
        total, _ = module.losses(inputs, truths)
        total.backward()  # type: ignore[no-untyped-call] # torch's own
        unreached = [name for name, parameter in module.named_parameters() if parameter.grad is None]
        must(not unreached, f"{code} must let gradients reach every parameter, but not {', '.join(unreached)}")
        if combiner.elementwise:
            turned = compile(_graph(code, (2, 0, 1)), seed=0).run(inputs, ["n.in"], "predict", {})["n.in"]
            must(torch.allclose(merged, turned, atol=1e-6), f"{code} must not depend on the order of the units")


def _graph(code: str, order: tuple[int, ...]) -> Graph:
    """Three inputs that meet at a Generic MLP in some order."""
    inputs = [Input(name=f"i{i}", unit=vector(DataType.NUMERIC, size)) for i, size in enumerate(SIZES)]
    output = vector(DataType.NUMERIC, 2)
    return Graph(
        inputs=tuple(inputs),
        networks=(PrimaryNetwork(name="n", kind=GENERIC_MLP.code, combiner=code, output=output),),
        outputs=(Output(name="o", unit=output),),
        connections=(
            *(Connection(source=f"i{i}", target="n") for i in order),
            Connection(source="n", target="o"),
        ),
        losses=(Loss(kind=loss_for(output), prediction="o", truth="o"),),
    )
