"""All formats of `kg export`, by name."""

from itertools import chain

from kg.core.errors import KgError
from kg.core.spelling import did_you_mean, nearest
from kg.export import gexf, graphml, json_formats, picture, rdf_formats, table_formats, text_formats, web_page
from kg.export.formats import ExportFormat

_MODULES = (web_page, picture, graphml, gexf, text_formats, json_formats, table_formats, rdf_formats)
FORMATS: dict[str, ExportFormat] = {row.name: row for row in chain.from_iterable(module.FORMATS for module in _MODULES)}
"""The formats by name. A file name extension that several formats share selects the first."""


def format_named(name: str) -> ExportFormat:
    """The format with a name. Raises KgError."""
    format_ = FORMATS.get(name.lower())
    if format_ is None:
        hint = did_you_mean(nearest(name, FORMATS))
        raise KgError(f"“{name}” is not a format{hint} (kg export --formats lists them)")
    return format_


def format_of(name: str) -> ExportFormat:
    """The format that a file name's extension selects. Raises KgError."""
    extension = name.lower().rpartition(".")[2] if "." in name else ""
    for row in FORMATS.values():
        if extension and row.suffix == extension:
            return row
    if extension in {row.name for row in FORMATS.values() if row.write_folder}:
        folder = name[: -len(extension) - 1]
        raise KgError(f"{extension} writes several files, for nodes and links: kg export -f {extension} -o {folder}")
    raise KgError(f"the name {name} does not tell the format: give -f FORMAT (kg export --formats)")
