"""Headings over lists that name no class: the notes' findings on them as one finding of the vault."""

from collections.abc import Iterable
from dataclasses import replace

from kg.core.findings import Finding
from kg.core.text import letters_and_digits
from kg.rdf.iris import encode_part
from kg.rdf.terms import OWL, RDFS, literal

CODE = "O06"
_SHOWN = 5


def with_headings_once(findings: Iterable[Finding]) -> list[Finding]:
    """Findings with one for all headings over lists that name no class, at the first of the most frequent heading."""
    others: list[Finding] = []
    headings: dict[str, list[Finding]] = {}
    for finding in findings:
        rows = headings.setdefault(letters_and_digits(finding.message), []) if finding.code == CODE else others
        rows.append(finding)
    ranked = sorted(map(sorted, headings.values()), key=lambda rows: (-len(rows), rows[0]))
    return [*others, *([_of_all(ranked)] if ranked else [])]


def _of_all(ranked: list[list[Finding]]) -> Finding:
    shown = [f"“{rows[0].message}” ({len(rows):,} {'note' if len(rows) == 1 else 'notes'})" for rows in ranked[:_SHOWN]]
    shown += [f"and {len(ranked) - _SHOWN:,} more"] if len(ranked) > _SHOWN else []
    first = ranked[0][0]
    message = f"headings over lists name no class, so their items are no things: {', '.join(shown)}"
    return replace(first, message=message, hint=f"Declare a class in ontology/own.ttl: {_turtle(first.message)}")


def _turtle(heading: str) -> str:
    """The Turtle of a class that a heading names."""
    return (
        f"@prefix owl: <{OWL}> . @prefix rdfs: <{RDFS}> . "
        f"<#{encode_part(heading)}> a owl:Class ; rdfs:label {literal(heading)} ."
    )
