"""The elements of a picture as SVG: texts, marks of things, paths and arrow heads."""

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from kg.export.shapes import CORNERS

Point = tuple[float, float]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


def group(parent: ET.Element, **attributes: str) -> ET.Element:
    """A group; `_` in the name of an attribute is `-`."""
    return ET.SubElement(parent, "g", {name.replace("_", "-"): value for name, value in attributes.items()})


def text(
    parent: ET.Element,
    words: str,
    x: float,
    y: float,
    size: float,
    *,
    bold: bool = False,
    anchor: str = "",
    fill: str = "",
) -> ET.Element:
    """A line of text at its baseline."""
    attributes = {"x": f"{x:.1f}", "y": f"{y:.1f}", "font-size": f"{size:g}"}
    attributes |= {"font-weight": "600"} if bold else {}
    attributes |= {"text-anchor": anchor} if anchor not in {"", "start"} else {}
    attributes |= {"fill": fill} if fill else {}
    element = ET.SubElement(parent, "text", attributes)
    element.text = words
    return element


def mark(parent: ET.Element, shape: str, at: Point, radius: float, style: dict[str, str]) -> ET.Element:
    """A thing: the shape of its class."""
    x, y = at
    if shape == "circle":
        return ET.SubElement(parent, "circle", {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": f"{radius:g}", **style})
    points = " ".join(f"{x + radius * across:.1f},{y + radius * down:.1f}" for across, down in CORNERS[shape])
    return ET.SubElement(parent, "polygon", {"points": points, **style})


def filled(colour: str, paper: str, *, hollow: bool) -> dict[str, str]:
    """The style of a mark in a colour."""
    return {"fill": paper, "stroke": colour, "stroke-width": "2"} if hollow else {"fill": colour}


def written(*parts: str | Point) -> str:
    """The data of a path: commands and points."""
    return " ".join(part if isinstance(part, str) else f"{part[0]:.1f},{part[1]:.1f}" for part in parts)


def head(tip: Point, direction: Point, length: float) -> list[Point]:
    """The corners of an arrow head at a tip; the direction is a unit vector."""
    (x, y), (across, down) = tip, direction
    back = (x - across * length, y - down * length)
    half = length * 0.42
    return [tip, (back[0] - down * half, back[1] + across * half), (back[0] + down * half, back[1] - across * half)]


def straight(parent: ET.Element, start: Point, end: Point, **attributes: str) -> ET.Element:
    """A straight line; `_` in the name of an attribute is `-`."""
    ends = {"x1": f"{start[0]:.1f}", "y1": f"{start[1]:.1f}", "x2": f"{end[0]:.1f}", "y2": f"{end[1]:.1f}"}
    return ET.SubElement(parent, "line", ends | {name.replace("_", "-"): value for name, value in attributes.items()})


def polygon(parent: ET.Element, corners: Sequence[Point], **attributes: str) -> ET.Element:
    """A polygon."""
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    return ET.SubElement(parent, "polygon", {"points": points, **attributes})
