"""kg: a folder of Markdown concept notes as a knowledge graph.

    import kg
    report = kg.ingest("notes")
    for row in kg.query(report.store, "SELECT ?title { ?c a kg:Concept ; skos:prefLabel ?title }"):
        print(row["title"])

What is named here is the public interface; each name is imported when it is first used.
"""

import sys

_RUN = sys.orig_argv[-len(sys.argv)].removeprefix("-m") if sys.argv[:1] == ["-m"] else ""
if _RUN.partition(".")[0] == __name__ and not sys.flags.safe_path:
    del sys.path[0]  # `python -m kg` puts the working directory there, which may be somebody else's vault

from typing import TYPE_CHECKING, Any  # noqa: E402 - found in the working directory before that

__version__ = "0.1.0"

if TYPE_CHECKING:
    from kg.asking import query
    from kg.config import Config
    from kg.errors import KgError, NotFound, QuerySyntaxError, StoreError, TimedOut
    from kg.findings import Finding
    from kg.ingestion import Report, ingest
    from kg.networks import network
    from kg.note import Note
    from kg.retrieval import search
    from kg.sparql import Answer
    from kg.store import Store
    from kg.validation import Validation, validate
    from kg.vault import Vault

_HOME = {
    "Answer": "kg.sparql",
    "Config": "kg.config",
    "Finding": "kg.findings",
    "KgError": "kg.errors",
    "NotFound": "kg.errors",
    "Note": "kg.note",
    "QuerySyntaxError": "kg.errors",
    "Report": "kg.ingestion",
    "Store": "kg.store",
    "StoreError": "kg.errors",
    "TimedOut": "kg.errors",
    "Validation": "kg.validation",
    "Vault": "kg.vault",
    "ingest": "kg.ingestion",
    "network": "kg.networks",
    "query": "kg.asking",
    "search": "kg.retrieval",
    "validate": "kg.validation",
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
