"""Contradictions between notes as findings, each at the line that contradicts."""

from collections.abc import Mapping

import pyoxigraph as ox

from kg.core.findings import Finding, RelatedPlace
from kg.rdf.vocabulary import Term
from kg.reasoning.derivation import Contradiction, DerivationStep
from kg.reasoning.explanation import Explainer, meaning
from kg.reasoning.source_lines import SourceLine
from kg.reasoning.unfolding import is_nameless

_SHOWN = 3
_CODES = {
    "cax-dw": "C01",
    "cax-adc": "C01",
    "cls-com": "C01",
    "prp-pdw": "C02",
    "prp-adp": "C02",
    "prp-fp": "C03",
    "cls-maxc2": "C03",
    "eq-diff1": "C04",
    "eq-diff2": "C04",
    "eq-diff3": "C04",
}


def contradictions(explainer: Explainer) -> dict[Finding, Term]:
    """Return the contradictions between notes, each at the line that contradicts, with the thing.

    Raises TimedOut, OutOfMemory.
    """
    return {finding: row.facts[0].subject for finding, row in contradicted(explainer).items()}


def contradicted(explainer: Explainer) -> dict[Finding, Contradiction]:
    """Return the contradictions between notes as findings, with the facts. Raises TimedOut, OutOfMemory."""
    return explainer.apart(lambda: _contradictions(explainer))


def _contradictions(explainer: Explainer) -> dict[Finding, Contradiction]:
    rows = explainer.derivations.contradictions()
    steps = {fact: explainer.derivations.of(fact) or DerivationStep(fact) for row in rows for fact in row.facts}
    places = explainer.sources.placed(triple for step in steps.values() for triple in step.asserted)
    plainest: dict[object, Contradiction] = {}
    for row in sorted(rows, key=lambda row: (sum(steps[fact].size for fact in row.facts), *map(str, row.facts))):
        leaves = frozenset(triple for fact in row.facts for triple in steps[fact].asserted)
        plainest.setdefault((row.rule.names, leaves), row)  # equal things share a contradiction: keep the plainest
    findings = [(_finding(explainer, row, steps, places), row) for row in plainest.values()]
    return {finding: row for finding, row in findings if finding}


def _finding(
    explainer: Explainer,
    row: Contradiction,
    steps: Mapping[ox.Triple, DerivationStep],
    places: Mapping[ox.Triple, tuple[SourceLine, ...]],
) -> Finding | None:
    lines: dict[SourceLine, tuple[object, ...]] = {}
    for fact in row.facts:
        own = explainer.sources.origins.own(fact.subject)
        for line in (line for triple in steps[fact].asserted for line in places.get(triple, ())):
            lines[line] = (line.path != own, line.path, line.line, line.column)
    if not lines:
        return None
    # A thing's own note counts as intended, and in that note the earlier line. The finding is at the other line.
    culprit = max(lines, key=lines.__getitem__)
    further = [str(line) for line in sorted(lines) if line != culprit]
    statements = " and ".join(f"“{' '.join(explainer.words(fact))}”" for fact in row.facts)
    axioms = "; ".join(explainer.in_turtle(row.rule.axioms)) or meaning(row.rule.names)
    nameless = [str(line) for a in row.rule.axioms if is_nameless(a.subject) for line in explainer.sources.of_axiom(a)]
    axioms += f" ({', '.join(dict.fromkeys(nameless))})" if nameless else ""
    elsewhere = f"; see {', '.join(further[:_SHOWN])}" if further else ""
    message = f"{statements} cannot {'both ' if len(row.facts) == 2 else ''}hold: {axioms}{elsewhere}"
    code = next((_CODES[name] for name in reversed(row.rule.names) if name in _CODES), "C05")
    related = tuple(RelatedPlace(line.path, line.line, line.column) for line in sorted(lines) if line != culprit)
    place = (culprit.path, culprit.line, culprit.column, culprit.line, culprit.column)
    return Finding(*place, code, message, related=related)
