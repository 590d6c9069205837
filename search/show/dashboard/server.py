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
"""The path of the page that shows the run."""

READING = ("GET", "HEAD")

OWN_NAMES = ("127.0.0.1", "localhost", "[::1]")
"""The names by which a browser on this machine can call the server, also through a tunnel of SSH."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Does nothing: a browser that disconnects during an answer is not an error."""


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        """Does nothing: requests are not logged."""


@contextmanager
def dashboard(run: StoredRun, runs: Path, port: int, say: Callable[[str], None]) -> Iterator[WSGIServer]:
    """A server with Optuna's dashboard for a run. It listens; call `serve_forever` to answer requests.

    Args:
        run: the run; it may still be searched.
        runs: the folder of the runs, for the commands on the pages.
        port: the port on this machine; 0 for any free port.
        say: gets a line for what cannot be shown.

    Raises:
        MissingPackageError: if the package of the extra `dashboard` is missing.
        SettingError: if the port is not possible or not free.
    """
    require_packages("the dashboard", "dashboard", "optuna_dashboard")
    from optuna_dashboard import wsgi

    if not 0 <= port < 2**16:
        raise SettingError(f"a port must be a number from 0 to {2**16 - 1}, but is {port}")
    load_fonts()  # here, because requests are answered in threads
    with scratch("dashboard") as drawn:
        pictures = Pictures(run, drawn, say)
        view = RunView(run, RunCommands(run.folder.name, run.settings.problem, runs), pictures)
        with _listening(port, own_host_only(reading_only(wsgi(view, artifact_store=pictures)))) as server:
            yield server


def address(server: WSGIServer) -> str:
    """The address of the run's page."""
    return f"http://{HOST}:{server.server_port}{PAGE}"


def reading_only(application: "WSGIApplication") -> "WSGIApplication":
    """An application that refuses requests that could write."""

    def answer(environment: "WSGIEnvironment", start: "StartResponse") -> "Iterator[bytes] | list[bytes]":
        if environment["REQUEST_METHOD"] in READING:
            return application(environment, start)  # type: ignore[return-value]
        start("405 Method Not Allowed", [("Content-Type", "application/json"), ("Allow", ", ".join(READING))])
        return [json.dumps({"reason": "this dashboard is read-only"}).encode()]

    return answer


def own_host_only(application: "WSGIApplication") -> "WSGIApplication":
    """An application that refuses requests to another host's name.

    Otherwise a web page of another host could read the run through the user's browser, once the name of that host leads
    to this machine (DNS rebinding). The browser still sends that name.
    """

    def answer(environment: "WSGIEnvironment", start: "StartResponse") -> "Iterator[bytes] | list[bytes]":
        name, _, port = environment.get("HTTP_HOST", "").rpartition(":")
        if not port.isdecimal():  # a name without a port
            name = environment.get("HTTP_HOST", "")
        if name.lower() in OWN_NAMES:
            return application(environment, start)  # type: ignore[return-value]
        start("403 Forbidden", [("Content-Type", "application/json")])
        return [json.dumps({"reason": f"this dashboard is only at {', '.join(OWN_NAMES)}"}).encode()]

    return answer


def _listening(port: int, application: "WSGIApplication") -> WSGIServer:
    try:
        return make_server(HOST, port, application, server_class=_Server, handler_class=_Quiet)
    except OSError as error:
        why = "in use" if error.errno == errno.EADDRINUSE else f"not available ({error.strerror})"
        raise SettingError(f"port {port} is {why}: give another with --port") from error
