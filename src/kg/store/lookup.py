"""Look up the thing, property or value that a name means in a store, and the label of a term."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import pyoxigraph as ox

from kg.core.errors import KgError, NotFound
from kg.core.spelling import did_you_mean, nearest
from kg.core.text import is_text, letters_and_digits
from kg.mapping.link_resolution import Paths
from kg.mapping.ontology import Ontology, local_name, name_key
from kg.rdf.iris import Names, prefixed
from kg.rdf.vocabulary import DESCRIBES, LABEL, LABELS, TYPE
from kg.store.name_meanings import NameMeanings, written_iri
from kg.store.store import Store
from kg.store.thing_names import ThingNames, curie

_WITH_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+://", re.I)
_SHOWN = 80
_LISTED = 5


def is_broken_iri(text: str) -> bool:
    """Whether a text is written as an IRI, in angle brackets or with `://`, but invalid."""
    text = text.strip()
    looks_so = (text.startswith("<") and text.endswith(">")) or _WITH_SCHEME.match(text)
    return bool(looks_so) and written_iri(text, {}) is None


@dataclass(frozen=True)
class Lookup:
    """Resolves names to terms, and terms to labels."""

    store: Store
    ontology: Ontology
    names: Names
    prefixes: Mapping[str, str]
    files: Paths | None = None
    """The look-up of the files in the store, where one exists already."""

    @cached_property
    def things(self) -> ThingNames:
        """The names of the things in the store."""
        return ThingNames(self.meant)

    @cached_property
    def meant(self) -> NameMeanings:
        """The exact meanings of names."""
        return NameMeanings(self.store, self.names, self.prefixes, self.files)

    # ---- names to terms --------------------------------------------------------------------------------------------

    def iri(self, text: str) -> ox.NamedNode | None:
        """Parse a text as an IRI, in full or with a known prefix."""
        return written_iri(text, self.prefixes)

    def thing(self, text: str) -> ox.NamedNode:
        """The thing with a name: an IRI, a CURIE, a link text, a label or an alias. Raises NotFound, KgError."""
        iri = self.iri(text)
        if iri and self.meant.is_there(iri):
            return iri
        for candidates in self._candidates(text):
            nodes = sorted(self.meant.likeliest(candidates), key=lambda node: node.value)
            if len(nodes) == 1:
                return nodes[0]
            if nodes:
                shown = ", ".join(f"“{self.things.name(node)}”" for node in nodes[:_LISTED])
                shown += " …" if len(nodes) > _LISTED else ""
                raise KgError(f"“{text}” names {len(nodes)} things: {shown}; give one of these names")
        if iri:
            raise NotFound(f"nothing is known of {text}{self._near_iri(text, iri)}")
        if is_broken_iri(text):
            raise KgError(f"“{text}” is not a valid IRI")
        raise NotFound(f"no note or thing is named “{text}”{self._near(text)}")

    def document(self, text: str) -> ox.NamedNode:
        """The named graph with a name: a note's document, by the note's concept, or a graph of kg's own.

        Raises NotFound, KgError.
        """
        graph = self.iri(text)
        if graph and self.store.has(None, None, None, graph):
            return graph
        thing = self.thing(text)
        whole = ox.NamedNode(thing.value.partition("#")[0])
        for node in (thing, whole):
            documents = sorted({q.subject for q in self.store.triples(None, DESCRIBES, node)}, key=str)
            if len(documents) > 1:
                raise KgError(
                    f"“{text}” is described by {len(documents)} notes: {', '.join(map(self.called, documents))}"
                )
            for document in (*documents, node):
                if isinstance(document, ox.NamedNode) and self.store.has(None, None, None, document):
                    return document
        raise NotFound(f"“{text}” is not a note: no graph has its name")

    def _candidates(self, text: str) -> Iterator[set[ox.NamedNode]]:
        """The things that a text may name, most certain first."""
        yield from self.meant.meanings(text)
        if is_text(text):
            class_ = self.ontology.class_named(text)
            yield {ox.NamedNode(class_)} if class_ else set()
            yield {*[node for node in self.properties(text) if self.meant.is_there(node)][:1]}
            yield self.meant.alike(text)

    def _near(self, text: str) -> str:
        if not letters_and_digits(text):
            return ""
        similar = nearest(text, {label for _, label in self.meant.labelled()}, letters_and_digits) or ""
        nodes = sorted(self.meant.likeliest(self.meant.alike(similar)), key=str)
        means_one = [similar] if len(nodes) == 1 else map(self.things.name, nodes)
        names = [nearest(text, self.things.inside(text)), *means_one, None]
        suggestion = next(filter(None, names), None)
        return did_you_mean(suggestion and f"“{suggestion}”")

    def _near_iri(self, text: str, term: ox.NamedNode) -> str:
        """A hint at the known thing most like an IRI, in the same namespace and written in the same form."""
        prefix, local = prefixed(term.value, self.prefixes)
        if prefix is None:
            return ""
        space = self.prefixes[prefix]
        iris = {node.value for node, _ in self.meant.labelled()} | {*self.ontology.classes, *self.ontology.properties}
        iris |= {node.value for node in self.store.predicates}
        similar = nearest(local, {iri[len(space) :] for iri in iris if iri.startswith(space)})
        if not similar or "://" not in text:
            return did_you_mean(similar and f"{prefix}:{similar}")
        return did_you_mean(f"<{space}{similar}>" if text.startswith("<") else space + similar)

    def properties(self, text: str) -> list[ox.NamedNode]:
        """The properties that a name can mean: an IRI, a CURIE, `a`, or a name as in a note."""
        if text.strip() in {"a", "is a", "type"}:
            return [TYPE]
        iri = self.iri(text)
        if iri:
            return [iri]
        iris = [prop.iri for prop in self.ontology.properties_named(text)]
        key = name_key(text)
        iris += [
            p
            for p in sorted(self.ontology.properties)
            if key and key in {name_key(local_name(p)), name_key(self.ontology.label(p))}
        ]
        return [ox.NamedNode(p) for p in dict.fromkeys([*iris, self.names.property(text)])]

    def triples(self, subject: str, predicate: str, obj: str) -> list[ox.Triple]:
        """The known triples that three names mean. Raises NotFound if there are none."""
        node = self.thing(subject)
        rows = [t for p in self.properties(predicate) for t in self.store.triples(node, p, None)]
        key = name_key(predicate)
        rows = rows or [
            t for t in self.store.triples(node, None, None) if name_key(local_name(t.predicate.value)) == key
        ]
        if not rows:
            names = sorted({self.called(quad.predicate) for quad in self.store.triples(node, None, None)})
            raise NotFound(f"“{subject}” has no “{predicate}”, stated or inferred; it has {', '.join(names)}")
        named = next(filter(None, self.meant.meanings(obj)), set())
        objects = {self.ontology.class_named(obj), *(node.value for node in named)}
        exact = [row for row in rows if isinstance(row.object, ox.NamedNode) and row.object.value in objects]
        matches = exact or [row for row in rows if self._is_named(row.object, obj)]
        if not matches:
            names = sorted({self.called(row.object) for row in rows})
            shown = ", ".join(names[:_LISTED]) + (" …" if len(names) > _LISTED else "")
            if all(row.predicate == TYPE for row in rows):
                raise NotFound(f"“{subject}” is no “{obj}”, stated or inferred; its classes are {shown}")
            raise NotFound(f"“{subject}” has no “{predicate}” that is “{obj}”, stated or inferred; it has {shown}")
        return matches

    def _is_named(self, term: object, text: str) -> bool:
        """Whether a text names a term."""
        if isinstance(term, ox.Literal):
            return text.strip('"') == term.value or text == str(term)
        if not isinstance(term, ox.NamedNode):
            return False
        if term == self.iri(text):
            return True
        labels = {*self.store.literals(term, *LABELS, LABEL)}
        labels |= {self.ontology.label(term.value), local_name(term.value), self.called(term)}
        return (
            letters_and_digits(text) in map(letters_and_digits, labels) or self.ontology.class_named(text) == term.value
        )

    def about(self, node: ox.NamedNode, graph: ox.NamedNode) -> list[ox.Triple]:
        """The triples of a graph with a thing as subject, then those with it as object; each sorted."""
        as_subject = sorted(self.store.triples(node, None, None, graph), key=str)
        as_object = sorted(self.store.triples(None, None, node, graph), key=str)
        return list(dict.fromkeys([*as_subject, *as_object]))

    # ---- terms to labels -------------------------------------------------------------------------------------------

    def called(self, term: object) -> str:
        """The label of a term: a label of a note, a note with its heading, the name of a class or property, a text."""
        if isinstance(term, ox.Literal):
            text = " ".join(term.value.split())
            return text[:_SHOWN] + ("…" if len(text) > _SHOWN else "")
        if not isinstance(term, ox.NamedNode):
            return str(term)
        if term == TYPE:
            return "is a"
        return self.things.name(term)

    def curie(self, term: ox.NamedNode) -> str:
        """An IRI as a CURIE with the longest known prefix, or in angle brackets."""
        return curie(term, self.prefixes)
