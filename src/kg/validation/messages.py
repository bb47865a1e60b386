"""Messages for shape results that a note-taker understands: names instead of IRIs."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pyoxigraph as ox

from kg.core.findings import SEVERITIES, Code, Severity
from kg.mapping.ontology import Ontology, local_name
from kg.rdf.iris import Names
from kg.rdf.terms import SH, XSD
from kg.validation.pyshacl_runner import Violation, term_from
from kg.validation.shapes import Shapes, Term, is_of_range

_DCTERMS = "http://purl.org/dc/terms/"
_PLACEHOLDER = re.compile(r"\{[$?](this|value|path)\}", re.I)
_IRI = re.compile(r"<?(https?://[^\s<>\"“”]+[^\s<>\"“”.,;:!?)])>?")
_SHOWN = 80
_SEVERITIES: Mapping[str, Severity] = {SH + "Violation": "error", SH + "Warning": "warning", SH + "Info": "info"}

_SAYS: Mapping[str, str] = {
    "MinCount": "{this} has too few values of {path}: at least {minCount}",
    "MaxCount": "{this} has too many values of {path}: at most {maxCount}",
    "Class": "{value} is not a {class}, which {path} requires",
    "Datatype": "{value} is not a {datatype}, which {path} requires",
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
_NODE = "{this} does not conform to the shape"


@dataclass(frozen=True)
class Wording:
    """Words the results of shapes: messages, codes and hints."""

    shapes: Shapes
    ontology: Ontology
    names: Names
    label: Callable[[str], str]
    """The label of a thing in the notes, by its IRI; empty if it has none."""
    kind: Callable[[str], str]
    """The class of a thing, by its IRI; empty if it has none."""

    def name(self, term: str) -> str:
        """A term as a reader knows it, in quotes."""
        if not term:
            return "it"
        if term.startswith('"'):
            text = str(term_from(term).value)
            return f"“{text[:_SHOWN]}{'…' if len(text) > _SHOWN else ''}”"
        return f"“{self.plain(term.strip('<>'))}”"

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
        shape = term_from(result.shape)
        if is_of_range(result.shape.strip("<>")):
            return self._of_range(result)
        own_text = self._given(shape) or (result.messages[0] if result.messages else "")
        text = own_text or _SAYS.get(self._kind(result), _ELSE if result.value else _NODE)
        filled = self._filled(text, result, shape, ours=not own_text)
        return _IRI.sub(self._named, filled) if own_text else filled

    def code(self, result: Violation) -> str:
        """The shape's code (`dcterms:identifier`), else the name of the nearest shape with a name."""
        shape = term_from(result.shape)
        for node in (term_from(result.constraint) if result.constraint else shape, *self._around(shape)):
            if code := self.shapes.text(node, _DCTERMS + "identifier"):
                return code
        if is_of_range(result.shape.strip("<>")):
            return "S10"
        owner = self.shapes.owner(shape)
        return local_name(owner.value) if isinstance(owner, ox.NamedNode) else "SHACL"

    def rules(self) -> dict[str, Code]:
        """The rule behind each code of the shapes: its message without names, and its hint."""
        rules: dict[str, Code] = {}
        for shape in self.shapes.all:
            probe = Violation("", "", "", str(shape), "", "", "", ())
            message = _PLACEHOLDER.sub("…", self._given(shape)) or f"Does not conform to the shape {self.code(probe)}"
            severity = _SEVERITIES.get(str(next(iter(self.shapes.of_sh(shape, "severity")), "")).strip("<>"), "error")
            if is_of_range(str(shape).strip("<>")):
                message = "A link to another kind of thing than its property leads to"
            if self.shapes.of_sh(shape, "path") or self._given(shape):
                code = self.code(probe)
                rule = Code(code, severity, message, self.hint(probe))
                rules[code] = min(
                    rules.get(code, rule), rule, key=lambda candidate: SEVERITIES.index(candidate.severity)
                )
        return dict(sorted(rules.items()))

    def hint(self, result: Violation) -> str:
        """What to do about a result: the `sh:description` of the shape."""
        if is_of_range(result.shape.strip("<>")):
            return "Link to another note, give the linked note a `type:`, or use another property"
        shape = term_from(result.shape)
        descriptions = (self.shapes.text(node, SH + "description") for node in self._around(shape))
        return next(filter(None, descriptions), "")

    def path(self, result: Violation) -> str:
        """The path of a result, in SPARQL syntax."""
        return self._path(term_from(result.path), str) if result.path else ""

    def _around(self, node: Term) -> list[Term]:
        """A shape and the shapes around it, up to the nearest with an IRI."""
        chain = [node]
        while isinstance(node, ox.BlankNode) and node in self.shapes.owners and self.shapes.owners[node] not in chain:
            node = self.shapes.owners[node]
            chain.append(node)
        return chain

    def _given(self, shape: Term) -> str:
        return self.shapes.text(shape, SH + "message")

    @staticmethod
    def _kind(result: Violation) -> str:
        return result.component.strip("<>").removeprefix(SH).removesuffix("ConstraintComponent")

    def _filled(self, text: str, result: Violation, shape: Term, *, ours: bool) -> str:
        parts = {"this": self.name(result.focus), "value": self.name(result.value), "path": self._path_name(result)}
        if not ours:
            return _PLACEHOLDER.sub(lambda match: parts[match.group(1).lower()], text)
        for word in re.findall(r"\{(\w+)\}", text):
            values = self.shapes.of_sh(shape, word)
            parts.setdefault(word, ", ".join(self._shown(value) for value in values))
        return text.format_map(parts)

    def _shown(self, value: Term) -> str:
        if isinstance(value, ox.NamedNode):
            return local_name(value.value) if value.value.startswith((SH, XSD)) else self.plain(value.value)
        return value.value

    def _path_name(self, result: Violation) -> str:
        path = term_from(result.path) if result.path else None
        return f"“{self._path(path, self.plain)}”" if path is not None else "it"

    def _named(self, match: re.Match[str]) -> str:
        label = self.label(match.group(1)) or self.ontology.label(match.group(1))
        return f"“{label}”" if label else match.group()

    def _of_range(self, result: Violation) -> str:
        path = result.path.strip("<>")
        classes = [
            class_.value for class_ in self._expected(term_from(result.shape)) if isinstance(class_, ox.NamedNode)
        ]
        expected = " or ".join(_with_article(self.plain(class_)) for class_ in classes)
        kind = self.kind(result.value.strip("<>"))
        is_what = f"is {_with_article(self.plain(kind))}" if kind else "is something else"
        return f"{self.name(result.value)} {is_what}, and “{self.plain(path)}” leads to {expected}"

    def _expected(self, shape: Term) -> list[Term]:
        rows = [member for members in self.shapes.of_sh(shape, "or") for member in self.shapes.items(members)]
        return [class_ for member in rows for class_ in self.shapes.of_sh(member, "class")]

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


def _with_article(noun: str) -> str:
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun.lower()}"
