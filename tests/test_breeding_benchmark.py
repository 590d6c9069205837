"""The benchmark of evolution's settings: every variant is one, and a search has figures in [0, 1]."""

from dataclasses import fields, replace

from benchmarks.breeding import VARIANTS, searched
from valp.search.strategies.breeding import Breeding
from valp.spaces.generate.space import DEFAULT, SPACES


def test_variants_change_settings_of_evolution_or_of_the_space():
    for changed in VARIANTS.values():
        own = {field.name for field in fields(Breeding)}
        replace(Breeding(), **{name: value for name, value in changed.items() if name in own})
        replace(DEFAULT, **{name: value for name, value in changed.items() if name not in own})


def test_a_variant_is_searched_and_leaves_the_space_as_it_was(tmp_path):
    found = searched("digits", "no decay", 0, 3, 4, tmp_path)
    assert set(found) == {"hypervolume", "best", "accuracy", "mse", "entropy_coverage"}
    assert all(0 <= value <= 1 for value in found.values())
    assert SPACES["default"] is DEFAULT
