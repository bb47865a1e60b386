"""What a web page carries to answer questions without a network: dataset, SPARQL engine, questions, full-text index.

The engine is Oxigraph, compiled to WebAssembly. It runs in a worker that the page makes from a script in the page
itself, so the page never stands still, and a query can be stopped.
"""

from dataclasses import dataclass

from kg.export.compact_dataset import CompactDataset
from kg.export.formats import Export
from kg.export.page_parts import bytes_block, inline_hash, json_block, part, part_bytes
from kg.export.page_questions import PageQuestions
from kg.export.search_rows import rows


@dataclass(frozen=True)
class Asking:
    """The part of a page that answers questions, and what the page's policy must allow for it."""

    html: str = ""
    scripts: str = ""
    """Sources of scripts. WebAssembly is compiled from bytes in the page, and the worker from a text in the page."""
    styles: str = ""

    @classmethod
    def of(cls, export: Export) -> "Asking":
        """The part for the data of an export. Raises StoreError, OntologyError."""
        script, style = part("ask.js"), part("ask.css")
        dataset = _dataset(export)
        settings = PageQuestions.of(export).settings()
        settings["things"] = [node.value for node in export.network.nodes]
        blocks = (
            bytes_block("kg-oxigraph", part_bytes("oxigraph.wasm")),
            bytes_block("kg-worker", part_bytes("worker.js")),
            bytes_block("kg-terms", dataset.text()),
            bytes_block("kg-triples", dataset.columns()),
            json_block("kg-questions", settings),
            json_block("kg-search", rows(export)),
        )
        html = "\n".join((f"<style>{style}</style>", *blocks, f"<script>{script}</script>"))
        return cls(html, f" {inline_hash(script)} 'wasm-unsafe-eval'; worker-src blob:", f" {inline_hash(style)}")


NO_ASKING = Asking()
"""Of a page that answers no questions."""


def _dataset(export: Export) -> CompactDataset:
    """The dataset of an export; of a selection, its triples."""
    if export.quads is None:
        return CompactDataset.of(export.lines(), named=False)
    return CompactDataset.of(export.quads(), named=True)
