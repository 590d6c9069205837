"""The dashboard answers only requests to a name of this machine."""

import http.client
import threading

import pytest

from valp.search.run.run import open_run
from valp.search.show.dashboard.server import PAGE, dashboard, own_host_only


def answer_to(host):
    """The status of the answer to a request to a host; no host is sent if it is None."""
    told = []
    application = own_host_only(lambda _, start: [start("200 OK", []), b"the run"][1:])
    body = application({"HTTP_HOST": host} if host is not None else {}, lambda status, _: told.append(status))
    assert (list(body) == [b"the run"]) == (told == ["200 OK"])
    return told[0].split()[0]


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8080", "LocalHost:9", "127.0.0.1:8080", "[::1]:8080", "[::1]"]
)
def test_a_request_to_this_machine_is_answered(host):
    assert answer_to(host) == "200"


@pytest.mark.parametrize(
    "host",
    [None, "", ":8080", "evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil:80", "::1"],
)
def test_a_request_to_another_name_is_refused(host):
    assert answer_to(host) == "403"


def test_the_server_refuses_a_page_of_another_host_whose_name_leads_here(small_runs):
    with dashboard(open_run(small_runs, "small"), small_runs, 0, print) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            statuses = []
            for host in ("evil.example", f"127.0.0.1:{server.server_port}"):
                connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)
                connection.request("GET", PAGE, headers={"Host": host})
                statuses.append(connection.getresponse().status)
                connection.close()
        finally:
            server.shutdown()
            thread.join()
    assert statuses == [403, 200]
