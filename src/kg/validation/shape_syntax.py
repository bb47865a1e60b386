"""The syntax rules of shapes graphs (SHACL 1.0, appendix C and sections 2 to 6), as a table of parameters.

A shape that breaks a rule is a `Fault`, not an error: the other shapes are checked all the same.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import pyoxigraph as ox

from kg.core.spelling import did_you_mean, nearest
from kg.rdf.terms import RDF, SH, XSD
from kg.rdf.vocabulary import TYPE, Term
from kg.validation.shapes import Shapes

ILL_FORMED, UNCHECKED = "O10", "O11"
_PATHS = ("inversePath", "alternativePath", "zeroOrMorePath", "oneOrMorePath", "zeroOrOnePath")
_KINDS = {SH + kind for kind in ("IRI", "BlankNode", "Literal", "BlankNodeOrIRI", "BlankNodeOrLiteral", "IRIOrLiteral")}
_INTEGERS = frozenset(
    XSD + name
    for name in [
        "integer",
        "nonNegativeInteger",
        "positiveInteger",
        "long",
        "int",
        "short",
        "byte",
        "unsignedLong",
        "unsignedInt",
        "unsignedShort",
        "unsignedByte",
    ]
)
_INTEGER = frozenset((XSD + "integer",))
_PROPERTY_SHAPE = ox.NamedNode(SH + "PropertyShape")
_NIL = ox.NamedNode(RDF + "nil")
_FIRST, _REST = RDF + "first", RDF + "rest"


class Fault(NamedTuple):
    """A fault of a shape or of another node of the shapes graph."""

    node: Term
    message: str
    at: str = ""
    """The local name of the property at fault; empty for the node itself."""
    value: Term | None = None
    """The value at fault."""
    drops: tuple[str, ...] = ()
    """The local names of the node's properties that cannot be used."""
    whole: bool = False
    """Whether nothing of the node can be used."""
    code: str = ILL_FORMED
    offset: int = 0
    """The offset of the fault in the text of the value."""


class ShapeParameter(NamedTuple):
    """A property of shapes: what its values must be."""

    name: str
    kind: str
    single: bool
    of_property: bool
    """Whether only a property shape may have it."""


_TABLE = """
targetClass iri; targetSubjectsOf iri; targetObjectsOf iri; targetNode iri_or_literal
severity iri single; message text; deactivated boolean single
class iri; datatype iri single; nodeKind kind single; closed boolean single; ignoredProperties iris single
minCount count single property; maxCount count single property; uniqueLang boolean single property
minLength length single; maxLength length single; pattern pattern; flags flags single; languageIn texts single
minExclusive literal single; minInclusive literal single; maxExclusive literal single; maxInclusive literal single
hasValue term; equals iri; disjoint iri; lessThan iri property; lessThanOrEquals iri property; in list single
node node; property shape; not node; qualifiedValueShape node single property; and nodes; or nodes; xone nodes
qualifiedMinCount length single; qualifiedMaxCount length single; qualifiedValueShapesDisjoint boolean single
sparql node
"""
"""Each parameter: what its values are, whether a shape has one at most, whether only property shapes have it."""
PARAMETERS = tuple(
    ShapeParameter(name, kind, "single" in rest, "property" in rest)
    for name, kind, *rest in (row.split() for row in _TABLE.strip().replace("\n", ";").split(";"))
)
_BY_IRI = {SH + row.name: row for row in PARAMETERS}
_CONSTRAINTS = (
    ("pattern", "flags"),
    ("closed", "ignoredProperties"),
    ("qualifiedValueShape", "qualifiedMinCount", "qualifiedMaxCount", "qualifiedValueShapesDisjoint"),
)
_TOGETHER = {name: names for names in _CONSTRAINTS for name in names}
"""The properties of a constraint that cannot be checked without one of them."""
_WHOLE = {"deactivated", "severity"}
"""Properties without which a shape may not run: it would report what its author wants hidden, or otherwise."""

_WITHOUT = (
    ("ignoredProperties", ("closed",), UNCHECKED),
    ("flags", ("pattern",), UNCHECKED),
    ("qualifiedMinCount", ("qualifiedValueShape",), UNCHECKED),
    ("qualifiedMaxCount", ("qualifiedValueShape",), UNCHECKED),
    ("qualifiedValueShape", ("qualifiedMinCount", "qualifiedMaxCount"), ILL_FORMED),
)
"""Properties that need one of others, and the code of their absence."""

_UNDEFINED = "SHACL does not define the meaning"
_OTHERS = """
NodeShape PropertyShape Shape Parameter Parameterizable ConstraintComponent SPARQLConstraint SPARQLExecutable
Validator SPARQLAskExecutable SPARQLAskValidator SPARQLSelectExecutable SPARQLSelectValidator
SPARQLConstructExecutable Function SPARQLFunction SPARQLRule SPARQLTarget SPARQLTargetType
SPARQLUpdateExecutable Target TargetType TripleRule Rule Rules ValidationReport ValidationResult
AbstractResult ResultAnnotation PrefixDeclaration PropertyGroup NodeKind Severity Violation Warning Info IRI
BlankNode Literal BlankNodeOrIRI BlankNodeOrLiteral IRIOrLiteral path name description order group
defaultValue select ask construct update prefixes declare prefix namespace parameter optional validator
nodeValidator propertyValidator labelTemplate target rule condition expression values subject predicate object
filterShape nodes intersection union this returnType shapesGraph suggestedShapesGraph shapesGraphWellFormed
entailment conforms result focusNode resultPath value sourceShape sourceConstraint sourceConstraintComponent
resultSeverity resultMessage detail resultAnnotation annotationProperty annotationValue annotationVarName
exists if then else count distinct min max sum groupConcat separator limit offset orderBy desc minus concat
ifObjects
"""
KNOWN = frozenset((*(row.name for row in PARAMETERS), *_PATHS, *_OTHERS.split()))
"""The terms of SHACL that kg knows, by their local names."""


def _text(term: Term) -> str:
    """The text of a term; empty for a triple."""
    return "" if isinstance(term, ox.Triple) else term.value


def _is_integer(term: Term, datatypes: frozenset[str]) -> bool:
    if not isinstance(term, ox.Literal) or term.datatype.value not in datatypes:
        return False
    return re.fullmatch(r"\+?\d+|-0+", term.value) is not None


def _is_text(term: Term) -> bool:
    return isinstance(term, ox.Literal) and (bool(term.language) or term.datatype.value == XSD + "string")


def _is_node(term: Term) -> bool:
    return isinstance(term, (ox.NamedNode, ox.BlankNode))


def _is_boolean(term: Term) -> bool:
    if not isinstance(term, ox.Literal) or term.datatype.value != XSD + "boolean":
        return False
    return term.value in {"true", "false", "1", "0"}


_VALUES: Mapping[str, tuple[str, Callable[[Term], bool]]] = {
    "term": ("a term", lambda term: True),
    "iri": ("an IRI", lambda term: isinstance(term, ox.NamedNode)),
    "iri_or_literal": ("an IRI or a literal", lambda term: isinstance(term, (ox.NamedNode, ox.Literal))),
    "literal": ("a literal", lambda term: isinstance(term, ox.Literal)),
    "text": ("a text", _is_text),
    "boolean": ("true or false", _is_boolean),
    "count": ("an integer of 0 or more", lambda term: _is_integer(term, _INTEGER)),
    "length": ("an integer of 0 or more", lambda term: _is_integer(term, _INTEGERS)),
    "kind": ("sh:IRI, sh:BlankNode, sh:Literal or two of them", lambda term: _text(term) in _KINDS),
    "node": ("an IRI or a blank node", _is_node),
    "shape": ("an IRI or a blank node", _is_node),
    "pattern": ("a text", _is_text),
    "flags": ("letters of “dimsx”", lambda term: _is_text(term) and not set(_text(term)) - set("dimsxq")),
}  # fmt: skip
_MEMBERS = {"list": "", "nodes": "node", "iris": "iri", "texts": "text"}


@dataclass(frozen=True)
class Syntax:
    """The check of a shapes graph."""

    shapes: Shapes
    name: Callable[[Term], str]
    """The text of a term in a message."""

    def faults(self) -> Iterator[Fault]:
        """The faults, by node."""
        for node in self.shapes.nodes:
            yield from self._of_shape(node)
            for predicate in self.shapes.about(node):
                if predicate in _BY_IRI:
                    yield from self._of_parameter(node, _BY_IRI[predicate])
            yield from self._incomplete(node)
            yield from self._unknown(node)
        yield from self._recursive()

    def _of_shape(self, node: Term) -> Iterator[Fault]:
        types = {term.value for term in self.shapes.objects(node, TYPE.value) if isinstance(term, ox.NamedNode)}
        paths = self.shapes.of_sh(node, "path")
        if {SH + "NodeShape", SH + "PropertyShape"} <= types:
            yield Fault(node, "a shape is a sh:NodeShape or a sh:PropertyShape, not both", whole=True)
        elif SH + "NodeShape" in types and paths:
            yield Fault(node, "a sh:NodeShape has no sh:path: make it a sh:PropertyShape", "path", paths[0], whole=True)
        elif SH + "PropertyShape" in types and not paths:
            yield Fault(node, "a sh:PropertyShape needs a sh:path", whole=True)
        elif len(paths) > 1:
            yield Fault(node, f"a property shape has one sh:path, not {len(paths)}", "path", paths[1], whole=True)
        for path in paths[:1]:
            if reason := self._path_fault(path, frozenset()):
                yield Fault(node, reason, "path", path, whole=True)

    def _of_parameter(self, node: Term, row: ShapeParameter) -> Iterator[Fault]:
        values = self.shapes.of_sh(node, row.name)
        drops, whole = together(row.name), row.name in _WHOLE
        if len(values) > 1 and row.single:
            yield Fault(node, f"a shape has one sh:{row.name}, not {len(values)}", row.name, values[1], drops, whole)
        elif values and row.of_property and self._is_node_shape(node):
            yield Fault(node, f"sh:{row.name} needs a property shape, which has a sh:path", row.name, values[0], drops)
        else:
            for value in values:
                if reason := self._value_fault(row, value):
                    yield Fault(node, f"sh:{row.name} {reason}", row.name, value, drops, whole)

    def _is_node_shape(self, node: Term) -> bool:
        return not self.shapes.of_sh(node, "path") and _PROPERTY_SHAPE not in self.shapes.objects(node, TYPE.value)

    def _value_fault(self, row: ShapeParameter, value: Term) -> str:
        """What is wrong with a value of a parameter; empty if nothing is."""
        if row.kind in _MEMBERS:
            return self._list_fault(value, _MEMBERS[row.kind])
        phrase, is_valid = _VALUES[row.kind]
        if not is_valid(value):
            return f"must be {phrase}, not {self.name(value)}"
        if row.kind == "pattern":
            return _pattern_fault(_text(value))
        if row.kind == "shape" and not self.shapes.of_sh(value, "path"):
            return f"must name a property shape, and {self.name(value)} has no sh:path"
        if row.name == "node" and self.shapes.of_sh(value, "path"):
            return f"must name a node shape, and {self.name(value)} has a sh:path"
        return ""

    def _list_fault(self, head: Term, member_kind: str) -> str:
        seen: set[Term] = set()
        node = head
        while node != _NIL:
            first, rest = self.shapes.objects(node, _FIRST), self.shapes.objects(node, _REST)
            if node in seen:
                return "must be a list, and this list is circular"
            if len(first) != 1 or len(rest) != 1:
                return (
                    f"must be a list, not {self.name(node)}"
                    if node == head
                    else "must be a list, and this list has no end"
                )
            phrase, is_valid = _VALUES.get(member_kind, ("", lambda term: True))
            if not is_valid(first[0]):
                return f"must be a list of which each member is {phrase}, not {self.name(first[0])}"
            seen.add(node)
            node = rest[0]
        return "must be a list with a member" if member_kind == "node" and not seen else ""

    def _path_fault(self, path: Term, around: frozenset[Term]) -> str:
        """What is wrong with a property path (SHACL 2.3.1); empty if nothing is."""
        if isinstance(path, ox.NamedNode) and path != _NIL:
            return ""
        if not isinstance(path, ox.BlankNode):
            return f"sh:path must be a property or a path, not {self.name(path)}"
        if path in around:
            return "sh:path contains itself"
        within = around | {path}
        if self.shapes.objects(path, _FIRST):
            return self._sequence_fault(path, within, "the list of sh:path")
        kinds = [(kind, value) for kind in _PATHS for value in self.shapes.of_sh(path, kind)]
        if len(kinds) != 1:
            return "sh:path must be a property, a list, or one of sh:" + ", sh:".join(_PATHS)
        kind, value = kinds[0]
        if kind == "alternativePath":
            return self._sequence_fault(value, within, "sh:alternativePath")
        return self._path_fault(value, within)

    def _sequence_fault(self, head: Term, around: frozenset[Term], what: str) -> str:
        if reason := self._list_fault(head, ""):
            return f"{what} {reason}"
        members = self.shapes.items(head)
        if len(members) < 2:
            return f"{what} needs two members or more"
        return next(filter(None, (self._path_fault(member, around) for member in members)), "")

    def _incomplete(self, node: Term) -> Iterator[Fault]:
        for name, others, code in _WITHOUT:
            values = self.shapes.of_sh(node, name)
            if values and not self.shapes.of_sh(node, *others):
                message = f"sh:{name} has no meaning without sh:{' or sh:'.join(others)}"
                yield Fault(node, message, name, values[0], (name,), code=code)

    def _unknown(self, node: Term) -> Iterator[Fault]:
        """Terms of SHACL that are not checked: the JavaScript extensions, later versions, and misspellings."""
        for predicate, values in self.shapes.about(node).items():
            name = predicate.removeprefix(SH)
            if predicate.startswith(SH) and name not in KNOWN:
                yield Fault(node, _unknown(name), name, values[0], (name,), code=UNCHECKED)
        for type_ in self.shapes.objects(node, TYPE.value):
            name = _text(type_).removeprefix(SH)
            if _text(type_).startswith(SH) and name not in KNOWN:
                yield Fault(node, _unknown(name), "", type_, code=UNCHECKED)

    def _recursive(self) -> Iterator[Fault]:
        """A shape that refers to itself, once per cycle (SHACL 3.4.3: its meaning is not defined)."""
        state: dict[Term, bool] = {}
        for start in self.shapes.all:
            stack = [(start, iter(self.shapes.inner(start)))] if start not in state else []
            state.setdefault(start, True)
            while stack:
                node, inner = stack[-1]
                following = next(inner, None)
                if following is None:
                    state[node] = False
                    stack.pop()
                elif state.get(following):
                    through = self.name(self.shapes.owner(node))
                    yield Fault(
                        following, f"the shape refers to itself through {through}: {_UNDEFINED}", code=UNCHECKED
                    )
                elif following not in state:
                    state[following] = True
                    stack.append((following, iter(self.shapes.inner(following))))


def together(name: str) -> tuple[str, ...]:
    """The local names of the properties that make a constraint with a property."""
    return _TOGETHER.get(name, (name,))


def _unknown(name: str) -> str:
    if name.lower().startswith("js"):
        return f"sh:{name} is not supported: kg runs no JavaScript"
    similar = nearest(name, KNOWN)
    return f"sh:{name} is not checked: kg does not know this term of SHACL{did_you_mean(similar and f'sh:{similar}')}"


def _pattern_fault(pattern: str) -> str:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return f"must be a regular expression: {error}"
    return ""
