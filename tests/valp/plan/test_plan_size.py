"""The size of a plan agrees with the module that is compiled from it."""

import torch

from tests.valp.graphs import figure_2
from tests.valp.random_graphs import random_graph
from tests.valp.rows import rows_of
from valp.compile.compile import compile, lower
from valp.plan.operation import Convolve, Recur
from valp.plan.plan_size import NUMBER, parameter_count, training_bytes, values_of_row


def test_the_parameters_of_random_plans_are_those_of_their_modules():
    for seed in range(60):
        plan = lower(random_graph(seed))
        assert parameter_count(plan.operations) == compile(random_graph(seed)).parameter_count, seed


def test_the_values_of_random_plans_are_at_least_those_in_their_buffers():
    for seed in range(60):
        graph = random_graph(seed)
        plan, (inputs, _) = lower(graph), rows_of(graph, 2)
        with torch.no_grad():
            buffers = compile(graph, seed=0).run(inputs, [op.out for op in plan.operations], "train", None)
        held = sum(values[0].numel() for values in buffers.values())
        inside = any(isinstance(op, Convolve | Recur) for op in plan.operations)
        assert (values_of_row(plan) > held) if inside else (values_of_row(plan) == held), seed


def test_the_memory_of_a_training_grows_with_the_parameters_the_batch_and_the_gradients():
    plan = lower(figure_2())
    parameters, values = parameter_count(plan.operations), values_of_row(plan)
    assert training_bytes(plan, 50) == NUMBER * (7 * parameters + 150 * values)
    assert training_bytes(plan, 50, rows=5000) == NUMBER * (7 * parameters + 5000 * values)
    assert training_bytes(plan, 50, gradients=4) == NUMBER * (10 * parameters + 150 * values)
