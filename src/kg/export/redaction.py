"""A redacted copy of the store: notes with a private tag, and every mention of them, removed.

The copy lacks the graphs of the private notes, and the metrics, which were computed with them. Inferred triples are
derived again from the remaining quads. In other notes, triples that lead to a private note are removed, and its names
become `…` in texts. A name that is part of a public name, as “Lean” is of “Lean UX”, is replaced only in notes that
link to the private note.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from urllib.parse import unquote

import pyoxigraph as ox

from kg.config import Config
from kg.mapping.ontology import load_ontology
from kg.rdf.iris import Names
from kg.rdf.terms import Row
from kg.rdf.vocabulary import (
    ATTACHMENT,
    DESCRIBES,
    LABELS,
    METRICS_GRAPH,
    MISSING,
    OWN_GRAPHS,
    PATH,
    PREF_LABEL,
    TAGGED,
    TYPE,
)
from kg.reasoning.inference import Reasoning, infer
from kg.reasoning.rule_cache import cached_rules
from kg.store.builder import building
from kg.store.store import Published, Store

_OWN = frozenset(OWN_GRAPHS)
_INSTEAD = "…"
_SHORTEST = 2


@contextmanager
def redacted_store(config: Config, tags: Sequence[str]) -> Iterator[tuple[Store, int]]:
    """Yield the published store without the notes that have one of the tags or a subtag, and the number of these notes.

    Raises StoreMissing, StoreError.
    """
    published = Published(config.store)
    hiding = _Hiding(published.store, Names(published.store.prefixes.get("n", config.base)), tuple(tags))
    if not hiding.documents:
        yield published.store, 0
        return
    with TemporaryDirectory(prefix="kg-export-") as folder:
        _build(Path(folder), config, published, hiding)
        yield Store(Path(folder)), len(hiding.documents)


def _build(folder: Path, config: Config, generation: Published, hiding: "_Hiding") -> None:
    ontology = load_ontology(config)
    graphs: dict[str, set[Row]] = {str(graph): set() for graph in (*hiding.documents, METRICS_GRAPH)}
    changes: dict[str, tuple[set[Row], set[Row]]] = {}
    for quad, replacement in hiding.changes():
        removed, added = changes.setdefault(str(quad.graph_name), (set(), set()))
        removed.add(_row(quad.triple))
        if replacement:
            added.add(_row(replacement))
    with building(folder, generation.manifest.prefixes, "kg export", generation) as store:
        store.clear_inferred()
        store.replace(graphs, changes)
        infer(store, Reasoning(ontology, cached_rules(generation), config.limits, config.max_inferred))
        summary = {**generation.manifest.summary, "triples": store.counts()[""], "wanted": []}
        summary.pop("metrics", None)
        store.publish(summary, {})


def _row(triple: ox.Triple) -> Row:
    return str(triple.subject), str(triple.predicate), str(triple.object)


@dataclass(frozen=True)
class _Hiding:
    store: Store
    names: Names
    tags: tuple[str, ...]

    @cached_property
    def documents(self) -> set[ox.NamedNode]:
        """The graphs of the private notes."""
        private_tags = tuple(self.names.tag(tag.removeprefix("#").strip("/")) for tag in self.tags)
        graphs = set()
        for quad in self.store.find(None, TAGGED, None, None):
            tag = getattr(quad.object, "value", "")
            if isinstance(quad.graph_name, ox.NamedNode) and any(
                tag == private or tag.startswith(f"{private}/") for private in private_tags
            ):
                graphs.add(quad.graph_name)
        return graphs - _OWN

    @cached_property
    def things(self) -> set[ox.NamedNode]:
        """The concepts that private notes describe."""
        quads = (quad for graph in self.documents for quad in self.store.find(None, DESCRIBES, None, graph))
        return {quad.object for quad in quads if isinstance(quad.object, ox.NamedNode)}

    def is_private(self, term: object) -> bool:
        """Whether a term is a private note, its concept, a missing note with its name, or a part of these."""
        if not isinstance(term, ox.NamedNode):
            return False
        if term in self.things or term in self.documents or term in self.wanted:
            return True
        whole = ox.NamedNode(term.value.partition("#")[0]) if "#" in term.value else None
        return whole is not None and (whole in self.things or whole in self.documents)

    @cached_property
    def wanted(self) -> set[ox.NamedNode]:
        """Missing notes with the name of a private note: a link by alias leads nowhere, and reveals the alias."""
        names = {name.casefold() for name in self.called}
        missing = set()
        for quad in self.store.find(None, TYPE, MISSING, None):
            labels = (getattr(row.object, "value", "") for row in self.store.find(quad.subject, PREF_LABEL, None, None))
            if isinstance(quad.subject, ox.NamedNode) and any(label.casefold() in names for label in labels):
                missing.add(quad.subject)
        return missing

    # ---- names ---------------------------------------------------------------------------------------------------

    @cached_property
    def called(self) -> set[str]:
        """The names of private notes: titles, aliases and file names."""
        names = {q.object.value for thing in self.things for name in LABELS
                 for q in self.store.find(thing, name, None, None) if isinstance(q.object, ox.Literal)}  # fmt: skip
        for graph in self.documents:
            for quad in self.store.find(graph, PATH, None, graph):
                path = PurePosixPath(getattr(quad.object, "value", ""))
                names |= {path.name, path.stem}
        return {name.strip() for name in names if len(name.strip()) >= _SHORTEST}

    @cached_property
    def anywhere(self) -> re.Pattern[str] | None:
        """A pattern for the private names that no public name contains."""
        private = _pattern(self.called)
        if private is None:
            return None
        shared: set[str] = set()
        for name in LABELS:
            for quad in self.store.find(None, name, None, None):
                if isinstance(quad.object, ox.Literal) and not self._is_hidden(quad):
                    shared |= {match.casefold() for match in private.findall(quad.object.value)}
        return _pattern(name for name in self.called if name.casefold() not in shared)

    @cached_property
    def wherever_linked(self) -> re.Pattern[str] | None:
        """A pattern for all private names."""
        return _pattern(self.called)

    @cached_property
    def linking(self) -> set[ox.NamedNode]:
        """The graphs of other notes that lead to private notes."""
        graphs = set()
        for quad in self.store.quads():
            if isinstance(quad.graph_name, ox.NamedNode) and self.is_private(quad.object):
                graphs.add(quad.graph_name)
        return graphs - self.documents - _OWN

    def _is_hidden(self, quad: ox.Quad) -> bool:
        return quad.graph_name in self.documents or quad.graph_name in _OWN or self.is_private(quad.subject) or (
            not isinstance(quad.graph_name, ox.NamedNode)
        )  # fmt: skip

    # ---- changes in other notes ------------------------------------------------------------------------------------

    def changes(self) -> Iterator[tuple[ox.Quad, ox.Triple | None]]:
        """The quads to remove from other notes, each with its replacement or None."""
        for quad in self.store.quads():
            if (
                not isinstance(quad.graph_name, ox.NamedNode)
                or quad.graph_name in self.documents
                or quad.graph_name in _OWN
            ):
                continue
            names = self.wherever_linked if quad.graph_name in self.linking else self.anywhere
            if any(self.is_private(end) or (names and self._tells(end, names)) for end in (quad.subject, quad.object)):
                yield quad, None
            elif names and isinstance(quad.object, ox.Literal) and names.search(quad.object.value):
                yield quad, ox.Triple(quad.subject, quad.predicate, _without(quad.object, names))

    def _tells(self, term: object, names: re.Pattern[str]) -> bool:
        """Whether the IRI of a part of a note, a missing note or an attachment contains a name."""
        if not isinstance(term, ox.NamedNode):
            return False
        whole, _, part = term.value.partition("#")
        told = term.value.removeprefix(self.names.base) if ox.NamedNode(whole) in self.beside_notes else part
        return bool(told) and bool(names.search(unquote(told)))

    @cached_property
    def beside_notes(self) -> set[ox.NamedNode]:
        """The missing notes and the attachments, which have their names from links."""
        quads = (quad for kind in (MISSING, ATTACHMENT) for quad in self.store.find(None, TYPE, kind, None))
        return {quad.subject for quad in quads if isinstance(quad.subject, ox.NamedNode)}


def _pattern(names: Iterable[str]) -> re.Pattern[str] | None:
    """A pattern for names as whole words in any case, the longest first; None if there are no names."""
    ranked = sorted(set(names), key=lambda name: (-len(name), name))
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, ranked))})(?!\w)", re.I) if ranked else None


def _without(literal: ox.Literal, names: re.Pattern[str]) -> ox.Literal:
    text = names.sub(_INSTEAD, literal.value)
    return (
        ox.Literal(text, language=literal.language) if literal.language else ox.Literal(text, datatype=literal.datatype)
    )
