"""A graph of a server elsewhere comes into a file whole, and shapes look at it beside the notes."""

import re
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest

import kg
from helpers.commanding import command
from helpers.serving import Request, oxigraph, serving
from kg.config import load
from kg.remote.endpoint import Endpoint
from kg.store.pulled_graphs import Pulled, file_for, write

GRAPH = "https://people.example/graph"
DATA = """
<https://people.example/ann> a kg:Output ; skos:prefLabel "Ann’s report" .
<https://people.example/bob> skos:prefLabel "Bob" .
"""
PREFIXES = "PREFIX kg: <https://w3id.org/concept-notes#> PREFIX skos: <http://www.w3.org/2004/02/skos/core#> "
UNSERVED = "S06"
"""The code of an output that contributes to no outcome."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with oxigraph() as url:
        Endpoint.at(url, seconds=20).update(
            f"{PREFIXES} INSERT DATA {{ GRAPH <{GRAPH}> {{ {DATA} }} <urn:a> <urn:b> 1 , 2 }}"
        )
        yield url


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    folder = tmp_path / "vault"
    folder.mkdir()
    (folder / "kg.toml").write_text('base = "https://me.example/"\n')
    (folder / "A.md").write_text("# A\nNothing to see.\n")
    return folder


def findings(vault: Path) -> list[kg.Finding]:
    found = kg.validate(kg.Vault(config=load(vault, cwd=vault)))
    return [one for one in found.findings if one.code == UNSERVED]


@pytest.mark.slow
def test_shapes_look_at_what_was_pulled_until_it_is_removed(vault: Path, server: str) -> None:
    assert findings(vault) == []
    done = command(vault, "pull", server, "--graph", GRAPH)
    assert (done.code, done.out) == (0, "")
    (file,) = (vault / ".kg" / "pulled").iterdir()
    assert done.err.startswith(f"3 triples of the graph {GRAPH} of {server} in .kg/pulled/{file.name}; `kg validate`")
    (finding,) = findings(vault)
    lines = file.read_text(encoding="utf-8").split("\n")
    assert finding.path == f".kg/pulled/{file.name}"
    assert lines[finding.line - 1].startswith("<https://people.example/ann> ")
    assert findings(vault) == [finding], "remembered, it is found again"
    file.unlink()
    assert findings(vault) == []


def test_the_store_stays_what_the_notes_say(vault: Path, server: str) -> None:
    command(vault, "ingest", "-q")
    before = kg.Store(vault / ".kg").nquads()
    command(vault, "pull", server, "--graph", GRAPH)
    command(vault, "ingest", "-q", "--full")
    assert kg.Store(vault / ".kg").nquads() == before
    assert (vault / ".kg" / "pulled").is_dir()


def test_what_the_notes_say_too_is_looked_at_once(vault: Path, server: str) -> None:
    """What was pulled may say what a note says; the note's place is told."""
    (vault / "B.md").write_text("---\ntype: Output\n---\nText.\n")
    (finding,) = findings(vault)
    text = '<https://me.example/B> a kg:Output ; skos:prefLabel "B" .'
    Endpoint.at(server, seconds=20).update(f"{PREFIXES} INSERT DATA {{ GRAPH <urn:mine> {{ {text} }} }}")
    command(vault, "pull", server, "--graph", "urn:mine")
    assert findings(vault) == [finding]


def test_a_graph_is_pulled_again_into_the_same_file(vault: Path, server: str) -> None:
    for _ in range(2):
        command(vault, "pull", server, "--graph", GRAPH)
    command(vault, "pull", server)
    assert len(list((vault / ".kg" / "pulled").iterdir())) == 2


@pytest.mark.parametrize("ending", ["nt", "nq", "ttl", "rdf", "jsonld"])
def test_a_file_may_be_named(vault: Path, server: str, ending: str) -> None:
    file = vault / "out" / f"x.{ending}"
    assert command(vault, "pull", server, "--graph", GRAPH, "-o", str(file)).code == 0
    form = ox.RdfFormat.from_extension(ending)
    quads = list(ox.parse(file.read_bytes(), form))
    assert {str(quad.object) for quad in quads if quad.subject.value.endswith("bob")} == {'"Bob"'}
    graph = ox.NamedNode(GRAPH) if ending == "nq" else ox.DefaultGraph()
    assert {quad.graph_name for quad in quads} == {graph}
    assert not (vault / ".kg").exists()


def test_lines_are_sorted(tmp_path: Path) -> None:
    a, b = ox.NamedNode("urn:a"), ox.NamedNode("urn:b")
    file = tmp_path / "x.nt"
    assert write(file, [ox.Triple(b, a, a), ox.Triple(a, a, a), ox.Triple(b, a, a)]) == 2
    assert file.read_text() == "<urn:a> <urn:a> <urn:a> .\n<urn:b> <urn:a> <urn:a> .\n"


def test_the_default_graph_is_pulled_where_none_is_named(vault: Path, server: str) -> None:
    command(vault, "pull", server, "-o", "x.nt")
    lines = (vault / "x.nt").read_text().splitlines()
    assert lines[0] == f"# The default graph of {server}; fetched by kg pull."
    assert len(lines) == 3


def test_half_a_graph_replaces_nothing(vault: Path) -> None:
    file = vault / "x.nt"
    file.write_text("# before\n")

    def answer(one: Request) -> None:
        if "COUNT" in one.body:
            said = '{"head":{"vars":["n"]},"results":{"bindings":[{"n":{"type":"literal","value":"2"}}]}}'
            one.answer(200, said, "application/sparql-results+json")
        else:
            one.answer(200, "<urn:a> <urn:b> <urn:c> .\n<urn:", "application/n-triples", Content_Length="1000")

    with serving(answer) as (url, _):
        done = command(vault, "pull", url, "-o", "x.nt")
    assert (done.code, done.err) == (2, f"kg: {url} did not send a complete answer\n")
    assert file.read_text() == "# before\n"
    assert sorted(one.name for one in vault.iterdir()) == ["A.md", "kg.toml", "x.nt"]


MISTAKES = {
    ("-o", "x.txt"): "x.txt ends in none of .nt, .nq, .ttl, .rdf, .jsonld",
    ("--graph", "no iri"): "no iri is not an IRI",
    ("-o", "/proc/none/x.nt"): "/proc/none/x.nt cannot be written",
}


@pytest.mark.parametrize("arguments", MISTAKES)
def test_a_mistake_is_said(vault: Path, server: str, arguments: tuple[str, str]) -> None:
    done = command(vault, "pull", server, *arguments)
    assert done.code == 2
    assert done.err.startswith(f"kg: {MISTAKES[arguments]}")
    assert done.err.count("\n") == 1


def test_a_damaged_file_is_said(vault: Path, server: str) -> None:
    command(vault, "pull", server, "--graph", GRAPH)
    (file,) = (vault / ".kg" / "pulled").iterdir()
    for harm in (b"<urn:a> <urn:b>\n", b"\xff\xfe"):
        file.write_bytes(harm)
        done = command(vault, "validate")
        assert done.code == 2
        assert re.match(r"kg: .*pulled.* (pull again|cannot be read)", done.err)


def test_every_graph_has_a_name_for_its_file(tmp_path: Path) -> None:
    names = {file_for(tmp_path, "http://x.example:1/q", graph).name for graph in (None, GRAPH, "urn:é/../x", "u" * 500)}
    assert len(names) == 4
    assert all(re.fullmatch(r"[\w.-]{4,160}\.nt", name) for name in names)
    assert list(Pulled(tmp_path).triples()) == []
