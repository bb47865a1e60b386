"""Datatypes as conditions: whether a literal is of a datatype is a look at its datatype and value (dt-type2).

No triple of a dataset has a literal as its subject. So a rule with the pattern `?y a xsd:string` becomes two rules: one
for things that have this type, one with a condition on literals.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

import pyoxigraph as ox

from kg.rdf.terms import RDF, RDFS, XSD
from kg.rdf.vocabulary import TYPE
from kg.reasoning.rules import Ground, Rule, Term

_RANGES: Mapping[str, tuple[int | None, int | None]] = {
    "integer": (None, None),
    "nonNegativeInteger": (0, None),
    "positiveInteger": (1, None),
    "nonPositiveInteger": (None, 0),
    "negativeInteger": (None, -1),
    "long": (-(2**63), 2**63 - 1),
    "int": (-(2**31), 2**31 - 1),
    "short": (-(2**15), 2**15 - 1),
    "byte": (-(2**7), 2**7 - 1),
    "unsignedLong": (0, 2**64 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "unsignedShort": (0, 2**16 - 1),
    "unsignedByte": (0, 2**8 - 1),
}
"""The integers of each datatype, from the least to the greatest."""
_TEXTS: Mapping[str, re.Pattern[str]] = {
    "string": re.compile(r".*", re.DOTALL),
    "normalizedString": re.compile(r"[^\t\n\r]*"),
    "token": re.compile(r"(?:[^\s]+(?: [^\s]+)*)?"),
    "language": re.compile(r"[a-zA-Z]{1,8}(?:-[a-zA-Z0-9]{1,8})*"),
    "NMTOKEN": re.compile(r"[\w.:·-]+"),
    "Name": re.compile(r"[^\W\d]?:?[\w.:·-]*(?<=.)"),
    "NCName": re.compile(r"[^\W\d][\w.·-]*"),
}
"""The texts of each datatype that derives from xsd:string."""
_INTEGER = re.compile(r"[+-]?\d+(?:\.0*)?")
_ZONED = re.compile(r".*(?:Z|[+-]\d\d:\d\d)")
_NUMBERS = {"decimal", *_RANGES}


class DatatypeCondition(NamedTuple):
    """The condition that a variable is a literal of a datatype."""

    variable: Term
    datatype: ox.NamedNode

    def holds(self, meant: Mapping[ox.Variable, Ground], _answers: Callable[[str], bool]) -> bool:
        """Whether it is true of the terms of the variables."""
        term = next((term for variable, term in meant.items() if variable == self.variable), None)
        return isinstance(term, ox.Literal) and is_of(term, self.datatype.value)

    def renamed(self, names: Mapping[Term, Term]) -> "DatatypeCondition":
        """Return the condition with other names of variables."""
        return self._replace(variable=names.get(self.variable, self.variable))


def is_of(literal: ox.Literal, datatype: str) -> bool:
    """Whether the value of a literal is in the value space of a datatype (XML Schema 1.1, OWL 2 RL section 4.2)."""
    actual = literal.datatype.value
    if datatype in {actual, RDFS + "Literal"}:
        return True
    if literal.language is not None:
        return datatype == RDF + "PlainLiteral"
    name, own = datatype.removeprefix(XSD), actual.removeprefix(XSD)
    if own in _NUMBERS:
        return name == "decimal" or (name in _RANGES and _is_between(literal.value, *_RANGES[name]))
    if own in _TEXTS:
        return datatype == RDF + "PlainLiteral" or bool(name in _TEXTS and _TEXTS[name].fullmatch(literal.value))
    stamped = bool(_ZONED.fullmatch(literal.value))
    return (own, name) == ("dateTimeStamp", "dateTime") or ((own, name) == ("dateTime", "dateTimeStamp") and stamped)


def _is_between(text: str, least: int | None, most: int | None) -> bool:
    if not _INTEGER.fullmatch(text):
        return False
    number = Decimal(text)
    return (least is None or number >= least) and (most is None or number <= most)


def with_conditions(rules: Iterable[Rule], is_datatype: Callable[[object], bool]) -> Iterator[Rule]:
    """Yield rules and, for those that ask for a datatype, also the rule for literals."""
    for rule in rules:
        asked = [atom for atom in rule.body if atom.predicate == TYPE and is_datatype(atom.object)]
        yield rule
        body = tuple(atom for atom in rule.body if atom not in asked)
        bound = {term for atom in body for term in (atom.subject, atom.object)}
        if asked and all(atom.subject in bound for atom in asked):
            conditions = [DatatypeCondition(a.subject, a.object) for a in asked if isinstance(a.object, ox.NamedNode)]
            yield rule._replace(body=body, conditions=(*rule.conditions, *conditions))
