"""kg: a folder of Markdown concept notes as a knowledge graph.

    import kg
    report = kg.ingest("notes")
    for row in kg.query(report.store, "SELECT ?title { ?c a kg:Concept ; skos:prefLabel ?title }"):
        print(row["title"])

The stub beside this module lists the public interface; each name is imported on first use.
"""

import sys

_RUN = sys.orig_argv[-len(sys.argv)].removeprefix("-m") if sys.argv[:1] == ["-m"] else ""
if _RUN.partition(".")[0] == __name__ and not sys.flags.safe_path:
    del sys.path[0]  # added by `python -m kg`: the working directory, which may be somebody else's vault

import lazy_loader  # noqa: E402 - never from the working directory

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
