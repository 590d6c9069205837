"""`PluginTable`: the library's rows, then those that entry points name, and rows added for a `with` block."""

from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from valp.errors import SettingError
from valp.graph import plugin_table
from valp.graph.plugin_table import PluginTable, entries, plugins

GROUP = "valp.rows"


@dataclass(frozen=True)
class Row:
    code: str
    size: int = 0


class Ready(Row):
    def __init__(self):
        super().__init__("ready")


class Failing(Row):
    def __init__(self):
        raise RuntimeError("no licence")


A, B = Row("a"), Row("b")


@pytest.fixture
def installed(monkeypatch):
    """The entry points of the group, as (name, what loading it gives); an exception is raised. Counts the loads."""
    state = SimpleNamespace(points=[], loads=0, package="extra")

    def entry(name, found):
        def load():
            state.loads += 1
            if isinstance(found, Exception):
                raise found
            return found

        dist = SimpleNamespace(name=state.package) if state.package else None
        return SimpleNamespace(name=name, load=load, dist=dist)

    def entry_points(*, group):
        return [entry(name, found) for name, found in state.points] if group == GROUP else []

    monkeypatch.setattr(plugin_table, "entry_points", entry_points)
    return state


def table(*, taken=()):
    return PluginTable(GROUP, Row, (B, A), taken=taken)


def test_the_librarys_rows_come_first_and_others_are_sorted_by_the_names_of_their_entry_points(installed):
    installed.points = [("y", Row("c")), ("x", Row("z"))]
    found = table()
    assert [*found] == ["b", "a", "z", "c"]
    assert len(found) == 4
    assert found["z"] == Row("z")
    assert found["a"] is A


def test_a_table_is_a_mapping_that_does_not_have_unknown_codes(installed):
    found = table()
    assert "a" in found
    assert "c" not in found
    assert found.get("c") is None
    with pytest.raises(KeyError, match="c"):
        found["c"]


def test_entry_points_are_loaded_once_and_not_before_the_table_is_read(installed):
    installed.points = [("x", Row("c"))]
    found = table()
    assert installed.loads == 0
    assert [*found] == [*found] == ["b", "a", "c"]
    assert found["c"] == Row("c")
    assert installed.loads == 1


def test_only_the_entry_points_of_the_group_are_read(installed):
    installed.points = [("x", Row("c"))]
    assert [*PluginTable("valp.others", Row, (A,))] == ["a"]


def test_an_entry_point_may_name_a_class_which_is_then_made_without_arguments(installed):
    installed.points = [("x", Ready)]
    assert isinstance(table()["ready"], Ready)


WRONG = {
    "it cannot be imported": (ModuleNotFoundError("No module named 'x'"), "cannot be loaded: ModuleNotFoundError: No"),
    "its class cannot be made": (Failing, "cannot be loaded: RuntimeError: no licence"),
    "it is something else": ("a text", "must be a Row, but is a str"),
    "it is a class of something else": (dict, "must be a Row, but is a dict"),
    "the library has its code": (Row("a", 1), "has the code 'a', which is taken"),
    "its code is reserved": (Row("kl"), "has the code 'kl', which is taken"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_entry_point_is_named_with_its_group_and_package(installed, what):
    found, said = WRONG[what]
    installed.points = [("x", found)]
    with pytest.raises(SettingError) as caught:
        len(table(taken=("kl",)))
    assert str(caught.value).startswith(f"entry point 'x' in valp.rows of package extra {said}")
    assert isinstance(caught.value.__cause__, Exception) == ("cannot be loaded" in said)


def test_of_two_entry_points_with_one_code_the_second_is_refused(installed):
    installed.points = [("y", Row("c", 1)), ("x", Row("c", 2))]
    with pytest.raises(SettingError, match=r"^entry point 'y' .* has the code 'c', which is taken$"):
        [*plugins(GROUP, Row, taken=())]


def test_an_entry_point_without_a_package_can_be_named(installed):
    installed.points, installed.package = [("x", 5)], None
    assert [*entries(GROUP)] == [("entry point 'x' in valp.rows of package ?", 5)]


def test_an_added_row_is_in_the_table_within_the_block_only(installed):
    installed.points = [("x", Row("c"))]
    found = table()
    with found.adding(Row("d")):
        assert [*found] == ["b", "a", "c", "d"]
        with found.adding(Row("e")):
            assert [*found] == ["b", "a", "c", "d", "e"]
        assert [*found] == ["b", "a", "c", "d"]
    assert [*found] == ["b", "a", "c"]


def test_an_added_row_replaces_the_row_with_its_code_in_its_place(installed):
    found = table()
    with found.adding(Row("b", 7)):
        assert [*found.values()] == [Row("b", 7), A]
    assert found["b"] is B


def test_an_added_row_is_removed_after_an_error_too(installed):
    found = table()
    with pytest.raises(ZeroDivisionError), found.adding(Row("d")):
        raise ZeroDivisionError
    assert "d" not in found
