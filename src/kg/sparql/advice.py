"""Advice on a query whose answer is nothing, or has a term that is probably misspelled."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyoxigraph as ox

from kg.sparql.answer import Answer, Term
from kg.sparql.binding import term
from kg.sparql.hints import hints_on_unknown_terms
from kg.sparql.no_answer import NoAnswer
from kg.store.store import Store


@dataclass(frozen=True)
class Advice:
    """A query that was asked, and the terms that its parameters are bound to."""

    store: Store
    text: str
    title: str = ""
    """The title of a query that comes with kg, whose terms are right; empty for any other."""
    params: Mapping[str, str | Term] | None = None
    graphs: Sequence[ox.NamedNode] = ()

    def sentences(self, answer: Answer, again: Callable[[], Answer]) -> list[str]:
        """Hints on an answer that was read to its end: unknown terms, else what excludes all rows.

        `again` asks once more; it is called only if a term is unknown.
        """
        store, text = self.store, "" if self.title else self.text
        hints = hints_on_unknown_terms(text, store, store.prefixes, lambda: again().is_nothing, self._terms())
        if hints or answer.has_rows or (answer.kind == "ask" and answer.boolean):
            return hints
        return [sentence for sentence in [self._reason()] if sentence]

    def _reason(self) -> str:
        """Why there is no row."""
        if self.title:
            return f"nothing in these notes answers “{self.title}”"
        terms = {name: term(value, self.store.prefixes) for name, value in (self.params or {}).items()}
        return NoAnswer(self.store, self.text, terms, self.graphs).reason()

    def _terms(self) -> Iterable[Term | None]:
        """The terms that parameters are bound to; None for a text that is not an IRI."""
        from kg.store.name_meanings import written_iri

        values = (self.params or {}).values()
        return [written_iri(value, self.store.prefixes) if isinstance(value, str) else value for value in values]
