"""One planter for each rule."""

from tests.valp.check.planters.base import Planter
from tests.valp.check.planters.objectives import OBJECTIVES
from tests.valp.check.planters.structure import STRUCTURE
from tests.valp.check.planters.typing import TYPING

PLANTERS: dict[str, Planter] = STRUCTURE | TYPING | OBJECTIVES

__all__ = ["PLANTERS"]
