"""How a search draws, changes and crosses the balancing method of a candidate, whatever the method is."""

from dataclasses import replace

import pytest

from tests.spaces.graphs import TINY, TINY_SPACE, random_graph
from tests.spaces.handmade import description
from valp.errors import SettingError
from valp.spaces.candidate import Candidate, Training
from valp.spaces.generate.choose import RandomChoose
from valp.spaces.generate.searched_balance import drawn_balance
from valp.spaces.generate.space import DEFAULT, SPACES, space_of
from valp.spaces.vary import cross, mutate
from valp.spaces.vary.moves import MOVES, tried_in
from valp.train.balance import BALANCERS, Balance, ScheduledBalancer
from valp.train.balance.method_setting import NumberSetting, WordSetting


class Tuned(ScheduledBalancer):
    """A method with a setting of each kind."""

    code, title = "tuned", "a setting of each kind"
    settings = {  # noqa: RUF012 - as of a row
        "share": NumberSetting("a share", 0.3, 0.1, 0.9),
        "factor": NumberSetting("a factor", 1.0, 0.1, 10.0, log_scale=True),
        "window": NumberSetting("steps", 10, 5, 20, whole=True),
        "base": WordSetting("what it starts from", "mean", ("mean", "sum", "least")),
    }

    def weights(self, betas, reach, settings):
        return betas


@pytest.fixture(autouse=True)
def tuned(monkeypatch):
    monkeypatch.setitem(BALANCERS.rows, "tuned", Tuned())


METHODS = (Balance(), Balance(method="tuned", settings={"base": "sum"}))


def searched():
    """A space of both, once the table has them."""
    return replace(TINY_SPACE, balances=METHODS)


def candidate(seed, balance):
    return Candidate(graph=random_graph(seed, TINY, searched()), training=Training(steps=100, balance=balance))


def require_of_space(balance):
    if balance.method == "fixed":
        assert balance.settings == {}
        return
    assert balance.settings.keys() == Tuned.settings.keys()
    assert balance.settings["base"] == "sum"
    assert 0.1 <= balance.settings["share"] <= 0.9
    assert 0.1 <= balance.settings["factor"] <= 10
    assert balance.settings["window"] in range(5, 21)
    assert isinstance(balance.settings["window"], int)


def test_every_space_has_fixed_beta_alone():
    assert all(space.balances == (Balance(),) for space in SPACES.values())
    assert all("balance" not in tried_in(space) for space in SPACES.values())
    assert set(tried_in(replace(searched(), priors=("normal", "mixture")))) == MOVES.keys()


def test_a_single_method_takes_no_random_decision():
    choose, other = RandomChoose(3), RandomChoose(3)
    assert drawn_balance(choose, DEFAULT.balances) == Balance()
    assert choose.real("next", 0, 1) == other.real("next", 0, 1)


def test_methods_and_their_open_settings_are_drawn():
    drawn = [drawn_balance(RandomChoose(seed), METHODS) for seed in range(60)]
    for balance in drawn:
        require_of_space(balance)
    found = [balance.settings for balance in drawn if balance.method == "tuned"]
    assert 15 < len(found) < 45
    assert len({one["share"] for one in found}) == len(found)
    assert sum(one["factor"] < 1 for one in found) in range(len(found) // 4, len(found))  # drawn in the logarithm
    assert len({one["window"] for one in found}) > 5
    free = {drawn_balance(RandomChoose(seed), [Balance(method="tuned")]).settings["base"] for seed in range(30)}
    assert free == {"mean", "sum", "least"}


def test_a_mutation_changes_the_method_or_one_of_its_open_settings():
    problem, changed = description(TINY), set()
    parent = candidate(0, METHODS[0])
    for seed in range(60):
        child = mutate(parent, problem, searched(), RandomChoose(seed), moves=1, rather=("balance",))
        assert child.moves == ("balance",)
        old, new = parent.training.balance, child.training.balance
        require_of_space(new)
        if old.method == new.method:
            (name,) = [name for name in new.settings if new.settings[name] != old.settings[name]]
            changed.add(name)
        else:
            changed.add(f"{old.method} to {new.method}")
        assert child.training.model_copy(update={"balance": old}) == parent.training
        parent = Candidate(graph=child.graph, training=child.training)
    assert changed == {"fixed to tuned", "tuned to fixed", "share", "factor", "window"}


def test_a_setting_that_is_a_word_changes_to_another_word():
    space = replace(TINY_SPACE, balances=(Balance(method="tuned"),))
    parent = candidate(0, drawn_balance(RandomChoose(0), space.balances))
    found = set()
    for seed in range(40):
        child = mutate(parent, description(TINY), space, RandomChoose(seed), moves=1, rather=("balance",))
        found.add(child.training.balance.settings["base"])
    assert found == {"mean", "sum", "least"}


def test_a_method_outside_the_space_is_left_for_one_of_the_space():
    parent = candidate(0, Balance(method="uncertainty", settings={"rate": 2.0}))
    child = mutate(parent, description(TINY), searched(), RandomChoose(0), moves=1, rather=("balance",))
    require_of_space(child.training.balance)


def test_other_moves_keep_the_method():
    balance = drawn_balance(RandomChoose(1), METHODS[1:])
    child = mutate(candidate(2, balance), description(TINY), searched(), RandomChoose(5), moves=1, rather=("beta",))
    assert child.moves == ("beta",)
    assert child.training.balance == balance


def test_crossover_takes_the_method_of_a_parent_and_mixes_the_settings_of_equal_methods():
    both = [drawn_balance(RandomChoose(seed), METHODS[1:]) for seed in (1, 2)]
    parents = [candidate(seed, balance) for seed, balance in enumerate(both)]
    mixed = set()
    for seed in range(30):
        balance = cross(*parents, description(TINY), searched(), RandomChoose(seed)).training.balance
        assert all(
            value in (both[0].settings[name], both[1].settings[name]) for name, value in balance.settings.items()
        )
        mixed.add(tuple(balance.settings[name] == both[0].settings[name] for name in ("share", "factor", "window")))
    assert len(mixed) > 4
    other = candidate(1, METHODS[0])
    crossed = {
        cross(parents[0], other, description(TINY), searched(), RandomChoose(seed)).training.balance
        for seed in range(20)
    }
    assert crossed == {both[0], METHODS[0]}


def test_a_space_takes_methods_as_texts_and_refuses_impossible_ones():
    assert space_of("default").balances == (Balance(),)
    assert space_of("default", balances=["tuned:base=sum", "fixed"]).balances == METHODS[::-1]
    with pytest.raises(SettingError, match="must name a balancing method, but is empty"):
        replace(DEFAULT, balances=())
    with pytest.raises(SettingError, match="tuned:base must be one of mean, sum, least, but is none"):
        replace(DEFAULT, balances=(Balance(method="tuned", settings={"base": "none"}),))
