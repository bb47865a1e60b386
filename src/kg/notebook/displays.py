"""Results that show themselves in a notebook, and as text elsewhere."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import islice
from typing import TYPE_CHECKING

from kg.core.findings import Finding
from kg.fulltext.excerpt import excerpt
from kg.fulltext.searcher import Hit, SearchResults
from kg.rendering.search_hits import HitStyle, render
from kg.rendering.tables import TermNames
from kg.sparql.answer import Answer, Term, frame
from kg.validation.validator import Validation

if TYPE_CHECKING:
    import pandas

_LINE = 200
"""The maximum characters of a hit's line on display."""
MOST_ROWS = 50
"""The maximum rows of a table on display."""
_STYLE = "text-align:left;vertical-align:top;white-space:pre-wrap"


@dataclass(frozen=True)
class Document:
    """A text for people: plain, and in Markdown for notebooks."""

    text: str
    markdown: str

    def __repr__(self) -> str:
        return self.text.rstrip("\n")

    def _repr_markdown_(self) -> str:
        return self.markdown


@dataclass(repr=False, kw_only=True)
class AnswerTable(Answer):
    """An answer that shows its rows with the names of things, each a link to its note."""

    names: TermNames
    display: Answer | None = None
    """The answer in the form for people, if that is another one."""

    def __repr__(self) -> str:
        if self.kind == "ask":
            return str(self.boolean)
        rows, more = self._first()
        cells = [tuple(self.names.name(term) for term in row) for row in rows]
        heads = self._heads
        widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
        lines = ((cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (heads, *cells))
        return "\n".join([*("   ".join(line).rstrip() for line in lines), *([more] if more else [])])

    def _repr_html_(self) -> str:
        if self.kind == "ask":
            return f"<p>{self.boolean}</p>"
        rows, more = self._first()
        return html_table(self._heads, (map(self._cell, row) for row in rows)) + (f"<p>{more}</p>" if more else "")

    def _first(self) -> tuple[list[Sequence[Term | None]], str]:
        """The rows on display, and a sentence if there are more."""
        rows = list(islice(self._shown(), MOST_ROWS + 1))
        more = f"The first {MOST_ROWS:,} rows; to_dataframe() has all." if len(rows) > MOST_ROWS else ""
        return rows[:MOST_ROWS], more

    @property
    def _heads(self) -> tuple[str, ...]:
        return (self.display or self).variables if self.kind == "select" else ("subject", "predicate", "object")

    def _shown(self) -> Iterator[Sequence[Term | None]]:
        if self.kind == "select":
            yield from (self.display or self).terms()
        else:
            yield from ((triple.subject, triple.predicate, triple.object) for triple in self.triples())

    def _cell(self, term: Term | None) -> str:
        name, target = escape(self.names.name(term)), self.names.link(term)
        return f'<a href="{escape(target)}">{name}</a>' if target else name


@dataclass(frozen=True, repr=False)
class FindingTable:
    """The findings of a validation, which show themselves as a table."""

    validation: Validation

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings in order of file, line and column."""
        return self.validation.findings

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def __repr__(self) -> str:
        return "\n".join(map(str, self)) or "no findings"

    def to_dataframe(self) -> "pandas.DataFrame":
        """The findings as a pandas DataFrame. Raises KgError if pandas is not installed."""
        return frame([finding.as_json() for finding in self])

    def _repr_html_(self) -> str:
        if not self.findings:
            return "<p>No findings.</p>"
        rows = (
            map(escape, (f"{row.path}:{row.line}:{row.column}", row.severity, row.code, row.message, row.remedy))
            for row in self.findings[:MOST_ROWS]
        )
        more = f"<p>The first {MOST_ROWS:,} of {len(self):,}.</p>" if len(self) > MOST_ROWS else ""
        return html_table(("place", "severity", "code", "message", "remedy"), rows) + more


@dataclass(frozen=True, repr=False)
class HitTable:
    """The hits of a search, which show themselves as a table."""

    results: SearchResults

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.results.hits)

    def __len__(self) -> int:
        return len(self.results.hits)

    def __repr__(self) -> str:
        return render(self.results, "text", HitStyle()).rstrip("\n") or "nothing matches"

    def _repr_html_(self) -> str:
        rows = ((escape(f"{hit.path}:{hit.line}:{hit.column}"), _marked(hit)) for hit in self)
        return html_table(("place", "text"), rows) if self.results.hits else "<p>Nothing matches.</p>"


def _marked(hit: Hit) -> str:
    """The line of a hit, with the words of the query marked."""
    text, marks = excerpt(hit.text, hit.marks, _LINE)
    parts, end = [], 0
    for start, stop in marks:
        parts += [escape(text[end:start]), f"<mark>{escape(text[start:stop])}</mark>"]
        end = stop
    return "".join([*parts, escape(text[end:])])


@dataclass(frozen=True, repr=False)
class FramedPage:
    """A web page in a frame of a notebook."""

    html: str
    height: int = 600

    def __repr__(self) -> str:
        return f"<a page of {len(self.html):,} characters>"

    def _repr_html_(self) -> str:
        return f'<iframe srcdoc="{escape(self.html)}" width="100%" height="{self.height}" style="border:0"></iframe>'


def html_table(heads: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table. The cells are HTML, the heads are text."""
    head = "".join(f'<th style="{_STYLE}">{escape(name)}</th>' for name in heads)
    body = "".join("<tr>" + "".join(f'<td style="{_STYLE}">{cell}</td>' for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
