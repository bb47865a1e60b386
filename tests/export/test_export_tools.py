"""Exports in the tools that they are for: Graphviz, and the libraries of web pages; and by the schemas of XML formats.

What stands for a tool that needs a desktop: for Gephi its schema and graphology's reader of GEXF, for yEd the readers of
GraphML. Neo4j, Kumu and Cytoscape's desktop cannot be run here; test_exports.py says what stands for them.
"""

import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyoxigraph as ox
import pytest
from click.testing import CliRunner

from helpers.exporting import Links, Things, export_of, hostile, links, lists, things, written
from helpers.vaults import ROOT
from kg.cli.commands import kg as cli
from kg.export.formats import Export
from kg.export.property_graph import Edge, Node, PropertyGraph

pytestmark = pytest.mark.system
NPM = ROOT / "tests" / "system" / "npm"
JGRAPHT = Path("/usr/share/java/jgrapht-io.jar")
NEEDED = "needs {}; `make test-all` as root installs it"


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Export:
    return hostile(tmp_path_factory.mktemp("hostile"))


def run(*command: object) -> str:
    program = str(command[0])
    if not shutil.which(program):
        pytest.skip(NEEDED.format(program))
    done = subprocess.run([*map(str, command)], capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr if program != "xmllint" else "") == (0, ""), done.stderr
    return done.stdout


def node(form: str, path: Path) -> Any:
    """What a library of npm reads."""
    if not (NPM / "node_modules").is_dir():
        pytest.skip(NEEDED.format("what tests/system/npm/package.json names"))
    return json.loads(run("node", NPM / "read.mjs", form, path))


def ties(read: Any) -> Links:
    return {key: tuple(said) for key, said in read["edges"].items()}


# ---- libraries of web pages ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("graphology", set()),
        ("cytoscape", {"id", "name", "value"}),
        ("d3", {"id", "name", "index", "x", "y", "vx", "vy"}),
    ],
)
def test_a_library_reads_json(name: str, own: set[str], export: Export, tmp_path: Path) -> None:
    read = node(name, written(export, name, tmp_path))
    expected = things(export.graph)
    for data in expected.values():
        if "long" in data:
            data["long"] = str(data["long"])
    assert {key: {k: v for k, v in data.items() if k not in own} for key, data in read["nodes"].items()} == expected
    assert ties(read) == links(export.graph)


def as_javascript_reads(expected: Things) -> Things:
    """Numbers as JavaScript has them: GraphML and GEXF say `long`, and 2^53 + 1 loses its last bit on the way."""
    return {
        key: {k: float(v) if isinstance(v, int) and not isinstance(v, bool) else v for k, v in data.items()}
        for key, data in expected.items()
    }


@pytest.mark.parametrize("name", ["graphml", "graphml-yed", "gexf"])
def test_graphology_reads_xml(name: str, export: Export, tmp_path: Path) -> None:
    """In GEXF all lists hold texts."""
    read = node(name.partition("-")[0], written(export, name, tmp_path))
    graph = export.graph
    found = {key: {"types": [], **data} for key, data in read["nodes"].items()}
    for data in found.values():
        if name == "graphml-yed":
            assert data.pop("") == data["label"]  # yEd's NodeLabel, for want of a name
        data.update({k: json.loads(data[k]) for k in lists(graph) if isinstance(data.get(k), str)})
    expected = things(graph)
    if name == "gexf":
        for data in expected.values():
            data.update({k: [*map(str, data[k])] for k in lists(graph) if k in data})
        for key, (source, target, *_, weight) in links(graph).items():
            assert (read["edges"][key][:2], read["edges"][key][-1]) == ([source, target], weight)
    else:
        assert ties(read) == links(graph)
    assert as_javascript_reads(found) == as_javascript_reads(expected)
    assert (read["type"], read["multi"]) == ("directed", True)


def odd_names() -> PropertyGraph:
    """Names that end a text, begin markup or are words of Mermaid's and of Graphviz's."""
    names = [*"()[]{}<>|\"'`#;&\\%", "end", "subgraph", "graph", "`md`", "#quot;", "&amp;", "-->", "%% no", "\\N", "\\", "\\n", "a\nb", "1. one", "- x", "*a* __b__ ~~c~~ $$d$$", "fa:fa-car", "", "🧠", "<b>b</b>", "click n0", "x:::y", "a@{shape: x}"]  # fmt: skip
    nodes = [Node(f"n{n}", f"https://e.example/#x{n};y", name, "A & B", ("A & B",), {}) for n, name in enumerate(names)]
    edges = [
        Edge(f"e{n}", n, (n + 1) % len(names), "https://e.example/#p", name or "p", 1) for n, name in enumerate(names)
    ]
    edges.append(Edge(f"e{len(edges)}", 0, 0, "https://e.example/#p", "to itself", 1))
    return PropertyGraph(nodes, edges, [], {})


@pytest.mark.parametrize("which", ["hostile", "odd"])
def test_mermaid_draws_it(which: str, export: Export, tmp_path: Path) -> None:
    """Mermaid has ends and names, white space as one space, and web addresses, of which it decodes what is encoded.

    It draws in a browser only, so this says what it parses. A label is Markdown to it: nothing of that may be left.
    """
    graph = export.graph if which == "hostile" else odd_names()
    path = written(export_of(graph), "mermaid", tmp_path)
    labels = re.findall(r'"(.*)"\]?', path.read_text(encoding="utf-8").partition("click")[0])
    assert not [label for label in labels if re.search(r"[*_`<>$~]|^[-+]|^\d+\.", label)]
    read = node("mermaid", path)
    shown = {key: data["label"].strip() for key, data in read["nodes"].items()}
    assert shown == {node.id: " ".join(node.label.split()) for node in graph.nodes}
    assert [unquote(data["iri"]) for data in read["nodes"].values()] == [unquote(node.iri) for node in graph.nodes]
    found = [(source, target, kind.strip()) for source, target, kind in read["edges"]]
    assert found == [(*said[:2], " ".join(said[2].split())) for said in links(graph).values()]
    types = {data["classes"][-1] for data in read["nodes"].values()}
    assert len(types) == len({node.type for node in graph.nodes})


@pytest.mark.parametrize("which", ["hostile", "odd"])
def test_neo4js_own_linter_finds_nothing_in_the_script(which: str, export: Export, tmp_path: Path) -> None:
    """Neo4j itself cannot be run here: its editor's parser and its semantic analysis stand for it."""
    graph = export.graph if which == "hostile" else odd_names()
    assert node("cypher", written(export_of(graph), "neo4j", tmp_path) / "import.cypher") == []


# ---- Graphviz --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["hostile", "odd"])
def test_graphviz_draws_it(which: str, export: Export, tmp_path: Path) -> None:
    """Graphviz has texts only, in which it leaves a backslash before a backslash; it draws neither."""
    graph = export.graph if which == "hostile" else odd_names()
    path = written(export_of(graph), "dot", tmp_path)
    read = json.loads(run("dot", "-Tjson", path), strict=False)
    names = {one["_gvid"]: one["name"] for one in read["objects"]}
    drawn = {
        one["name"]: "\n".join(op["text"] for op in one["_ldraw_"] if op["op"] == "T")
        for one in read["objects"]
        if "_ldraw_" in one
    }
    assert {key: drawn.get(key, "") for key in names.values()} == {node.id: node.label for node in graph.nodes}
    for one in read["objects"]:
        found = {k[3:]: v.replace("\\\\", "\\") for k, v in one.items() if k.startswith("kg_") and v}
        expected = {k: v for k, v in things(graph)[one["name"]].items() if k != "label" and v not in ("", [])}
        assert found == {k: written_as_text(v) for k, v in expected.items()}
    ends = {
        one["id"]: (names[one["tail"]], names[one["head"]], one["kg_property"], int(one["weight"]))
        for one in read["edges"]
    }
    assert ends == {key: (said[0], said[1], *said[3:]) for key, said in links(graph).items()}
    kinds = {one["id"]: "\n".join(op["text"] for op in one["_ldraw_"] if op["op"] == "T") for one in read["edges"]}
    assert kinds == {edge.id: edge.kind for edge in graph.edges}


def written_as_text(one: Any) -> str:
    if isinstance(one, list):
        return json.dumps(one, ensure_ascii=False).replace("\\\\", "\\")
    return {True: "true", False: "false"}[one] if isinstance(one, bool) else str(one).replace("\\\\", "\\")


# ---- schemas ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["hostile", "odd"])
def test_gexf_is_valid(which: str, export: Export, samples: Path, tmp_path: Path) -> None:
    schema = samples / "schemas-gexf" / "1.3" / "gexf.xsd"
    graph = export.graph if which == "hostile" else odd_names()
    run("xmllint", "--nonet", "--noout", "--schema", schema, written(export_of(graph), "gexf", tmp_path))


@pytest.mark.parametrize("which", ["hostile", "odd"])
def test_graphml_is_valid(which: str, export: Export, tmp_path: Path) -> None:
    """By GraphML's schema, which JGraphT brings; yEd's own attributes are no part of it."""
    if not JGRAPHT.exists():
        pytest.skip(NEEDED.format("libjgrapht-java"))
    with zipfile.ZipFile(JGRAPHT) as jar:
        for name in jar.namelist():
            if name.endswith(("/graphml.xsd", "/xlink.xsd")) or name in {"graphml.xsd", "xlink.xsd"}:
                (tmp_path / Path(name).name).write_bytes(jar.read(name))
    graph = export.graph if which == "hostile" else odd_names()
    path = written(export_of(graph), "graphml", tmp_path)
    run("xmllint", "--nonet", "--noout", "--schema", tmp_path / "graphml.xsd", path)


# ---- RDF: raptor, serd and jsonld.js -----------------------------------------------------------------------------------


def quads(text: str) -> set[str]:
    """Quads in one form, whatever their reader escapes; jsonld.js writes doubles in their canonical form, so these are
    compared by their values.
    """
    return {
        DOUBLE.sub(lambda found: f'"{float(found[1])!r}"^^', str(quad))
        for quad in ox.parse(text.encode(), ox.RdfFormat.N_QUADS)
    }


DOUBLE = re.compile(r'"([^"]*)"\^\^(?=<http://www.w3.org/2001/XMLSchema#double>)')


@pytest.fixture(scope="module")
def rdf(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("rdf")
    hostile(folder)

    def file(name: str) -> Path:
        done = CliRunner().invoke(
            cli, ["export", "-q", "-f", name, "-o", str(folder / name), "--store", str(folder / "store")]
        )
        assert done.exit_code == 0, done.exception
        return folder / name

    return file


@pytest.mark.parametrize(("name", "read"), [("turtle", "turtle"), ("ntriples", "ntriples"), ("rdfxml", "rdfxml")])
def test_raptor_reads_the_default_graph(name: str, read: str, rdf: Callable[[str], Path]) -> None:
    text = rdf("ntriples").read_text(encoding="utf-8")
    # XML has no way to write control characters; RDF/XML has U+FFFD for them.
    wanted = quads(re.sub(r"\\u001B|\x1b", "\ufffd", text) if name == "rdfxml" else text)
    assert quads(run("rapper", "-q", "-i", read, "-o", "ntriples", rdf(name))) == wanted


@pytest.mark.parametrize(("name", "read"), [("turtle", "turtle"), ("trig", "trig"), ("nquads", "nquads")])
def test_serd_reads_the_dataset(name: str, read: str, rdf: Callable[[str], Path]) -> None:
    wanted = quads(rdf("ntriples" if name == "turtle" else "nquads").read_text(encoding="utf-8"))
    assert quads(run("serdi", "-q", "-i", read, "-o", "nquads", rdf(name))) == wanted


def test_jsonld_js_reads_the_default_graph(rdf: Callable[[str], Path]) -> None:
    if not (NPM / "node_modules").is_dir():
        pytest.skip(NEEDED.format("what tests/system/npm/package.json names"))
    read = quads(run("node", NPM / "jsonld.mjs", rdf("jsonld")))
    assert read == quads(rdf("ntriples").read_text(encoding="utf-8"))
