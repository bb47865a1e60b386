"""Look up the thing, property or value that a name means in a store, and the label of a term."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pyoxigraph as ox

from kg.core.errors import KgError, NotFound
from kg.core.spelling import did_you_mean, nearest
from kg.core.text import is_text, letters_and_digits
from kg.mapping.ontology import Ontology, local_name, name_key
from kg.rdf.iris import Names, is_absolute, prefixed
from kg.rdf.terms import INFERRED
from kg.rdf.vocabulary import DESCRIBES, LABEL, LABELS, PREF_LABEL, TYPE
from kg.store.store import Store

_WITH_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+://", re.I)
_SHOWN = 80
_LISTED = 5


def written_iri(text: str, prefixes: Mapping[str, str]) -> ox.NamedNode | None:
    """Parse a text as an IRI, in full or with a prefix from `prefixes`; None if it is neither."""
    text = text.strip()
    prefix, colon, local = text.partition(":")
    try:
        if text.startswith("<") and text.endswith(">"):
            return ox.NamedNode(text[1:-1])
        if colon and prefix in prefixes:
            return ox.NamedNode(prefixes[prefix] + local)
        return ox.NamedNode(text) if is_absolute(text) and "://" in text else None
    except ValueError:
        return None


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

    # ---- names to terms --------------------------------------------------------------------------------------------

    def iri(self, text: str) -> ox.NamedNode | None:
        """Parse a text as an IRI, in full or with a known prefix."""
        return written_iri(text, self.prefixes)

    def thing(self, text: str) -> ox.NamedNode:
        """The thing with a name: an IRI, a CURIE, a path, a label or an alias. Raises NotFound, KgError."""
        iri = self.iri(text)
        if iri:
            if not self._is_there(iri):
                raise NotFound(f"nothing is known of {text}{self._near_iri(text, iri)}")
            return iri
        for candidates in self._candidates(text):
            things = sorted(self._likeliest(candidates), key=lambda node: node.value)
            if len(things) == 1:
                return things[0]
            if things:
                shown = ", ".join(f"<{node.value}>" for node in things[:_LISTED])
                shown += " …" if len(things) > _LISTED else ""
                raise KgError(f"“{text}” names {len(things)} things: {shown}; give an IRI")
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

    def _likeliest(self, nodes: set[ox.NamedNode]) -> set[ox.NamedNode]:
        """Of the things with a name, those that notes describe; else those that are not tags; else all."""
        described = {node for node in nodes if self.store.has(None, DESCRIBES, node)}
        tags = self.names.tag("")
        return described or {node for node in nodes if not node.value.startswith(tags)} or nodes

    def _candidates(self, text: str) -> Iterator[set[ox.NamedNode]]:
        """The things that a text may name, most certain first."""
        if not is_text(text):  # bytes from a command line that are not UTF-8
            return
        if text.startswith("#"):
            tag = ox.NamedNode(self.names.tag(text[1:]))
            yield {tag} if self._is_there(tag) else set()
        path, _, fragment = text.partition("#")
        of_path = ox.NamedNode(self.names.entity(path)) if path.strip() else None
        if of_path and not fragment and self._is_there(of_path):
            yield {of_path}
        if of_path and fragment:
            section = ox.NamedNode(self.names.section(of_path.value, tuple(fragment.split("#"))))
            yield {section} if self._is_there(section) else set()
        for predicate in LABELS:
            yield {s for s in self._subjects(predicate, ox.Literal(text)) if not self._is_part(s)}
        wanted = letters_and_digits(text)
        alike = {node for node, label in self._labelled() if letters_and_digits(label) == wanted}
        yield {node for node in alike if not self._is_part(node)}
        class_ = self.ontology.class_named(text)
        yield {ox.NamedNode(class_)} if class_ else set()
        yield alike

    def _subjects(self, predicate: ox.NamedNode, value: ox.Literal) -> Iterator[ox.NamedNode]:
        return (q.subject for q in self.store.triples(None, predicate, value) if isinstance(q.subject, ox.NamedNode))

    def _labelled(self) -> Iterator[tuple[ox.NamedNode, str]]:
        for predicate in LABELS:
            for quad in self.store.triples(None, predicate, None):
                if isinstance(quad.subject, ox.NamedNode) and isinstance(quad.object, ox.Literal):
                    yield quad.subject, quad.object.value

    def _is_part(self, node: ox.NamedNode) -> bool:
        """Whether a thing is a section or list item of a note; a note of the same name takes precedence."""
        base = self.names.base
        return node.value.startswith(base) and "#" in node.value[len(base) + 1 :] and node.value[len(base)] != "#"

    def _is_there(self, node: ox.NamedNode) -> bool:
        return self.store.has(node, None, None) or self.store.has(None, None, node)

    def _near(self, text: str) -> str:
        if not letters_and_digits(text):
            return ""
        suggestion = nearest(text, {label for _, label in self._labelled()}, letters_and_digits)
        return did_you_mean(suggestion and f"“{suggestion}”")

    def _near_iri(self, text: str, term: ox.NamedNode) -> str:
        """A hint at the known thing most like an IRI, in the same namespace and written in the same form."""
        prefix, local = prefixed(term.value, self.prefixes)
        if prefix is None:
            return ""
        space = self.prefixes[prefix]
        iris = {node.value for node, _ in self._labelled()} | {*self.ontology.classes, *self.ontology.properties}
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
            if key in {name_key(local_name(p)), name_key(self.ontology.label(p))}
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
        objects = {self.names.entity(obj), self.ontology.class_named(obj)}
        exact = [row for row in rows if isinstance(row.object, ox.NamedNode) and row.object.value in objects]
        matches = exact or [row for row in rows if self._is_named(row.object, obj)]
        if not matches:
            names = sorted({self.called(row.object) for row in rows})
            shown = ", ".join(names[:_LISTED]) + (" …" if len(names) > _LISTED else "")
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
        if self._is_part(term):
            path, _, fragment = term.value.partition("#")
            return f"{self.names.to_path(path)}#{self.names.to_path(self.names.base + fragment.replace('#', '%23'))}"
        for label in self._labels(term):
            return label
        name = self.ontology.label(term.value)
        if name:
            return name
        if term.value.startswith(self.names.base):
            return self.names.to_path(term.value) or local_name(term.value)
        return self.curie(term)

    def _labels(self, term: ox.NamedNode) -> Iterable[str]:
        """The preferred labels that notes give a thing, without those inferred from an equal thing."""
        quads = self.store.find(term, PREF_LABEL, None, None)
        stated = (q for q in quads if isinstance(q.graph_name, ox.NamedNode) and q.graph_name.value != INFERRED[1:-1])
        return sorted(quad.object.value for quad in stated if isinstance(quad.object, ox.Literal))

    def curie(self, term: ox.NamedNode) -> str:
        """An IRI as a CURIE with the longest known prefix, or in angle brackets."""
        prefix, local = prefixed(term.value, self.prefixes)
        return f"{prefix}:{local}" if prefix is not None else f"<{local}>"
