"""The library's questions for a page that answers them, and the names of the ontology's terms for their values.

A question with parameters is bound by kg's own binder, with a mark for each term: the page puts the terms in place of
the marks. So the page runs the text that `kg query` runs.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import pyoxigraph as ox

from kg.config import resource
from kg.core.errors import KgError
from kg.export.formats import Export
from kg.mapping.ontology import Ontology, local_name, name_key
from kg.rdf.terms import RDFS, SKOS
from kg.rdf.vocabulary import LABEL, ONTOLOGY_GRAPH
from kg.sparql.binding import bind
from kg.sparql.library import NamedQuery, readable_queries
from kg.sparql.parameters import TYPES, Parameter
from kg.sparql.question import grouped
from kg.store.project import Project

_MARK = "urn:kg:parameter:"
_MOST_OPTIONAL = 6
_LABELS = (RDFS + "label", SKOS + "prefLabel", SKOS + "altLabel")


@dataclass(frozen=True)
class PageQuestions:
    """The settings of a page that answers questions."""

    export: Export
    project: Project

    @classmethod
    def of(cls, export: Export) -> "PageQuestions":
        """The questions about the store of an export."""
        return cls(export, export.project or Project.of(export.store))

    def settings(self) -> dict[str, Any]:
        """The prefixes, the questions, and the names of the ontology's terms. Raises OntologyError."""
        lookup = self.project.lookup
        return {
            "prefixes": dict(sorted(self.export.store.prefixes.items())),
            "namePrefixes": dict(sorted(lookup.prefixes.items())),
            "base": lookup.names.base,
            "questions": [*self.questions()],
            "ontology": self._ontology(self.project.ontology),
        }

    # ---- questions -----------------------------------------------------------------------------------------------

    def questions(self) -> Iterator[dict[str, Any]]:
        """The questions in the order of `kg query`, which lists them by group."""
        for _, members in grouped(readable_queries(self.project.config)[0]):
            for query in members:
                if self._may_show(query) and (question := self._question(query)):
                    yield question

    def _may_show(self, query: NamedQuery) -> bool:
        """Whether a query is kg's own, or nothing is redacted: one of the vault's own may name what is private."""
        return self.export.project is not None or query.path.parent == resource("queries")

    def _question(self, query: NamedQuery) -> dict[str, Any] | None:
        """A question; None for a query that no page can ask, since it cannot be bound."""
        header = query.header
        try:
            texts = dict(self._texts(query.text, header.params))
        except KgError:
            return None
        return {
            "name": query.name, "title": header.title or query.name, "group": header.group or "Your queries",
            "description": header.description, "texts": texts, "parameters": [*map(_parameter, header.params)],
        }  # fmt: skip

    def _texts(self, text: str, params: tuple[Parameter, ...]) -> Iterator[tuple[str, str]]:
        """The bound text for each choice of optional parameters, by the names of the parameters that have a value."""
        optional = [param.name for param in params if param.optional]
        if len(optional) > _MOST_OPTIONAL:
            raise KgError("too many optional parameters")
        for count in range(len(optional) + 1):
            for chosen in combinations(optional, count):
                names = [param.name for param in params if not param.optional or param.name in chosen]
                marks = {name: ox.NamedNode(_MARK + name) for name in names}
                yield " ".join(names), bind(text, marks, self.export.store.prefixes)

    # ---- names of the ontology's terms -----------------------------------------------------------------------------

    def _ontology(self, ontology: Ontology) -> dict[str, Any]:
        """The classes and properties by the names that a note or a parameter may give them."""
        lookup = self.project.lookup
        texts = {term: [*self._names(ontology, term)] for term in sorted({*ontology.classes, *ontology.properties})}
        classes = {
            name_key(text): found
            for term in ontology.classes for text in texts[term] if (found := ontology.class_named(text))
        }  # fmt: skip
        properties = {
            name_key(text): [node.value for node in lookup.properties(text)][:-1]
            for term in sorted(ontology.properties) for text in texts[term] if not lookup.iri(text)
        }  # fmt: skip
        return {
            "classes": classes,
            "classIris": sorted(ontology.classes),
            "classLabels": {_called(ontology, term).casefold(): term for term in sorted(ontology.classes)},
            "classNames": self._shown(ontology, ontology.classes),
            "properties": properties,
            "propertyIris": sorted(ontology.properties),
            "propertyNames": self._shown(ontology, ontology.properties),
            "declared": self._declared(),
        }

    def _names(self, ontology: Ontology, term: str) -> Iterator[str]:
        """The texts that may name a term of the ontology."""
        yield local_name(term)
        yield from (o.value for o in self._labels.get(term, ()))
        if label := ontology.label(term):
            yield label

    @cached_property
    def _labels(self) -> Mapping[str, list[ox.Literal]]:
        found: dict[str, list[ox.Literal]] = {}
        for triple in self.project.ontology.triples:
            is_label = triple.predicate.value in _LABELS
            if is_label and isinstance(triple.subject, ox.NamedNode) and isinstance(triple.object, ox.Literal):
                found.setdefault(triple.subject.value, []).append(triple.object)
        return found

    def _shown(self, ontology: Ontology, terms: Iterable[str]) -> dict[str, str]:
        """The names of terms to choose from: of those in use, or of a vocabulary that a note can name."""
        return {term: _called(ontology, term) for term in sorted(terms)}

    def _declared(self) -> list[str]:
        """The terms that have a label in the ontology, and so are no things of the notes."""
        quads = self.export.store.find(None, LABEL, None, ONTOLOGY_GRAPH)
        return sorted({quad.subject.value for quad in quads if isinstance(quad.subject, ox.NamedNode)})


def _called(ontology: Ontology, term: str) -> str:
    return ontology.label(term) or local_name(term)


def _parameter(param: Parameter) -> dict[str, Any]:
    return {
        "name": param.name, "type": param.type, "default": param.default, "optional": param.optional,
        "says": param.says, "means": TYPES[param.type].says,
    }  # fmt: skip
