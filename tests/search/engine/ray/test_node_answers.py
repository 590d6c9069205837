"""What the nodes of a Ray cluster must have."""

from dataclasses import replace
from importlib.metadata import version

import pytest

from valp.errors import SearchError
from valp.plan.byte_size import machine_memory
from valp.search.engine.ray.node_answers import NodeAnswer, _ahead, different_clocks, question, require_packages

HERE = question()()
FIT = NodeAnswer("one", 4, "/opt/python", HERE["packages"], 10**9)


def test_a_node_tells_the_version_of_this_package_and_its_memory():
    assert HERE["packages"]["valp"] == version("valp")
    assert HERE["memory"] == machine_memory()


def test_nodes_with_the_same_packages_fit_even_if_they_have_more():
    require_packages([FIT, replace(FIT, packages={**FIT.packages, "valp-more": "1.0"})])


@pytest.mark.parametrize(
    ("packages", "fault"),
    [
        ({}, f"has no package valp, but this machine has valp {version('valp')}"),
        ({"valp": "0.0.1"}, f"has valp 0.0.1, but this machine has {version('valp')}"),
    ],
)
def test_a_node_without_this_package_or_with_another_version_is_named(packages, fault):
    other = replace(FIT, machine="two", packages=packages)
    with pytest.raises(SearchError) as refused:
        require_packages([FIT, other])
    assert str(refused.value) == (
        f"node two of the Ray cluster {fault}: install the same versions in its Python, /opt/python"
    )
    with pytest.raises(SearchError, match=r"\(nor do 2 other nodes fit\)"):
        require_packages([other, other, FIT, other])


def test_a_clock_that_differs_by_more_than_the_time_of_the_question_is_told():
    assert _ahead(10.5, sent=10, received=11) == 0
    assert _ahead(71, sent=10, received=11) == 60
    assert _ahead(4, sent=10, received=11) == -6
    answers = [FIT, replace(FIT, ahead=4.0), replace(FIT, ahead=60.0), replace(FIT, machine="two", ahead=-6.0)]
    assert different_clocks(answers) == [
        "the clock of node one is 60 s ahead, so --hours ends earlier or later there",
        "the clock of node two is 6 s behind, so --hours ends earlier or later there",
    ]
