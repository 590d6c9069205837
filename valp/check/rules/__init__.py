"""The rules that make a graph a VALP, one table row each."""

from valp.check.rules.facts import Facts, Finding, Rule
from valp.check.rules.loss_rules import OBJECTIVE_RULES
from valp.check.rules.structure_rules import STRUCTURE_RULES
from valp.check.rules.typing_rules import TYPING_NOTES, TYPING_RULES

RULES: tuple[Rule, ...] = (*STRUCTURE_RULES, *TYPING_RULES, *OBJECTIVE_RULES)
"""What must hold."""

NOTES: tuple[Rule, ...] = TYPING_NOTES
"""What is allowed, but worth a remark."""

__all__ = ["NOTES", "RULES", "Facts", "Finding", "Rule"]
