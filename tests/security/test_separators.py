"""Text with every character at which some parser ends a line, through every format and command, and read back.

Each of the notes has one of these characters in its file's name, title, alias, `id`, tag, keys, values, headings,
items, tasks, links and prose, as text pasted from a word processor, a chat or a PDF may have.
"""

import csv
import io
import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import networkx as nx
import pyoxigraph as ox
import pytest
import rdflib

from helpers.forking import forked
from helpers.vaults import ingest
from kg.core.text import escape_line_ends, one_line
from kg.export.registry import FORMATS
from kg.rdf.rdflib_terms import from_rdflib, to_rdflib, triples_from_rdflib
from kg.rendering.query_results import FORMATS as ANSWERS

SEPARATORS = {"VT": "\v", "FF": "\f", "FS": "\x1c", "GS": "\x1d", "RS": "\x1e", "NEL": "\x85", "LS": "\u2028", "PS": "\u2029", "CR": "\r"}  # fmt: skip
SEVERAL = "".join(SEPARATORS.values())


def escaped(text: str) -> str:
    """A text as YAML writes it in double quotes."""
    return '"' + "".join(f"\\u{ord(ch):04x}" if ch in SEVERAL else ch for ch in text) + '"'


def note(name: str, s: str) -> str:
    front = {
        "title": f"Title{s}{name}", "id": f"id{s}{name}", "mood": f"va{s}lue", f"ke{s}y": "a value", "author": f"Ann{s}Lee",
        "aliases": f"Ali{s}as {name}", "outcome": f"Fewer{s}calls {name}",
    }  # fmt: skip
    properties = "".join(f"{escaped(key)}: {escaped(value)}\n" for key, value in front.items())
    return (
        f"---\n{properties}tags: [{escaped(f'ta{s}g')}]\n---\n"
        f"Text{s}more, by #AnnLee and #Bob{s} key:: va{s}lue [[mis{s}sing]] [x](http://a.example/{s}b) <http://a.example/{s}c>\n\n"
        f"# Outcomes\n\n- Item{s}{name}\n- [[link{s}ed|sho{s}wn]]\n\n# Hea{s}ding\n\n- [ ] ta{s}sk ^b1\n\n{s}Prose{s}{s}of it{s} ^c1\n\n"
        f"# Resources\n\n- A{s}book - Ann{s}Lee\n"
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vault with its store."""
    folder = tmp_path_factory.mktemp("separators")
    vault = folder / "vault"
    vault.mkdir()
    for name, separator in SEPARATORS.items():
        (vault / f"N{separator}{name}.md").write_text(note(name, separator), encoding="utf-8", newline="")
    (vault / "kg.toml").write_text('id_property = "id"\n', encoding="utf-8")
    (vault / "plain.md").write_text("# Plain\n\n[[N NEL]]\n", encoding="utf-8")
    report = ingest(vault, vault / ".kg")
    assert report.summary["notes"] == len(SEPARATORS) + 1
    assert not [one for one in report.findings if one.severity == "error"]
    return vault


@cache
def run(vault: Path, *arguments: str) -> tuple[int, bytes]:
    """A command in the vault: its exit code, and what it writes."""
    done = forked(arguments, vault, environment=os.environ | {"COLUMNS": "200"})
    assert done.returncode in {0, 1}, done.stderr.decode()
    assert b"internal error" not in done.stderr and b"Traceback" not in done.stderr
    return done.returncode, done.stdout


def kg(vault: Path, *arguments: str) -> str:
    code, out = run(vault, *arguments)
    assert code == 0, out
    return out.decode()


Triples = set[tuple[str, str, str]]


def plain(triple: ox.Triple) -> tuple[str, str, str]:
    """A triple as texts, literals without escapes."""
    obj = triple.object
    text = f'"{obj.value}"{obj.language or obj.datatype}' if isinstance(obj, ox.Literal) else str(obj)
    return str(triple.subject), str(triple.predicate), text


@pytest.fixture(scope="module")
def quads(project: Path) -> Triples:
    """The default graph, as the store has it."""
    from kg.store.store import Store

    return {plain(quad.triple) for quad in Store(project / ".kg").find(None, None, None, ox.DefaultGraph())}


def told(graph: rdflib.Graph) -> Triples:
    """What rdflib read."""
    return {plain(triple) for triple in triples_from_rdflib(graph)}


# ---- what is stated ----------------------------------------------------------------------------------------------------


def test_labels_and_iris_of_items_are_one_line(quads: Triples) -> None:
    labels = {obj.split('"')[1] for _, predicate, obj in quads if predicate.endswith("core#prefLabel>")}
    for name in SEPARATORS:
        assert {f"Item {name}", f"Fewer calls {name}"} <= labels
        assert any(subject.endswith(f"/Outcomes/Item%20{name}>") for subject, _, _ in quads)


def test_no_iri_ends_a_line(quads: Triples) -> None:
    terms = {term for triple in quads for term in triple if term.startswith("<")}
    assert not [term for term in terms if len(term.splitlines()) != 1]
    assert any("%E2%80%A8" in term for term in terms)
    assert any("%C2%85" in term for term in terms)


def test_texts_keep_what_they_have(quads: Triples) -> None:
    texts = {obj for _, predicate, obj in quads if predicate.endswith("concept-notes#text>")}
    for name, separator in SEPARATORS.items():
        if name != "CR":  # a line end in Markdown, too
            assert any(f"Text{separator}more" in text for text in texts), name


# ---- exports -----------------------------------------------------------------------------------------------------------


@cache
def exported(project: Path, name: str) -> Path:
    path = project.parent / name / f"out.{FORMATS[name].suffix or name}"
    path.parent.mkdir()
    kg(project, "export", "-f", name, "-o", str(path))
    return path


RDF = {"turtle": "turtle", "ntriples": "nt", "rdfxml": "xml", "jsonld": "json-ld"}


@pytest.mark.parametrize("name", RDF)
def test_rdflib_reads_the_graph_back(project: Path, quads: Triples, name: str) -> None:
    graph = rdflib.Graph().parse(exported(project, name), format=RDF[name])
    expected = {(xml(s), xml(p), xml(o)) for s, p, o in quads} if name == "rdfxml" else quads
    assert normal(told(graph)) == normal(expected)


def xml(term: str) -> str:
    """A term without what XML cannot hold."""
    return "".join("\ufffd" if ch in "\v\f\x1c\x1d\x1e" else ch for ch in term)


def normal(triples: Triples) -> Triples:
    """rdflib writes numbers and times its own way."""
    return {triple for triple in triples if "XMLSchema#d" not in triple[2]}


@pytest.mark.parametrize("name", ["nquads", "trig"])
def test_rdflib_reads_the_dataset_back(project: Path, quads: Triples, name: str) -> None:
    dataset = rdflib.Dataset()
    dataset.parse(exported(project, name), format=name)
    graphs = {str(graph.identifier) for graph in dataset.graphs()}
    assert len(graphs) > len(SEPARATORS)
    assert normal(told(dataset.default_graph)) == normal(quads)


@pytest.mark.parametrize("name", ["nquads", "ntriples"])
def test_a_line_is_a_line_to_everybody(project: Path, name: str) -> None:
    text = exported(project, name).read_bytes().decode()
    assert text.splitlines() == text.split("\n")[:-1]
    assert all(line.startswith("<") and line.endswith(" .") for line in text.splitlines())


@pytest.mark.parametrize("name", ["cytoscape", "cx2", "graphology", "d3", "kumu", "canvas"])
def test_json_is_read_back(project: Path, name: str) -> None:
    text = exported(project, name).read_text(encoding="utf-8")
    found = json.dumps(json.loads(text), ensure_ascii=False)
    assert name == "canvas" or all(f"Item {separator}" in found for separator in SEPARATORS)


@pytest.mark.parametrize("name", ["graphml", "graphml-yed", "gexf", "svg"])
def test_xml_is_read_back(project: Path, name: str) -> None:
    text = "".join(ElementTree.parse(exported(project, name)).getroot().itertext())
    assert not name.startswith("graphml") or all(f"Item {separator}" in text for separator in SEPARATORS)


READERS: dict[str, Callable[[Path], "nx.Graph[str]"]] = {
    "graphml": lambda path: nx.read_graphml(path, force_multigraph=True),
    "gexf": lambda path: nx.read_gexf(path, version="1.3"),
    "gml": lambda path: nx.read_gml(path, label="id"),
}


@pytest.mark.parametrize("name", READERS)
def test_networkx_reads_them_alike(project: Path, name: str) -> None:
    found = READERS[name](exported(project, name))
    labels = {str(data["label"]) for _, data in found.nodes(data=True)}
    assert {f"Item {name}" for name in SEPARATORS} <= labels
    titles = {one_line(label.replace("\ufffd", " ")) for label in labels}
    assert {f"Title {name}" for name in SEPARATORS} <= titles


@pytest.mark.parametrize("name", ["csv", "gephi-csv", "neo4j"])
def test_csv_is_read_back(project: Path, name: str) -> None:
    folder = exported(project, name)
    for file in sorted(folder.glob("*.csv")):
        with file.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.reader(stream))
        assert {len(row) for row in rows} == {len(rows[0])}, file.name
        if file.name == "nodes.csv":
            assert {f"Item {name}" for name in SEPARATORS} <= {cell for row in rows for cell in row}


@pytest.mark.parametrize("name", ["dot", "mermaid"])
def test_a_drawing_has_a_thing_a_line(project: Path, name: str) -> None:
    text = exported(project, name).read_text(encoding="utf-8")
    labels = [line for line in text.split("\n") if 'label="' in line or '["' in line]
    assert all(any(f"Item {name}" in line for line in labels) for name in SEPARATORS)
    assert not [line for line in labels for part in [line.partition(", kg_")[0]] if len(part.splitlines()) != 1]


@pytest.mark.slow
def test_every_format_is_written(project: Path) -> None:
    for name in FORMATS:
        if name != "png":
            assert exported(project, name).exists(), name


# ---- answers -----------------------------------------------------------------------------------------------------------

SELECT = "SELECT ?s ?p ?o { GRAPH ?g { ?s ?p ?o } } ORDER BY ?s ?p ?o"
CONSTRUCT = "CONSTRUCT { ?s ?p ?o } { ?s ?p ?o }"


def answer(project: Path, name: str) -> str:
    return kg(project, "query", "-f", name, SELECT if "select" in ANSWERS[name].kinds else CONSTRUCT)


@cache
def expected_rows(project: Path) -> list[list[str]]:
    from kg import query
    from kg.store.store import Store

    return [[str(row["s"]), str(row["p"]), str(row["o"])] for row in query(Store(project / ".kg"), SELECT).rows]


def test_csv_answers(project: Path) -> None:
    rows = list(csv.reader(io.StringIO(answer(project, "csv"), newline="")))[1:]
    assert [row[:2] for row in rows] == [row[:2] for row in expected_rows(project)]
    assert any(f"Text{SEPARATORS['LS']}more" in row[2] for row in rows)


def test_tsv_answers(project: Path) -> None:
    lines = answer(project, "tsv").split("\n")[1:-1]
    assert len(lines) == len(expected_rows(project))
    assert {line.count("\t") for line in lines} == {2}


def test_json_answers(project: Path) -> None:
    found = json.loads(answer(project, "json"))["results"]["bindings"]
    assert len(found) == len(expected_rows(project))
    plain = [json.loads(line) for line in answer(project, "jsonl").splitlines()]
    assert [row["s"] for row in plain] == [row["s"]["value"] for row in found]
    assert [row["o"] for row in plain if isinstance(row["o"], str)] != []


def test_xml_answers(project: Path) -> None:
    rows = ElementTree.fromstring(answer(project, "xml")).iter("{http://www.w3.org/2005/sparql-results#}result")
    assert len(list(rows)) == len(expected_rows(project))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["table", "md"])
def test_tables_for_people(project: Path, name: str) -> None:
    """A row is a line, and what would end a line is shown as what it is."""
    lines = answer(project, name).splitlines()
    count = len(expected_rows(project))
    assert len([line for line in lines if line.startswith("|")]) == count + 2 if name == "md" else len(lines) >= count
    assert any("\\u2028" in line for line in lines)
    assert any("\\x85" in line for line in lines)


@pytest.mark.parametrize(("name", "format_"), [("turtle", "turtle"), ("ntriples", "nt"), ("jsonld", "json-ld")])
def test_graphs(project: Path, quads: Triples, name: str, format_: str) -> None:
    graph = rdflib.Graph().parse(data=answer(project, name), format=format_)
    assert normal(told(graph)) == normal(quads)


# ---- findings ----------------------------------------------------------------------------------------------------------


def findings(project: Path, name: str) -> str:
    code, out = run(project, "validate", "--format", name, "--severity", "info")
    assert code == 1
    return out.decode()


@pytest.mark.slow
def test_validation_in_every_format(project: Path) -> None:
    rows = json.loads(findings(project, "json"))
    rows = rows["findings"] if isinstance(rows, dict) else rows
    assert {row["code"][0] for row in rows} >= {"L", "S"}
    text = [line for line in findings(project, "text").splitlines() if not line.startswith(" ")]
    assert len([line for line in text if line.endswith("]")]) == len(rows)
    assert len(json.loads(findings(project, "sarif"))["runs"][0]["results"]) == len(rows)
    annotations = findings(project, "github").split("\n")[:-1]
    assert len(annotations) == len(rows)
    assert all(line.startswith("::") and "\r" not in line for line in annotations)
    cases = list(ElementTree.fromstring(findings(project, "junit")).iter("testcase"))
    assert len(cases) == len(rows)
    report = rdflib.Graph().parse(data=findings(project, "turtle"), format="turtle")
    results = list(report.subjects(rdflib.RDF.type, rdflib.URIRef("http://www.w3.org/ns/shacl#ValidationResult")))
    assert len(results) == sum(row["code"].startswith("S") for row in rows)


def test_a_second_validation_remembers_the_first(project: Path) -> None:
    run.cache_clear()
    first = findings(project, "json")
    run.cache_clear()
    assert findings(project, "json") == first


def test_a_baseline_takes_all(project: Path, tmp_path: Path) -> None:
    file = str(tmp_path / "baseline.json")
    run(project, "validate", "--baseline", file)
    run.cache_clear()
    assert run(project, "validate", "--baseline", file)[0] == 0


# ---- commands ----------------------------------------------------------------------------------------------------------

COMMANDS = (
    ("ingest",), ("ingest", "--full"), ("ingest", "--json", "--full"), ("ingest", "--dry-run"), ("infer",), ("stats",), ("stats", "--json"),
    ("show", "Title LS"), ("show", "Item NEL"), ("show", "-f", "json", "Item LS"), ("show", "-f", "md", "Title PS"), ("show", "Title\u2028LS"),
    ("search", "Prose"), ("search", "-f", "json", "Prose"), ("search", "-f", "jsonl", "Prose"), ("search", "-f", "csv", "Prose"), ("analyze", "centrality"),
    ("analyze", "communities"), ("analyze", "components"), ("analyze", "gaps"), ("analyze", "duplicates"), ("analyze", "suggest"),
    ("analyze", "centrality", "--save"), ("validate",), ("why", "Title LS", "has outcome", "Item LS"),
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.sample(by=lambda command: {command[0]})
def test_every_command_ends_well(project: Path, command: tuple[str, ...]) -> None:
    run.cache_clear()
    _, out = run(project, *command)
    text = out.decode()
    if "csv" not in command and command[:2] != ("analyze", "gaps"):
        assert "\u2028" not in text or command[0] in {"analyze", "search", "show"}
    if "jsonl" in command:
        assert [json.loads(line) for line in text.splitlines()]


def test_owlrl_reads_them(tmp_path: Path) -> None:
    """The closure that the rules cannot make is owlrl's: rdflib is given terms."""
    triples = [ox.Triple(ox.NamedNode(f"http://a.example/{n}"), ox.NamedNode("http://a.example/p"), ox.Literal(f"a{s}b")) for n, s in enumerate(SEPARATORS.values())]  # fmt: skip
    triples += [ox.Triple(ox.NamedNode("http://a.example/\u2028x"), ox.NamedNode("http://a.example/p"), ox.Literal("x", language="en"))]  # fmt: skip
    triples += [ox.Triple(ox.BlankNode("b1"), ox.NamedNode("http://a.example/p"), ox.Literal(SEVERAL + '"\\'))]
    assert set(triples_from_rdflib(to_rdflib(triples))) == set(triples)
    assert from_rdflib(rdflib.Literal(True)) == ox.Literal("true", datatype=ox.NamedNode("http://www.w3.org/2001/XMLSchema#boolean"))  # fmt: skip
    with pytest.raises(ValueError, match="Invalid IRI"):
        from_rdflib(rdflib.URIRef("a b"))


@pytest.mark.parametrize("separator", SEPARATORS.values(), ids=SEPARATORS)
def test_one_line(separator: str) -> None:
    assert one_line(f"{separator} a {separator}{separator} b{separator}") == "a b"
    assert one_line("a  b") == "a  b"
    line = f"<a:s> <a:p> {ox.Literal(f'a{separator}b')} .\n"
    (quad,) = ox.parse(escape_line_ends(line.encode()), ox.RdfFormat.N_TRIPLES)
    assert quad.object.value == f"a{separator}b"
    assert len(escape_line_ends(line.encode()).decode().splitlines()) == 1
