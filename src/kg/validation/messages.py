"""Messages for shape results that a note-taker understands: names instead of IRIs."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property

import pyoxigraph as ox

from kg.core.findings import SEVERITIES, Code, Severity
from kg.mapping.ontology import Ontology, local_name
from kg.rdf.iris import Names
from kg.rdf.terms import SH, XSD
from kg.rdf.vocabulary import Term
from kg.validation.pyshacl_runner import Violation
from kg.validation.ranges import CODE, is_of_range
from kg.validation.shapes import Shapes

DCTERMS = "http://purl.org/dc/terms/"
_PLACEHOLDER = re.compile(r"\{[$?](this|value|path)\}", re.I)
_WORD = re.compile(r"\{(\w+)\}")
_IRI = re.compile(r"<?(https?://[^\s<>\"“”]+[^\s<>\"“”.,;:!?)])>?")
_SHOWN = 80
_VIOLATION = ox.NamedNode(SH + "Violation")
_SEVERITIES: Mapping[str, Severity] = {SH + "Violation": "error", SH + "Warning": "warning"}

_SAYS: Mapping[str, str] = {
    "MinCount": "{this} has too few values of {path}: at least {minCount}",
    "MaxCount": "{this} has too many values of {path}: at most {maxCount}",
    "Class": "{value} is no {class}, which {path} requires",
    "Datatype": "{value} is no {datatype}, which {path} requires",
    "NodeKind": "{value} is not of the kind that {path} requires: {nodeKind}",
    "MinExclusive": "{value} is not more than {minExclusive}",
    "MinInclusive": "{value} is less than {minInclusive}",
    "MaxExclusive": "{value} is not less than {maxExclusive}",
    "MaxInclusive": "{value} is more than {maxInclusive}",
    "MinLength": "{value} is shorter than {minLength} characters",
    "MaxLength": "{value} is longer than {maxLength} characters",
    "Pattern": "{value} does not match {pattern}",
    "LanguageIn": "{value} is in none of the required languages",
    "UniqueLang": "{this} has two values of {path} in the same language",
    "Equals": "{this}: {path} and {equals} are not the same",
    "Disjoint": "{this}: {path} and {disjoint} have {value} in common",
    "LessThan": "{this}: {path} is not less than {lessThan}",
    "LessThanOrEquals": "{this}: {path} is more than {lessThanOrEquals}",
    "HasValue": "{this}: {hasValue} is missing from {path}",
    "In": "{value} is not an allowed value of {path}",
    "Closed": "{this} has a property that is not allowed: {path}",
    "Not": "{this}: {value} is not allowed",
    "QualifiedMinCount": "{this} has too few matching values of {path}: at least {qualifiedMinCount}",
    "QualifiedMaxCount": "{this} has too many matching values of {path}: at most {qualifiedMaxCount}",
}
_ELSE = "{this}: {value} does not conform to the shape"
_OF_RANGE = "A link to another kind of thing than its property leads to"
_LINK_ELSEWHERE = "Link to another note, give the linked note a `type:`, or use another property"
_NODE = "{this} does not conform to the shape"


@dataclass(frozen=True)
class Wording:
    """Words the results of shapes: messages, codes and hints."""

    shapes: Shapes
    ontology: Ontology
    names: Names
    label: Callable[[str], str]
    """The label of a thing in the notes, by its IRI; empty if it has none."""
    kind: Callable[[ox.NamedNode], str]
    """The class of a thing; empty if it has none."""

    def name(self, term: Term | None) -> str:
        """A term as a reader knows it, in quotes."""
        if isinstance(term, ox.Literal):
            return f"“{term.value[:_SHOWN]}{'…' if len(term.value) > _SHOWN else ''}”"
        return f"“{self.plain(bare(term))}”" if term is not None else "it"

    def plain(self, iri: str) -> str:
        """The label of a thing, class or property; else a readable form of its IRI."""
        label = self.label(iri) or self.ontology.label(iri)
        if label:
            return label
        if iri.startswith(self.names.base):
            return self.names.to_path(iri) or local_name(iri)
        return iri if iri.startswith(("http://", "https://")) and "#" not in iri else local_name(iri)

    def message(self, result: Violation) -> str:
        """The message of a result, in a sentence."""
        if is_of_range(result.shape):
            return self._of_range(result)
        own_text = self._own_message(result.shape) or (result.messages[0] if result.messages else "")
        text = own_text or _SAYS.get(self._kind(result), _NODE if result.value is None else _ELSE)
        filled = self._filled(text, result, ours=not own_text)
        return _IRI.sub(self._named, filled) if own_text else filled

    @cached_property
    def code(self) -> Callable[[Term, Term | None], str]:
        """The code (`dcterms:identifier`) of a shape or its constraint, else the name of the nearest named shape."""
        return cache(self._code)

    def _code(self, shape: Term, constraint: Term | None) -> str:
        if is_of_range(shape):
            return CODE
        for node in (constraint or shape, *self.shapes.chain(shape)):
            if code := self.shapes.text(node, DCTERMS + "identifier"):
                return code
        owner = self.shapes.owner(shape)
        return local_name(owner.value) if isinstance(owner, ox.NamedNode) else "SHACL"

    def rules(self) -> dict[str, Code]:
        """The rule behind each code of the shapes: its message without names, and its hint."""
        rules = {CODE: ((False, 0), Code(CODE, "warning", _OF_RANGE, _LINK_ELSEWHERE))}
        for shape in self.shapes.all:
            code, own = self.code(shape, None), self._own_message(shape)
            message = _PLACEHOLDER.sub("…", own) or f"Not as the shape {code} asks"
            severity = severity_of_term(next(iter(self.shapes.of_sh(shape, "severity")), _VIOLATION))
            # A part of a shape, for example in sh:or, has the shape's code, but not its message and severity.
            rank = (not own, SEVERITIES.index(severity))
            if (self.shapes.of_sh(shape, "path") or own) and (code not in rules or rank < rules[code][0]):
                rules[code] = rank, Code(code, severity, message, self.hint(shape))
        return {code: rule for code, (_, rule) in sorted(rules.items())}

    @cached_property
    def hint(self) -> Callable[[Term], str]:
        """What to do about a result: the `sh:description` of the shape."""
        return cache(self._hint)

    def _hint(self, shape: Term) -> str:
        if is_of_range(shape):
            return _LINK_ELSEWHERE
        descriptions = (self.shapes.text(node, SH + "description") for node in self.shapes.chain(shape))
        return next(filter(None, descriptions), "")

    def path(self, result: Violation) -> str:
        """The path of a result, in SPARQL syntax."""
        return "" if result.path is None else self._path(result.path, str)

    @cached_property
    def _own_message(self) -> Callable[[Term], str]:
        return cache(lambda shape: self.shapes.text(shape, SH + "message"))

    @staticmethod
    def _kind(result: Violation) -> str:
        return bare(result.component).removeprefix(SH).removesuffix("ConstraintComponent")

    def _filled(self, text: str, result: Violation, *, ours: bool) -> str:
        def part(match: re.Match[str]) -> str:
            match match.group(1).lower():
                case "this":
                    return self.name(result.focus)
                case "value":
                    return self.name(result.value)
                case "path":
                    return self._path_name(result)
                case _:
                    return ", ".join(map(self._shown, self.shapes.of_sh(result.shape, match.group(1))))

        return (_WORD if ours else _PLACEHOLDER).sub(part, text)

    def _shown(self, value: Term) -> str:
        if isinstance(value, ox.NamedNode):
            return local_name(value.value) if value.value.startswith((SH, XSD)) else self.plain(value.value)
        return "" if isinstance(value, ox.Triple) else value.value

    def _path_name(self, result: Violation) -> str:
        return "it" if result.path is None else f"“{self._path(result.path, self.plain)}”"

    def _named(self, match: re.Match[str]) -> str:
        label = self.label(match.group(1)) or self.ontology.label(match.group(1))
        return f"“{label}”" if label else match.group()

    def _of_range(self, result: Violation) -> str:
        classes = sorted(self.ontology.properties[bare(result.path)].ranges & self.ontology.classes)
        expected = " or ".join(_with_article(self.plain(class_)) for class_ in classes)
        kind = self.kind(result.value) if isinstance(result.value, ox.NamedNode) else ""
        is_what = f"is {_with_article(self.plain(kind))}" if kind else "is something else"
        return f"{self.name(result.value)} {is_what}, and “{self.plain(bare(result.path))}” leads to {expected}"

    def _path(self, path: Term, name: Callable[[str], str]) -> str:
        """Write a property path in SPARQL syntax (SHACL 2.3.1)."""
        shapes = self.shapes
        if isinstance(path, ox.NamedNode):
            return name(path.value)
        for inner in shapes.of_sh(path, "inversePath"):
            return f"^{self._path(inner, name)}"
        for branches in shapes.of_sh(path, "alternativePath"):
            return f"({'|'.join(self._path(part, name) for part in shapes.items(branches))})"
        for kind, sign in (("zeroOrMorePath", "*"), ("oneOrMorePath", "+"), ("zeroOrOnePath", "?")):
            for inner in shapes.of_sh(path, kind):
                return f"{self._path(inner, name)}{sign}"
        return "/".join(self._path(part, name) for part in shapes.items(path))


def severity_of(result: Violation) -> Severity:
    """The severity of a result: `sh:Violation` is an error, `sh:Warning` a warning, any other is info."""
    return severity_of_term(result.severity)


def severity_of_term(term: Term) -> Severity:
    """The severity that a term of SHACL stands for."""
    return _SEVERITIES.get(bare(term), "info")


def bare(term: Term | None) -> str:
    """The text of a term, an IRI without angle brackets; empty if there is no term."""
    return term.value if isinstance(term, ox.NamedNode) else "" if term is None else str(term)


def _with_article(noun: str) -> str:
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun.lower()}"
