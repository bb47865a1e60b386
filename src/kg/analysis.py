"""What an analysis gives: a table whose rows begin with the thing and what it is called, as an answer of `kg query`."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import measures
from kg.communities import Partition
from kg.metrics import Metrics
from kg.networks import Network
from kg.sparql import Answer
from kg.terms import KG, RDF_TYPE, SKOS, XSD, iri, literal

if TYPE_CHECKING:
    from kg.likeness import Texts
    from kg.unlinked import Unlinked

Value = ox.NamedNode | ox.Literal | str | int | float | None
DIGITS = 12
"""So many digits of a number are told: those that are the same on every machine."""


@dataclass(frozen=True)
class Table:
    """Named columns and rows of values; IRIs are Oxigraph's terms, None stands for no value."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[Value, ...]]
    bar: str | None = None
    """The column of which a bar is shown to people."""
    says: str = ""
    """A sentence about all of it."""

    def first(self, limit: int | None) -> "Table":
        """The same, with no more rows than that."""
        return Table(self.columns, self.rows[:limit], self.bar, self.says)

    def names(self) -> dict[ox.NamedNode, str]:
        """What its rows call things."""
        ends = [(self.columns.index(n.removesuffix("_label") or "entity"), at) for at, n in enumerate(self.columns)
                if n.endswith("_label")]  # fmt: skip
        ends += [(0, 1)] if self.columns[1:2] == ("label",) else []
        pairs = ((row[node], row[name]) for row in self.rows for node, name in ends)
        return {node: str(name) for node, name in pairs if isinstance(node, ox.NamedNode) and name is not None}

    def answer(self, prefixes: Mapping[str, str]) -> Answer:
        """It as the answer of a SELECT, which every format of those can write."""
        names = [*self.columns]
        rows = [
            {name: _json(one) for name, one in zip(names, row, strict=True) if one is not None} for row in self.rows
        ]
        text = json.dumps({"head": {"vars": names}, "results": {"bindings": rows}})
        result = ox.parse_query_results(text.encode(), ox.QueryResultsFormat.JSON)
        return Answer("select", result, prefixes)


def _json(value: Value) -> dict[str, str]:
    """A value as SPARQL 1.1 Query Results JSON has it."""
    if isinstance(value, ox.NamedNode):
        return {"type": "uri", "value": value.value}
    if isinstance(value, ox.Literal):
        return {"type": "literal", "value": value.value, "datatype": value.datatype.value}
    if isinstance(value, bool | int | float):
        return {"type": "literal", "value": lexical(value), "datatype": XSD + _datatype(value)}
    return {"type": "literal", "value": str(value)}


def _datatype(value: float) -> str:
    return "boolean" if isinstance(value, bool) else "integer" if isinstance(value, int) else "double"


def lexical(value: float) -> str:
    """A number as XSD writes it, to DIGITS digits."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return format(value, f".{DIGITS}g") if math.isfinite(value) else ("INF" if value > 0 else "NaN")


def columns_of(network: Network, number: int) -> tuple[Value, Value]:
    """A thing as the two columns that name it."""
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
    """All measures of each thing (see `measures`), the greatest by one of them first."""
    into, out = measures.degrees(network)
    hubs, authorities = measures.hits(network)
    found: tuple[Sequence[float | None], ...] = (
        measures.pagerank(network),
        measures.betweenness(network),
        into,
        out,
        hubs,
        authorities,
        measures.cores(network),
    )
    column = found[MEASURES.index(by)]
    order = sorted(range(len(network)), key=lambda n: (-_rounded(column[n]), network.labels[n], n))
    rows = [(*columns_of(network, n), *(values[n] for values in found)) for n in order]
    return Table(("entity", "label", *MEASURES), rows, bar=by)


def _rounded(value: float | None) -> float:
    """A number for sorting, so that what differs by an error of rounding is in the order of its names."""
    return -math.inf if value is None else float(lexical(value))


def centrality_metrics(table: Table) -> Metrics:
    """What `centrality` found, as triples."""
    return _metrics(table, _PROPERTIES)


def component_metrics(table: Table) -> Metrics:
    """What `components` found of each thing, as triples."""
    return _metrics(table, {"component": KG + "component"})


def community_metrics(table: Table, base: str) -> Metrics:
    """What `members` found, as triples: each community is a thing with a label."""
    found = _metrics(table, {"participation": KG + "participation"})
    rows = {*found.rows}
    of, about, centre = (table.columns.index(name) for name in ("community", "about", "centre_label"))
    for row in table.rows:
        community = iri(f"{base}#community/{row[of]}")
        label = f"{row[centre]}: {row[about]}" if row[about] else str(row[centre])
        rows |= {
            (str(row[0]), iri(KG + "inCommunity"), community),
            (community, RDF_TYPE, iri(KG + "Community")),
            (community, iri(SKOS + "prefLabel"), literal(label)),
        }
    return Metrics({*found.properties, iri(KG + "inCommunity")}, rows)


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
    """The things and links without which a part falls apart, those that hold the most together first."""
    rows: list[tuple[Value, ...]] = []
    for ends, pieces, cut_off in measures.cuts(network):
        other = columns_of(network, ends[1]) if len(ends) > 1 else (None, None)
        rows.append((*columns_of(network, ends[0]), *other, pieces, cut_off))
    return Table(("entity", "label", "to", "to_label", "pieces", "cut_off"), rows, bar="cut_off")


def components(network: Network, *, members: bool = False) -> Table:
    """The parts that no link ties to each other, the largest first: each by what is linked to the most in it, or with
    all its members.
    """
    into, _ = measures.degrees(network)
    parts = measures.components(network)
    if members:
        rows = ((*columns_of(network, n), at, len(part)) for at, part in enumerate(parts, 1) for n in part)
        return Table(("entity", "label", "component", "size"), [*rows])
    first = (max(part, key=lambda n: (into[n], -n)) for part in parts)
    found = [(*columns_of(network, n), at, len(part)) for at, (n, part) in enumerate(zip(first, parts, strict=True), 1)]
    return Table(("entity", "label", "component", "size"), found, bar="size")


def orphans(network: Network) -> Table:
    """Things that nothing links to and that link to nothing."""
    into, out = measures.degrees(network)
    return Table(
        ("entity", "label"), [columns_of(network, n) for n in _by_label(network) if not into[n] and not out[n]]
    )


def dead_ends(network: Network) -> Table:
    """Things that are linked to and link to nothing, those most linked to first; what is missing is none."""
    into, out = measures.degrees(network)
    found = [n for n in _by_label(network) if into[n] and not out[n] and n not in network.missing]
    rows = [(*columns_of(network, n), into[n]) for n in sorted(found, key=lambda n: -into[n])]
    return Table(("entity", "label", "in"), rows, bar="in")


def communities(partition: Partition, words: Sequence[Sequence[str]]) -> Table:
    """A row a community of more than one thing: by its centre, with what it is about, how much of its links stay
    inside, and the thing of it that ties it most to others.
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
    return Table(columns, rows, says=says)


def members(partition: Partition, words: Sequence[Sequence[str]]) -> Table:
    """Each thing with its community, and how evenly its links are spread over communities."""
    network = partition.network
    rows: list[tuple[Value, ...]] = []
    for at, part in enumerate(partition.parts):
        centre = columns_of(network, partition.centre(at))
        said = at + 1, len(part), *centre, _about(words[at])
        rows += [(*columns_of(network, n), *said, partition.participation(n)) for n in part]
    columns = ("entity", "label", "community", "size", "centre", "centre_label", "about", "participation")
    return Table(columns, rows)


def between(partition: Partition) -> Table:
    """The things that stand between communities, with the centres of those that they tie, the strongest tie first."""
    network = partition.network
    rows: list[tuple[Value, ...]] = []
    for number in partition.between():
        own, ties = partition.part_of[number], partition.ties[number]
        others = sorted((at for at in ties if at != own), key=lambda at: (-ties[at], at))
        tied = "; ".join(network.labels[partition.centre(at)] for at in others)
        rows.append((*columns_of(network, number), own + 1, partition.participation(number), len(others), tied))
    return Table(("entity", "label", "community", "participation", "others", "ties"), rows, bar="participation")


def _about(words: Sequence[str]) -> str:
    return ", ".join(words)


def _by_label(network: Network) -> list[int]:
    return sorted(range(len(network)), key=lambda n: (network.labels[n], n))


_DIGITS_SHOWN = 3
_BAR = 10


def for_people(table: Table) -> Table:
    """The same to be looked at: a thing is named once, a place is one word, numbers have three digits, and a bar shows
    the chief of them.
    """
    table = _with_places(table)
    names = table.columns
    kept = [n for n, name in enumerate(names) if not _is_name(name, names)]
    rows = [tuple(_short(row[n]) for n in kept) for row in table.rows]
    columns = tuple(names[n] for n in kept)
    if table.bar is None or not rows:
        return Table(columns, rows, says=table.says)
    values: list[float] = [_number(row[names.index(table.bar)]) for row in table.rows]
    most = max(values)
    bars = [_bar(value / most * _BAR if most > 0 else 0.0) for value in values]
    at = columns.index(table.bar) + 1
    shown = [(*row[:at], bar, *row[at:]) for row, bar in zip(rows, bars, strict=True)]
    return Table((*columns[:at], "bar", *columns[at:]), shown, says=table.says)


_PLACE = ("path", "line", "column")


def _with_places(table: Table) -> Table:
    """A path, a line and a column as compilers write them."""
    if not set(_PLACE) <= set(table.columns):
        return table
    at = [table.columns.index(name) for name in _PLACE]
    columns = ("place" if name == "path" else name for name in table.columns if name not in _PLACE[1:])
    rows = []
    for row in table.rows:
        place = None if row[at[0]] is None else ":".join(str(row[n]) for n in at)
        rows.append(tuple(place if n == at[0] else one for n, one in enumerate(row) if n not in at[1:]))
    return Table(tuple(columns), rows, table.bar, table.says)


def _is_name(name: str, names: Sequence[str]) -> bool:
    """Whether a column tells in words which thing another names."""
    return name == "label" or (name.endswith("_label") and name.removesuffix("_label") in names)


def _number(value: Value) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _short(value: Value) -> Value:
    if isinstance(value, bool) or not isinstance(value, float):
        return value
    return ox.Literal(f"{value:.{_DIGITS_SHOWN}g}")


def _bar(length: float) -> str:
    whole, eighths = divmod(round(max(length, 0.0) * 8), 8)
    return "█" * whole + ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")[eighths]


# ---- likeness and suggestions ----------------------------------------------------------------------------------------


def suggest(network: Network, texts: "Texts", thing: int | None = None) -> Table:
    """Links worth making, of all or of one thing, with what speaks for each."""
    from kg import suggestions

    rows = [
        (
            *columns_of(network, one.thing),
            *columns_of(network, one.other),
            one.score,
            *one.parts,
            _named(network, one.neighbours) or " – ".join(network.labels[n] for n in one.over),
            ", ".join(one.words),
        )
        for one in suggestions.suggest(network, texts, thing)
    ]
    columns = ("entity", "label", "to", "to_label", "score", *suggestions.BLENDED, "neighbours", "words")
    return Table(columns, rows, bar="score")


def suggestions_measured(network: Network, texts: "Texts", rounds: int) -> Table:
    """How many of the best pairs by each method are links that were hidden."""
    from kg import suggestions

    found, hidden = suggestions.measure(network, texts, rounds)
    says = (
        f"{rounds} rounds; in each {hidden:,} links between notes were hidden, and the first {suggestions.AT} looked at"
    )
    return Table(("method", "precision", "error"), [*found], bar="precision", says=says)


def similar(network: Network, texts: "Texts", thing: int) -> Table:
    """The things most like one, with the words and links that they share."""
    from kg import likeness

    rows = [
        (*columns_of(network, one.thing), one.score, one.text, one.links, one.linked, ", ".join(one.words),
         _named(network, one.shared))
        for one in likeness.similar(network, texts, thing)
    ]  # fmt: skip
    return Table(("entity", "label", "score", "text", "links", "linked", "words", "neighbours"), rows, bar="score")


def unlinked(network: Network, found: "Unlinked") -> Table:
    """Mentions without a link, each with its place."""
    rows = [
        (*columns_of(network, one.thing), at.path, at.line, at.column, at.sentence)
        for one, at in ((one, one.place) for one in found.mentions)
    ]
    words = ", ".join(f"{name} ({notes:,})" for name, notes in found.common.items())
    says = f"taken for plain words, by how many notes have them, and left out unless named: {words}" if words else ""
    return Table(("entity", "label", "path", "line", "column", "sentence"), rows, says=says)


def _named(network: Network, some: Sequence[int]) -> str:
    return ", ".join(network.labels[number] for number in some)
