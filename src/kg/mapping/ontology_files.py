"""The files of an ontology: Turtle, RDF/XML, N-Triples and JSON-LD, each read as a graph of its own.

A file may have axioms, SHACL shapes or both. Blank nodes of two files never merge.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple, cast
from urllib.parse import unquote
from xml.etree import ElementTree

import pyoxigraph as ox

from kg.core.errors import KgError, OntologyError
from kg.core.files import MAX_TEXT_FILE, files_below, read_bytes, short
from kg.core.findings import Finding, of_file
from kg.core.limits import Limits, limited
from kg.core.text import nfc
from kg.mapping.skolemisation import skolemised
from kg.rdf.iris import encode_path
from kg.rdf.sparql_syntax import check, line_and_column
from kg.rdf.terms import OWL, RDF, RDFS, SH
from kg.rdf.vocabulary import TYPE, Term, iri_of

PropertyKind = Literal["object", "data", "annotation", "any"]

RULES, RULE = "rules", ".rq"
"""The folder of the rules in that of the ontology, and how the names of their files end."""
MAX_DEPTH = 1_000
"""The limit on nested brackets: Oxigraph's parsers and the later steps recurse over them."""
_BRACKETS = {
    ox.RdfFormat.TURTLE: re.compile(r"<<|>>|[()\[\]{}]"),
    ox.RdfFormat.RDF_XML: re.compile(r"<(?=\w)|</|/>"),
    ox.RdfFormat.N_TRIPLES: re.compile(r"<<|>>"),
    ox.RdfFormat.JSON_LD: re.compile(r"[\[\]{}]"),
}
_OPENING = frozenset({"<<", "(", "[", "{", "<"})

_READ = {
    ".ttl": ox.RdfFormat.TURTLE,
    ".owl": ox.RdfFormat.RDF_XML,
    ".rdf": ox.RdfFormat.RDF_XML,
    ".xml": ox.RdfFormat.RDF_XML,
    ".nt": ox.RdfFormat.N_TRIPLES,
    ".jsonld": ox.RdfFormat.JSON_LD,
}
_NOT_READ = {
    ".n3": "Notation3",
    ".trig": "TriG",
    ".nq": "N-Quads",
    ".trix": "TriX",
    ".owx": "OWL/XML",
    ".ofn": "OWL's functional syntax",
    ".omn": "Manchester syntax",
    ".obo": "OBO",
}
_LONGEST_ROOT = 100_000
_CATALOGS = frozenset({"catalog-v001.xml", "catalog.xml"})
_XML = re.compile(r"\s*<(?:\?xml\s|!--|!DOCTYPE\s|[\w.:-]+\s)")
"""The beginning of an XML document: Turtle cannot begin like this."""
_ROOT = re.compile(r"(?>\s+|<\?(?>.*?\?>)|<!--(?>.*?-->))*+<(?:!DOCTYPE\s+)?([\w.:-]+)", re.DOTALL)
_DTD = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_OWL_SYNTAX = re.compile(r"(?>\s+|#[^\n]*+)*+(?:Prefix|Ontology)\s*+[(:]")

CLASS_TYPES = frozenset({OWL + "Class", RDFS + "Class", OWL + "DeprecatedClass"})
DECLARED_KINDS: Mapping[str, PropertyKind] = {
    OWL + "ObjectProperty": "object",
    OWL + "DatatypeProperty": "data",
    OWL + "AnnotationProperty": "annotation",
    RDF + "Property": "any",
}
"""The kinds of properties by the types that declare them."""
IMPLIED_KINDS: Mapping[str, PropertyKind] = {
    OWL + "InverseFunctionalProperty": "object",
    OWL + "TransitiveProperty": "object",
    OWL + "SymmetricProperty": "object",
    OWL + "AsymmetricProperty": "object",
    OWL + "ReflexiveProperty": "object",
    OWL + "IrreflexiveProperty": "object",
    OWL + "FunctionalProperty": "any",
    OWL + "DeprecatedProperty": "any",
}
"""The kinds of properties by their characteristics (OWL 2 RDF-Based Semantics, table 5.2)."""
_TERM_TYPES = CLASS_TYPES | DECLARED_KINDS.keys() | IMPLIED_KINDS.keys() | {RDFS + "Datatype"}


class OntologyFile(NamedTuple):
    """A parsed file of an ontology."""

    file: Path
    text: str
    triples: list[ox.Triple]
    """All triples, with blank nodes."""
    prefixes: Mapping[str, str]
    axioms: list[ox.Triple]
    """The triples that are not part of a shape, with skolem IRIs, in the order of the file."""
    headers: frozenset[str]
    """The IRIs of the ontologies that the file declares."""

    @property
    def has_shapes(self) -> bool:
        """Whether the file has SHACL shapes."""
        return any(map(_is_of_shapes, self.triples))


Drafts = Mapping[Path, Path | None]
"""The places of files that stand for others, by the places of those; None for a file that counts as removed."""


@dataclass(frozen=True)
class FolderFiles:
    """The files of an ontology in a folder and below it, some of which others may stand for."""

    folder: Path
    drafts: Drafts = field(default_factory=dict)

    def files(self) -> list[Path]:
        """The files that may have a part of the ontology, in the order of their paths. Raises OntologyError."""
        try:
            files = files_below(self.folder, "") if self.folder.is_dir() or not self.drafts else []
        except OSError as error:
            raise OntologyError(f"{error.filename}: cannot be read: {error.strerror}") from error
        return [file for file in self._with_drafts(files) if _has_name(file)]

    def rules(self) -> list[Path]:
        """The files of the rules, in the order of their paths."""
        files = self._with_drafts([*(self.folder / RULES).glob(f"*{RULE}")])
        return [file for file in files if file.parent == self.folder / RULES and file.suffix == RULE]

    def _with_drafts(self, files: list[Path]) -> list[Path]:
        here = [file for file, place in self.drafts.items() if place and file.is_relative_to(self.folder)]
        return sorted([*here, *(file for file in files if not self.drafts or _normal(file) not in self.drafts)])

    def text(self, file: Path) -> str:
        """The text of a file. Raises OntologyError."""
        try:
            return read_bytes(self.drafts.get(_normal(file)) or file, MAX_TEXT_FILE).decode("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise OntologyError(f"{file}: cannot be read: {error}") from error


def _normal(file: Path) -> Path:
    return Path(nfc(str(file)))


def is_part_of(file: Path, folder: Path) -> bool:
    """Whether the ontology in a folder would have a file at this place: axioms, shapes or a rule."""
    return file.is_relative_to(folder) and (_has_name(file) or (file.parent == folder / RULES and file.suffix == RULE))


def _has_name(file: Path) -> bool:
    """Whether a file has the name of one of an ontology, in a syntax that kg reads or reports."""
    return file.suffix.lower() in _READ.keys() | _NOT_READ.keys()


class OntologyFolder(NamedTuple):
    """The content of a folder: files, rules by name, findings on files that are not read, and the catalog's entries."""

    files: list[OntologyFile]
    rules: dict[str, str]
    findings: list[Finding]
    catalog: dict[str, Path]
    """The files of ontologies by their IRIs."""


def read_folder(
    folder: Path, number: int, base: str, limits: Limits | None, drafts: Drafts | None = None
) -> OntologyFolder:
    """Read the ontology in a folder; `number` is the number of the folder.

    `base` is the vault's: the base IRI of a file is `base` + `ontology/` + its path in the folder (RFC 3986, 5.1).
    Raises OntologyError, and TimedOut or OutOfMemory if a file exceeds the limits.
    """
    content, below = OntologyFolder([], {}, [], {}), FolderFiles(folder, drafts or {})
    for file in below.files():
        if file.name.lower() in _CATALOGS:
            content.catalog.update(_catalogued(file, below.text(file)))
            continue
        path = nfc(file.relative_to(folder).as_posix())
        with limited(f"the ontology {file}", limits):
            found = _read(file, below, f"{number}/{path}", f"{base}ontology/{encode_path(path)}")
        if isinstance(found, str):
            content.findings.append(of_file(f"{folder.name}/{path}", "O03", f"not read: {found}"))
        elif found:
            content.files.append(found)
    for file in below.rules():
        content.rules[file.stem] = _rule(file, below.text(file))
    return content


def _catalogued(file: Path, text: str) -> dict[str, Path]:
    """Return the files that an OASIS XML catalog, as Protégé writes it, names for the IRIs of ontologies."""
    if _DTD.search(text):
        return {}
    _check_depth(file, text, ox.RdfFormat.RDF_XML)
    try:
        rows = [element.attrib for element in _elements(text) if element.tag.endswith("}uri")]
    except ElementTree.ParseError as error:
        raise OntologyError(f"{file}:{error.position[0]}:{error.position[1] + 1}: not valid XML: {error}") from error
    return {row["name"]: file.parent / unquote(row["uri"]) for row in rows if "name" in row and "uri" in row}


def _elements(text: str) -> Iterator[ElementTree.Element]:
    """Yield the elements of an XML document. Raises ParseError."""
    parser: ElementTree.XMLPullParser[ElementTree.Element] = ElementTree.XMLPullParser(("end",))
    parser.feed(text)
    parser.close()
    return (cast("ElementTree.Element", event[-1]) for event in parser.read_events())


def _read(file: Path, below: FolderFiles, key: str, base: str) -> OntologyFile | str | None:
    """Parse a file; return the reason if kg does not read it, and None if it is not RDF. Raises OntologyError."""
    suffix = file.suffix.lower()
    if suffix in _NOT_READ:
        return f"{_NOT_READ[suffix]} is not supported"
    text = below.text(file)
    format_ = _READ[suffix]
    if format_ in {ox.RdfFormat.TURTLE, ox.RdfFormat.RDF_XML}:
        format_ = ox.RdfFormat.RDF_XML if _XML.match(text) else ox.RdfFormat.TURTLE
    root = _ROOT.match(text) if format_ == ox.RdfFormat.RDF_XML else None
    if suffix == ".xml" and not (root and root[1].endswith("RDF")):
        return None
    if reason := _reason(text, root[1] if root else "", suffix):
        return reason
    _check_depth(file, text, format_)
    try:
        return _parsed(file, text, format_, key, base)
    except SyntaxError as error:
        if format_ == ox.RdfFormat.JSON_LD and "remote context" in error.msg:
            return "its context is a web page, and kg fetches nothing"
        place = f"{short(file)}:{error.lineno or 1}:{error.offset or 1}"
        raise OntologyError(f"{place}: not valid {format_.name}: {error.msg}") from error


def _reason(text: str, root: str, suffix: str) -> str:
    """Return why kg does not read a text in XML (with a root) or another syntax; empty if kg reads it."""
    if root == "Ontology":
        return "OWL/XML is not supported"
    if root and _DTD.search(text):
        return "it has a document type definition (DTD)"
    if suffix == ".owl" and _OWL_SYNTAX.match(text):
        return "OWL's functional and Manchester syntaxes are not supported"
    return ""


@lru_cache(maxsize=16)
def _parsed(file: Path, text: str, format_: ox.RdfFormat, key: str, base: str) -> OntologyFile:
    """Parse a text; a long process parses the same text once."""
    rows = ox.parse(text, format_, base_iri=base, rename_blank_nodes=True)
    triples = [quad.triple for quad in rows]
    declared = _xml_prefixes(text) if format_ == ox.RdfFormat.RDF_XML else rows.prefixes
    prefixes = {name: space for name, space in declared.items() if space[-1:] in {"#", "/", ":", "_", "="}}
    headers = {iri_of(t.subject) for t in triples if t.predicate == TYPE and iri_of(t.object) == OWL + "Ontology"}
    return OntologyFile(file, text, triples, prefixes, skolemised(_axioms(triples), key), frozenset(headers - {""}))


def _xml_prefixes(text: str) -> dict[str, str]:
    """Return the namespaces that the root of an XML document declares, by prefix."""
    declared: dict[str, str] = {}
    parser: ElementTree.XMLPullParser[ElementTree.Element] = ElementTree.XMLPullParser(("start-ns", "start"))
    with suppress(ElementTree.ParseError):
        parser.feed(text[:_LONGEST_ROOT])
    for event in parser.read_events():
        if event[0] == "start":
            break
        declared.setdefault(*cast("tuple[str, str]", event[-1]))
    return declared


def _rule(file: Path, text: str) -> str:
    """Return the text of a rule, after a check that it may run."""
    try:
        check(text)
    except KgError as error:
        raise OntologyError(f"the rule {file}: {error}") from error
    return text


def _check_depth(file: Path, text: str, format_: ox.RdfFormat) -> None:
    """Refuse brackets that are nested too deep, counting those in texts and comments. Raises OntologyError."""
    depth = 0
    for match in _BRACKETS[format_].finditer(text):
        depth = depth + 1 if match.group() in _OPENING else max(0, depth - 1)
        if depth > MAX_DEPTH:
            line, column = line_and_column(text, match.start())
            raise OntologyError(f"{file}:{line}:{column}: more than {MAX_DEPTH:,} nested brackets")


# ---- axioms beside shapes --------------------------------------------------------------------------------------------


def _axioms(triples: list[ox.Triple]) -> list[ox.Triple]:
    """Return the triples that a file adds to the dataset: all that describe neither a shape nor a file of shapes.

    A shape is a subject with SHACL terms that is no term of the ontology, and the blank nodes below it.
    """
    if not any(map(_is_of_shapes, triples)):
        return triples
    types: dict[Term, set[str]] = defaultdict(set)
    for triple in triples:
        if triple.predicate == TYPE:
            types[triple.subject].add(iri_of(triple.object))
    shapes = {t.subject for t in triples if _is_of_shapes(t) and _is_shape(types[t.subject])}
    plain = [triple for triple in triples if not _is_of_shapes(triple)]
    below = _below((t for t in triples if t.subject in shapes or _is_of_shapes(t)), triples) - shapes
    kept = _below((t for t in plain if t.subject not in shapes | below), plain)
    headers = {subject for subject, kinds in types.items() if OWL + "Ontology" in kinds}
    axioms = [t for t in plain if t.subject not in shapes and (t.subject not in below or t.subject in kept)]
    return axioms if any(t.subject not in headers for t in axioms) else []


def _is_shape(types: set[str]) -> bool:
    """Whether a subject with SHACL terms is a shape only, by its types."""
    return not types & _TERM_TYPES and (not types or any(type_.startswith(SH) for type_ in types))


def _below(starts: Iterable[ox.Triple], triples: Iterable[ox.Triple]) -> set[Term]:
    """Return the blank nodes that triples lead to, directly and through other blank nodes."""
    leading: dict[Term, list[Term]] = defaultdict(list)
    for triple in triples:
        leading[triple.subject].append(triple.object)
    reached: set[Term] = set()
    stack: list[Term] = [triple.object for triple in starts]
    while stack:
        node = stack.pop()
        if isinstance(node, ox.BlankNode) and node not in reached:
            reached.add(node)
            stack += leading[node]
    return reached


def _is_of_shapes(triple: ox.Triple) -> bool:
    """Whether a triple uses SHACL's vocabulary."""
    return (triple.predicate == TYPE and iri_of(triple.object).startswith(SH)) or triple.predicate.value.startswith(SH)
