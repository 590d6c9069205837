"""Loads a problem by its name, or from the TOML file that describes it."""

from difflib import get_close_matches
from pathlib import Path

from valp.errors import DataError, SettingError
from valp.model.preprocessing import Preprocessing
from valp.spaces.builtin.idx_files import Progress
from valp.spaces.builtin.problems import PROBLEMS
from valp.spaces.problem.problem import Problem


def load_problem(name: str, progress: Progress | None = None, columns: Preprocessing | None = None) -> Problem:
    """Loads the problem with this name from the table `PROBLEMS`, or the problem that a .toml file describes.

    Args:
        name: the problem's name, or the path of the file.
        progress: called with a line about where images come from, and about downloads.
        columns: the columns of a run or a model that needs the problem. If it was made by an earlier version, in which
            the problem had other columns, that version's problem is loaded.

    Raises:
        DataError: if no problem has that name, or its file or data are missing.
        SettingError: if the name of another package's problem differs from its row in the table.
    """
    if name.endswith(".toml"):
        from valp.spaces.own import load_own  # imports the table readers, which built-in problems do not need

        return load_own(Path(name))
    if name not in PROBLEMS:
        close = get_close_matches(name, PROBLEMS, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise DataError(f"problem must be one of {', '.join(PROBLEMS)}, or a .toml file, but got {name!r}{hint}")
    row = PROBLEMS[name]
    problem = row.load(row.title, progress)
    if not isinstance(problem, Problem) or problem.name != name:
        found = f"the problem {problem.name!r}" if isinstance(problem, Problem) else f"a {type(problem).__name__}"
        raise SettingError(f"the loader of problem {name!r} must return the problem {name!r}, but returns {found}")
    if columns is not None and columns != problem.columns and row.earlier is not None:
        earlier = row.earlier()
        return earlier if earlier.columns == columns else problem
    return problem
