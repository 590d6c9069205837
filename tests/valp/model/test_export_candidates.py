"""Random trained candidates of all kinds: ONNX and pt2 files give what torch gives, for 1 row and for 7."""

import pytest

from tests.spaces.graphs import IMAGE, SEQUENCE
from tests.spaces.graphs import random_graph as algorithm_1
from tests.valp.model.candidates import trained_candidate
from tests.valp.random_graphs import random_graph
from valp.graph.vocabulary import ACTIVATIONS
from valp.model.export import onnx_format as onnx
from valp.model.export import pt2_format as pt2
from valp.model.export.compare import TOLERANCE, largest_difference
from valp.parts.combiners import COMBINERS
from valp.parts.kinds import KINDS
from valp.spaces.generate.space import FULL

pytestmark = pytest.mark.heavy

FEW = (1004, 1995, 3099)
"""Seeds of graphs that together have everything."""

MANY = [(random_graph, seed) for seed in range(30)]
MANY += [(lambda seed: algorithm_1(seed, IMAGE if seed % 2 else SEQUENCE, FULL), seed) for seed in range(20)]


def assert_equal_to_torch(graph, seed, folder):
    """To 1e-5, to predict and to generate."""
    model = trained_candidate(graph, seed)
    found = {}
    for form in (onnx, pt2):
        path = folder / form.__name__
        form.write(model, path)
        found[form.__name__] = largest_difference(model, form.read(path), seed)
    assert max(found.values()) <= TOLERANCE, found


def features(graph):
    """The parts of a graph that may cause problems in an export."""
    for network in graph.networks:
        arriving = graph.incoming(network.name)
        yield network.kind
        if len(arriving) > 1:
            yield network.combiner
        for layer in network.layers:
            more = layer.model_dump()
            yield layer.form, more.get("cell"), len(more.get("kernel", ()))
            yield more.get("activation"), more["normalise"] and layer.form
            if max(more.get("pool", (1,))) > 1:
                yield "pool"
    yield from (f"{component.unit.type} in" for component in graph.inputs)
    yield from (f"{component.unit.type} out" for component in graph.outputs)


def test_the_few_candidates_have_every_kind_combiner_and_layer():
    had = {feature for seed in FEW for feature in features(random_graph(seed))}
    words = {word for feature in had if isinstance(feature, tuple) for word in feature}
    assert {*KINDS, *COMBINERS, "pool"} <= had
    assert {*ACTIVATIONS} <= words
    assert {"dense", "convolution", "transposed_convolution", "recurrent", "gru", "lstm", 1, 2} <= words
    assert {("recurrent", "gru", 0), ("recurrent", "lstm", 0)} <= had
    normalised = {feature[1] for feature in had if isinstance(feature, tuple) and len(feature) == 2}
    assert {"dense", "convolution", "transposed_convolution", "recurrent"} <= normalised


@pytest.mark.parametrize("seed", FEW)
def test_files_of_a_few_candidates_give_what_torch_gives(seed, tmp_path):
    assert_equal_to_torch(random_graph(seed), seed, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("place", range(len(MANY)))
def test_files_of_many_candidates_give_what_torch_gives(place, tmp_path):
    build, seed = MANY[place]
    assert_equal_to_torch(build(seed), seed, tmp_path)
