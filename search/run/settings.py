"""The settings of a run, stored in its run.toml."""

import platform
import tomllib
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import tomli_w
from pydantic import ValidationError

from valp.errors import FileError, SettingError
from valp.files import read_bytes, write_text
from valp.graph.graph import Frozen
from valp.plan.plan import Executor, Protocol
from valp.score import SCORES
from valp.spaces.baselines.baseline_codes import Level

PACKAGES = ("valp", "torch", "ray", "optuna", "numpy")


class Settings(Frozen):
    """The settings of a run. A search that resumes the run must have the same, except for `source` and `study`.

    Attributes:
        problem: the problem's name.
        fingerprint: a hash of the problem and its data.
        strategy: a code of `valp.search.strategies.STRATEGIES`.
        space: a name of `valp.spaces.generate.space.SPACES`.
        kinds: the codes of the kinds of network to search; empty for the space's own.
        balance: the balancing methods, each in the form that `valp.train.balance.read_balance` reads; empty for the
            space's own.
        priors: the priors of latent variables that the search chooses from. Earlier versions had N(0, I) only.
        conditions: by what samples may be asked for, see `Description.conditions`; None if samples may depend on
            anything, as in runs of earlier versions.
        start_from: the content keys of the graphs of the first candidates.
        objectives: the names of the scores to optimise.
        steps: the training steps of a candidate with a full training.
        batch: the examples in a step of a full training.
        seed: the seed of everything random.
        protocol: the mode in which predictions are scored.
        keep: which weights are kept on disk: those of the front, or all.
        executor: the executor that trains; see `valp.train.fit.fit`.
        halving: whether a candidate is stopped at a rung if it is not among the best there.
        baselines: which baselines the search has; see `valp.spaces.baselines`.
        source: the TOML file that describes the problem; None for a built-in problem. The file may have moved since.
        definitions: the numbers of the definitions of the objectives (`valp.score.Score.definition`), in order; empty
            if each is 1, as in runs of earlier versions.
        storage: the URL of the PostgreSQL database that has the ledger, without its password; None for the run's own
            file, study.db.
        study: the name of the study in that database.
        files: the URL under which drivers share the candidates' files; None if they share the folder of the runs.
    """

    problem: str
    fingerprint: str
    strategy: str
    space: str
    kinds: tuple[str, ...] = ()
    balance: tuple[str, ...] = ()
    priors: tuple[str, ...] = ("normal",)
    conditions: tuple[str, ...] | None = None
    start_from: tuple[str, ...] = ()
    objectives: tuple[str, ...]
    steps: int
    batch: int
    seed: int
    protocol: Protocol = "predict"
    keep: Literal["front", "all"] = "front"
    executor: Executor = "auto"
    halving: bool = False
    baselines: Level = "quick"
    source: str | None = None
    definitions: tuple[int, ...] = ()
    storage: str | None = None
    study: str | None = None
    files: str | None = None

    def require_same(self, other: "Settings", run: str) -> None:
        """Checks that a search resumes a run with the run's own settings.

        Args:
            other: the settings of the search.
            run: the run's name, for the message.

        Raises:
            SettingError: if a setting differs. The message names the first one.
        """
        self._require_definitions(run)
        for name in type(self).model_fields:
            held, asked = getattr(self, name), getattr(other, name)
            if held == asked or name in ("source", "definitions", "study"):
                continue
            if name == "fingerprint":
                raise SettingError(f"the data of problem {self.problem!r} has changed since run {run!r} began")
            raise SettingError(
                f"run {run!r} has {name} {_shown(held)}, but {_shown(asked)} was given; "
                "give the same settings to resume the run, or another --name to start a new one"
            )

    def _require_definitions(self, run: str) -> None:
        """Checks that the objectives still mean what they meant when the run began, because a front must not mix both.

        Raises:
            SettingError: if one has another definition. The message names the first one.
        """
        held = self.definitions or (1,) * len(self.objectives)
        for name, old, now in zip(self.objectives, held, definitions_of(self.objectives), strict=False):
            if old != now:
                raise SettingError(
                    f"{name} is defined differently now than when run {run!r} began, so the run can be shown, reported "
                    "and exported, but not resumed; give another --name to start a new one"
                )


def definitions_of(objectives: Sequence[str]) -> tuple[int, ...]:
    """The numbers of the present definitions of objectives; 1 for one of a package that is not installed."""
    rows = (SCORES.get(name.partition("@")[0].partition(".")[0]) for name in objectives)
    return tuple(1 if row is None else row.definition for row in rows)


def _shown(value: object) -> str:
    if value is None:
        return "none"
    return ", ".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)


def versions() -> dict[str, str]:
    """The versions by name: of this package, of the packages that can change a search's results, and of Python."""
    return {package: version(package) for package in PACKAGES} | {"python": platform.python_version()}


def write_settings(settings: Settings, path: Path) -> None:
    """Writes run.toml: the settings, and the versions of the installed packages."""
    write_text(
        path, tomli_w.dumps({"settings": settings.model_dump(mode="json", exclude_none=True), "versions": versions()})
    )


def read_settings(path: Path) -> Settings:
    """Reads the settings from a run.toml.

    Raises:
        FileError: if the file cannot be read, is damaged, or was written by a version with other settings.
    """
    try:
        return Settings.model_validate_json(_json(tomllib.loads(read_bytes(path).decode())["settings"]))
    except (ValueError, RecursionError, KeyError) as error:  # not UTF-8, TOML or settings, or nested too deeply
        wrote, now, reason = read_versions(path).get("valp"), version("valp"), _reason(error)
        if wrote not in (None, now):
            raise FileError(f"{path} was written by valp {wrote}, and valp {now} cannot read it: {reason}") from error
        raise FileError(f"{path} is damaged: {reason}") from error


def _reason(error: Exception) -> str:
    """Why settings cannot be read, in one line."""
    if isinstance(error, ValidationError):
        fault = error.errors()[0]
        return f"{fault['msg']} at {'.'.join(map(str, fault['loc'])) or 'settings'}"
    return "it has no settings" if isinstance(error, KeyError) else str(error).splitlines()[0]


def read_versions(path: Path) -> dict[str, str]:
    """The versions by name with which a run began, read from its run.toml; empty if it has none."""
    try:
        return {str(name): str(value) for name, value in tomllib.loads(read_bytes(path).decode())["versions"].items()}
    except (ValueError, RecursionError, KeyError, AttributeError):
        return {}


def other_versions(path: Path) -> str | None:
    """One line that names the versions that have changed since a run began; None if none has changed."""
    now = versions()
    then = {name: value for name, value in read_versions(path).items() if now.get(name, value) != value}
    if not then:
        return None
    return (
        f"this run began with {', '.join(f'{name} {value}' for name, value in then.items())}, and continues with "
        f"{', '.join(f'{name} {now[name]}' for name in then)}: scores of the earlier candidates may differ slightly"
    )


def _json(value: object) -> str:
    import json

    return json.dumps(value, default=str)  # TOML has values that JSON does not have, such as dates
