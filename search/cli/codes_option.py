"""An option whose help lists the codes of a table, including those of other packages."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click


class CodesOption(click.Option):
    """An option whose help text has `{codes}` in place of the codes of a table.

    The table is read when the help is shown, not before, because reading it imports the packages that add rows.

    Args:
        param_decls: as of `click.Option`.
        codes: returns the codes.
        attributes: as of `click.Option`.
    """

    def __init__(
        self, param_decls: Sequence[str] | None = None, *, codes: Callable[[], Iterable[str]], **attributes: Any
    ) -> None:
        super().__init__(param_decls, **attributes)
        self._codes = codes

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """See click."""
        record = super().get_help_record(ctx)
        return record and (record[0], record[1].replace("{codes}", ", ".join(self._codes())))


def kind_codes() -> list[str]:
    """The codes of the kinds of network that can be searched."""
    from valp.parts.kinds import KINDS

    return [code for code, kind in KINDS.items() if kind.searchable]


def balancer_codes() -> list[str]:
    """The codes of the balancing methods."""
    from valp.train.balance import BALANCERS

    return list(BALANCERS)


def space_names() -> list[str]:
    """The names of the spaces."""
    from valp.spaces.generate.space import SPACES

    return list(SPACES)


def graph_score_codes() -> list[str]:
    """The names of the scores of whole graphs, with a usual value if they have a parameter."""
    from valp.score import SCORES, GraphScore

    rows = {code: row.parameter for code, row in SCORES.items() if isinstance(row, GraphScore)}
    return [code if parameter is None else f"{code}@{parameter.example:g}" for code, parameter in rows.items()]
