"""The data of the built-in problems do not change: runs and published figures refer to them by their fingerprints."""

import pytest

from valp.errors import DataError
from valp.spaces.own.load_problem import load_problem

FINGERPRINTS = {
    "digits": "487403c32b66efa6b34438fd1226c18e97abb1eedb22a9828408afebebf744e4",
    "logic": "e8dbb5fd0515909e5015ff98c0907f2fca653f7c5de0704601071d82fb1977ab",
    "sine": "b07c2dd447ef55b4fa8d6d97231c03cf299b6d9f7a8d60ba53037bbc397fa1b6",
    "multi-mnist": "7660ed7499b4038efef0e16c8c2f71bb1d29d932ec8743a0b4fdf90e3e002838",
    "two-digits": "ae1ce435545c5dca2e1d1236a4bf3ccb882c7dc295795d3419d5de1d5d118557",
    "fashion-mnist": "1febbf5d59569b4a2ead51527c28364691798ebfe18b4883b54a7d4b1ac1d896",
}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n == "fashion-mnist" else n for n in FINGERPRINTS]
)
def test_the_data_of_a_built_in_problem_never_change(name):
    try:
        problem = load_problem(name)
    except DataError as error:
        pytest.skip(str(error))
    assert problem.fingerprint == FINGERPRINTS[name]
