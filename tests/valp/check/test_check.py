"""`check`: every rule has a graph that breaks it, all broken rules are reported, and no graph raises an error."""

import pytest
from hypothesis import given, settings

from tests.valp.graphs import any_graphs, discrete, figure_2, numeric, replaced, samples, unit, with_part, without
from tests.valp.minimal import LAYERS, minimal
from valp.check.check import GraphError, Violation, check, require
from valp.check.rules import NOTES, RULES
from valp.graph.graph import (
    Connection,
    Convolution,
    DataType,
    Dense,
    Loss,
    Output,
    PrimaryNetwork,
    Recurrent,
    Role,
    TransposedConvolution,
)
from valp.parts.kinds import KINDS


def plus(part, *items):
    """Figure 2 with more of a part."""
    return replaced(figure_2(), **{part: (*getattr(figure_2(), part), *items)})


def changed(part, place, **fields):
    """Figure 2 with one part changed."""
    return with_part(figure_2(), part, place, **fields)


def joined(source, target, **fields):
    """Figure 2 with one more connection."""
    return plus("connections", Connection(source=source, target=target, **fields))


def labelled():
    """Figure 2 with yes/no labels in place of classes."""
    return changed("losses", 2, kind="binary_cross_entropy")


def features_meet_discrete():
    graph = with_part(figure_2(), "networks", 3, output=unit(DataType.FEATURES, 1, 3))
    return replaced(graph, connections=(*graph.connections, Connection(source="n3", target="o2")))


def unjudged_network():
    """Figure 2, whose losses judge networks, with one more network added into an output."""
    extra = PrimaryNetwork(name="n5", kind="g", output=numeric(1))
    ends = (Connection(source="i0", target="n5"), Connection(source="n5", target="o1"))
    return replaced(plus("networks", extra), connections=(*figure_2().connections, *ends))


def small(kind, **fields):
    """A small graph whose network n is of a kind, changed."""
    return with_part(minimal(KINDS[kind]), "networks", -1, **fields)


def only_classes():
    """A transposed-convolutional decoder that receives Discrete units alone."""
    graph = minimal(KINDS["t"])
    graph = with_part(graph, "networks", 0, kind="delta", output=discrete(4))
    return with_part(graph, "inputs", 0, unit=discrete(4))


BIG = Convolution(channels=2, kernel=(9, 9))
PADDED_AND_BACK = (
    Convolution(channels=16, kernel=(1, 1), padding=(1000, 1000)),
    Convolution(channels=2, kernel=(2001, 2001), padding=(0, 0)),
)
PADDED = TransposedConvolution(channels=2, padding=(9, 9))

# Each rule's code: the graphs that break it, and where.
BROKEN = {
    "count": [
        (replaced(figure_2(), inputs=figure_2().inputs * 1000), "graph"),
        (replaced(figure_2(), connections=figure_2().connections * 300), "graph"),
        (replaced(figure_2(), losses=figure_2().losses * 600), "graph"),
        (changed("networks", 0, layers=(Dense(units=1),) * 1001), "n0"),
    ],
    "width": [
        (changed("networks", 0, layers=(Dense(units=4), Dense(units=2**20 + 1))), "n0"),
        (small("c", layers=(Convolution(channels=2, padding=(0, 2**20 + 1)),)), "n"),
        (changed("inputs", 0, unit=numeric(2**24 + 1)), "i0"),
        (changed("networks", 1, output=unit(DataType.FEATURES, 2**9, 2**9, 2**9)), "n1"),
        (changed("outputs", 2, unit=discrete(10**9)), "o2"),
    ],
    "interface": [(replaced(figure_2(), inputs=()), "graph"), (replaced(figure_2(), outputs=()), "graph")],
    "unique-name": [
        (plus("networks", figure_2().networks[1]), "n1"),
        (plus("outputs", Output(name="i0", unit=numeric(1))), "i0"),
    ],
    "shape": [
        (changed("inputs", 0, unit=unit(DataType.NUMERIC, 2, 5)), "i0"),
        (changed("networks", 1, output=unit(DataType.FEATURES, 6)), "n1"),
        (changed("outputs", 2, unit=unit(DataType.DISCRETE, 1, 3)), "o2"),
    ],
    "known-word": [
        (changed("networks", 1, kind="x"), "n1"),
        (changed("networks", 1, combiner="maximum"), "n1"),
        (changed("networks", 1, initializer="zeros"), "n1"),
        (changed("networks", 1, layers=(Dense(units=3, activation="cosine"),)), "n1"),
        (changed("networks", 1, layers=(Dense(units=3, initializer="zeros"),)), "n1"),
        (changed("outputs", 1, combiner="maximum"), "o1"),
        (changed("outputs", 1, unit=unit("mystery", 1)), "o1"),
        (small("c", layers=(Convolution(channels=2, activation="cosine"),)), "n"),
        (small("r", layers=(Recurrent(units=2, initializer="zeros"),)), "n"),
    ],
    "source": [(joined("x", "n3"), "x->n3"), (joined("o0", "n3"), "o0->n3")],
    "target": [(joined("n0", "x"), "n0->x"), (joined("n0", "i0"), "n0->i0")],
    "output-from-network": [(joined("i0", "o1", indices=(0,)), "i0->o1")],
    "one-connection": [(joined("n0", "n1", indices=(0,)), "n0->n1")],
    "acyclic": [(joined("n3", "n1"), "n1"), (joined("n3", "n3"), "n3")],
    "fed": [(changed("connections", 6, target="n1"), "o0"), (changed("connections", 4, target="n2"), "n3")],
    "used": [
        (changed("connections", 6, source="n2"), "n4"),
        (plus("inputs", figure_2().inputs[0].model_copy(update={"name": "i1"})), "i1"),
    ],
    "psi-empty": [(changed("connections", 0, indices=()), "i0->n0")],
    "psi-range": [
        (changed("connections", 0, indices=(0, 10)), "i0->n0"),
        (changed("connections", 0, indices=(-1, 3)), "i0->n0"),
    ],
    "psi-distinct": [(changed("connections", 0, indices=(0, 3, 0)), "i0->n0")],
    "role": [
        (changed("connections", 3, role=Role.DATA), "n0->n4"),
        (changed("connections", 2, role=Role.LATENT), "n0->n1"),
        (changed("connections", 7, role=Role.CONDITION), "n3->o1"),
    ],
    "takes": [
        (changed("connections", 3, source="n2"), "n2->n4"),
        (with_part(minimal(KINDS["c"]), "connections", 1, indices=(0, 1)), "i->n"),
    ],
    "guaranteed": [(only_classes(), "n")],
    "mixture": [(features_meet_discrete(), "o2")],
    "produces": [
        (changed("networks", 1, output=discrete(6)), "n1"),
        (changed("networks", 1, output=samples(6)), "n1"),
        (changed("networks", 2, output=numeric(3)), "n2"),
        (changed("networks", 4, output=numeric(5)), "n4"),
    ],
    "layers": [
        (changed("networks", 1, layers=(Recurrent(units=3),)), "n1"),
        (small("c", layers=()), "n"),
        (small("b", layers=(Dense(units=2),)), "n"),
    ],
    "layers-fit": [(small("c", layers=(BIG,)), "n"), (small("t", layers=(PADDED,)), "n")],
    "layers-make": [
        (small("c", output=unit(DataType.FEATURES, 2, 3, 4)), "n"),
        (small("t", output=samples(7)), "n"),
        (small("b", output=numeric(5)), "n"),
    ],
    "output-type": [(changed("outputs", 1, unit=samples(1)), "o1")],
    "output-size": [
        (changed("outputs", 1, unit=numeric(2)), "o1"),
        (joined("n1", "o1"), "o1"),
        (with_part(joined("n1", "o1", indices=(4,)), "outputs", 1, combiner="concatenation"), "o1"),
        (with_part(minimal(KINDS["c"]), "outputs", 0, unit=unit(DataType.FEATURES, 5, 2, 2)), "o"),
    ],
    "latent-source": [(joined("i0", "n4", role=Role.LATENT), "i0->n4")],
    "latent-needed": [
        (changed("connections", 3, role=Role.CONDITION), "n4"),
        (changed("connections", 3, source="i0"), "n4"),
        (changed("connections", 3, source="n2"), "n4"),
    ],
    "latent-size": [(changed("connections", 3, indices=(4,)), "n0->n4")],
    "given-class": [
        (replaced(figure_2(), given=("o1",)), "o1"),
        (replaced(figure_2(), given=("n2",)), "n2"),
        (replaced(labelled(), given=("o2",)), "o2"),
    ],
    "loss-known": [(changed("losses", 1, kind="hinge"), "n3")],
    "loss-prediction": [(changed("losses", 1, prediction="i0"), "i0"), (changed("losses", 3, prediction="x"), "x")],
    "loss-truth": [
        (changed("losses", 1, truth=None), "n3"),
        (changed("losses", 1, truth="n1"), "n3"),
        (changed("losses", 3, truth="o0"), "n0"),
    ],
    "loss-type": [
        (changed("losses", 1, kind="cross_entropy"), "n3"),
        (changed("losses", 2, prediction="n3"), "n3"),
    ],
    "loss-size": [(changed("losses", 1, prediction="n1"), "n1")],
    "loss-truths": [(plus("losses", Loss(kind="binary_cross_entropy", prediction="n2", truth="o2")), "o2")],
    "loss-distinct": [(plus("losses", Loss(kind="mse", prediction="n3", truth="o1", beta=0.1)), "n3")],
    "taught": [(without(figure_2(), "mse"), "o1"), (changed("losses", 1, beta=0.0), "o1")],
    "reached": [(unjudged_network(), "n5")],
    "latent-kl": [
        (without(figure_2(), "kl"), "n0"),
        (plus("losses", Loss(kind="kl", prediction="n1")), "n1"),
    ],
    "layer-values": [(small("c", layers=(*PADDED_AND_BACK, *LAYERS[Convolution])), "n")],
    "parameters": [
        (changed("networks", 0, layers=(Dense(units=2**15),) * 2), "n0"),
        (small("r", layers=(Recurrent(units=2**15), *LAYERS[Recurrent])), "n"),
        (with_part(changed("networks", 0, output=numeric(2**17)), "networks", 4, prior="mixture"), "n4"),
    ],
}

NOTED = {"latent-odd": [(figure_2(), "n0->n4")]}


def cases(table):
    return [pytest.param(c, *case, id=f"{c}-{i}") for c, found in table.items() for i, case in enumerate(found)]


def test_figure_2_is_a_valp():
    report = check(figure_2())
    assert report.passed
    assert report.violations == ()
    assert require(figure_2()) == figure_2()


def test_every_rule_has_graphs_that_break_it():
    assert list(BROKEN) == [rule.code for rule in RULES]
    assert list(NOTED) == [rule.code for rule in NOTES]


@pytest.mark.parametrize(("code", "graph", "component"), cases(BROKEN))
def test_a_broken_rule_is_reported_where_it_is_broken(code, graph, component):
    report = check(graph)
    assert not report.passed
    assert (code, component) in {(violation.code, violation.component) for violation in report.violations}


@pytest.mark.parametrize(("code", "graph", "component"), cases(NOTED))
def test_a_note_is_not_a_violation(code, graph, component):
    report = check(graph)
    assert report.passed
    assert (code, component) in {(note.code, note.component) for note in report.notes}


def test_an_even_latent_connection_has_no_note():
    assert check(changed("connections", 3, indices=(0, 1, 2, 3))).notes == ()


def test_codes_and_sentences_are_unique():
    rules = (*RULES, *NOTES)
    assert len({rule.code for rule in rules}) == len({rule.sentence for rule in rules}) == len(rules)


def test_all_broken_rules_are_reported_with_all_places():
    graph = changed("connections", 0, indices=())
    graph = with_part(graph, "networks", 1, kind="x", combiner="maximum")
    graph = with_part(graph, "losses", 1, truth="x")
    found = {(violation.code, violation.component) for violation in check(graph).violations}
    assert {("psi-empty", "i0->n0"), ("known-word", "n1"), ("loss-truth", "n3"), ("taught", "o1")} == found
    assert sum(violation.code == "known-word" for violation in check(graph).violations) == 2


def test_an_error_lists_every_violation_in_one_line():
    graph = with_part(changed("connections", 0, indices=()), "networks", 1, kind="x")
    with pytest.raises(GraphError, match="the graph breaks 2 rule") as caught:
        require(graph)
    assert {violation.code for violation in caught.value.violations} == {"psi-empty", "known-word"}
    assert "\n" not in str(caught.value)


def test_a_violation_is_a_sentence():
    violation = Violation("fed", "n0", "each network receives something", "nothing")
    assert str(violation) == "n0: each network receives something; found nothing [fed]"


def test_decoders_may_take_discrete_and_numeric_conditions():
    condition = PrimaryNetwork(name="n5", kind="delta", output=discrete(2))
    graph = plus("networks", condition)
    graph = replaced(
        graph,
        connections=(
            *graph.connections,
            Connection(source="i0", target="n5"),
            Connection(source="n5", target="n4", role=Role.CONDITION),
            Connection(source="i0", target="n4", role=Role.CONDITION),
        ),
    )
    assert check(graph).passed


def test_a_generic_mlp_may_produce_samples_if_it_received_some():
    graph = plus("networks", PrimaryNetwork(name="n5", kind="g", output=samples(5)))
    graph = with_part(graph, "connections", 6, source="n5")
    graph = with_part(graph, "losses", 0, prediction="o0")
    graph = replaced(graph, connections=(*graph.connections, Connection(source="n4", target="n5")))
    assert check(graph).passed


@settings(max_examples=300, deadline=None)
@given(any_graphs())
def test_check_never_fails(graph):
    report = check(graph)
    assert all(str(violation) for violation in (*report.violations, *report.notes))


def test_a_graph_that_is_too_large_is_checked_for_its_size_only():
    graph = changed("networks", 0, layers=(Dense(units=10**9),), kind="x")
    assert [violation.code for violation in check(graph).violations] == ["width"]


def test_a_class_of_a_giant_output_is_compared_without_making_a_list_of_its_indices():
    graph = changed("outputs", 2, unit=discrete(10**15))
    assert graph.predictors("o2") == ()
