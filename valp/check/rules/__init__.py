"""The rules that make a graph a VALP, one table row each."""

from valp.check.rules.facts import Facts, Finding, Rule
from valp.check.rules.loss_rules import OBJECTIVE_RULES
from valp.check.rules.size_rules import SIZE_RULES, TOTAL_RULES
from valp.check.rules.structure_rules import STRUCTURE_RULES
from valp.check.rules.typing_rules import TYPING_NOTES, TYPING_RULES

STAGES: tuple[tuple[Rule, ...], ...] = (SIZE_RULES, (*STRUCTURE_RULES, *TYPING_RULES, *OBJECTIVE_RULES), TOTAL_RULES)
"""What must hold. The rules of a stage are checked if those of the stages before hold."""

RULES: tuple[Rule, ...] = tuple(rule for stage in STAGES for rule in stage)
"""All of these rules."""

NOTES: tuple[Rule, ...] = TYPING_NOTES
"""What is allowed, but worth a remark."""

__all__ = ["NOTES", "RULES", "STAGES", "Facts", "Finding", "Rule"]
