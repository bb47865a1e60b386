"""kg: a folder of Markdown concept notes as a knowledge graph.

    import kg
    report = kg.ingest("notes")
    for row in kg.query(report.store, "SELECT ?title { ?c a kg:Concept ; skos:prefLabel ?title }"):
        print(row["title"])

This module lists the public interface; each name is imported on first use.
"""

import sys

_RUN = sys.orig_argv[-len(sys.argv)].removeprefix("-m") if sys.argv[:1] == ["-m"] else ""
if _RUN.partition(".")[0] == __name__ and not sys.flags.safe_path:
    del sys.path[0]  # added by `python -m kg`: the working directory, which may be somebody else's vault

from typing import TYPE_CHECKING, Any  # noqa: E402 - never from the working directory

from kg.core.version import __version__  # noqa: E402

if TYPE_CHECKING:
    from kg.analysis.network_reader import network
    from kg.config import Config
    from kg.core.errors import KgError, NotFound, QuerySyntaxError, StoreError, TimedOut
    from kg.core.findings import Finding
    from kg.fulltext.searcher import search
    from kg.ingestion.pipeline import ingest
    from kg.ingestion.report import Report
    from kg.notes.model import Note
    from kg.notes.vault import Vault
    from kg.sparql.answer import Answer
    from kg.sparql.api import query
    from kg.store.store import Store
    from kg.validation.validator import Validation, validate

_HOME = {
    "Answer": "kg.sparql.answer",
    "Config": "kg.config",
    "Finding": "kg.core.findings",
    "KgError": "kg.core.errors",
    "NotFound": "kg.core.errors",
    "Note": "kg.notes.model",
    "QuerySyntaxError": "kg.core.errors",
    "Report": "kg.ingestion.report",
    "Store": "kg.store.store",
    "StoreError": "kg.core.errors",
    "TimedOut": "kg.core.errors",
    "Validation": "kg.validation.validator",
    "Vault": "kg.notes.vault",
    "ingest": "kg.ingestion.pipeline",
    "network": "kg.analysis.network_reader",
    "query": "kg.sparql.api",
    "search": "kg.fulltext.searcher",
    "validate": "kg.validation.validator",
}

__all__ = [
    "Answer",
    "Config",
    "Finding",
    "KgError",
    "NotFound",
    "Note",
    "QuerySyntaxError",
    "Report",
    "Store",
    "StoreError",
    "TimedOut",
    "Validation",
    "Vault",
    "__version__",
    "ingest",
    "network",
    "query",
    "search",
    "validate",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'kg' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value
