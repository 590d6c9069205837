"""The option `--tension`: the task tensioner on top of the direction that `--balance` names."""

from collections.abc import Sequence

import click

from valp.errors import SettingError

TENSION = click.option(
    "--tension",
    type=click.FloatRange(0, 1),
    metavar="A",
    help="Pull the direction of --balance central or min-norm towards tasks that lag behind, with strength A from 0 to "
    "1: the same as --balance tensioner:direction=…,alpha=A.",
)


def with_tension(balance: Sequence[str], tension: float | None) -> tuple[str, ...]:
    """The methods of `--balance`, each with tension if `--tension` is given.

    Raises:
        SettingError: if `--tension` is given without a method, or with one that it cannot pull.
    """
    from valp.train.balance import read_balance, tensioned

    if tension is None:
        return tuple(balance)
    if not balance:
        raise SettingError("--tension pulls the direction of a method, so it needs --balance central or min-norm")
    return tuple(str(tensioned(read_balance(text), tension)) for text in balance)
