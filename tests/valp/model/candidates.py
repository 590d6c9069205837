"""Random trained candidates, as models with a preprocessing that changes values."""

from random import Random

import numpy as np

from tests.valp.rows import rows_of
from valp.compile.compile import compile
from valp.graph.graph import DataType, DataUnit, Graph
from valp.model.manifest import Manifest
from valp.model.model import Model
from valp.model.preprocessing import Column, Preprocessing
from valp.parts.losses import LOSSES
from valp.parts.own_types import like
from valp.spaces.problem.scaling import learnt_quantiles
from valp.train.fit import fit

STEPS, ROWS = 8, 24


def trained_candidate(graph: Graph, seed: int) -> Model:
    """The graph's model after some steps, its columns with random units, class names and labels."""
    random = Random(seed)
    if seed % 2:
        graph = with_mixtures(graph)
    module = compile(graph, seed=seed)
    inputs, truths = rows_of(graph, ROWS, seed)
    made = fit(module, inputs, truths, steps=STEPS, batch=ROWS // 2, learning_rate=0.01, seed=seed, executor="torch")
    assert made.failure is None
    multiple = {loss.truth for loss in graph.losses if loss.kind in LOSSES and LOSSES[loss.kind].truth == "labels"}
    preprocessing = Preprocessing(
        inputs=tuple(column(i.name, i.unit, random.random() < 0.5, random) for i in graph.inputs),
        outputs=tuple(column(o.name, o.unit, o.name in multiple, random) for o in graph.outputs),
    )
    return Model(module, Manifest(problem="random", title=f"graph {seed}", graph=graph, preprocessing=preprocessing))


def with_mixtures(graph: Graph) -> Graph:
    """The graph with a mixture of Gaussians as the prior of all its latent variables."""
    networks = tuple(network.model_copy(update={"prior": "mixture"}) for network in graph.networks)
    return graph.model_copy(update={"networks": networks})


def column(name: str, unit: DataUnit, labels: bool, random: Random) -> Column:
    """A column of this unit: one scale or one for each variable, with or without class names and missing values."""
    kind, size = like(unit.type), unit.size
    if kind is DataType.DISCRETE:
        classes = tuple(f"{name} {number}" for number in range(size)) if random.random() < 0.5 else None
        return Column(name=name, type=kind, size=size, classes=classes, labels=labels)
    offset, scale = random.uniform(-5, 5), random.uniform(0.1, 300)
    if random.random() < 0.5:
        offset = tuple(random.uniform(-5, 5) for _ in range(size))
        scale = tuple(random.uniform(0.1, 300) for _ in range(size))
    image = (1, size // 2, 2) if kind is DataType.SAMPLES and size % 2 == 0 and random.random() < 0.5 else None
    shape = unit.shape if kind is DataType.FEATURES else None
    fill = random.uniform(-5, 5) if random.random() < 0.3 else None
    made = Column(name=name, type=kind, size=size, offset=offset, scale=scale, image=image, shape=shape, fill=fill)
    if image is not None or shape is not None or random.random() < 0.5:
        return made
    values = np.random.default_rng(size).standard_normal((60, size)) * scale + offset
    values[:, ::2] = values[:, ::2].round()
    return made.model_copy(update={"quantiles": learnt_quantiles(values, np.arange(60))})
