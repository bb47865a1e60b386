"""All formats of `kg export`, by name."""

from itertools import chain

from kg.core.errors import KgError
from kg.export import gexf, graphml, picture
from kg.export import json_formats as graphjson
from kg.export import rdf_formats as graphrdf
from kg.export import table_formats as graphtables
from kg.export import text_formats as graphtext
from kg.export import web_page as page
from kg.export.formats import ExportFormat

_MODULES = (page, picture, graphml, gexf, graphtext, graphjson, graphtables, graphrdf)
FORMATS: dict[str, ExportFormat] = {row.name: row for row in chain.from_iterable(module.FORMATS for module in _MODULES)}
"""The formats by name. A file name extension that several formats share selects the first."""


def format_named(name: str) -> ExportFormat:
    """The format with a name. Raises KgError."""
    format_ = FORMATS.get(name.lower())
    if format_ is None:
        from difflib import get_close_matches

        matches = get_close_matches(name.lower(), FORMATS, 1, 0.5)
        hint = f"; did you mean {matches[0]}?" if matches else ""
        raise KgError(f"“{name}” is not a format{hint} (kg export --formats lists them)")
    return format_


def format_of(name: str) -> ExportFormat:
    """The format that a file name's extension selects. Raises KgError."""
    extension = name.lower().rpartition(".")[2] if "." in name else ""
    for row in FORMATS.values():
        if extension and row.suffix == extension:
            return row
    raise KgError(f"what {name} is to be written in cannot be told from its name: give -f FORMAT (kg export --formats)")
