"""Results of an analysis as tables. A row begins with a thing and its label, as in an answer of `kg query`."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from kg.analysis import measures
from kg.analysis.communities import Partition
from kg.analysis.network import Network
from kg.analysis.saved_metrics import Metrics
from kg.core.errors import KgError
from kg.core.spelling import did_you_mean, nearest
from kg.rdf.terms import KG, RDF_TYPE, SKOS, XSD, iri, literal
from kg.sparql.answer import Answer, Term, tabulated

if TYPE_CHECKING:
    from kg.analysis.similarity import Texts
    from kg.analysis.unlinked_mentions import Unlinked


Value = ox.NamedNode | ox.Literal | str | int | float | None
MAIN = 3
"""How many columns a narrow table has."""
DIGITS = 12
"""How many digits of a number are shown: those that are the same on every machine."""


@dataclass(frozen=True)
class Table:
    """Named columns and rows of values. IRIs are Oxigraph terms; None means no value."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[Value, ...]]
    bar: str | None = None
    """The column that is drawn as a bar on the console."""
    says: str = ""
    """A sentence about the whole table."""
    main: tuple[str, ...] = ()
    """The columns that a narrow table has; if empty, the first three."""

    def first(self, limit: int | None) -> "Table":
        """The table with at most `limit` rows."""
        return replace(self, rows=self.rows[:limit])

    def mappings(self) -> Iterator[dict[str, Any]]:
        """The rows, each as its values by their columns."""
        return (dict(zip(self.columns, row, strict=True)) for row in self.rows)

    def narrow(self) -> "Table":
        """The table with its main columns, and the bar of one of them."""
        names = self.main or tuple(name for name in self.columns if name != "bar")[:MAIN]
        after = {name: before for before, name in pairwise(self.columns)}
        return self._of([name for name in self.columns if name in names or (name == "bar" and after[name] in names)])

    def only(self, names: Sequence[str]) -> "Table":
        """The table with columns by their names; a row begins with its thing in any case. Raises KgError."""
        for name in names:
            if name not in self.columns:
                hint = did_you_mean(nearest(name, self.columns)) or f"; it has {', '.join(self.columns)}"
                raise KgError(f"the table has no column “{name}”{hint}")
        first = [name for name in self.columns[:2] if name in {"entity", "label"}]
        return self._of([*dict.fromkeys([*first, *names])])

    def _of(self, names: Sequence[str]) -> "Table":
        places = [self.columns.index(name) for name in names]
        return replace(self, columns=tuple(names), rows=[tuple(row[at] for at in places) for row in self.rows])

    def names(self) -> dict[ox.NamedNode, str]:
        """The labels of the things in the rows."""
        ends = [(self.columns.index(n.removesuffix("_label") or "entity"), at) for at, n in enumerate(self.columns)
                if n.endswith("_label")]  # fmt: skip
        ends += [(0, 1)] if self.columns[1:2] == ("label",) else []
        pairs = ((row[node], row[name]) for row in self.rows for node, name in ends)
        return {node: str(name) for node, name in pairs if isinstance(node, ox.NamedNode) and name is not None}

    def answer(self, prefixes: Mapping[str, str]) -> Answer:
        """The table as the answer of a SELECT query, which every query format can write."""
        return tabulated(self.columns, [tuple(map(_term, row)) for row in self.rows], prefixes)


def _term(value: Value) -> Term | None:
    """A value as an RDF term."""
    if isinstance(value, bool | int | float):
        return ox.Literal(lexical(value), datatype=ox.NamedNode(XSD + _datatype(value)))
    return ox.Literal(value) if isinstance(value, str) else value


def _datatype(value: float) -> str:
    return "boolean" if isinstance(value, bool) else "integer" if isinstance(value, int) else "double"


def lexical(value: float) -> str:
    """The XSD lexical form of a number, to DIGITS digits."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if math.isfinite(value):
        return format(value, f".{DIGITS}g")
    return "NaN" if math.isnan(value) else "INF" if value > 0 else "-INF"


def columns_of(network: Network, number: int) -> tuple[Value, Value]:
    """The two columns that name a node: its IRI and its label."""
    return network.nodes[number], network.labels[number]


_PROPERTIES = {
    "pagerank": KG + "pageRank",
    "betweenness": KG + "betweenness",
    "in": KG + "inDegree",
    "out": KG + "outDegree",
    "hub": KG + "hubScore",
    "authority": KG + "authorityScore",
    "core": KG + "coreNumber",
}
MEASURES = tuple(_PROPERTIES)


def centrality(network: Network, by: str = MEASURES[0]) -> Table:
    """All measures of each node (see `measures`), those with the greatest value of `by` first."""
    into, out = measures.degrees(network)
    hubs, authorities = measures.hits(network)
    scores: tuple[Sequence[float | None], ...] = (
        measures.pagerank(network),
        measures.betweenness(network),
        into,
        out,
        hubs,
        authorities,
        measures.cores(network),
    )
    column = scores[MEASURES.index(by)]
    order = sorted(range(len(network)), key=lambda n: (-_rounded(column[n]), network.labels[n], n))
    rows = [(*columns_of(network, n), *(values[n] for values in scores)) for n in order]
    return Table(("entity", "label", *MEASURES), rows, bar=by)


def _rounded(value: float | None) -> float:
    """Round a number for sorting, so that values within rounding error are sorted by label."""
    return -math.inf if value is None else float(lexical(value))


def centrality_metrics(table: Table) -> Metrics:
    """The rows of `centrality` as triples."""
    return _metrics(table, _PROPERTIES)


def component_metrics(table: Table) -> Metrics:
    """The rows of `components` with all members, as triples."""
    return _metrics(table, {"component": KG + "component"})


def community_metrics(table: Table, base: str) -> Metrics:
    """The rows of `members` as triples; each community is a thing with a label."""
    metrics = _metrics(table, {"participation": KG + "participation"})
    rows = {*metrics.rows}
    number, about, centre = (table.columns.index(name) for name in ("community", "about", "centre_label"))
    for row in table.rows:
        community = iri(f"{base}#community/{row[number]}")
        label = f"{row[centre]}: {row[about]}" if row[about] else str(row[centre])
        rows |= {
            (str(row[0]), iri(KG + "inCommunity"), community),
            (community, RDF_TYPE, iri(KG + "Community")),
            (community, iri(SKOS + "prefLabel"), literal(label)),
        }
    return Metrics({*metrics.properties, iri(KG + "inCommunity")}, rows)


def _metrics(table: Table, properties: Mapping[str, str]) -> Metrics:
    terms = {table.columns.index(column): iri(name) for column, name in properties.items()}
    rows = {
        (str(row[0]), term, literal(lexical(value), _datatype(value)))
        for row in table.rows
        for at, term in terms.items()
        if isinstance(value := row[at], int | float)
    }
    return Metrics({*terms.values()}, rows)


def bridges(network: Network) -> Table:
    """The nodes and links whose removal splits a component, those that cut off the most nodes first."""
    rows: list[tuple[Value, ...]] = []
    for ends, pieces, cut_off in measures.cuts(network):
        second_end = columns_of(network, ends[1]) if len(ends) > 1 else (None, None)
        rows.append((*columns_of(network, ends[0]), *second_end, pieces, cut_off))
    return Table(("entity", "label", "to", "to_label", "pieces", "cut_off"), rows, bar="cut_off",
                 main=("entity", "to", "cut_off"))  # fmt: skip


def components(network: Network, *, members: bool = False) -> Table:
    """The connected components, the largest first: each by the node most linked to, or with all its members."""
    into, _ = measures.degrees(network)
    parts = measures.components(network)
    if members:
        rows = ((*columns_of(network, n), at, len(part)) for at, part in enumerate(parts, 1) for n in part)
        return Table(("entity", "label", "component", "size"), [*rows])
    leaders = (max(part, key=lambda n: (into[n], -n)) for part in parts)
    largest = [
        (*columns_of(network, n), at, len(part)) for at, (n, part) in enumerate(zip(leaders, parts, strict=True), 1)
    ]
    return Table(("entity", "label", "component", "size"), largest, bar="size")


def orphans(network: Network) -> Table:
    """Nodes without incoming or outgoing links."""
    into, out = measures.degrees(network)
    return Table(
        ("entity", "label"), [columns_of(network, n) for n in _by_label(network) if not into[n] and not out[n]]
    )


def dead_ends(network: Network) -> Table:
    """Nodes with incoming but no outgoing links, those most linked to first. Missing notes do not count."""
    into, out = measures.degrees(network)
    numbers = [n for n in _by_label(network) if into[n] and not out[n] and n not in network.missing]
    rows = [(*columns_of(network, n), into[n]) for n in sorted(numbers, key=lambda n: -into[n])]
    return Table(("entity", "label", "in"), rows, bar="in")


def communities(partition: Partition, words: Sequence[Sequence[str]]) -> Table:
    """A row for each community of more than one node: its centre, its topic, the share of its links that stays inside,
    and its member with the strongest ties to other communities.
    """
    bridging: dict[int, int] = {}
    for number in partition.between():
        bridging.setdefault(partition.part_of[number], number)
    rows: list[tuple[Value, ...]] = []
    for at, part in enumerate(partition.parts):
        if len(part) > 1:
            between = columns_of(partition.network, bridging[at]) if at in bridging else (None, None)
            centre = columns_of(partition.network, partition.centre(at))
            rows.append((*centre, at + 1, len(part), _about(words[at]), partition.inside(at), *between))
    says = f"modularity {lexical(round(partition.modularity, 3))}"
    columns = ("entity", "label", "community", "size", "about", "inside", "between", "between_label")
    return Table(columns, rows, says=says, main=("entity", "size", "about"))


def members(partition: Partition, words: Sequence[Sequence[str]]) -> Table:
    """Each node with its community, and how evenly its links spread over communities."""
    network = partition.network
    rows: list[tuple[Value, ...]] = []
    for at, part in enumerate(partition.parts):
        centre = columns_of(network, partition.centre(at))
        summary = at + 1, len(part), *centre, _about(words[at])
        rows += [(*columns_of(network, n), *summary, partition.participation(n)) for n in part]
    columns = ("entity", "label", "community", "size", "centre", "centre_label", "about", "participation")
    return Table(columns, rows)


def between(partition: Partition) -> Table:
    """The nodes between communities, with the centres of the other communities, the strongest tie first."""
    network = partition.network
    rows: list[tuple[Value, ...]] = []
    for number in partition.between():
        own, ties = partition.part_of[number], partition.ties[number]
        neighbours = sorted((at for at in ties if at != own), key=lambda at: (-ties[at], at))
        tied = "; ".join(network.labels[partition.centre(at)] for at in neighbours)
        rows.append((*columns_of(network, number), own + 1, partition.participation(number), len(neighbours), tied))
    return Table(("entity", "label", "community", "participation", "others", "ties"), rows, bar="participation")


def _about(words: Sequence[str]) -> str:
    return ", ".join(words)


def _by_label(network: Network) -> list[int]:
    return sorted(range(len(network)), key=lambda n: (network.labels[n], n))


# ---- similarity and link prediction ----------------------------------------------------------------------------------


def suggest(network: Network, texts: "Texts", thing: int | None = None) -> Table:
    """Links worth making, for all nodes or for `thing`, with the reasons for each."""
    from kg.analysis import link_prediction

    rows = [
        (
            *columns_of(network, link.thing),
            *columns_of(network, link.target),
            link.score,
            *link.parts,
            _named(network, link.neighbours) or " – ".join(network.labels[n] for n in link.over),
            ", ".join(link.words),
        )
        for link in link_prediction.suggest(network, texts, thing)
    ]
    columns = ("entity", "label", "to", "to_label", "score", *link_prediction.BLENDED, "neighbours", "words")
    return Table(columns, rows, bar="score")


def suggestions_measured(network: Network, texts: "Texts", rounds: int) -> Table:
    """How many of the best pairs by each method are hidden links."""
    from kg.analysis import link_prediction

    measured, hidden = link_prediction.measure(network, texts, rounds)
    first = link_prediction.AT
    says = f"{rounds} rounds; in each {hidden:,} links between notes were hidden, and the first {first} looked at"
    return Table(("method", "precision", "error"), [*measured], bar="precision", says=says)


def similar(network: Network, texts: "Texts", thing: int) -> Table:
    """The things most similar to `thing`, with the words and links that they share."""
    from kg.analysis import similarity

    rows = [
        (*columns_of(network, alike.thing), alike.score, alike.text, alike.links, alike.linked, ", ".join(alike.words),
         _named(network, alike.shared))
        for alike in similarity.similar(network, texts, thing)
    ]  # fmt: skip
    return Table(("entity", "label", "score", "text", "links", "linked", "words", "neighbours"), rows, bar="score",
                 main=("entity", "score", "words"))  # fmt: skip


def unlinked(network: Network, result: "Unlinked") -> Table:
    """Unlinked mentions, each with its place."""
    rows = [
        (*columns_of(network, mention.thing), place.path, place.line, place.column, place.sentence)
        for mention, place in ((mention, mention.place) for mention in result.mentions)
    ]
    words = ", ".join(f"{name} ({notes:,})" for name, notes in result.common.items())
    says = f"taken for plain words, by how many notes have them, and left out unless named: {words}" if words else ""
    return Table(("entity", "label", "path", "line", "column", "sentence"), rows, says=says)


def _named(network: Network, numbers: Sequence[int]) -> str:
    return ", ".join(network.labels[number] for number in numbers)
