"""The page of a run with 5,000 candidates. `python -m benchmarks.waiting` measures how long it takes to open."""

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
BYTES = 25_000_000


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_page_of_five_thousand_candidates_opens_sorts_and_has_less_than_25_megabytes(
    browser, run, digits_problem, tmp_path
):
    question = Question(digits_problem, DEFAULT, Training(steps=10), 0, 10)
    drawn = [draw_at_random(question, number) for number in range(DISTINCT)]
    scores = np.random.default_rng(0).random((CANDIDATES, 3))
    many = untrained_run(run, [drawn[number % DISTINCT] for number in range(CANDIDATES)], scores.__getitem__, tmp_path)
    path = tmp_path / "report.html"
    path.write_text(written(gather(many, Evidence(None, missing="left out"))))
    assert path.stat().st_size < BYTES
    page = opened(browser, path)
    page.locator("#table thead button", has_text="mse").click()
    page.wait_for_selector("#table th[aria-sort=ascending]")
    assert page.heard == []
    rows = page.locator("#table tbody tr")
    assert rows.count() == 25
    assert rows.first.inner_text().split()[0] == str(scores[:, 1].argmin())
