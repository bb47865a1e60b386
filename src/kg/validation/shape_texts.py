"""The SPARQL texts of shapes: the rules of SHACL (5.2, 6.2 and appendix A), and the places of syntax errors."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import pyoxigraph as ox

from kg.core.errors import KgError, QuerySyntaxError, first_line
from kg.rdf.sparql_syntax import Token, check, tokens
from kg.rdf.terms import SH, XSD
from kg.rdf.vocabulary import TYPE, Term
from kg.validation.shape_syntax import ILL_FORMED, UNCHECKED, Fault
from kg.validation.shapes import Shapes
from kg.validation.sparql_reach import default_prefixes, prepared

FORMS = {"select": "SelectQuery", "ask": "AskQuery", "construct": "ConstructQuery"}
"""The forms of query of the properties that have SPARQL texts, as rdflib names them."""
_FORBIDDEN = {"MINUS", "VALUES", "SERVICE"}
"""Keywords that a constraint must not have, because its variables are bound beforehand (SHACL, appendix A)."""
_READS_FILES = {"FROM", "LOAD"}
_BOUND = {"this", "shapesGraph", "currentShape", "value"}


class _Mistake(NamedTuple):
    message: str
    offset: int = 0
    code: str = ILL_FORMED


@dataclass(frozen=True)
class ShapeTexts:
    """The check of the SPARQL texts of a shapes graph."""

    shapes: Shapes

    def faults(self) -> Iterator[Fault]:
        """The faults, by text."""
        for node in self.shapes.nodes:
            yield from self._of_constraint(node)
            for value in self.shapes.of_sh(node, "declare"):
                if any(len(self.shapes.of_sh(value, name)) != 1 for name in ("prefix", "namespace")):
                    yield Fault(
                        node, "sh:declare needs one sh:prefix and one sh:namespace", "declare", value, ("declare",)
                    )
            for name in FORMS:
                for text in self.shapes.of_sh(node, name):
                    yield from self._of_text(node, name, text)

    def _of_constraint(self, node: Term) -> Iterator[Fault]:
        for value in self.shapes.of_sh(node, "sparql"):
            texts = self.shapes.of_sh(value, "select")
            if len(texts) != 1:
                yield Fault(node, f"sh:sparql needs one sh:select, not {len(texts)}", "sparql", value, ("sparql",))
        is_component = ox.NamedNode(SH + "ConstraintComponent") in self.shapes.objects(node, TYPE.value)
        if is_component and not self.shapes.of_sh(node, "parameter"):
            yield Fault(node, "a constraint component needs a sh:parameter", whole=True)
        for value in self.shapes.of_sh(node, "parameter"):
            if not isinstance(next(iter(self.shapes.of_sh(value, "path")), None), ox.NamedNode):
                yield Fault(node, "sh:parameter needs a property as its sh:path", "parameter", value, whole=True)

    def _of_text(self, node: Term, name: str, text: Term) -> Iterator[Fault]:
        if not isinstance(text, ox.Literal) or text.datatype.value != XSD + "string":
            yield Fault(node, f"sh:{name} must be a text", name, text, whole=True)
            return
        mistake = _mistake(text.value, name, self.shapes.prefixes_of(node), self._users(node))
        if mistake:
            yield Fault(node, mistake.message, name, text, whole=True, code=mistake.code, offset=mistake.offset)

    @cached_property
    def _constrained(self) -> Mapping[Term, list[Term]]:
        """The shapes of each constraint."""
        shapes: dict[Term, list[Term]] = defaultdict(list)
        for subject in self.shapes.nodes:
            for node in self.shapes.of_sh(subject, "sparql"):
                shapes[node].append(subject)
        return shapes

    def _users(self, node: Term) -> tuple[bool, bool]:
        """Whether a text is that of a constraint, and whether all its shapes are node shapes."""
        shapes = self._constrained.get(node, [])
        return bool(shapes), bool(shapes) and not any(self.shapes.of_sh(shape, "path") for shape in shapes)


def _mistake(text: str, name: str, prefixes: Mapping[str, str], users: tuple[bool, bool]) -> _Mistake | None:
    """The first mistake of a text."""
    try:
        check(text)
    except QuerySyntaxError as error:
        lines = text.split("\n")[: error.line - 1]
        return _Mistake(str(error), sum(len(line) + 1 for line in lines) + error.column - 1)
    except KgError as error:
        reason = "a shape must not use SERVICE: it asks another server" if "SERVICE" in str(error) else str(error)
        return _Mistake(reason, _first(text, {"SERVICE"}))
    found = list(tokens(text))
    mistake = next(
        filter(None, (_of_token(*pair, users) for pair in zip(found, [*found[1:], None], strict=True))), None
    )
    return mistake or _unknown_prefix(text, found, prefixes) or _syntax(text, name, prefixes, users)


def _of_token(token: Token, after: Token | None, users: tuple[bool, bool]) -> _Mistake | None:
    """The mistake that a token is, if it is one; `after` is the next token."""
    word, (of_constraint, of_node_shape) = token.text.upper(), users
    if token.kind == "word" and word in _READS_FILES:
        return _Mistake(f"a shape must not use {word}", token.start)
    if not of_constraint:
        return None
    if token.kind == "word" and word in _FORBIDDEN:
        return _Mistake(f"a SPARQL constraint must not use {word}", token.start)
    if token.kind == "word" and word == "AS" and after and after.text[1:] in _BOUND and after.kind == "variable":
        return _Mistake(f"a SPARQL constraint must not bind {after.text} again", after.start)
    if token.kind == "variable" and token.text[1:] == "PATH" and of_node_shape:
        return _Mistake("$PATH needs a property shape, which has a sh:path", token.start)
    if token.kind == "variable" and token.text[1:] == "shapesGraph":
        return _Mistake("$shapesGraph is not supported", token.start, UNCHECKED)
    return None


def _first(text: str, words: set[str]) -> int:
    return next((token.start for token in tokens(text) if token.text.upper() in words), 0)


def _unknown_prefix(text: str, found: list[Token], prefixes: Mapping[str, str]) -> _Mistake | None:
    names = [token for token in found if token.kind == "name" and not token.text.startswith("_:")]
    declared = {token.text for token in _declared(found)}
    known = {*prefixes, *default_prefixes()}
    for token in names:
        prefix = token.text.partition(":")[0]
        if f"{prefix}:" not in declared and prefix not in known:
            reason = "no sh:prefixes of the constraint lead to a sh:declare with it"
            return _Mistake(f"the prefix “{prefix}:” is not known: {reason}", token.start)
    return None


def _declared(found: list[Token]) -> Iterator[Token]:
    for token, after in pairwise(found):
        if token.kind == "word" and token.text.upper() == "PREFIX":
            yield after


def _syntax(text: str, name: str, prefixes: Mapping[str, str], users: tuple[bool, bool]) -> _Mistake | None:
    from pyparsing import ParseException

    try:
        algebra = prepared(text, prefixes).algebra
    except ParseException as error:
        rest = " ".join(text[error.loc :].split())[:60]
        return _Mistake(
            f"not valid SPARQL from here on: {rest}" if rest else "not valid SPARQL: the text ends too early", error.loc
        )
    except Exception as error:  # noqa: BLE001 - rdflib raises any exception for an invalid text
        return _Mistake(f"not valid SPARQL: {first_line(error)}")
    if algebra.name != FORMS[name]:
        return _Mistake(f"sh:{name} needs a query of the form {name.upper()}")
    if users[0] and "this" not in map(str, algebra.PV):
        return _Mistake("a SPARQL constraint must select $this")
    return None
