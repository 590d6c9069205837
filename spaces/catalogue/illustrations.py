"""The graphs that 002 pictures: Figures 2 and 7."""

from valp.graph.graph import DataType, DataUnit, Graph
from valp.parts.kinds import DECODER, GENERIC_MLP
from valp.spaces.catalogue.graph_parts import dense, require
from valp.spaces.catalogue.sketch import Sketch
from valp.spaces.problem.description import Description

OF_TEN = (0, 2, 5, 6, 7)
"""The variables that n0 reads of ten (002, IV-A)."""

BETA = {DataType.SAMPLES: 0.8, DataType.NUMERIC: 0.9, DataType.DISCRETE: 1.0}
BETA_KL = 0.5
"""The β of Figure 2 (002, IV-A)."""

HIDDEN = dense(100)
CODE = 32


def figure_2(problem: Description) -> Graph:
    """The illustrative VALP of Figure 2, which 002 defines in IV-A: five networks, three outputs.

    From the paper: the kinds of n0 to n4, the connections c0 to c8, ψ of c0 (variables 0, 2, 5, 6 and 7 of ten, and so
    on for each further ten), the β. Ours: the layers, and the sizes of n0 (7 in the paper; a mean and a log variance
    for each variable ask for an even one) and of n1. A further output is served beside the one of its type: a Numeric
    one from n1, a Discrete one from n3, a Samples one from n0.
    """
    require(problem, "figure-2", DataType.SAMPLES, DataType.NUMERIC, DataType.DISCRETE)
    sketch = Sketch(problem)
    inputs = [part.name for part in sketch.inputs]
    n0 = sketch.dense("n0", inputs, HIDDEN, CODE)
    for part in sketch.inputs:
        sketch.narrow(part.name, n0, [i for i in range(part.unit.size) if i % 10 in OF_TEN])
    n1 = sketch.dense("n1", [*inputs, n0], HIDDEN, CODE)
    regressed = [
        sketch.head(output, [n1], HIDDEN, BETA[DataType.NUMERIC], name="n3")
        for output in sketch.outputs(DataType.NUMERIC)
    ]
    for output in sketch.outputs(DataType.DISCRETE):
        sketch.head(output, regressed[:1], HIDDEN, BETA[DataType.DISCRETE], name="n2")
    for output in sketch.outputs(DataType.SAMPLES):
        sketch.decoder(output, n0, HIDDEN, BETA[DataType.SAMPLES], name="n4")
    sketch.divergence(n0, BETA_KL)
    return sketch.graph()


def figure_7(problem: Description) -> Graph:
    """The conditioned sampler of Figure 7, the one of 002's 500 models with the best conditioning accuracy.

    The figure's graph is not in the paper's text. From the text (V-D3): there are two decoders, d2 and d8; d8's samples
    pass through one more network before the output; d2 receives two connections, of which one is cut when the model
    generates, so that a path from i0 through d2 to the samples remains. Ours: all else: g1, which conditions d2 and on
    which the heads of the other outputs stand; the codes of d2 and d8; g3, which carries d2's samples on; and g9, where
    they meet d8's and become the output's. A further Samples output is served by a decoder from the code of d2.
    """
    require(problem, "figure-7", DataType.SAMPLES)
    sketch = Sketch(problem)
    inputs = [part.name for part in sketch.inputs]
    main, *others = sketch.outputs(DataType.SAMPLES)
    samples = DataUnit(type=DataType.SAMPLES, shape=(100,))
    g0 = sketch.dense("g0", inputs, HIDDEN, CODE)
    g1 = sketch.dense("g1", inputs, HIDDEN, CODE)
    d2 = sketch.network("d2", DECODER, [], HIDDEN, samples, latent=[g0], conditions=[g1])
    g3 = sketch.network("g3", GENERIC_MLP, [d2], HIDDEN, samples)
    g7 = sketch.dense("g7", [g1], HIDDEN, CODE)
    d8 = sketch.network("d8", DECODER, [], HIDDEN, samples, latent=[g7])
    g9 = sketch.network("g9", GENERIC_MLP, [g3, d8], HIDDEN, main.unit)
    sketch.serve(main, g9)
    for output in sketch.outputs(DataType.NUMERIC, DataType.DISCRETE):
        sketch.head(output, [g1], HIDDEN)
    for output in others:
        sketch.decoder(output, g0, HIDDEN)
    for code in (g0, g7):
        sketch.divergence(code)
    return sketch.graph()
