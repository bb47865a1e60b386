"""Exports for graph tools, read back by programs that others wrote: the same things, links, names and typed values.

What the programs of test_export_tools.py say needs Debian's packages and npm's.
"""

import csv
import datetime
import io
import json
import math
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import networkx as nx
import pandas as pd
import pytest
import rustworkx as rx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.exporting import FORMATS, Links, Things, export_of, hostile, links, lists, things, written
from kg.export.formats import Export, TooLarge
from kg.export.property_graph import Column, Edge, Node, PropertyGraph, Type, clean


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Export:
    return hostile(tmp_path_factory.mktemp("hostile"))


def undone(found: Things, graph: PropertyGraph, undo: Callable[[str], Any] = json.loads) -> Things:
    """What was read, where a list was written as JSON, and what is empty is not there."""
    many = set(lists(graph))
    return {
        key: {name: undo(one) if name in many and isinstance(one, str) else one for name, one in data.items()}
        for key, data in found.items()
    }


def whole(found: Mapping[str, Any]) -> dict[str, Any]:
    """A thing, where what was empty may have been left out."""
    return {"type": "", "types": [], **found}


# ---- XML -----------------------------------------------------------------------------------------------------------


def from_networkx(read: "nx.Graph[str]") -> tuple[Things, Links]:
    assert isinstance(read, nx.MultiDiGraph)
    found = {key: dict(data) for key, data in read.nodes(data=True)}
    ties = {
        key: (source, target, data["kind"], data["property"], data["weight"])
        for source, target, key, data in read.edges(keys=True, data=True)
    }
    return found, ties


def graphml(path: Path, graph: PropertyGraph) -> tuple[Things, Links]:
    found, ties = from_networkx(nx.read_graphml(path, force_multigraph=True))
    return {key: whole(data) for key, data in undone(found, graph).items()}, ties


def gexf(path: Path, graph: PropertyGraph) -> tuple[Things, Links]:
    read = nx.read_gexf(path, version="1.3")
    if not isinstance(read, nx.MultiDiGraph):  # NetworkX makes one only of what has parallel links
        ties = {d["id"]: (a, b, d["label"], d["property"], d["weight"]) for a, b, d in read.edges(data=True)}
    else:
        ties = {k: (a, b, d["label"], d["property"], d["weight"]) for a, b, k, d in read.edges(keys=True, data=True)}
    return {key: whole(data) for key, data in undone(dict(read.nodes(data=True)), graph).items()}, ties


@pytest.mark.parametrize(("name", "reader"), [("graphml", graphml), ("graphml-yed", graphml), ("gexf", gexf)])
def test_networkx_reads_xml(name: str, reader: Any, export: Export, tmp_path: Path) -> None:
    found, ties = reader(written(export, name, tmp_path), export.graph)
    for data in found.values():  # yEd's graphics, as NetworkX shows them
        if name == "graphml-yed":
            assert data.pop("shape_type") == "roundrectangle"
            assert [math.isfinite(float(data.pop(axis))) for axis in "xy"] == [True, True]
    assert found == things(export.graph)
    assert ties == links(export.graph)


def test_yed_shows_labels_and_places(export: Export, tmp_path: Path) -> None:
    """That yEd itself opens it cannot be told here: its elements are looked for, as its own files have them."""
    y = "{http://www.yworks.com/xml/graphml}"
    root = ElementTree.parse(written(export, "graphml-yed", tmp_path)).getroot()
    assert [one.text for one in root.iter(f"{y}NodeLabel")] == [node.label for node in export.graph.nodes]
    assert [one.text for one in root.iter(f"{y}EdgeLabel")] == [edge.kind for edge in export.graph.edges]
    assert len({(one.get("x"), one.get("y")) for one in root.iter(f"{y}Geometry")}) == len(export.graph.nodes)


def test_rustworkx_reads_graphml(export: Export, tmp_path: Path) -> None:
    """rustworkx gives no ids of links, so they are told by what they say."""
    (read,) = rx.read_graphml(str(written(export, "graphml", tmp_path)))
    found = {data["id"]: {k: v for k, v in data.items() if k != "id" and v is not None} for data in read.nodes()}
    named = [data["id"] for data in read.nodes()]
    assert {key: whole(data) for key, data in undone(found, export.graph).items()} == things(export.graph)
    ties = [(named[a], named[b], d["kind"], d["property"], d["weight"]) for a, b, d in read.weighted_edge_list()]
    assert ties == [*links(export.graph).values()]


# ---- texts ---------------------------------------------------------------------------------------------------------


def test_networkx_reads_gml(export: Export, tmp_path: Path) -> None:
    """GML has no booleans, and a list of one is that one."""
    read = nx.read_gml(written(export, "gml", tmp_path), label="id")
    assert isinstance(read, nx.MultiDiGraph)
    graph = export.graph
    many = set(lists(graph)) - {"types"}
    found = {
        f"n{key}": whole({k: [v] if k in many and not isinstance(v, list) else v for k, v in data.items()})
        for key, data in read.nodes(data=True)
    }
    for data in found.values():
        data["types"] = json.loads(data["types"] or "[]")
    assert found == things(graph)
    ties = {
        key: (f"n{a}", f"n{b}", d["kind"], d["property"], d["weight"])
        for a, b, key, d in read.edges(keys=True, data=True)
    }
    assert ties == links(graph)


def test_what_mermaid_cannot_draw_is_refused(export: Export, tmp_path: Path) -> None:
    with pytest.raises(TooLarge, match=r"500 links.*not 2 things and 501 links.*--around NAME"):
        written(export_of(of_size(2, 501)), "mermaid", tmp_path)
    with pytest.raises(TooLarge, match="50,000 characters"):
        written(export_of(of_size(1_000, 1)), "mermaid", tmp_path)
    assert len(written(export_of(of_size(2, 500)), "mermaid", tmp_path).read_text()) < 50_000


# ---- JSON ----------------------------------------------------------------------------------------------------------


def in_javascript(expected: Things) -> Things:
    """Integers beyond 2^53 are texts, with all of their column."""
    for data in expected.values():
        if "long" in data:
            data["long"] = str(data["long"])
    return expected


def cytoscape(text: str) -> tuple[Things, Links]:
    read = nx.cytoscape_graph(json.loads(text))
    apart = {"id", "name", "value"}
    found = {key: {k: v for k, v in data.items() if k not in apart} for key, data in read.nodes(data=True)}
    return found, {d["id"]: (a, b, d["kind"], d["property"], d["weight"]) for a, b, d in read.edges(data=True)}


def d3(text: str) -> tuple[Things, Links]:
    read = nx.node_link_graph({"directed": True, "multigraph": True, **json.loads(text)}, edges="links", key="id")
    found = {key: {k: v for k, v in data.items() if k != "name"} for key, data in read.nodes(data=True)}
    return found, from_networkx(read)[1]


def kumu(text: str) -> tuple[Things, Links]:
    """Kumu itself is on the web only: that it takes ids in JSON follows from its guide to spreadsheets."""
    read = json.loads(text)
    jsonschema.validate(read, KUMU)
    found = {one.pop("id"): one for one in read["elements"]}
    ties = {d["id"]: (d["from"], d["to"], d["type"], d["property"], d["weight"]) for d in read["connections"]}
    return found, ties


def graphology(text: str) -> tuple[Things, Links]:
    read = json.loads(text)
    assert read["options"]["multi"] and read["options"]["type"] == "directed"
    ties = {e["key"]: (e["source"], e["target"], *map(e["attributes"].get, SAID)) for e in read["edges"]}
    return {node["key"]: node["attributes"] for node in read["nodes"]}, ties


SAID = ("kind", "property", "weight")
TEXT = {"type": "string"}
KUMU = {
    "required": ["elements", "connections"],
    "properties": {
        "elements": {"items": {"required": ["id", "label", "type"], "properties": {"id": TEXT, "label": TEXT}}},
        "connections": {
            "items": {
                "required": ["from", "to", "direction"],
                "properties": {"from": TEXT, "to": TEXT, "direction": {"enum": ["directed", "undirected", "mutual"]}},
            }
        },
    },
}
JSON_READERS = {"cytoscape": cytoscape, "d3": d3, "kumu": kumu, "graphology": graphology}


@pytest.mark.parametrize("name", JSON_READERS)
def test_json_says_the_same(name: str, export: Export, tmp_path: Path) -> None:
    text = written(export, name, tmp_path).read_text(encoding="utf-8")
    found, ties = JSON_READERS[name](text)
    assert found == in_javascript(things(export.graph))
    assert ties == links(export.graph)
    assert "<" not in text  # so that no `</script>` ends the script of a page that it stands in


def test_ndex2_reads_cx2(export: Export, tmp_path: Path) -> None:
    from ndex2.cx2 import RawCX2NetworkFactory

    path = written(export, "cx2", tmp_path)
    read = RawCX2NetworkFactory().get_cx2network(json.loads(path.read_text(encoding="utf-8")))
    nodes = [read.get_node(number)["v"] for number in range(len(export.graph.nodes))]
    found = {
        f"n{n}": whole({{"name": "label", "represents": "iri"}.get(k, k): v for k, v in data.items()})
        for n, data in enumerate(nodes)
    }
    assert found == things(export.graph)
    edges = [read.get_edge(number) for number in range(len(export.graph.edges))]
    ties = {
        f"e{n}": (f"n{e['s']}", f"n{e['t']}", e["v"]["interaction"], e["v"]["property"], e["v"]["weight"])
        for n, e in enumerate(edges)
    }
    assert ties == links(export.graph)
    assert read.get_network_attributes()["name"] == export.title


CANVAS = {
    "required": ["nodes", "edges"],
    "additionalProperties": False,
    "properties": {
        "nodes": {
            "items": {
                "required": ["id", "type", "x", "y", "width", "height"],
                "properties": {
                    **{key: {"type": "integer"} for key in ("x", "y", "width", "height")},
                    "color": {"enum": [*"123456"]},
                },
                "oneOf": [
                    {"properties": {"type": {"const": kind}, key: TEXT}, "required": [key]}
                    for kind, key in (("file", "file"), ("text", "text"), ("link", "url"))
                ],
            }
        },
        "edges": {"items": {"required": ["id", "fromNode", "toNode"], "properties": {"toEnd": {"enum": ["arrow"]}}}},
    },
}


def test_a_canvas_holds_notes_and_links(export: Export, tmp_path: Path) -> None:
    """There is no official schema: the one here says what jsoncanvas.org/spec/1.0 says. A canvas has no place for
    types and values: notes are there as files.
    """
    from pyjsoncanvas import Canvas

    text = written(export, "canvas", tmp_path).read_text(encoding="utf-8")
    jsonschema.validate(json.loads(text), CANVAS)
    read = Canvas.from_json(text)
    read.validate()
    shown = {node.id: getattr(node, "file", None) or node.text for node in read.nodes}
    assert shown == {node.id: node.values.get("path", node.label) for node in export.graph.nodes}
    assert export.vault
    assert all((export.vault / node.file).is_file() for node in read.nodes if node.type == "file")
    ties = {edge.id: (edge.fromNode, edge.toNode, edge.label) for edge in read.edges}
    assert ties == {key: said[:3] for key, said in links(export.graph).items()}


def test_only_a_note_is_a_card_with_a_file(tmp_path: Path) -> None:
    columns = [Column("path", "path", "https://e.example/#property/path", "string", False)]
    nodes = [
        Node("n0", "https://e.example/0", "a", "", (), {"path": "/etc/passwd"}),
        Node("n1", "urn:b", "b", "", (), {}),
    ]
    cards = json.loads(written(export_of(PropertyGraph(nodes, [], columns, {})), "canvas", tmp_path).read_text())[
        "nodes"
    ]
    assert [(card["type"], card.get("url", card.get("text"))) for card in cards] == [
        ("link", "https://e.example/0"),
        ("text", "b"),
    ]


def test_no_card_lies_over_another_and_too_many_are_refused(tmp_path: Path) -> None:
    cards = json.loads(written(export_of(of_size(300, 900)), "canvas", tmp_path).read_text())["nodes"]
    for n, one in enumerate(cards):
        for other in cards[:n]:
            apart = abs(one["x"] - other["x"]) >= one["width"], abs(one["y"] - other["y"]) >= one["height"]
            assert any(apart)
    with pytest.raises(TooLarge, match=r"300 things.*not 301 things and 0 links.*--only CLASS"):
        written(export_of(of_size(301, 0)), "canvas", tmp_path)


# ---- tables --------------------------------------------------------------------------------------------------------


def table(path: Path, graph: PropertyGraph, **options: Any) -> Things:
    """A table of things as pandas reads it, by their ids."""
    read = pd.read_csv(path, keep_default_na=False, dtype=str, **options)
    kinds = {column.name: column.type for column in graph.columns if not column.is_list}
    makers: dict[str, Callable[[str], Any]] = {"integer": int, "double": float, "boolean": lambda one: one == "true"}
    found = {}
    for row in read.to_dict("records"):
        data = {str(key).lower() if key in {"Id", "Label"} else str(key): one for key, one in row.items() if one}
        made = {key: makers.get(kinds.get(key, ""), str)(one) for key, one in data.items()}
        key = made.pop("id")
        found[key] = whole(made)
    return undone(found, graph)


def without_empty(expected: Things) -> Things:
    """A table cannot tell an empty text from none."""
    return {key: {k: v for k, v in data.items() if v != "" or k == "type"} for key, data in expected.items()}


def test_pandas_reads_csv(export: Export, tmp_path: Path) -> None:
    folder = written(export, "csv", tmp_path)
    assert (folder / "nodes.csv").read_bytes().startswith(b"\xef\xbb\xbfid,")
    inert = table(folder / "nodes.csv", export.graph, lineterminator="\n")
    found = {key: {k: plain(v) if isinstance(v, str) else v for k, v in data.items()} for key, data in inert.items()}
    assert found == without_empty(things(export.graph))
    rows = pd.read_csv(folder / "edges.csv").itertuples(index=False)
    assert {row[0]: tuple(row[1:]) for row in rows} == links(export.graph)


def plain(text: str) -> str:
    """A text without the apostrophe that keeps a spreadsheet from calculating it."""
    return text[1:] if text.startswith("'") and text.lstrip("'")[:1] in [*"=+-@\t\r"] else text


def test_no_cell_is_a_formula(export: Export, tmp_path: Path) -> None:
    folder = written(export, "csv", tmp_path)
    for name in ("nodes.csv", "edges.csv"):
        with (folder / name).open(encoding="utf-8-sig", newline="") as stream:
            cells = [cell for row in csv.reader(stream) for cell in row]
        dangerous = [cell for cell in cells if cell[:1] in {*"=+-@\t\r"}]
        assert dangerous == (["-5"] if name == "nodes.csv" else [])  # a number is one
    assert "'=1+1" in _cells(folder / "nodes.csv")


def _cells(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return [cell for row in csv.reader(stream) for cell in row]


def test_pandas_reads_what_gephi_imports(export: Export, tmp_path: Path) -> None:
    """Gephi's importer of spreadsheets cannot be run here: its columns are those that its manual asks for."""
    folder = written(export, "gephi-csv", tmp_path)
    assert table(folder / "nodes.csv", export.graph, lineterminator="\n") == without_empty(things(export.graph))
    rows = pd.read_csv(folder / "edges.csv")
    assert [*rows.columns] == ["Source", "Target", "Type", "Id", "Label", "Kind", "Weight", "property"]
    assert set(rows["Type"]) == {"Directed"}
    said = rows[["Id", "Source", "Target", "Kind", "property", "Weight"]].itertuples(index=False)
    assert {row[0]: tuple(row[1:]) for row in said} == links(export.graph)


def test_pandas_reads_parquet(export: Export, tmp_path: Path) -> None:
    folder = written(export, "parquet", tmp_path)
    read = pd.read_parquet(folder / "nodes.parquet", dtype_backend="pyarrow")
    found = {}
    for row in read.to_dict("records"):
        key = row.pop("id")
        found[key] = whole({str(k): v for k, v in row.items() if hasattr(v, "__len__") or not pd.isna(v)})
    expected = things(export.graph)
    for data in expected.values():
        for name in ("at", "utc"):
            if name in data:
                data[name] = pd.Timestamp(data[name])
        if "due" in data:
            data["due"] = [datetime.date.fromisoformat(one) for one in data["due"]]
    assert {key: {k: as_list(v) for k, v in data.items()} for key, data in found.items()} == expected
    rows = pd.read_parquet(folder / "edges.parquet").itertuples(index=False)
    assert {row[0]: tuple(row[1:]) for row in rows} == links(export.graph)


def as_list(one: Any) -> Any:
    return [*one] if hasattr(one, "tolist") else one


def test_without_pyarrow_parquet_says_what_to_install(tmp_path: Path) -> None:
    code = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
sys.modules["pyarrow"] = None
from pathlib import Path
from helpers.exporting import FORMATS, export_of
from kg.export.property_graph import PropertyGraph
FORMATS["parquet"].write_folder(export_of(PropertyGraph([], [], [], {{}})), Path({str(tmp_path)!r}))
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.stderr.splitlines()[-1] == (
        "kg.core.errors.KgError: Parquet needs pyarrow, which is not installed: pip install 'kg-notes[parquet]'"
    )


def one_line(one: Any) -> Any:
    """A text as Neo4j's importers get it: on one line, and with no backslash before the end or a quotation mark."""
    if isinstance(one, list):
        return [one_line(each) for each in one]
    if not isinstance(one, str):
        return one
    text = re.sub("[\r\n\v\f\x85\u2028\u2029]+", " ", one)
    return "".join(f"{ch} " if ch == "\\" and text[n + 1 : n + 2] in {"", '"'} else ch for n, ch in enumerate(text))


def test_ladybug_loads_what_neo4j_imports(export: Export, tmp_path: Path) -> None:
    """Neo4j cannot be run here. Ladybug, a graph database that speaks Cypher, loads the files by its own COPY, which like
    neo4j-admin knows the types of columns beforehand; it knows other names of types, so the head is taken for its DDL.
    """
    import ladybug

    folder = written(export, "neo4j", tmp_path)
    types = {
        "string": "STRING",
        "long": "INT64",
        "double": "DOUBLE",
        "boolean": "BOOLEAN",
        "date": "DATE",
        "datetime": "TIMESTAMP",
    }
    with (folder / "nodes.csv").open(encoding="utf-8", newline="") as file:
        head = next(csv.reader(file))
    assert (head[0], head[-1]) == ("iri:ID", ":LABEL")
    ddl, names = ["iri STRING PRIMARY KEY"], ["iri"]
    for one in head[1:-1]:
        name, _, kind = one.partition(":")
        names.append(name)
        ddl.append(f"`{name}` {'STRING' if kind.endswith('[]') else types[kind]}")
    names.append("labels")
    connection = ladybug.Connection(ladybug.Database(str(tmp_path / "db")))
    connection.execute(f"CREATE NODE TABLE Thing({', '.join(ddl)}, labels STRING)")
    connection.execute(
        "CREATE REL TABLE Link(FROM Thing TO Thing, kind STRING, id STRING, property STRING, weight INT64)"
    )
    options = "(header=true, parallel=false, escape='\"')"
    connection.execute(f"COPY Thing FROM '{folder}/nodes.csv' {options}")
    connection.execute(f"COPY Link FROM '{folder}/relationships.csv' {options}")
    mark = "¦"  # some alias has a semicolon, and another a bar
    assert f"--array-delimiter='{mark}'" in (folder / "import.cypher").read_text(encoding="utf-8")
    many = {*lists(export.graph), "labels"}
    scalars = {column.name: column.type for column in export.graph.columns if not column.is_list}
    found = {}
    rows = connection.execute(f"MATCH (n:Thing) RETURN {', '.join(f'n.`{name}`' for name in names)}")
    for row in rows:
        data = {k: v for k, v in zip(names, row, strict=True) if v is not None and v != ""}
        data = {k: v.split(mark) if k in many else v for k, v in data.items()}
        data["types"] = data.pop("labels")[1:]  # all have the label Thing too, as the script for LOAD CSV gives it
        found[data.pop("id")] = data
    expected = without_empty(things(export.graph))
    for data in expected.values():
        del data["type"]
        for name, one in data.items():
            if scalars.get(name) == "dateTime":
                data[name] = datetime.datetime.fromisoformat(one).replace(tzinfo=None)
            elif name in {column.name for column in export.graph.columns if column.is_list}:
                data[name] = [str(each) for each in one_line(one)]
            else:
                data[name] = one_line(one)
    assert found == expected
    query = "MATCH (a)-[r:Link]->(b) RETURN r.id, a.id, b.id, r.kind, r.property, r.weight"
    assert {row[0]: tuple(row[1:]) for row in map(list, connection.execute(query))} == links(export.graph)


# ---- all -----------------------------------------------------------------------------------------------------------


def contents(path: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in ([*path.iterdir()] if path.is_dir() else [path])}


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_notes_give_the_same_bytes(name: str, export: Export, tmp_path: Path) -> None:
    again = Export(export.store, export.read, export.lines, None, vault=export.vault, title=export.title)
    (tmp_path / "again").mkdir()
    assert contents(written(export, name, tmp_path)) == contents(written(again, name, tmp_path / "again"))


@pytest.mark.parametrize("name", FORMATS)
def test_an_empty_graph_is_written_too(name: str, tmp_path: Path) -> None:
    path = written(export_of(PropertyGraph([], [], [], {})), name, tmp_path)
    assert all(contents(path).values())


def of_size(nodes: int, edges: int) -> PropertyGraph:
    """A graph with so many things, each with some values, and so many links."""
    kinds: list[tuple[str, Type, bool]] = [
        ("words", "integer", False), ("tags", "string", True), ("path", "string", False), ("due", "date", False),
    ]  # fmt: skip
    columns = [Column(name, name, f"https://e.example/#{name}", kind, many) for name, kind, many in kinds]
    made = [
        Node(f"n{n}", f"https://e.example/{n}", f"Thing {n}", "Concept", ("Concept",),
             {"words": n, "tags": ["a", f"t{n % 7}"], "path": f"folder/Thing {n}.md", "due": "2026-01-31"})
        for n in range(nodes)
    ]  # fmt: skip
    ties = [
        Edge(f"e{n}", n % nodes, (n * 7 + n // nodes) % nodes, "https://e.example/#to", "to", 1) for n in range(edges)
    ]
    return PropertyGraph(made, ties, columns, {})


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in FORMATS if name not in {"mermaid", "canvas"}])
@pytest.mark.sample(3)
def test_a_hundred_thousand_links_take_seconds(name: str, tmp_path: Path) -> None:
    export = export_of(of_size(10_000, 100_000))
    if name == "graphml-yed":
        export.__dict__["network"] = export_of(of_size(10_000, 0)).network  # the layout is timed elsewhere
    began = time.process_time()
    path = written(export, name, tmp_path)
    assert time.process_time() - began < 10
    assert sum(map(len, contents(path).values())) > 100_000


# ---- any graph -----------------------------------------------------------------------------------------------------

texts = st.text(st.characters(codec="utf-8"), max_size=8).map(clean)
hostile_texts = texts | st.sampled_from(
    ['"<>&', "]]>", "a\r\nb\tc", "\\", "&#34;", "</script>", "  ", "[", "🧠", "\x85"]
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "string": hostile_texts,
    "integer": st.integers(-(2**63), 2**63 - 1),
    "double": st.floats(allow_nan=False, allow_infinity=False).map(lambda one: 0.0 if one == 0 else one),
    "boolean": st.booleans(),
    "date": st.dates().map(str),
    "dateTime": st.datetimes().map(lambda one: one.isoformat()),
}


@st.composite
def graphs(draw: st.DrawFn) -> PropertyGraph:
    """Any property graph, with links of things to themselves and several between two."""
    kinds = draw(st.lists(st.tuples(st.sampled_from([*VALUES]), st.booleans()), max_size=4))
    columns = [Column(f"c{n}", f"c {n}", f"https://e.example/#{n}", kind, many) for n, (kind, many) in enumerate(kinds)]  # type: ignore[arg-type]
    nodes = []
    for n in range(draw(st.integers(1, 4))):
        values = {}
        for column in columns:
            one = VALUES[column.type]
            cell = draw(st.none() | (st.lists(one, min_size=1, max_size=3) if column.is_list else one))
            if cell is not None:
                values[column.name] = cell
        types = tuple(draw(st.lists(st.sampled_from(["Concept", "Größe", "A&B"]), unique=True)))
        nodes.append(
            Node(f"n{n}", f"https://e.example/{n}", draw(hostile_texts), types[0] if types else "", types, values)
        )
    ends = st.tuples(st.integers(0, len(nodes) - 1), st.integers(0, len(nodes) - 1), st.sampled_from(["a", "b & <c>"]))
    edges = [
        Edge(f"e{n}", source, target, "https://e.example/#p", kind, 1 + n)
        for n, (source, target, kind) in enumerate(draw(st.lists(ends, min_size=2, max_size=6)))
    ]
    return PropertyGraph(nodes, edges, columns, {})


def bytes_of(graph: PropertyGraph, name: str) -> io.BytesIO:
    stream = io.BytesIO()
    write = FORMATS[name].write
    assert write
    write(export_of(graph), stream)
    stream.seek(0)
    return stream


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(graphs())
def test_any_graph_comes_back_from_graphml(graph: PropertyGraph) -> None:
    found, ties = graphml(bytes_of(graph, "graphml"), graph)  # type: ignore[arg-type]
    assert {key: {"label": "", **data} for key, data in found.items()} == things(graph)
    assert ties == links(graph)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(graphs())
def test_any_graph_comes_back_from_gexf(graph: PropertyGraph) -> None:
    found, ties = gexf(bytes_of(graph, "gexf"), graph)  # type: ignore[arg-type]
    assert found == things(graph)
    assert ties == links(graph)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(graphs(), st.sampled_from([*JSON_READERS]))
def test_any_graph_comes_back_from_json(graph: PropertyGraph, name: str) -> None:
    found, ties = JSON_READERS[name](bytes_of(graph, name).read().decode())
    expected = things(graph)
    for column in graph.columns:
        cells = [data[column.name] for data in expected.values() if column.name in data]
        each = [one for cell in cells for one in (cell if column.is_list else [cell])]
        if column.type == "integer" and any(abs(one) >= 2**53 for one in each):
            for data in expected.values():
                if column.name in data:
                    cell = data[column.name]
                    data[column.name] = [str(one) for one in cell] if column.is_list else str(cell)
    assert found == expected
    assert ties == links(graph)
    assert all(math.isfinite(one) for data in found.values() for one in data.values() if isinstance(one, float))
