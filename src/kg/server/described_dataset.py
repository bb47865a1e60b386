"""What is said of the service and its dataset, as triples."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import pyoxigraph as ox

from kg.core.errors import KgError
from kg.rdf.sparql_syntax import tokens
from kg.rdf.terms import RDFS, SH, XSD
from kg.rdf.vocabulary import OWN_GRAPHS, TYPE
from kg.server.worker import Opened
from kg.sparql.answer import Kind
from kg.sparql.functions import CONTEXT, SCORE
from kg.sparql.library import NamedQuery, readable_queries

SD = "http://www.w3.org/ns/sparql-service-description#"
VOID = "http://rdfs.org/ns/void#"
FORMATS = "http://www.w3.org/ns/formats/"
DCTERMS = "http://purl.org/dc/terms/"
SCHEMA = "https://schema.org/"
_RESULT_FORMATS = (
    "SPARQL_Results_JSON", "SPARQL_Results_XML", "SPARQL_Results_CSV", "SPARQL_Results_TSV",
    "Turtle", "N-Triples", "RDF_XML", "JSON-LD", "TriG", "N-Quads",
)  # fmt: skip
_MOST_GRAPHS = 1_000
"""Beyond this number of named graphs, only those of kg itself are listed: a client reads the description first."""
_EXECUTABLES: Mapping[Kind, tuple[str, str]] = {
    "select": ("SPARQLSelectExecutable", "select"),
    "ask": ("SPARQLAskExecutable", "ask"),
    "graph": ("SPARQLConstructExecutable", "construct"),
}
"""The class of a query in SHACL, and the property that has its text."""

Subject = ox.NamedNode | ox.BlankNode
Object = ox.NamedNode | ox.BlankNode | ox.Literal


class ServedAddress(NamedTuple):
    """The addresses of the server, as the client knows them."""

    root: str

    @property
    def endpoint(self) -> ox.NamedNode:
        """The SPARQL endpoint."""
        return ox.NamedNode(f"{self.root}sparql")

    @property
    def dataset(self) -> ox.NamedNode:
        """The dataset, as VoID names it."""
        return ox.NamedNode(f"{self.root}.well-known/void#dataset")

    @property
    def dump(self) -> ox.NamedNode:
        """The default graph as a file."""
        return ox.NamedNode(f"{self.root}store?default")

    def query(self, name: str) -> ox.NamedNode:
        """A query of the library."""
        return ox.NamedNode(f"{self.root}.well-known/void#query-{name}")


def _named(space: str, *names: str) -> Iterator[ox.NamedNode]:
    return (ox.NamedNode(space + name) for name in names)


def _number(number: int) -> ox.Literal:
    return ox.Literal(str(number), datatype=ox.NamedNode(f"{XSD}integer"))


def _about(subject: Subject, space: str, values: Mapping[str, Object | Iterable[Object]]) -> Iterator[ox.Triple]:
    """Triples about a thing, by the names of properties in a namespace."""
    for name, value in values.items():
        objects = [value] if isinstance(value, ox.NamedNode | ox.BlankNode | ox.Literal) else value
        yield from (ox.Triple(subject, ox.NamedNode(space + name), term) for term in objects)


# ---- the service -----------------------------------------------------------------------------------------------------


def service_triples(opened: Opened, address: ServedAddress) -> Iterator[ox.Triple]:
    """The description of the service (SPARQL 1.1 Service Description)."""
    service, dataset, default = address.endpoint, address.dataset, ox.BlankNode()
    yield from _about(service, SD, {
        "endpoint": service,
        "supportedLanguage": _named(SD, "SPARQL11Query"),
        "resultFormat": _named(FORMATS, *_RESULT_FORMATS),
        "feature": _named(SD, "UnionDefaultGraph"),
        "extensionFunction": _named("", SCORE, CONTEXT),
        "defaultDataset": dataset,
    })  # fmt: skip
    yield ox.Triple(service, TYPE, ox.NamedNode(f"{SD}Service"))
    for function in _named("", SCORE, CONTEXT):
        yield ox.Triple(function, TYPE, ox.NamedNode(f"{SD}Function"))
    graphs = list(_graphs(opened))
    yield ox.Triple(dataset, TYPE, ox.NamedNode(f"{SD}Dataset"))
    yield from _about(dataset, SD, {"defaultGraph": default})
    yield ox.Triple(default, TYPE, ox.NamedNode(f"{SD}Graph"))
    yield from _about(default, VOID, {"triples": _number(opened.store.manifest.counts.get("", 0))})
    for graph, triples in graphs:
        node, content = ox.BlankNode(), ox.BlankNode()
        yield from _about(dataset, SD, {"namedGraph": node})
        yield ox.Triple(node, TYPE, ox.NamedNode(f"{SD}NamedGraph"))
        yield from _about(node, SD, {"name": graph, "graph": content})
        yield ox.Triple(content, TYPE, ox.NamedNode(f"{SD}Graph"))
        yield from _about(content, VOID, {"triples": _number(triples)})


def _graphs(opened: Opened) -> Iterator[tuple[ox.NamedNode, int]]:
    """The named graphs with the numbers of their triples; if there are many, only kg's own."""
    rows = opened.store.solutions("SELECT ?g (COUNT(*) AS ?number) { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g")
    counts = {row[0]: int(row[1].value) for row in rows}
    for graph, number in sorted(counts.items(), key=lambda item: item[0].value):
        if len(counts) <= _MOST_GRAPHS or graph in OWN_GRAPHS:
            yield graph, number


# ---- the dataset -----------------------------------------------------------------------------------------------------


def dataset_triples(opened: Opened, address: ServedAddress) -> Iterator[ox.Triple]:
    """The description of the dataset (VoID), and the query library."""
    dataset, store = address.dataset, opened.store
    yield ox.Triple(dataset, TYPE, ox.NamedNode(f"{VOID}Dataset"))
    yield ox.Triple(dataset, ox.NamedNode(f"{DCTERMS}title"), ox.Literal(opened.config.vault.name))
    classes, properties = _counts(opened, _CLASSES), _counts(opened, _PROPERTIES)
    yield from _about(dataset, VOID, {
        "sparqlEndpoint": address.endpoint,
        "dataDump": address.dump,
        "uriSpace": ox.Literal(store.prefixes.get("n", opened.config.base)),
        "triples": _number(store.manifest.counts.get("", 0)),
        "classes": _number(len(classes)),
        "properties": _number(len(properties)),
        "distinctSubjects": _number(_count(opened, "?s")),
        "distinctObjects": _number(_count(opened, "?o")),
        "vocabulary": _vocabularies(opened, [*classes, *properties]),
    })  # fmt: skip
    of_classes: dict[ox.NamedNode, dict[ox.NamedNode, int]] = {}
    for row in store.solutions(_OF_CLASSES):
        if isinstance(row[0], ox.NamedNode):
            of_classes.setdefault(row[0], {})[row[1]] = int(row[2].value)
    for class_, number in classes.items():
        part = ox.BlankNode()
        yield from _about(dataset, VOID, {"classPartition": part})
        yield from _about(part, VOID, {"class": class_, "entities": _number(number)})
        yield from _property_partitions(part, of_classes.get(class_, {}))
    yield from _property_partitions(dataset, properties)
    yield from _library_triples(opened, address)


_CLASSES = "SELECT ?term (COUNT(DISTINCT ?s) AS ?number) { ?s a ?term } GROUP BY ?term"
_PROPERTIES = "SELECT ?term (COUNT(*) AS ?number) { ?s ?term ?o } GROUP BY ?term"
_OF_CLASSES = "SELECT ?class ?property (COUNT(*) AS ?number) { ?s a ?class ; ?property ?o } GROUP BY ?class ?property"


def _counts(opened: Opened, query: str) -> dict[ox.NamedNode, int]:
    rows = {row[0]: int(row[1].value) for row in opened.store.solutions(query) if isinstance(row[0], ox.NamedNode)}
    return dict(sorted(rows.items(), key=lambda item: (-item[1], item[0].value)))


def _count(opened: Opened, variable: str) -> int:
    (row,) = opened.store.solutions(f"SELECT (COUNT(DISTINCT {variable}) AS ?number) {{ ?s ?p ?o }}")
    return int(row[0].value)


def _vocabularies(opened: Opened, terms: Iterable[ox.NamedNode]) -> Iterator[ox.NamedNode]:
    """The namespaces of classes and properties in use that have a prefix."""
    iris = [term.value for term in terms]
    for name, space in sorted(opened.store.prefixes.items()):
        if name not in {"n", "p"} and any(iri.startswith(space) for iri in iris):
            yield ox.NamedNode(space)


def _property_partitions(whole: Subject, properties: Mapping[ox.NamedNode, int]) -> Iterator[ox.Triple]:
    for property_, number in properties.items():
        part = ox.BlankNode()
        yield from _about(whole, VOID, {"propertyPartition": part})
        yield from _about(part, VOID, {"property": property_, "triples": _number(number)})


# ---- the library -----------------------------------------------------------------------------------------------------


def _library_triples(opened: Opened, address: ServedAddress) -> Iterator[ox.Triple]:
    """The query library, as SIB's editor and others read it."""
    queries, _ = readable_queries(opened.config)
    for query in queries.values():
        yield from _query_triples(query, opened.store.prefixes, address)


def _query_triples(query: NamedQuery, prefixes: Mapping[str, str], address: ServedAddress) -> Iterator[ox.Triple]:
    try:
        text = standing_alone(query.text, prefixes)
    except KgError:
        return
    subject = address.query(query.name)
    kind, property_ = _EXECUTABLES[_kind(query.text)]
    for class_ in _named(SH, "SPARQLExecutable", kind):
        yield ox.Triple(subject, TYPE, class_)
    yield from _about(subject, SH, {property_: ox.Literal(text)})
    yield from _about(subject, RDFS, {
        "label": ox.Literal(query.header.title or query.name, language="en"),
        "comment": ox.Literal(query.header.description or query.header.title, language="en"),
    })  # fmt: skip
    yield from _about(subject, SCHEMA, {"target": address.endpoint})


def _kind(text: str) -> Kind:
    words = {token.text.upper() for token in tokens(text) if token.kind == "word"}
    return "select" if "SELECT" in words else "ask" if "ASK" in words else "graph"


def standing_alone(text: str, prefixes: Mapping[str, str]) -> str:
    """A query with the declarations of the prefixes that it need not declare here."""
    used = {token.text.partition(":")[0] for token in tokens(text) if token.kind == "name"}
    declared = [f"PREFIX {name}: <{prefixes[name]}>\n" for name in sorted(used & prefixes.keys())]
    return "".join(declared) + text
