"""The settings of a run, kept in its run.toml."""

import platform
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import tomli_w
from pydantic import ValidationError

from valp.errors import FileError, SettingError
from valp.files import read_bytes, write_text
from valp.graph.graph import Frozen
from valp.plan.plan import Executor, Protocol

PACKAGES = ("valp", "torch", "ray", "optuna", "numpy")


class Settings(Frozen):
    """What makes a run this run; a resumed search must agree in all of it.

    Attributes:
        problem: the problem's name.
        fingerprint: of the problem and its data.
        strategy: a code of `valp.search.strategies.STRATEGIES`.
        space: a name of `valp.spaces.generate.space.SPACES`.
        kinds: the kinds of network, where they are not the space's own.
        balance: the balancing methods, where they are not the space's own, as `valp.train.balance.read_balance` reads
            them.
        start_from: the content keys of the graphs that the search began with.
        objectives: the scores that are optimised.
        steps, batch: the training of each candidate.
        seed: the seed everything else follows from.
        protocol: the mode in which predictions are scored.
        keep: whose weights stay: the front's, or all.
        executor: what trains, as of `valp.train.fit.fit`.
        halving: whether candidates that are not among the best at a rung are stopped there.
        source: the file that describes the problem, where it is none of the built-in ones; it may move.
    """

    problem: str
    fingerprint: str
    strategy: str
    space: str
    kinds: tuple[str, ...] = ()
    balance: tuple[str, ...] = ()
    start_from: tuple[str, ...] = ()
    objectives: tuple[str, ...]
    steps: int
    batch: int
    seed: int
    protocol: Protocol = "predict"
    keep: Literal["front", "all"] = "front"
    executor: Executor = "auto"
    halving: bool = False
    source: str | None = None

    def require_same(self, other: "Settings", run: str) -> None:
        """Refuses to go on with a run under other settings.

        Raises:
            SettingError: naming the first setting that differs.
        """
        for name in type(self).model_fields:
            held, asked = getattr(self, name), getattr(other, name)
            if held == asked or name == "source":
                continue
            if name == "fingerprint":
                raise SettingError(f"run {run!r} holds other data of problem {self.problem!r} than there is now")
            raise SettingError(
                f"run {run!r} holds {name} {_shown(held)}, but {_shown(asked)} was asked for; "
                "give the same settings to resume it, or another --name"
            )


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)


def versions() -> dict[str, str]:
    """The versions of this package and of those that change what a search finds, and of Python, by name."""
    return {package: version(package) for package in PACKAGES} | {"python": platform.python_version()}


def write_settings(settings: Settings, path: Path) -> None:
    """Writes run.toml: the settings, and the versions they were first run with."""
    write_text(
        path, tomli_w.dumps({"settings": settings.model_dump(mode="json", exclude_none=True), "versions": versions()})
    )


def read_settings(path: Path) -> Settings:
    """The settings in a run.toml.

    Raises:
        FileError: if it cannot be read, is damaged, or was written by a version that has other settings.
    """
    try:
        return Settings.model_validate_json(_json(tomllib.loads(read_bytes(path).decode())["settings"]))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, ValidationError) as error:
        wrote, now, reason = read_versions(path).get("valp"), version("valp"), str(error).splitlines()[0]
        if wrote not in (None, now):
            raise FileError(f"{path} was written by valp {wrote}, and valp {now} cannot read it: {reason}") from error
        raise FileError(f"{path} is damaged: {reason}") from error


def read_versions(path: Path) -> dict[str, str]:
    """The versions of packages, and of Python, with which a run began, by name; empty if its run.toml has none."""
    try:
        return {str(name): str(value) for name, value in tomllib.loads(read_bytes(path).decode())["versions"].items()}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, AttributeError):
        return {}


def other_versions(path: Path) -> str | None:
    """One line that says which versions are not those with which a run began; None if all are the same."""
    now = versions()
    then = {name: value for name, value in read_versions(path).items() if now.get(name, value) != value}
    if not then:
        return None
    return (
        f"this run began with {', '.join(f'{name} {value}' for name, value in then.items())}, and goes on with "
        f"{', '.join(f'{name} {now[name]}' for name in then)}: scores of the earlier candidates may differ slightly"
    )


def _json(value: object) -> str:
    import json

    return json.dumps(value, default=str)  # a date, say, which the model then refuses
