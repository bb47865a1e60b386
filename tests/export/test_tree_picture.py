"""kg export -f svg --layout tree: columns from left to right, no link is dropped, nothing overlaps."""

import random
import runpy
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kg
from helpers.exporting import export, export_of, exported, hostile
from helpers.vaults import ROOT, Write, ingest
from kg.core.errors import KgError
from kg.export.formats import Export, TooLarge
from kg.export.label_placement import meet
from kg.export.layered_layout import increasing, layered
from kg.export.link_relations import Relations
from kg.export.picture_style import PictureStyle
from kg.export.property_graph import Edge, Node, PropertyGraph
from kg.export.svg_elements import Box
from kg.export.text_width import width
from kg.export.tree_columns import columns, leading_back
from kg.export.tree_links import tree_links
from kg.export.tree_picture import TreePicture, tree_picture
from kg.rdf.terms import KG, SKOS

SVG = "{http://www.w3.org/2000/svg}"
Arcs = Sequence[tuple[int, int]]


def of(classes: Sequence[str], links: Sequence[tuple[int, int, str]], style: PictureStyle | None = None) -> Export:
    """An export of things of these classes, with these links."""
    nodes = [
        Node(f"n{n}", f"https://notes.example/{n}", f"{name} number {n} of some", name, (name,), {})
        for n, name in enumerate(classes)
    ]
    edges = [Edge(f"e{n}", *link, link[2].rpartition("#")[2], 1) for n, link in enumerate(links)]
    export = export_of(PropertyGraph(nodes, edges, [], {}))
    network = replace(export.network, classes=tuple((KG + name,) for name in classes))
    made = replace(export, read=lambda: network, style=style or PictureStyle(layout="tree"))
    made.__dict__["graph"] = export.graph
    return made


def product(size: int, seed: int = 1, style: PictureStyle | None = None) -> Export:
    """Outputs that contribute to outcomes of concepts, so many things in all."""
    chance = random.Random(seed)
    classes = [("Output", "Outcome", "Concept")[n % 3] for n in range(size)]
    links = set()
    for n in range(size):
        others = [other for other in range((n + 1) % 3, size, 3) if n % 3 < 2]
        for _ in range(1 + n % 2):
            if others:
                name = "contributesTo" if n % 3 == 0 else "outcomeOf"
                links.add((n, chance.choice(others), KG + name))
        if n % 9 == 0 and size > 2:
            links.add((2 + 3 * chance.randrange((size - 2 + 2) // 3), n, KG + "hasOutput"))
    return of(classes, sorted(links), style)


def cards(picture: TreePicture) -> list[Box]:
    boxes = []
    for number, high in enumerate(picture.layout.heights):
        left, middle = picture.place(number)
        boxes.append((left, middle - high / 2, left + picture.layout.card, middle + high / 2))
    return boxes


# ---- columns ---------------------------------------------------------------------------------------------------------


@st.composite
def vaults(draw: st.DrawFn) -> tuple[list[str], list[tuple[int, int]]]:
    size = draw(st.integers(2, 14))
    names = draw(st.lists(st.sampled_from(["output", "outcome", "concept", "persona", "team"]), min_size=1, max_size=4))
    classes = draw(st.lists(st.sampled_from(names), min_size=size, max_size=size))
    pairs = st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)).filter(lambda pair: pair[0] != pair[1])
    return classes, sorted(set(draw(st.lists(pairs, min_size=1, max_size=30))))


@given(vaults())
def test_ends_are_never_in_one_column(vault: tuple[list[str], list[tuple[int, int]]]) -> None:
    classes, arcs = vault
    column = columns(classes, arcs)
    assert all(column[source] != column[target] for source, target in arcs)
    assert set(column) == set(range(max(column) + 1))


@given(vaults())
def test_without_a_cycle_every_link_leads_to_the_right(vault: tuple[list[str], list[tuple[int, int]]]) -> None:
    _, arcs = vault
    forward = sorted({(min(arc), max(arc)) for arc in arcs})
    own = [("team", "persona", "idea")[n % 3] for n in range(14)]
    assert leading_back(14, forward) == set()
    for classes in (own, ["idea"] * 14):
        column = columns(classes, forward)
        assert all(column[source] < column[target] for source, target in forward)


@given(vaults())
def test_the_classes_of_kg_keep_their_order(vault: tuple[list[str], list[tuple[int, int]]]) -> None:
    _, arcs = vault
    classes = [("concept", "output", "outcome")[n % 3] for n in range(14)]
    between = [arc for arc in arcs if arc[0] % 3 != arc[1] % 3]
    column = columns(classes, between)
    order = [{column[n] for n in range(14) if classes[n] == name} for name in ("output", "outcome", "concept")]
    assert order == [{0}, {1}, {2}]


@given(vaults())
def test_without_the_links_that_lead_back_there_is_no_cycle(vault: tuple[list[str], list[tuple[int, int]]]) -> None:
    classes, arcs = vault
    back = leading_back(len(classes), arcs)
    assert leading_back(len(classes), [arc for arc in arcs if arc not in back]) == set()


def test_classes_of_ones_own_go_where_their_links_lead() -> None:
    assert columns(["team", "feature", "persona", "metric"], [(2, 1), (1, 3), (3, 0)]) == [3, 1, 0, 2]
    # What only leads to the last column is beside it.
    assert columns(["output", "outcome", "concept", "persona"], [(0, 1), (1, 2), (3, 2)]) == [0, 1, 2, 1]


# ---- layout ----------------------------------------------------------------------------------------------------------


def test_a_layout_without_crossings_is_found() -> None:
    # Two stars and a chain, given in a mixed order.
    arcs = [(0, 5), (1, 6), (2, 5), (3, 6), (4, 5), (5, 7), (6, 8)]
    result = layered([0, 0, 0, 0, 0, 1, 1, 2, 2], arcs, [20.0] * 9, 10, 4)
    assert {frozenset(result.order[0][:3]), frozenset(result.order[0][3:])} == {frozenset({0, 2, 4}), frozenset({1, 3})}
    assert result.middles[5] == pytest.approx(result.middles[7])


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=12))
def test_the_nearest_increasing_numbers(wanted: list[float]) -> None:
    result = increasing(wanted, [1.0] * len(wanted))
    assert all(one <= other + 1e-9 for one, other in pairwise(result))
    assert sum(result) == pytest.approx(sum(wanted), abs=1e-6)
    if wanted == sorted(wanted):
        assert result == wanted


@pytest.mark.parametrize("size", [2, 10, 40, 200])
@pytest.mark.parametrize("pixels", [None, (1920, 1080), (600, 1600)])
def test_no_card_covers_another_or_a_line(size: int, pixels: tuple[int, int] | None) -> None:
    picture = tree_picture(product(size, style=PictureStyle(layout="tree", size=pixels)))
    root, boxes = picture.root(), cards(picture)
    assert [pair for pair in combinations(boxes, 2) if meet(*pair)] == []
    frame = picture.frame
    assert all(box[0] >= 0 and box[2] <= frame.wide and box[1] >= 76 and box[3] <= frame.bottom for box in boxes)
    for number in range(len(picture.links)):
        points = picture.points_of(number)
        for (x, y), (u, v) in zip(points[1:-1:2], points[2:-1:2], strict=True):
            assert not any(meet((min(x, u), y - 1, max(x, u), v + 1), box) for box in boxes)
    assert [(label.box, box) for label in picture.labels for box in boxes if meet(label.box, box)] == []
    if pixels:
        assert (root.get("width"), root.get("height")) == tuple(map(str, pixels))
        assert frame.wide / frame.high == pytest.approx(pixels[0] / pixels[1], rel=0.01)


@pytest.mark.parametrize("size", [10, 40, 200])
def test_no_link_is_dropped(size: int) -> None:
    export = product(size)
    picture = tree_picture(export)
    linked = {end for link in export.network.links for end in link[:2]}
    assert len(picture.look.network) == len(linked)
    assert len(picture.links) == len({frozenset(link[:2]) for link in export.network.links})
    lines = list(picture.root().iter("path"))
    assert len(lines) == len(picture.links)
    assert len([mark for mark in picture.root().iter("polygon") if not len(mark)]) >= len(lines)


def test_lines_go_from_rim_to_rim() -> None:
    picture = tree_picture(product(40))
    boxes = cards(picture)
    for number, link in enumerate(picture.links):
        start, end = picture.points_of(number)[0], picture.points_of(number)[-1]
        source, target = boxes[link.source], boxes[link.target]
        assert start[0] == pytest.approx(source[2]) and source[1] < start[1] < source[3]
        assert end[0] == pytest.approx(target[0]) and target[1] < end[1] < target[3]


def test_a_cycle_is_drawn_with_a_dashed_link() -> None:
    names = [(0, 1, KG + "x#feeds"), (1, 2, KG + "x#feeds"), (2, 0, KG + "x#feeds")]
    picture = tree_picture(of(["Loop"] * 3, names))
    dashed = [path for path in picture.root().iter("path") if path.get("stroke-dasharray")]
    assert len(picture.links) == 3 and len(dashed) == 1
    assert "leads back" in [text.text for text in picture.root().iter("text")]


def test_each_kind_of_link_has_a_line_of_its_own() -> None:
    names = [(0, n + 1, f"https://x.example/#kind{n}") for n in range(14)]
    picture = tree_picture(of(["Persona", *["Feature"] * 14], names))
    styles = [(line.get("stroke"), line.get("stroke-dasharray")) for line in picture.root().iter("path")]
    assert len(set(styles)) == 14 and "6 4" not in {dashes for _, dashes in styles}


def test_two_links_of_a_pair_are_two_lines() -> None:
    picture = tree_picture(
        of(["Persona", "Feature"], [(0, 1, "https://x.example/#needs"), (0, 1, "https://x.example/#likes")])
    )
    picture.root()
    (one, other) = (picture.points_of(number) for number in range(2))
    assert abs(one[0][1] - other[0][1]) >= 5 and abs(one[-1][1] - other[-1][1]) >= 5
    assert {"needs", "likes"} <= {label.lines[0] for label in picture.labels}


# ---- which links -----------------------------------------------------------------------------------------------------


def names(export: Export, known: Relations | None = None, *, is_chosen: bool = False) -> list[tuple[int, int, str]]:
    links = tree_links(export.network, known or Relations(), is_chosen=is_chosen)
    return [(link.source, link.target, link.property.rpartition("#")[2]) for link in links]


def test_links_of_kg_are_named_from_left_to_right() -> None:
    links = [(2, 1, KG + "hasOutcome"), (1, 0, KG + "achievedThrough"), (2, 0, KG + "hasOutput")]
    assert names(of(["Output", "Outcome", "Concept"], links)) == [
        (0, 1, "contributesTo"),
        (0, 2, "outputOf"),
        (1, 2, "outcomeOf"),
    ]


def test_plain_links_and_sources_are_drawn_only_if_chosen_or_alone() -> None:
    classes = ["Output", "Concept", "Resource", "Author"]
    links = [(0, 1, KG + "outputOf"), (1, 0, KG + "linksTo"), (2, 1, KG + "resourceFor"), (3, 2, KG + "created")]
    assert names(of(classes, links)) == [(0, 1, "outputOf")]
    assert len(names(of(classes, links), is_chosen=True)) == 4
    assert names(of(classes, links[1:2])) == [(1, 0, "linksTo")]
    assert names(of(classes, links[2:])) == [(2, 1, "resourceFor"), (3, 2, "created")]


def test_a_hierarchy_is_a_tree_of_its_own_but_an_aside_between_classes() -> None:
    broader = [(1, 0, SKOS + "broader"), (2, 0, SKOS + "broader")]
    assert names(of(["Concept"] * 3, broader)) == [(0, 1, "narrower"), (0, 2, "narrower")]
    mixed = [*broader, (0, 3, KG + "hasOutcome")]
    assert names(of(["Concept"] * 3 + ["Outcome"], mixed)) == [(3, 0, "outcomeOf")]


# ---- the command -----------------------------------------------------------------------------------------------------


def test_the_notes_as_a_tree(notes_store: kg.Store) -> None:
    root = ET.fromstring(exported(notes_store, "-f", "svg", "--layout", "tree"))
    words = [text.text or "" for text in root.iter(f"{SVG}text")]
    headings = [word for word in words if word in {"Output", "Outcome", "Concept", "Resource", "Author"}]
    assert headings == ["Output", "Outcome", "Concept"]
    assert {"contributes to", "outcome of", "output of"} <= set(words)
    assert "51 things without such a link left out" in words[1]
    assert exported(notes_store, "-f", "svg", "--layout", "tree") == exported(
        notes_store, "-f", "svg", "--layout", "tree"
    )


def test_the_command_says_what_the_tree_has(notes_store: kg.Store, tmp_path: Path) -> None:
    said = export(notes_store, "-o", str(tmp_path / "tree.svg"), "--layout", "tree").stderr
    assert "tree.svg: 38 things, 49 links; 51 things without such a link left out" in said
    said = export(notes_store, "-o", str(tmp_path / "map.svg"), "--layout", "force").stderr
    assert "map.svg: 89 things, 548 links" in said and "left out" not in said


def test_the_sources_of_the_notes_as_a_tree(notes_store: kg.Store) -> None:
    root = ET.fromstring(exported(notes_store, "-f", "svg", "--layout", "tree", "--links", "creator"))
    words = [text.text or "" for text in root.iter(f"{SVG}text")]
    assert [word for word in words if word in {"Author", "Resource"}] == ["Author", "Resource"]


def test_classes_of_ones_own(write: Write, tmp_path: Path) -> None:
    ontology = """@prefix : <https://x.example/#> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
        :Persona a owl:Class . :Feature a owl:Class ."""
    vault = write({
        "kg.toml": "",
        "ontology/own.ttl": ontology,
        "Anna.md": "---\ntype: Persona\nneeds: '[[Search]]'\n---\n",
        "Search.md": "---\ntype: Feature\nmoves: '[[Churn]]'\n---\n",
        "Churn.md": "---\ntype: Outcome\n---\n",
        "Alone.md": "[[Churn]]\n",
    })  # fmt: skip
    root = ET.fromstring(exported(ingest(vault, tmp_path / "store").store, "-f", "svg", "--layout", "tree"))
    words = [text.text or "" for text in root.iter(f"{SVG}text")]
    assert [word for word in words if word in {"Persona", "Feature", "Outcome"}] == ["Persona", "Feature", "Outcome"]
    assert words.count("needs") >= 2 and "Alone" not in words
    assert words[1] == "3 things, 2 links; 1 thing without such a link left out"


@pytest.mark.parametrize("options", [(), ("--links", "kg:linksTo"), ("--color-by", "many"), ("--color-by", "nul")])
def test_what_notes_say_is_text(tmp_path: Path, options: tuple[str, ...]) -> None:
    store = hostile(tmp_path).store
    for layout in ("tree", "force"):
        root = ET.fromstring(exported(store, "-f", "svg", "--layout", layout, *options, "--link-labels"))
        tags = {one.tag.removeprefix(SVG) for one in root.iter()}
        assert tags <= {"svg", "title", "desc", "rect", "g", "line", "circle", "polygon", "text", "path"}
        assert not [name for one in root.iter() for name in one.attrib if name.startswith("on") or "href" in name]


def test_long_names_are_cut_and_long_words_divided() -> None:
    export = product(12)
    labels = [
        "漢字" * 40,
        "Resources#^OutcomesOverOutputsOverAndOverAgain",
        "word " * 60,
        "x" * 300,
        "",
        "e\u0301" * 90,
    ]
    nodes = [replace(node, label=labels[n % len(labels)]) for n, node in enumerate(export.graph.nodes)]
    export.__dict__["graph"] = replace(export.graph, nodes=nodes)
    picture = tree_picture(export)
    room = picture.layout.card - picture.layout.before
    for lines in picture.layout.texts:
        assert 1 <= len(lines) <= picture.layout.sizes.lines
        assert all(0.93 * width(line, picture.layout.sizes.font) <= room for line in lines)
    assert ["Resources#^Outcomes", "OverOutputsOverAndOver", "Again"] in picture.layout.texts


def test_what_cannot_be_a_tree_says_what_to_do(write: Write, tmp_path: Path) -> None:
    store = ingest(write({"A.md": "alone\n"}), tmp_path / "store").store
    done = export(store, "-f", "svg", "--layout", "tree")
    assert isinstance(done.exception, KgError) and done.exception.exit_code == 2
    assert "choose others with --links or --only, or use --layout force" in str(done.exception)
    with pytest.raises(TooLarge, match="choose fewer with --only, --links or --around"):
        tree_picture(product(400))


def test_the_trees_in_the_docs_are_those_of_the_notes(tmp_path: Path) -> None:
    runpy.run_path(str(ROOT / "docs" / "picture.py"))["draw"](tmp_path)
    for name in ("tree.svg", "tree-dark.svg"):
        drawn = (tmp_path / name).read_text(encoding="utf-8")
        assert (ROOT / "docs" / name).read_text(encoding="utf-8") == drawn, "run: python docs/picture.py"


def test_drawing_is_the_same_each_time() -> None:
    one, two = (ET.tostring(tree_picture(product(60)).root()) for _ in range(2))
    assert one == two
