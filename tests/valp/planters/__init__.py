"""One planter for each rule."""

from tests.valp.planters.base import Planter
from tests.valp.planters.objectives import OBJECTIVES
from tests.valp.planters.structure import STRUCTURE
from tests.valp.planters.typing import TYPING

PLANTERS: dict[str, Planter] = STRUCTURE | TYPING | OBJECTIVES

__all__ = ["PLANTERS"]
