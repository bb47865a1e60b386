"""The property graph: one type a column, lists, missing values, safe names, and every link."""

from pathlib import Path

import pyoxigraph as ox
import pytest

from helpers.vaults import Write, ingest
from kg.analysis.network_reader import read
from kg.export.property_graph import PropertyGraph, _scalar, property_graph
from kg.rdf.terms import XSD


def made(vault: Path, store: Path, **options: bool) -> PropertyGraph:
    opened = ingest(vault, store).store
    return property_graph(opened, read(opened), **options)


def columns(graph: PropertyGraph) -> dict[str, tuple[str, bool]]:
    return {column.title: (column.type, column.is_list) for column in graph.columns}


def values(graph: PropertyGraph, label: str) -> dict[str, object]:
    return dict(next(node.values for node in graph.nodes if node.label == label))


def test_a_column_has_one_type_over_the_whole_vault(write: Write, tmp_path: Path) -> None:
    vault = write({
        "A.md": "---\nwhole: 1\nmixed: 1\nodd: 1\ndone: true\nday: 2026-01-31\nat: 2026-01-31T09:30\nbig: 99999999999999999999\n---\n",
        "B.md": "---\nwhole: 2\nmixed: 0.5\nodd: x\nmany: [b, a, 3]\nvoid:\nbig: 1\n---\n",
    })  # fmt: skip
    graph = made(vault, tmp_path / "store")
    found = columns(graph)
    assert {name: found[name] for name in ("whole", "mixed", "odd", "done", "day", "at", "many", "big")} == {
        "whole": ("integer", False), "mixed": ("double", False), "odd": ("string", False), "done": ("boolean", False),
        "day": ("date", False), "at": ("dateTime", False), "many": ("string", True), "big": ("string", False),
    }  # fmt: skip
    assert "void" not in found
    a, b = values(graph, "A"), values(graph, "B")
    assert (a["mixed"], b["mixed"], a["odd"]) == (1.0, 0.5, "1")
    assert type(a["mixed"]) is float and type(a["day"]) is str
    assert b["many"] == ["3", "a", "b"] and "many" not in a
    assert (a["path"], b["path"]) == ("A.md", "B.md")


def test_names_are_safe_and_each_once(write: Write, tmp_path: Path) -> None:
    vault = write(
        {"A.md": "---\nid: x1\nlabel: L\ntarget: s\ndue date: 1\ndue-date: 2\n1st: a\nгод: 5\nweight: 3\n---\n"}
    )
    names = [column.name for column in made(vault, tmp_path / "store").columns]
    assert len(names) == len({name.lower() for name in names})
    assert all(name.isascii() and name.isidentifier() for name in names)
    assert not {"id", "label", "target", "weight"} & set(names)
    assert {"prop_target", "prop_weight", "prop_1st"} <= set(names)


def test_every_link_is_there_with_its_property(write: Write, tmp_path: Path) -> None:
    vault = write(
        {"A.md": "---\nlikes: '[[B]]'\nrelated: '[[B]]'\n---\n[[B]] [[A]] [[Gone]]\n", "B.md": "# Why\nSo.\n"}
    )
    graph = made(vault, tmp_path / "store", text=True)
    ends = [(graph.nodes[edge.source].label, edge.kind, graph.nodes[edge.target].label) for edge in graph.edges]
    assert sorted(ends) == [("A", "likes", "B"), ("A", "linksTo", "B"), ("A", "linksTo", "Gone"), ("A", "related", "B")]
    assert [edge.id for edge in graph.edges] == [f"e{n}" for n in range(4)]
    assert values(graph, "B")["text"] == "Why\n\nSo."
    assert {node.label: node.type for node in graph.nodes} == {"A": "Concept", "B": "Concept", "Gone": "Missing"}


@pytest.mark.parametrize("text", ["a\x00b", "a\x0bb", "\x1b[31m"])
def test_what_xml_cannot_hold_is_replaced(text: str, write: Write, tmp_path: Path) -> None:
    vault = write({"A.md": f"---\nk: 1\n---\n# Definition\n{text}\n"})
    graph = made(vault, tmp_path / "store", text=True)
    assert not any(ch < " " and ch != "\n" for ch in str(values(graph, "A")["definition"]))


def test_an_empty_vault_has_an_empty_graph(write: Write, tmp_path: Path) -> None:
    graph = made(write({"x.txt": ""}), tmp_path / "store", text=True, metrics=True)
    assert (graph.nodes, graph.edges, graph.columns) == ([], [], [])


@pytest.mark.parametrize(
    ("text", "datatype", "cell"),
    [
        ("2.50", "decimal", 2.5),
        ("9" * 400 + ".5", "decimal", "9" * 400 + ".5"),
        ("9" * 5000, "decimal", "9" * 5000),
        ("9" * 5000, "integer", "9" * 5000),
        ("sNaN", "decimal", "sNaN"),
        ("Infinity", "decimal", "Infinity"),
        ("NaN", "double", None),
        ("-INF", "float", None),
    ],
)
def test_a_number_that_is_too_large_is_a_text(text: str, datatype: str, cell: object) -> None:
    assert _scalar(ox.Literal(text, datatype=ox.NamedNode(XSD + datatype))) == cell
