"""The report of a real run, made once."""

import pytest

from tests.search.chromium import browser as chromium
from valp.search.run.run import StoredRun, open_run
from valp.search.show.report.evidence import Evidence, evidence_of
from valp.search.show.report.page import write_report


@pytest.fixture(scope="session")
def run(small_runs) -> StoredRun:
    return open_run(small_runs, "small")


@pytest.fixture(scope="session")
def evidence(run) -> Evidence:
    return evidence_of(run, print)


@pytest.fixture(scope="session")
def report(run, tmp_path_factory):
    return write_report(run, tmp_path_factory.mktemp("report") / "report.html")


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened
