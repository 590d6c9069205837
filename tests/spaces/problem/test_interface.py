"""Whether a graph fits a problem."""

import pytest

from valp.errors import SettingError
from valp.graph.graph import DataUnit
from valp.spaces.generate.algorithm1 import initialize
from valp.spaces.generate.choose import RandomChoose
from valp.spaces.generate.space import DEFAULT
from valp.spaces.problem.interface import require_interface


@pytest.fixture
def problem(digits_problem):
    return digits_problem.description


@pytest.fixture
def graph(problem):
    return initialize(problem.inputs, problem.outputs, problem.losses, DEFAULT, RandomChoose(0))


def without(graph, output):
    return graph.model_copy(update={"outputs": tuple(other for other in graph.outputs if other.name != output)})


def test_a_graph_of_the_problem_is_accepted(graph, problem):
    require_interface(graph, problem, whole=True)


def test_a_graph_with_some_of_the_outputs_is_accepted_unless_all_are_required(graph, problem):
    part = without(graph, "stroke")
    require_interface(part, problem)
    with pytest.raises(SettingError, match=r"^the graph must have every output of digits, but lacks 'stroke'$"):
        require_interface(part, problem, whole=True)


def test_an_input_of_another_shape_is_refused(graph, problem):
    wide = graph.inputs[0].model_copy(update={"unit": DataUnit(type="features", shape=(1, 10, 10))})
    sentence = (
        r"^input 'pixels' \(features, 1×10×10\) of the graph must be an input of digits: pixels \(features, 1×8×8\)$"
    )
    with pytest.raises(SettingError, match=sentence):
        require_interface(graph.model_copy(update={"inputs": (wide,)}), problem)
