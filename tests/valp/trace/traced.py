"""Trainings that several tests of traces record."""

import torch

from tests.valp.graphs import figure_2, figure_2_rows, numeric, wired
from valp.compile.compile import compile
from valp.trace.recorder import Recorder
from valp.train.balance import read_balance
from valp.train.fit import fit

ROWS = 12


def opposed() -> tuple:
    """A graph whose one network is compared with y, with −y and with 2 y, and its data."""
    outputs = [("up", numeric(1)), ("down", numeric(1)), ("far", numeric(1))]
    graph = wired(
        [("n0", "g", numeric(1), "concatenation")],
        [("i0", "n0"), ("n0", "up"), ("n0", "down"), ("n0", "far")],
        outputs,
        [("mse", name, name) for name, _ in outputs],
    )
    inputs = torch.randn(ROWS, 6, generator=torch.Generator().manual_seed(0))
    y = 20 + inputs.sum(1, keepdim=True)  # far from the network's first predictions, which are close to 0
    return graph, ({"i0": inputs}, {"up": y, "down": -y, "far": 2 * y})


def recorded(balance="fixed", *, graph=None, data=None, steps=3, every=None, weights=None, batch=ROWS):
    """The trace of a training, and its module."""
    graph = graph or figure_2()
    module = compile(graph, seed=0)
    method = read_balance(balance)
    recorder = Recorder(module, graph, steps=steps, every=every, balance=method, about={"problem": "figure 2"})
    made = fit(
        module,
        *(data or figure_2_rows(ROWS)),
        weights=weights,
        steps=steps,
        batch=batch,
        balance=method,
        observer=recorder,
    )
    assert made.failure is None
    return recorder.trace(), module
