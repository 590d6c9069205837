"""The graphs in Figures 2 and 7 of Garciarena et al."""

from valp.graph.graph import DataType, DataUnit, Graph
from valp.parts.kinds import DECODER, GENERIC_MLP
from valp.spaces.catalogue.graph_parts import dense, require
from valp.spaces.catalogue.sketch import Sketch
from valp.spaces.problem.description import Description

OF_TEN = (0, 2, 5, 6, 7)
"""The variables of each ten that n0 reads (Garciarena et al., IV-A)."""

BETA = {DataType.SAMPLES: 0.8, DataType.NUMERIC: 0.9, DataType.DISCRETE: 1.0}
BETA_KL = 0.5
"""β of the losses of Figure 2 (Garciarena et al., IV-A)."""

HIDDEN = dense(100)
CODE = 32


def figure_2(problem: Description) -> Graph:
    """The example VALP of Garciarena et al., Figure 2 and IV-A: five networks, three outputs.

    From the paper: the kinds of n0 to n4, the connections c0 to c8, ψ of c0 (variables 0, 2, 5, 6 and 7 of each ten),
    and β. Our own: the layers, the size of n1, and the size of n0. The latter is 7 in the paper, but a mean and a log
    variance for each latent variable need an even size. If a problem has several outputs of one type, each has its own
    head: Numeric outputs read n1, Discrete ones n3, Samples ones n0.
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
    """The conditioned sampler of Garciarena et al., Figure 7: of their 500 models the best in conditioning accuracy.

    The paper's text (V-D3) does not fully define the graph. From the text: there are two decoders, d2 and d8. The
    samples of d8 pass through one more network before the output. d2 has two incoming connections; one of them is cut
    when the model generates, so that a path from i0 through d2 to the samples remains.

    Our own: everything else. g1 conditions d2 and feeds the heads of the other outputs. g0 and g7 are the codes of d2
    and d8. g3 reads the samples of d2, and g9 merges them with those of d8 into the output. Any further Samples output
    has a decoder that reads g0.
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
