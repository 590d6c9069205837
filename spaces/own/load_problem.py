"""Problems by name or by the TOML file that describes them."""

from difflib import get_close_matches
from pathlib import Path

from valp.errors import DataError, SettingError
from valp.spaces.builtin.idx_files import Progress
from valp.spaces.builtin.problems import PROBLEMS
from valp.spaces.problem.problem import Problem


def load_problem(name: str, progress: Progress | None = None) -> Problem:
    """A problem of the table `PROBLEMS` by its name, or the problem that a .toml file describes.

    Args:
        name: of the problem, or the path of the file.
        progress: is told where images come from, and of downloads.

    Raises:
        DataError: if there is no problem of that name, or its file or data are missing.
        SettingError: if another package's problem has another name than its row in the table.
    """
    if name.endswith(".toml"):
        from valp.spaces.own import load_own  # it reads tables, which the built-in problems do without

        return load_own(Path(name))
    if name not in PROBLEMS:
        close = get_close_matches(name, PROBLEMS, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise DataError(f"problem must be one of {', '.join(PROBLEMS)}, or a .toml file, but got {name!r}{hint}")
    row = PROBLEMS[name]
    problem = row.load(row.title, progress)
    if not isinstance(problem, Problem) or problem.name != name:
        found = f"the problem {problem.name!r}" if isinstance(problem, Problem) else f"a {type(problem).__name__}"
        raise SettingError(f"what loads the problem {name!r} must return the problem {name!r}, but returns {found}")
    return problem
