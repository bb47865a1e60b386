"""Export as a picture for a document: SVG, and PNG by resvg."""

from typing import IO
from xml.etree import ElementTree as ET

from kg.core.errors import KgError
from kg.export.formats import PICTURE, Export, ExportFormat, TooLarge
from kg.export.map_picture import MapPicture
from kg.export.picture_style import PictureStyle
from kg.export.styling import Appearance
from kg.export.text_width import FONTS
from kg.export.tree_picture import tree_picture

MOST = 5_000
"""The most things of a picture."""


def svg(export: Export, out: IO[bytes]) -> None:
    """Write the graph as SVG. Raises KgError."""
    out.write(_drawn(export).encode())


def png(export: Export, out: IO[bytes]) -> None:
    """Write the graph as PNG: of the requested size, else with twice the pixels of the SVG. Raises KgError."""
    try:
        import resvg_py
    except ModuleNotFoundError as error:
        raise KgError("PNG needs resvg-py: pip install 'kg-notes[png]', or use svg") from error
    empty, letter = (
        resvg_py.svg_to_bytes(svg_string=ET.tostring(_probe(text), encoding="unicode")) for text in ("", "x")
    )
    if empty == letter:
        raise KgError("PNG needs a font for names, and there is none: install DejaVu Sans, for example, or use svg")
    out.write(resvg_py.svg_to_bytes(svg_string=_drawn(export), zoom=1 if export.style.size else 2))


def _probe(text: str) -> ET.Element:
    """An SVG that contains only a text."""
    root = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "width": "20", "height": "20"})
    ET.SubElement(root, "text", {"x": "2", "y": "16", "font-family": FONTS}).text = text
    return root


def _drawn(export: Export) -> str:
    root = _root(export, export.style)
    ET.indent(root, "")
    return ET.tostring(root, encoding="unicode") + "\n"


def _root(export: Export, style: PictureStyle) -> ET.Element:
    if style.layout == "tree":
        return tree_picture(export).root()
    size = len(export.network)
    if size > MOST:
        raise TooLarge(
            f"a picture of {size:,} things is unreadable: choose fewer with --only, --links or --around (up to "
            f"{MOST:,}), or use html"
        )
    return MapPicture(export, Appearance(export.network, export.graph), style).root()


FORMATS: tuple[ExportFormat, ...] = (
    ExportFormat("svg", "image/svg+xml", "svg", "a picture for a document, that can be scaled", svg, options=PICTURE),
    ExportFormat(
        "png", "image/png", "png", "a picture for a document, in pixels (pip install 'kg-notes[png]')", png,
        options=PICTURE,
    ),
)  # fmt: skip
