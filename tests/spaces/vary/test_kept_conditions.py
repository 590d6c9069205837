"""Samples of children depend only on what a problem says, whatever the move or the crossover."""

from collections import Counter
from dataclasses import replace

import pytest

from tests.spaces.graphs import CLOTHING, DISCRETE, IMAGE, NUMERIC, SAMPLES, SEQUENCE, SEVERAL, random_graph, unit
from tests.spaces.handmade import description
from tests.spaces.kept_conditions import asked_by, conditions_of, require_kept
from valp.errors import SettingError
from valp.graph.graph import Connection, Dense, Graph, Loss, PrimaryNetwork, Role
from valp.spaces.candidate import Candidate, Training
from valp.spaces.catalogue import CATALOGUE
from valp.spaces.generate.choose import RandomChoose
from valp.spaces.generate.space import DEFAULT, FULL, PAPER
from valp.spaces.vary import MOVES, cross, mutate
from valp.train.balance import Balance

BATCH = 8
PAIRS = [(CLOTHING, DEFAULT), (SEVERAL, DEFAULT), (IMAGE, FULL), (SEQUENCE, FULL)]
CASES = {
    f"{space.name}, {', '.join(part.name for part in wanted.inputs)}, {conditions}": (wanted, space, conditions)
    for wanted, space in PAIRS
    for conditions in conditions_of(wanted)
    if conditions is not None
}


def problem_of(wanted, conditions):
    return description(wanted).model_copy(update={"conditions": conditions})


def drawn(seed, wanted, space, conditions):
    graph = random_graph(seed, wanted, space, conditions=conditions)
    return Candidate(graph=graph, training=Training(steps=200, batch=BATCH))


def child_of(variation):
    return Candidate(graph=variation.graph, training=variation.training)


@pytest.mark.parametrize("case", CASES)
def test_every_child_keeps_to_the_conditions(case):
    wanted, space, conditions = CASES[case]
    space = replace(space, balances=(Balance(), Balance(method="uncertainty")))
    problem = problem_of(wanted, conditions)
    for seed in range(3):
        pair = [drawn(f"{seed}:{i}", wanted, space, conditions) for i in range(2)]
        for i in range(30):
            child = mutate(pair[i % 2], problem, space, RandomChoose(f"{case}{seed}:{i}"), moves=1, batch=BATCH)
            assert child.moves
            require_kept(child.graph, conditions, space.max_n)
            pair[i % 2] = child_of(child)
            if i % 3 == 2:
                crossed = cross(*pair, problem, space, RandomChoose(f"{case}{seed}:{i} crossed"))
                require_kept(crossed.graph, conditions, space.max_n)
                pair[0] = child_of(crossed) if i % 6 == 2 else pair[0]


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_every_move_keeps_to_the_conditions(case):
    wanted, space, conditions = CASES[case]
    problem, made = problem_of(wanted, conditions), Counter()
    for seed in range(40):
        parent = drawn(seed, wanted, space, conditions)
        for i in range(60):
            child = mutate(parent, problem, space, RandomChoose(f"{seed}:{i}"), moves=1, batch=BATCH)
            require_kept(child.graph, conditions, space.max_n)
            made.update(child.moves)
            parent = child_of(child)
    impossible = {"balance", "restyle", "initializer"} | ({"normalise", "redesign"} if space is DEFAULT else set())
    impossible |= {"role"}  # the source of a latent connection reads other inputs, and a class cannot be latent
    impossible |= set() if conditions else {"condition"}
    assert made.keys() >= MOVES.keys() - impossible


def test_a_decoder_gets_a_class_as_its_first_condition_and_pixels_only_where_they_are_allowed():
    for conditions, found in ((("garment",), {"garment"}), ((), set()), (("pixels",), {"pixels"})):
        asked = set()
        for seed in range(20):
            parent = drawn(seed, CLOTHING, DEFAULT, conditions)
            problem = problem_of(CLOTHING, conditions)
            child = mutate(parent, problem, DEFAULT, RandomChoose(seed), moves=1, rather=("condition",))
            asked |= asked_by(child.graph)
            if child.moves == ("condition",) and conditions == ("garment",):
                added = set(child.graph.connections) - set(parent.graph.connections)
                assert any(c.role is Role.CONDITION for c in added)
        assert asked == found


def test_a_crossover_keeps_the_class_by_which_samples_are_asked_for():
    kept = 0
    problem = problem_of(CLOTHING, ("garment",))
    asked = [drawn(seed, CLOTHING, replace(DEFAULT, phi=1), ("garment",)) for seed in range(120)]
    asked = [candidate for candidate in asked if asked_by(candidate.graph)]
    assert len(asked) > 15
    for seed, candidate in enumerate(asked):
        other = drawn(f"other {seed}", CLOTHING, DEFAULT, ("garment",))
        child = cross(other, candidate, problem, DEFAULT, RandomChoose(seed), better=["image"])
        require_kept(child.graph, ("garment",), DEFAULT.max_n)
        kept += bool(asked_by(child.graph))
    assert kept > len(asked) / 2


def test_a_parent_whose_samples_depend_on_something_else_is_refused_but_not_in_the_papers_space():
    graph = CATALOGUE["figure-7"].build(description(CLOTHING))
    parent = Candidate(graph=graph, training=Training(steps=200, batch=BATCH))
    problem = problem_of(CLOTHING, ("garment",))
    with pytest.raises(SettingError, match="may be asked for by garment, but those of a parent depend on another"):
        mutate(parent, problem, DEFAULT, RandomChoose(0))
    child = mutate(parent, problem, replace(DEFAULT, any_condition=True), RandomChoose(0))
    assert child.graph.given == ()
    assert PAPER.any_condition


def test_a_decoder_that_fed_no_samples_may_not_take_another_condition_to_them():
    """Here `spare` feeds a number only, so it may depend on the pixels. Nothing lets it feed the image then."""
    problem = problem_of(CLOTHING, ("garment",))
    names = {"encoder": "g", "paint": "d", "spare": "d", "number": "g", "head": "delta"}
    sizes = {"encoder": (NUMERIC, 8), "paint": (SAMPLES, 784), "spare": (SAMPLES, 784)}
    sizes |= {"number": (NUMERIC, 32), "head": (DISCRETE, 10)}
    networks = tuple(
        PrimaryNetwork(name=name, kind=kind, layers=(Dense(units=40),), output=unit(*sizes[name]))
        for name, kind in names.items()
    )
    links = [
        ("pixels", "encoder"),
        ("encoder", "paint"),
        ("encoder", "spare"),
        ("pixels", "spare"),
        ("spare", "number"),
    ]
    links += [
        ("pixels", "number"),
        ("pixels", "head"),
        ("head", "garment"),
        ("number", "histogram"),
        ("paint", "image"),
    ]
    roles = {("encoder", "paint"): "latent", ("encoder", "spare"): "latent", ("pixels", "spare"): "condition"}
    losses = [("mse", "histogram"), ("cross_entropy", "garment"), ("bernoulli", "image")]
    graph = Graph(
        inputs=CLOTHING.inputs,
        outputs=CLOTHING.outputs,
        networks=networks,
        connections=tuple(Connection(source=a, target=b, role=roles.get((a, b), "data")) for a, b in links),
        losses=(*(Loss(kind=k, prediction=x, truth=x) for k, x in losses), Loss(kind="kl", prediction="encoder")),
    )
    parent = Candidate(graph=graph, training=Training(steps=200, batch=BATCH))
    made = Counter()
    for seed in range(300):
        child = mutate(parent, problem, DEFAULT, RandomChoose(seed), moves=1, batch=BATCH)
        require_kept(child.graph, ("garment",), DEFAULT.max_n)
        made.update(child.moves)
    assert made["remove"] > 5
