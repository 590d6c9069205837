"""`check`: tests whether a graph is a VALP. It reports every broken rule, not only the first, and needs no torch."""

from dataclasses import dataclass

from valp.check.rules import NOTES, STAGES, Facts, Rule
from valp.errors import ValpError
from valp.graph.graph import Graph


@dataclass(frozen=True)
class Violation:
    """A place that breaks a rule, or in `Report.notes` one that is worth a remark.

    Attributes:
        code: the rule's name.
        component: the offending component or connection.
        sentence: what must hold.
        found: what was found.
    """

    code: str
    component: str
    sentence: str
    found: str

    def __str__(self) -> str:
        return f"{self.component}: {self.sentence}; found {self.found} [{self.code}]"


@dataclass(frozen=True)
class Report:
    """What `check` found. The graph is a VALP if `violations` is empty."""

    violations: tuple[Violation, ...]
    notes: tuple[Violation, ...]

    @property
    def passed(self) -> bool:
        """Whether no rule is broken."""
        return not self.violations


class GraphError(ValpError):
    """A graph that breaks rules; `violations` holds all of them."""

    def __init__(self, violations: tuple[Violation, ...]) -> None:
        self.violations = violations
        listed = "; ".join(str(violation) for violation in violations)
        super().__init__(f"the graph breaks {len(violations)} rule(s): {listed}")


def check(graph: Graph) -> Report:
    """Tests a graph against every rule (Garciarena et al., Defs. 1 to 6 and section III).

    A graph that is too large is checked for its size only. The numbers of its parameters and values are checked in a
    graph that keeps all other rules. Never raises, whatever the graph.
    """
    facts = Facts(graph)
    violations = next(filter(None, (_found(stage, facts) for stage in STAGES)), ())
    too_large = any(violation.code in {rule.code for rule in STAGES[0]} for violation in violations)
    return Report(violations, () if too_large else _found(NOTES, facts))


def require(graph: Graph) -> Graph:
    """Returns the graph itself if it is a VALP.

    Raises:
        GraphError: if it breaks a rule.
    """
    report = check(graph)
    if not report.passed:
        raise GraphError(report.violations)
    return graph


def _found(rules: tuple[Rule, ...], facts: Facts) -> tuple[Violation, ...]:
    return tuple(
        Violation(rule.code, component, rule.sentence, found)
        for rule in rules
        for component, found in rule.broken(facts)
    )
