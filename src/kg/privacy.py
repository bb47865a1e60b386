"""A store without the notes of some tags, and without a trace of them, to export from.

The graphs of these notes go, what was inferred is inferred anew from the rest, and metrics, computed with them,
go too. In other notes, what leads to them goes: triples, and their names in texts, as `…`. One that is part of a
public name, as “Lean” is of “Lean UX”, is replaced only in notes that link to the private one.
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
from kg.inference import Reasoning, infer
from kg.ingestion import load_ontology, remembered_rules
from kg.store import Published, Row, Store, building
from kg.terms import INFERRED, KG, METRICS, ONTOLOGY, RDF, SKOS, Names

_TAGGED, _DESCRIBES, _PATH = (ox.NamedNode(KG + name) for name in ("tagged", "describes", "path"))
_NAMES = (ox.NamedNode(SKOS + "prefLabel"), ox.NamedNode(SKOS + "altLabel"))
_TYPE, _MISSING = ox.NamedNode(RDF + "type"), ox.NamedNode(KG + "Missing")
_OWN = frozenset(ox.NamedNode(name[1:-1]) for name in (INFERRED, ONTOLOGY, METRICS))
_INSTEAD = "…"
_SHORTEST = 2


@contextmanager
def public(config: Config, tags: Sequence[str]) -> Iterator[tuple[Store, int]]:
    """The published store without the notes that have one of these tags, or one below it, and how many these are.

    Raises StoreMissing, StoreError.
    """
    found = Published(config.store)
    hiding = _Hiding(found.store, Names(found.store.prefixes.get("n", config.base)), tuple(tags))
    if not hiding.documents:
        yield found.store, 0
        return
    with TemporaryDirectory(prefix="kg-export-") as folder:
        _build(Path(folder), config, found, hiding)
        yield Store(Path(folder)), len(hiding.documents)


def _build(folder: Path, config: Config, found: Published, hiding: "_Hiding") -> None:
    ontology = load_ontology(config)
    wanted: dict[str, set[Row]] = {str(graph): set() for graph in (*hiding.documents, ox.NamedNode(METRICS[1:-1]))}
    changes: dict[str, tuple[set[Row], set[Row]]] = {}
    for quad, instead in hiding.changes():
        gone, come = changes.setdefault(str(quad.graph_name), (set(), set()))
        gone.add(_row(quad.triple))
        if instead:
            come.add(_row(instead))
    with building(folder, found.manifest.prefixes, "kg export", found) as store:
        store.clear_inferred()
        store.replace(wanted, changes)
        infer(store, Reasoning(ontology, remembered_rules(found), config.limits, config.max_inferred))
        summary = {**found.manifest.summary, "triples": store.counts()[""]}
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
        """The graphs of the notes that have a tag."""
        wanted = tuple(self.names.tag(tag.removeprefix("#").strip("/")) for tag in self.tags)
        found = set()
        for quad in self.store.find(None, _TAGGED, None, None):
            tag = getattr(quad.object, "value", "")
            if isinstance(quad.graph_name, ox.NamedNode) and any(
                tag == one or tag.startswith(f"{one}/") for one in wanted
            ):
                found.add(quad.graph_name)
        return found - _OWN

    @cached_property
    def things(self) -> set[ox.NamedNode]:
        """What these notes are about."""
        quads = (quad for graph in self.documents for quad in self.store.find(None, _DESCRIBES, None, graph))
        return {quad.object for quad in quads if isinstance(quad.object, ox.NamedNode)}

    def is_private(self, term: object) -> bool:
        """Whether a term is one of these notes, what it is about, or something inside it."""
        if not isinstance(term, ox.NamedNode):
            return False
        if term in self.things or term in self.documents or term in self.wanted:
            return True
        whole = ox.NamedNode(term.value.partition("#")[0]) if "#" in term.value else None
        return whole is not None and (whole in self.things or whole in self.documents)

    @cached_property
    def wanted(self) -> set[ox.NamedNode]:
        """What is missing and is named as these notes are: a link by an alias leads nowhere, and tells the alias."""
        names = {name.casefold() for name in self.called}
        found = set()
        for quad in self.store.find(None, _TYPE, _MISSING, None):
            labels = (getattr(one.object, "value", "") for one in self.store.find(quad.subject, _NAMES[0], None, None))
            if isinstance(quad.subject, ox.NamedNode) and any(label.casefold() in names for label in labels):
                found.add(quad.subject)
        return found

    # ---- names ---------------------------------------------------------------------------------------------------

    @cached_property
    def called(self) -> set[str]:
        """What these notes are called: their titles, aliases, and file names."""
        found = {q.object.value for thing in self.things for name in _NAMES
                 for q in self.store.find(thing, name, None, None) if isinstance(q.object, ox.Literal)}  # fmt: skip
        for graph in self.documents:
            for quad in self.store.find(graph, _PATH, None, graph):
                path = PurePosixPath(getattr(quad.object, "value", ""))
                found |= {path.name, path.stem}
        return {name.strip() for name in found if len(name.strip()) >= _SHORTEST}

    @cached_property
    def anywhere(self) -> re.Pattern[str] | None:
        """The names that no public thing's name has in it."""
        private = _pattern(self.called)
        if private is None:
            return None
        shared: set[str] = set()
        for name in _NAMES:
            for quad in self.store.find(None, name, None, None):
                if isinstance(quad.object, ox.Literal) and not self._is_hidden(quad):
                    shared |= {one.casefold() for one in private.findall(quad.object.value)}
        return _pattern(name for name in self.called if name.casefold() not in shared)

    @cached_property
    def wherever_linked(self) -> re.Pattern[str] | None:
        """All names."""
        return _pattern(self.called)

    @cached_property
    def linking(self) -> set[ox.NamedNode]:
        """The graphs of the other notes that lead to these."""
        found = set()
        for quad in self.store.quads():
            if isinstance(quad.graph_name, ox.NamedNode) and self.is_private(quad.object):
                found.add(quad.graph_name)
        return found - self.documents - _OWN

    def _is_hidden(self, quad: ox.Quad) -> bool:
        return quad.graph_name in self.documents or quad.graph_name in _OWN or self.is_private(quad.subject) or (
            not isinstance(quad.graph_name, ox.NamedNode)
        )  # fmt: skip

    # ---- what changes in other notes -------------------------------------------------------------------------------

    def changes(self) -> Iterator[tuple[ox.Quad, ox.Triple | None]]:
        """The quads of other notes that go, with what comes in their place."""
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
        """Whether a place in a note, such as a heading, has a name in its IRI."""
        return isinstance(term, ox.NamedNode) and "#" in term.value and bool(
            names.search(unquote(term.value.partition("#")[2]))
        )  # fmt: skip


def _pattern(names: Iterable[str]) -> re.Pattern[str] | None:
    """The names as whole words, whatever their case, the longest first; None without any."""
    ranked = sorted(set(names), key=lambda name: (-len(name), name))
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, ranked))})(?!\w)", re.I) if ranked else None


def _without(literal: ox.Literal, names: re.Pattern[str]) -> ox.Literal:
    text = names.sub(_INSTEAD, literal.value)
    return (
        ox.Literal(text, language=literal.language) if literal.language else ox.Literal(text, datatype=literal.datatype)
    )
