"""`kg.open`: a vault as one object, with every question that can be asked of it."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from io import BytesIO
from keyword import iskeyword
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

from kg.core.errors import KgError
from kg.core.files import atomic_write
from kg.core.text import nfc
from kg.ingestion.pipeline import ingest
from kg.ingestion.report import Report
from kg.notebook.analyses import Analyses
from kg.notebook.displays import AnswerTable, Document, FindingTable, FramedPage, HitTable
from kg.notes.vault import Vault, without_collection
from kg.rendering.tables import TermNames
from kg.store.project import Project
from kg.store.store import Store

if TYPE_CHECKING:
    import networkx as nx

    from kg.export.formats import Export
    from kg.ingestion.overlay import Contents
    from kg.reasoning.explanation import Explainer, Explanation
    from kg.sparql.listing import Listing


class Selection(TypedDict, total=False):
    """The options that select a part of the graph, as in `kg export`."""

    classes: tuple[str, ...]
    """Only things of these classes."""
    links: tuple[str, ...]
    """Only links of these properties."""
    around: tuple[str, ...]
    """Only these things, and those within `depth` links of them."""
    depth: int
    query: str
    """What a SPARQL query selects: CONSTRUCT returns the triples, SELECT the things."""


class ExportOptions(Selection, total=False):
    """The options of an export: a selection, and the look of a picture as in `kg export`."""

    title: str
    size: tuple[int, int]
    """Width and height in pixels."""
    background: str
    theme: Literal["light", "dark"]
    color_by: str
    layout: Literal["force", "tree"]
    link_labels: bool
    queryable: bool
    """Whether the page answers questions, offline; html only."""


class KnowledgeGraph(Analyses):
    """A vault and its graph, brought up to date when it is opened.

    Results show themselves in a notebook. The analyses of `kg analyze` are methods, too.
    """

    report: Report
    """The report of the last ingest."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self.ingest()

    @property
    def store(self) -> Store:
        """The store as the last ingest left it."""
        return self.project.store

    def __repr__(self) -> str:
        figures = self.report.summary
        return f"<kg {self.vault.path}: {figures['notes']:,} notes, {figures['triples']:,} triples>"

    def ingest(self) -> Report:
        """Bring the graph up to date with the notes. Raises KgError."""
        self.report = ingest(self.vault)
        super().__init__(Project(self.vault.config, self.report.store))
        return self.report

    # ---- other states of the vault ---------------------------------------------------------------------------------

    def at(self, name: str) -> "KnowledgeGraph":
        """The graph as it was at a git commit (a branch, a tag, a hash) or a date. Raises NotFound, KgError."""
        from kg.revisions.revision import revision

        return KnowledgeGraph(Vault(config=revision(self.vault.config, name).config))

    def diff(self, before: str = "HEAD", after: str | None = None) -> Document:
        """What the change from one commit to another means, or from a commit to the files as they are.

        `kg.diff` returns it as a value. Raises NotFound, KgError.
        """
        from kg.comparison.commits import diff
        from kg.rendering.differences import in_format

        difference = diff(self.vault, before, after)
        return Document(*(in_format(difference, format_) for format_ in ("text", "md")))

    @contextmanager
    def overlay(self, contents: "Contents") -> "Iterator[KnowledgeGraph]":
        """The graph of the vault with other contents of some files, by path; None is a file that is not there.

        The files are notes and attachments, by path in the vault, and those of the ontology, by path in the project.
        Nothing is published, and the notes stay as they are. Raises KgError.
        """
        from kg.ingestion.overlay import overlay

        with overlay(self.vault, contents) as drafted:
            yield KnowledgeGraph(Vault(config=drafted.config))

    # ---- questions -----------------------------------------------------------------------------------------------

    def query(self, question: str, *values: object, **params: object) -> AnswerTable:
        """Ask in SPARQL, by the name or words of a query of the library, by an `.rq` file, or as Dataview and Bases.

        `values` are its parameters in their order, and `params` by name; a name that Python reserves ends with `_`
        (`class_`, `from_`). Raises QuerySyntaxError, NotFound, KgError.
        """
        from kg.sparql.api import query, written
        from kg.sparql.question import find_question
        from kg.sparql.translation import translated

        asked = find_question(self.project.config, [question, *map(written, values)])
        if translation := translated(self.project.config, asked.text):
            return self._listed(translation.listing)
        named = {name.removesuffix("_") if iskeyword(name[:-1]) else name: value for name, value in params.items()}
        answer = query(self.store, asked.text, named | asked.placed(named))
        return AnswerTable(answer.kind, answer.result, answer.prefixes, names=TermNames.of(self.store))

    def _listed(self, listing: "Listing") -> AnswerTable:
        """The rows of a translated query."""
        from kg.sparql.listing import Lister
        from kg.sparql.parameters import Binder

        lister = Lister(Binder(self.project.config))
        known, _ = lister.known(listing)
        kept = lister.found(known).kept
        answer, shown = (lister.answer(known, kept, people=people, iris=False) for people in (False, True))
        names = TermNames.of(self.store, names={node: labels[0] for node, labels in lister.columns.named.items()})
        return AnswerTable(answer.kind, answer.result, answer.prefixes, names=names, display=shown)

    def show(self, name: str, *, everything: bool = False) -> Document:
        """Describe a thing: its type, text, properties and links, each with its line. Raises NotFound.

        Long lists are cut, and what only repeats a statement in another vocabulary is left out, unless `everything`.
        """
        from kg.analysis.entity import SOME, portrait
        from kg.rendering.entity import FORMATS, EntityStyle

        with without_collection():
            thing = portrait(self._explainer, name, None if everything else SOME, twins=everything)
        return Document(*(FORMATS[format_](thing, EntityStyle()) for format_ in ("text", "md")))

    def why(self, subject: str, predicate: str | None = None, obj: str | None = None) -> Document:
        """Explain why a triple holds, by names; without predicate and object, all that is inferred about a thing.

        Raises NotFound if the triple does not hold.
        """
        from kg.rendering.explanations import FORMATS

        explained = self._explained(self._explainer, subject, predicate, obj)
        return Document(*(FORMATS[format_](explained, None) for format_ in ("text", "md")))

    @staticmethod
    def _explained(
        explainer: "Explainer", subject: str, predicate: str | None, obj: str | None
    ) -> "Sequence[Explanation]":
        if predicate is None or obj is None:
            return explainer.everything(subject)
        return explainer.why(subject, predicate, obj)

    def validate(self) -> FindingTable:
        """Check links, properties and shapes. Raises KgError."""
        from kg.validation.validator import validate

        return FindingTable(validate(self.vault))

    def search(self, text: str, limit: int = 20) -> HitTable:
        """Search the text of the notes. Raises KgError."""
        from kg.fulltext.searcher import search

        return HitTable(search(self.store, text, config=self.vault.config, limit=limit))

    # ---- the graph for other tools -------------------------------------------------------------------------------

    def network(
        self, *, links: Sequence[str] = (), classes: Sequence[str] = (), inferred: bool = False
    ) -> "nx.MultiDiGraph[str]":
        """The network of things and links as a NetworkX graph. Raises KgError for an unknown name."""
        from kg.analysis.network_reader import network

        return network(self.store, links=links, classes=classes, inferred=inferred)

    def export(
        self, file: str | os.PathLike[str], format_: str | None = None, **options: Unpack[ExportOptions]
    ) -> Path:
        """Write the graph to a file in a format of `kg export`, by default that of the file's extension.

        A selection exports a part of it; a picture (svg, png) and a page (html) have options of their own. Returns the
        file. Raises KgError.
        """
        from kg.export.picture_style import PictureStyle
        from kg.export.registry import format_named, format_of, unfit_option

        place = Path(file)
        row = format_named(format_) if format_ else format_of(place.name)
        if row.write is None:
            raise KgError(f"{row.name} writes several files: use kg export")
        is_queryable = options.pop("queryable", False)
        if is_queryable and row.name != "html":
            raise KgError(f"queryable does not fit the format {row.name}: it is an option of html")
        looks = {field.name for field in fields(PictureStyle)}
        style = PictureStyle(**{name: value for name, value in options.items() if name in looks})  # type: ignore[arg-type]
        unfit = unfit_option(row, style)
        if unfit:
            raise KgError(f"{unfit[0]} does not fit the format {row.name}: it is an option of {unfit[1]}")
        chosen = self._chosen({name: value for name, value in options.items() if name not in looks})  # type: ignore[arg-type]
        title = chosen.title if style.title is None else style.title
        contents = replace(chosen, style=style, title=title, queryable=is_queryable)
        with atomic_write(place) as fresh, fresh.open("wb") as out:
            row.write(contents, out)
        return place

    def map(self, *, height: int = 600, **selection: Unpack[Selection]) -> FramedPage:
        """The interactive map of `kg export -f html`, in a frame of `height` pixels; a selection shows a part of it."""
        from kg.export.web_page import html

        contents, page = self._chosen(selection), BytesIO()
        html(contents, page)
        return FramedPage(page.getvalue().decode(), height)

    def _chosen(self, selection: Selection) -> "Export":
        from kg.export.selection import Choice, export

        vault = self.vault.path
        return export(self.project, Choice(**selection), nfc(vault.name) or "notes", vault)


def open(vault: str | os.PathLike[str] | None = None) -> KnowledgeGraph:  # noqa: A001 - as in Path.open
    """Open a vault: a folder of notes, by default that of the working directory. Brings its store up to date.

    Raises KgError.
    """
    return KnowledgeGraph(Vault(vault))
