"""Serves Optuna's dashboard on this machine."""

import errno
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from valp.draw.fonts import load_fonts
from valp.errors import SettingError, require_packages
from valp.search.run.run import StoredRun
from valp.search.run.temporary_folders import scratch
from valp.search.show.dashboard.artifacts import Pictures
from valp.search.show.dashboard.notes import RunCommands
from valp.search.show.dashboard.run_view import STUDY, RunView

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HOST = "127.0.0.1"
PAGE = f"/dashboard/studies/{STUDY}"
"""Where the dashboard shows the run."""

READING = ("GET", "HEAD")


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: a browser that goes away amid an answer is no error."""


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        """Nothing: a request is no news."""


@contextmanager
def dashboard(run: StoredRun, runs: Path, port: int, say: Callable[[str], None]) -> Iterator[WSGIServer]:
    """Optuna's dashboard on a run, listening; `serve_forever` of what this yields answers.

    Args:
        run: the run; a search may be at work on it.
        runs: the folder of the runs, for the commands that are shown.
        port: on this machine; 0 for any that is free.
        say: is told what cannot be shown.

    Raises:
        MissingPackageError: if the package of the extra `dashboard` is missing.
        SettingError: if the port is not free.
    """
    require_packages("the dashboard", "dashboard", "optuna_dashboard")
    from optuna_dashboard import wsgi

    if not 0 <= port < 2**16:
        raise SettingError(f"a port must be a number from 0 to {2**16 - 1}, but is {port}")
    load_fonts()  # here, because requests are answered in threads
    with scratch("dashboard") as drawn:
        pictures = Pictures(run, drawn, say)
        view = RunView(run, RunCommands(run.folder.name, run.settings.problem, runs), pictures)
        with _listening(port, reading_only(wsgi(view, artifact_store=pictures))) as server:
            yield server


def address(server: WSGIServer) -> str:
    """Where a browser finds the run."""
    return f"http://{HOST}:{server.server_port}{PAGE}"


def reading_only(application: "WSGIApplication") -> "WSGIApplication":
    """An application that refuses what would write."""

    def answer(environment: "WSGIEnvironment", start: "StartResponse") -> "Iterator[bytes] | list[bytes]":
        if environment["REQUEST_METHOD"] in READING:
            return application(environment, start)  # type: ignore[return-value]
        start("405 Method Not Allowed", [("Content-Type", "application/json"), ("Allow", ", ".join(READING))])
        return [json.dumps({"reason": "this dashboard shows a run and changes nothing in it"}).encode()]

    return answer


def _listening(port: int, application: "WSGIApplication") -> WSGIServer:
    try:
        return make_server(HOST, port, application, server_class=_Server, handler_class=_Quiet)
    except OSError as error:
        why = "in use" if error.errno == errno.EADDRINUSE else f"not to be had ({error.strerror})"
        raise SettingError(f"port {port} is {why}: give another with --port") from error
