"""Recognise a query of Obsidian's plugins, Dataview or Bases, and translate it to a listing."""

import re
from typing import TYPE_CHECKING

from kg.config import Config
from kg.sparql.question import is_dataview, nearest_queries

if TYPE_CHECKING:
    from kg.sparql.dataview import Translation

_FENCE = re.compile(
    r"^ {0,3}(`{3,}|~{3,})(?P<language>dataview|dataviewjs|base) *\n(?P<body>.*?)^ {0,3}\1", re.M | re.S
)
_BASE = re.compile(r"^views:", re.M)
_WORD = re.compile(r"[^\W\d]{4,}")
_KEYWORDS = {"table", "list", "task", "calendar", "from", "where", "sort", "flatten", "limit", "group", "file", "name"}


def translated(config: Config, text: str) -> "Translation | None":
    """The listing of a query in Dataview's language, a base, or the first such block of a note; None for other texts.

    Raises Untranslated, which names the nearest library queries.
    """
    fence = _FENCE.search(text)
    body = fence["body"] if fence else text
    language = fence["language"] if fence else "base" if _BASE.search(body) else "dataview"
    if not fence and language == "dataview" and not is_dataview(body):
        return None
    from kg.sparql import bases, dataview
    from kg.sparql.expressions import Untranslated

    try:
        if language == "dataviewjs":
            raise Untranslated("dataviewjs is a program, which kg does not run")
        return bases.translation(body) if language == "base" else dataview.translation(body)
    except Untranslated as error:
        words = [word for word in _WORD.findall(body) if word.lower() not in _KEYWORDS]
        near = ", ".join(nearest_queries(config, words)[:3])
        hint = f"; near library queries: {near}" if near else ""
        raise Untranslated(
            f"{error}: `kg list` has --columns, --where and --sort, and SPARQL has the rest{hint}"
        ) from None
