"""All formats of `kg export`, by their names."""

from itertools import chain

from kg import gexf, graphjson, graphml, graphrdf, graphtables, graphtext, page, picture
from kg.errors import KgError
from kg.exports import Format

_ROOMS = (page, picture, graphml, gexf, graphtext, graphjson, graphtables, graphrdf)
FORMATS: dict[str, Format] = {row.name: row for row in chain.from_iterable(room.FORMATS for room in _ROOMS)}
"""Of several formats with one end of a file's name the first is meant by it."""


def format_named(name: str) -> Format:
    """A format by its name. Raises KgError."""
    found = FORMATS.get(name.lower())
    if found is None:
        from difflib import get_close_matches

        near = get_close_matches(name.lower(), FORMATS, 1, 0.5)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise KgError(f"“{name}” is not a format{hint} (kg export --formats lists them)")
    return found


def format_of(name: str) -> Format:
    """The format that the end of a file's name means. Raises KgError."""
    end = name.lower().rpartition(".")[2] if "." in name else ""
    for row in FORMATS.values():
        if end and row.suffix == end:
            return row
    raise KgError(f"what {name} is to be written in cannot be told from its name: give -f FORMAT (kg export --formats)")
