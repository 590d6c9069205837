"""AND and XOR."""

import pytest
import torch

from valp.spaces.builtin.logic import logic


@pytest.mark.parametrize("factor", [1.0, 10.0])
def test_each_split_is_the_truth_table(factor):
    problem = logic(factor=factor)
    for split in (problem.train, problem.validation, problem.test):
        assert split.inputs["bits"].tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
        assert split.truths["conjunction"].tolist() == [[0], [0], [0], [1]]
        assert split.truths["exclusive"].tolist() == [[0], [factor], [factor], [0]]


def test_both_are_learnt_by_squared_error():
    problem = logic()
    assert set(problem.losses.values()) == {("mse",)}
    assert problem.objectives == ("mse.conjunction", "mse.exclusive")
    assert torch.equal(problem.train.inputs["bits"], problem.test.inputs["bits"])
