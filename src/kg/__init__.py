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

from functools import cache  # noqa: E402 - never from the working directory


@cache
def _public():
    """What lazy_loader makes of the stub. A command needs none of it, and reading the stub takes as long as click."""
    import lazy_loader

    return lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name):
    load, _, names = _public()
    return names if name == "__all__" else load(name)


def __dir__():
    return _public()[1]()
