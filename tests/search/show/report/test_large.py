"""A run with 5,000 candidates still has a page that opens at once."""

import time

import numpy as np
import pytest

from tests.search.show.report.chromium import opened
from tests.search.show.report.untrained import untrained_run
from valp.search.show.report.evidence import Evidence
from valp.search.show.report.material import gather
from valp.search.show.report.page import page as written
from valp.search.strategies.strategy import Question, draw_at_random
from valp.spaces.candidate import Training
from valp.spaces.generate.space import DEFAULT

pytestmark = pytest.mark.heavy

CANDIDATES, DISTINCT = 5000, 250
SECONDS, BYTES = 3.0, 25_000_000


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_page_of_five_thousand_candidates_opens_at_once(browser, run, digits_problem, tmp_path, capsys):
    question = Question(digits_problem, DEFAULT, Training(steps=10), 0, 10)
    drawn = [draw_at_random(question, number) for number in range(DISTINCT)]
    scores = np.random.default_rng(0).random((CANDIDATES, 3))
    many = untrained_run(run, [drawn[number % DISTINCT] for number in range(CANDIDATES)], scores.__getitem__, tmp_path)
    path = tmp_path / "report.html"
    path.write_text(written(gather(many, Evidence(None, missing="left out"))))
    opened(browser, path).close()  # the browser is warm, and the file in the page cache
    start = time.monotonic()
    page = opened(browser, path)
    took = time.monotonic() - start
    start = time.monotonic()
    page.locator("#table thead button", has_text="mse").click()
    page.wait_for_selector("#table th[aria-sort=ascending]")
    sorting = time.monotonic() - start
    size = path.stat().st_size
    with capsys.disabled():
        print(f"\n{CANDIDATES} candidates: {size / 1e6:.1f} MB, open after {took:.2f} s, sorted after {sorting:.2f} s")
    assert page.heard == []
    assert page.locator("#table tbody tr").count() == 25
    assert size < BYTES
    assert took < SECONDS
    assert sorting < 1
