"""Contract tests for rows of the library's tables. Other packages run them in their own tests.

Each function takes a row, installed or not, and tests it in small graphs. It raises an `AssertionError` that says in
one sentence what does not hold.
"""

from valp.testing.check_combiner import check_combiner
from valp.testing.check_kind import check_kind
from valp.testing.check_loss import check_loss
from valp.testing.check_prior import check_prior
from valp.testing.check_score import check_score

__all__ = ["check_combiner", "check_kind", "check_loss", "check_prior", "check_score"]
