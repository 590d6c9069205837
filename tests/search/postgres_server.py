"""A real PostgreSQL server in a temporary folder, started as an unprivileged user."""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

PASSWORD = "a b:c@d/e%f"
"""With all that must be escaped in a URL."""


def programs():
    """The folder of PostgreSQL's programs; None if it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


class Server:
    """A server that listens on a port of this machine only. Its user is `valp`, whose password is `PASSWORD`."""

    def __init__(self, folder):
        self.folder, self.bin = folder, programs()
        self.user = "postgres" if os.getuid() == 0 else None  # the server refuses to run as root
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        (folder / "password").write_text(PASSWORD)
        if self.user:
            for path in (folder, folder / "password"):
                shutil.chown(path, self.user)
        self._run(
            "initdb", "-D", self.data, "-U", "valp", "--auth=scram-sha-256", f"--pwfile={folder / 'password'}", "-N"
        )

    @property
    def data(self):
        return self.folder / "data"

    def url(self, database="postgres", password=None):
        return f"postgresql://valp{f':{password}' if password else ''}@127.0.0.1:{self.port}/{database}"

    def start(self):
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} -c fsync=off"
        self._run("pg_ctl", "start", "-w", "-D", self.data, "-l", self.folder / "log", "-o", options)

    def stop(self, mode="fast"):
        self._run("pg_ctl", "stop", "-w", "-D", self.data, "-m", mode)

    def sql(self, statement, database="postgres"):
        """The rows of a statement, as text."""
        words = ["psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "valp", "-d", database, "-Atc", statement]
        environment = os.environ | {"PGPASSWORD": PASSWORD}
        done = subprocess.run(words, env=environment, check=True, capture_output=True, text=True, timeout=60)
        return done.stdout.splitlines()

    def _run(self, program, *words):
        command = [self.bin / program, *map(str, words)]
        with (self.folder / "out").open("a") as out:  # not a pipe, which the server would keep open
            subprocess.run(command, check=True, user=self.user, stdout=out, stderr=out, cwd="/", timeout=60)


@pytest.fixture(scope="session")
def postgres_server():
    """A running server. Each test makes a database of its own."""
    if programs() is None:
        pytest.skip("PostgreSQL is not installed; on Debian: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="valp-test-postgres-"))
    try:
        server = Server(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def database(postgres_server, monkeypatch, request):
    """The URL of an empty database, without the password, which is in the environment."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    name = f"d{abs(hash(request.node.nodeid)) % 10**12}"
    postgres_server.sql(f"create database {name}")
    return postgres_server.url(name)
