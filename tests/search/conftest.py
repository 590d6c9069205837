"""The command line in this process."""

import json
import sys
from typing import Any, NamedTuple

import pytest

from valp.search.cli import main


class Outcome(NamedTuple):
    """What a command did: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


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
