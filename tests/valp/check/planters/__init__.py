"""One planter for each rule."""

from tests.valp.check.planters.base import Planter
from tests.valp.check.planters.objectives import OBJECTIVES
from tests.valp.check.planters.sizes import FIRST_SIZES, TOTAL_SIZES
from tests.valp.check.planters.structure import STRUCTURE
from tests.valp.check.planters.typing import TYPING

PLANTERS: dict[str, Planter] = FIRST_SIZES | STRUCTURE | TYPING | OBJECTIVES | TOTAL_SIZES

__all__ = ["PLANTERS"]
