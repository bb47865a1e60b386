"""A class has the same shape in every vault, on the page and in pictures."""

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from helpers.synthetic_graph import synthetic
from helpers.vaults import ROOT
from kg.export.shapes import CORNERS, EXTENT, SHAPES, shape_of
from kg.export.styling import Appearance


def shapes(types: Sequence[str], size: int) -> dict[str, str]:
    """The shapes of classes in a vault of some size, by the name of the class in words."""
    export = synthetic(size, size)
    graph = export.graph
    nodes = [replace(node, type=types[number % len(types)]) for number, node in enumerate(graph.nodes)]
    look = Appearance(export.network, replace(graph, nodes=nodes))
    return dict(zip(look.types.names, look.shapes, strict=True))


@pytest.mark.parametrize("size", [12, 200])
@pytest.mark.parametrize(
    "types",
    [
        ["Concept", "Outcome", "Output", "Resource", "Author", "Missing", ""],
        ["Author", "Persona", "UserStory", "Resource", "Concept"],
        ["Outcome", "Output", "Tag", "Persona", "Attachment", "WebPage"],
    ],
)
def test_a_shape_does_not_depend_on_what_else_there_is(types: list[str], size: int) -> None:
    known = {
        **{"concept": "circle", "outcome": "diamond", "output": "square", "resource": "triangle", "author": "hexagon"},
        **{"missing": "circle", "other": "circle", "tag": "point-down", "attachment": "bar", "web page": "bar"},
        **{"persona": "trapezium", "user story": "cross"},
    }
    assert shapes(types, size).items() <= known.items()


def test_classes_of_ones_own_have_none_of_the_shapes_of_kg() -> None:
    of_kg = {shape_of(name) for name in ("concept", "outcome", "output", "resource", "author", "tag", "note")}
    own = {shape_of(f"kind {number}") for number in range(60)}
    assert len(of_kg) == 7 and own == set(SHAPES) - of_kg


def test_every_shape_can_be_drawn() -> None:
    assert set(CORNERS) == set(SHAPES) - {"circle"}
    assert max(abs(at) for corners in CORNERS.values() for corner in corners for at in corner) <= EXTENT
    # The page draws a shape in a circle of 1.5 radii.
    assert max((x * x + y * y) ** 0.5 for corners in CORNERS.values() for x, y in corners) < 1.5


def test_the_page_draws_the_same_shapes() -> None:
    script = (ROOT / "web" / "src" / "shapes.js").read_text(encoding="utf-8")
    (listed,) = re.findall(r"SHAPES = \[(.*?)\];", script, re.DOTALL)
    assert tuple(re.findall(r'"([\w-]+)"', listed)) == SHAPES
