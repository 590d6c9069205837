"""The command line in this process."""

import json
import sys
from typing import Any, NamedTuple

import pytest

from tests.search.postgres_server import database, postgres_server  # noqa: F401 - fixtures
from valp.search.cli import main
from valp.search.engine.ray.session import ray_for


class Outcome(NamedTuple):
    """What a command did: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(scope="module")
def ray_session():
    """Ray, started once for all searches by two workers of a module. It is left running by each of them."""
    with ray_for(2, data_bytes=2**26):
        yield


@pytest.fixture
def valp(monkeypatch, capsys):
    """Runs a command in this process, by the entry point that the `valp` program calls."""

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["valp", *map(str, words)])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code or 0
        return Outcome(code, *capsys.readouterr())

    return call
