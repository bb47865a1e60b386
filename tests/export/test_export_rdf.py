"""kg export in RDF: the same dataset after a round trip through parsers that are not ours; the same bytes each time."""

import base64
import json
import re
import zlib
from pathlib import Path

import pyoxigraph as ox
import pytest
import rdflib
from click.testing import CliRunner
from rdflib.compare import isomorphic

import kg
from helpers.commanding import run
from helpers.exporting import export, exported
from helpers.vaults import Write, damage_tables, ingest
from kg.cli.commands import kg as cli
from kg.export.registry import FORMATS

HOSTILE = {
    "A.md": "---\naliases: ['Ä \"quoted\" <b>&amp;</b>', 'back\\slash']\nrating: 3.5\nday: 2026-01-31\ndone: true\n1st: x\n"
    "due date: 2026-02-01\nseen: 2026-01-31T09:30:00\nmany: [1, 0.5, yes, tab\there]\nnone:\nrelated: '[[B c/Ünï ☃]]'\n---\n"
    "# Definition\nA \"text\" with \\ and ]]> and </script> and\n\nlines 👩‍👩‍👧 \u200f.\n\n# Outcomes\n- [[Gone]]\n- =cmd|' /C calc'!A0\n",
    "B c/Ünï ☃.md": '[[A#Definition|the "A"]] #tag/ünï [x](https://e.example/?a=1&b=<2>)\n',
}
DEFAULT = {"turtle": "turtle", "ntriples": "nt", "jsonld": "json-ld", "rdfxml": "xml"}
WHOLE = {"trig": "trig", "nquads": "nquads"}


@pytest.fixture
def store(write: Write, tmp_path: Path) -> kg.Store:
    return ingest(write(HOSTILE), tmp_path / "store").store


@pytest.mark.parametrize("name", DEFAULT)
def test_the_default_graph_comes_back(name: str, store: kg.Store) -> None:
    graph = rdflib.Graph().parse(data=exported(store, "-f", name), format=DEFAULT[name])
    assert isomorphic(graph, store.to_rdflib())


def test_only_iris_for_others_need_a_base_of_ones_own(store: kg.Store) -> None:
    said = {
        name: run("export", "--store", store.path, "-f", name).stderr for name in ("nquads", "owl", "dot", "graphml")
    }
    assert {name for name, message in said.items() if "“base” is unset" in message} == {"nquads", "owl"}


@pytest.mark.parametrize("name", WHOLE)
def test_the_whole_dataset_comes_back(name: str, store: kg.Store) -> None:
    found = rdflib.Dataset()
    found.parse(data=exported(store, "-f", name), format=WHOLE[name])
    lines = {line for line in found.serialize(format="nquads").splitlines() if line}
    wanted = rdflib.Dataset()
    wanted.parse(data="\n".join(store.nquads()), format="nquads")
    assert lines == {line for line in wanted.serialize(format="nquads").splitlines() if line}
    assert len(lines) == len(store)


@pytest.mark.parametrize("name", [*DEFAULT, *WHOLE, "owl"])
@pytest.mark.sample(3)
def test_the_same_notes_give_the_same_bytes(name: str, write: Write, tmp_path: Path) -> None:
    vault = write(HOSTILE)
    one, other = ingest(vault, tmp_path / "one").store, ingest(vault, tmp_path / "other").store
    assert exported(one, "-f", name) == exported(other, "-f", name)


@pytest.mark.parametrize(
    ("prefix", "space", "address"),
    [
        ("doi", "https://doi.org/", "doi:10.1000/xyz"),
        ("urn", "https://urn.example/", "urn:isbn:0451450523"),
        ("mailto", "https://mail.example/#", "mailto:a@b.example"),
        ("tel", "urn:tel:", "tel:+41-1"),
        ("x", "https://x.example/", "kg:Concept"),
        ("x", "https://x.example/", "skos:Concept"),
        ("https", "https://x.example/", "https://x.example/a"),
    ],
)
def test_a_prefix_that_is_the_scheme_of_an_iri_changes_no_iri_in_json_ld(
    write: Write, prefix: str, space: str, address: str
) -> None:
    vault = write({"A.md": f"[a]({address}) and [b]({space}b)\n", "kg.toml": f'[prefixes]\n{prefix} = "{space}"\n'})
    assert run("ingest", "-q", cwd=vault).returncode == 0
    assert run("export", "-f", "jsonld", "-o", "a.jsonld", cwd=vault).returncode == 0
    assert run("export", "-f", "ntriples", "-o", "a.nt", cwd=vault).returncode == 0
    read = {quad.triple for quad in ox.parse((vault / "a.jsonld").read_bytes(), ox.RdfFormat.JSON_LD)}
    assert read == {quad.triple for quad in ox.parse((vault / "a.nt").read_bytes(), ox.RdfFormat.N_TRIPLES)}
    assert ox.NamedNode(address) in {triple.object for triple in read}


def test_json_ld_is_written_in_the_words_of_the_context(store: kg.Store) -> None:
    found = json.loads(exported(store, "-f", "jsonld"))
    a = next(node for node in found["@graph"] if node["id"] == "n:A")
    assert {"Concept"} <= set(a["type"]) and a["prefLabel"] == "A" and a["linksTo"]
    assert len(a["altLabel"]) == 2


def test_owl_declares_each_term_once(store: kg.Store) -> None:
    graph = rdflib.Graph().parse(data=exported(store, "-f", "owl"), format="turtle")
    owl = rdflib.OWL
    assert list(graph.subjects(rdflib.RDF.type, owl.Ontology)) == [rdflib.URIRef("https://notes.example")]
    kinds = (owl.Class, owl.ObjectProperty, owl.DatatypeProperty, owl.AnnotationProperty, owl.NamedIndividual)
    declared = [subject for kind in kinds for subject in graph.subjects(rdflib.RDF.type, kind)]
    assert len(declared) == len(set(declared))
    used = {
        p
        for p in graph.predicates()
        if not str(p).startswith(("http://www.w3.org/1999", "http://www.w3.org/2000/01", "http://www.w3.org/2002/07"))
    }
    assert used <= set(declared)
    for prop in graph.subjects(rdflib.RDF.type, owl.ObjectProperty):
        assert not any(isinstance(value, rdflib.Literal) for value in graph.objects(None, prop))


def test_what_rdf_xml_cannot_write_is_said(write: Write, tmp_path: Path) -> None:
    store = ingest(write({"A.md": "---\n'123': x\n---\n"}), tmp_path / "store").store
    done = export(store, "-f", "rdfxml")
    assert "RDF/XML has no way to write the property" in str(done.exception)


# ---- what is chosen ------------------------------------------------------------------------------------------------


def subjects(data: bytes) -> set[str]:
    graph = rdflib.Graph().parse(data=data, format="turtle")
    return {str(subject).removeprefix("https://notes.example/") for subject in graph.subjects()}


CHOSEN = {
    "A.md": "---\nrelated: '[[B]]'\n---\n[[B]]\n", "B.md": "[[C]]\n", "C.md": "---\ntype: Outcome\n---\n[[D]]\n", "D.md": "",
    "E.md": "alone\n",
}  # fmt: skip


def test_only_what_was_chosen_is_exported(write: Write, tmp_path: Path) -> None:
    store = ingest(write(CHOSEN), tmp_path / "store").store
    assert subjects(exported(store, "-f", "turtle", "--only", "Outcome")) == {"C"}
    assert subjects(exported(store, "-f", "turtle", "--around", "A")) == {"A", "B"}
    assert subjects(exported(store, "-f", "turtle", "--around", "A", "--depth", "2")) == {"A", "B", "C"}
    assert subjects(exported(store, "-f", "turtle", "--around", "C", "--depth", "0")) == {"C"}
    data = exported(store, "-f", "turtle", "--links", "related", "--no-inferred")
    graph = rdflib.Graph().parse(data=data, format="turtle")
    links = {str(p).rpartition("/")[2] for _, p, o in graph if isinstance(o, rdflib.URIRef) and p != rdflib.RDF.type}
    assert links == {"core#related"}


def test_a_query_chooses(write: Write, tmp_path: Path) -> None:
    store = ingest(write(CHOSEN), tmp_path / "store").store
    (tmp_path / "some.rq").write_text("SELECT ?x { ?x kg:linksTo n:D }")
    (tmp_path / "made.rq").write_text(
        "CONSTRUCT { ?a <https://e.example/two> ?c } WHERE { ?a kg:linksTo/kg:linksTo ?c }"
    )
    (tmp_path / "ask.rq").write_text("ASK {}")
    assert subjects(exported(store, "-f", "turtle", "--query", str(tmp_path / "some.rq"))) == {"C"}
    made = rdflib.Graph().parse(data=exported(store, "-f", "nquads", "--query", str(tmp_path / "made.rq")), format="nt")
    assert len(made) == 2
    assert "a CONSTRUCT or a SELECT" in str(
        export(store, "-f", "turtle", "--query", str(tmp_path / "ask.rq")).exception
    )


def test_a_query_that_cannot_be_read_is_told_with_its_line(store: kg.Store, tmp_path: Path) -> None:
    (tmp_path / "bad.rq").write_text("SELECT ?x {\n  ?x a b c\n}")
    done = export(store, "-f", "turtle", "--query", str(tmp_path / "bad.rq"))
    assert done.exit_code == 2
    assert re.search(r"bad\.rq:2:8: b is no term of SPARQL", done.stderr) and "^" in done.stderr


@pytest.mark.parametrize("command", ["export -f turtle", "export -f graphml", "analyze centrality", "show A1"])
def test_damage_that_is_found_while_reading_is_one_sentence(command: str, tmp_path: Path, write: Write) -> None:
    vault = write({f"A{n}.md": f"[[A{n + 1}]] {'word ' * n}\n" for n in range(400)})
    path = ingest(vault, tmp_path / "store").store.path
    damage_tables(path, every=500)
    done = run(*command.split(), "--store", path)
    assert (done.returncode, done.stderr.count("\n")) == (3, 1), done.stderr
    assert "is damaged" in done.stderr and "kg ingest --full" in done.stderr


def test_what_was_inferred_and_measured_is_left_out_or_taken(write: Write, tmp_path: Path) -> None:
    store = ingest(write(CHOSEN), tmp_path / "store").store
    everything, stated = exported(store, "-f", "nquads"), exported(store, "-f", "nquads", "--no-inferred")
    assert b"#inferred>" in everything and b"#inferred> ." not in stated
    assert len(stated.splitlines()) < len(everything.splitlines())
    assert CliRunner().invoke(cli, ["analyze", "centrality", "--save", "--store", str(store.path)]).exit_code == 0
    assert exported(store, "-f", "nquads") == everything
    assert exported(store, "-f", "nquads", "--metrics").count(b"#pageRank>") > 4


def test_a_format_is_told_from_the_file_or_named_nearly(store: kg.Store, tmp_path: Path) -> None:
    assert export(store, "-o", str(tmp_path / "x.nt")).exit_code == 0
    assert (tmp_path / "x.nt").read_bytes() == exported(store, "-f", "ntriples")
    assert "did you mean turtle?" in str(export(store, "-f", "turtel").exception)
    assert "give -f FORMAT" in str(export(store, "-o", str(tmp_path / "x.zzz")).exception)
    assert export(store).exit_code == 2
    assert "turtle" in exported(store, "--formats").decode()


# ---- what is private -----------------------------------------------------------------------------------------------

SECRET = {
    "Canary plan.md": "---\naliases: [Zeisig]\nup: '[[Lean]]'\ncoined: Grünspecht\n---\n#private/deep\n\n# Outcomes\n- Canary sings\n\nKanarienvogel\n",
    "Lean.md": "---\nbroader: '[[Canary plan]]'\n---\nSee [[Canary plan|the plan]] and [[Zeisig]].\n\n# About the Canary plan\nA canary plan, really.\n",
    "Lean UX.md": "Nothing of it, but the words canary plan.\n",
    "Other.md": "#private\n\nBlaumeise\n",
    "lean.canvas": '{"nodes":[{"id":"1","type":"file","file":"Canary plan.md","x":0,"y":0,"width":1,"height":1}],"edges":[]}',
}
WORDS = ("canary", "zeisig", "grünspecht", "kanarienvogel", "blaumeise", "gr%c3%bcnspecht")


@pytest.mark.parametrize("name", [*DEFAULT, *WHOLE, "owl"])
@pytest.mark.sample(3)
def test_a_canary_in_a_private_note_is_in_no_export(name: str, write: Write, tmp_path: Path) -> None:
    store = ingest(write(SECRET), tmp_path / "store").store
    before = exported(store, "-f", name).decode().lower()
    assert "canary" in before and "kanarienvogel" in before
    after = exported(store, "-f", name, "--private-tag", "private", "--metrics").decode().lower()
    assert [word for word in WORDS if word in after] == []
    assert "lean ux" in after
    assert "2 notes tagged #private left out" in export(store, "-f", name, "--private-tag", "#private").stderr


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {*DEFAULT, *WHOLE, "owl", "png"}))
@pytest.mark.sample(6)
def test_nor_in_any_format_for_graph_tools(name: str, write: Write, tmp_path: Path) -> None:
    store = ingest(write(SECRET), tmp_path / "store").store
    out = tmp_path / "out"
    done = export(store, "-f", name, "-o", str(out), "--private-tag", "private", "--metrics")
    assert done.exit_code == 0, done.exception
    data = b"".join(file.read_bytes() for file in ([out] if out.is_file() else out.iterdir())).decode(
        "utf-8", "replace"
    )
    data += "".join(unpacked(packed) for packed in re.findall(r'type="text/plain" id="[\w-]+">([^<]*)', data))
    assert [word for word in WORDS if word in data.lower()] == []
    assert "Lean UX" in data or name == "parquet"
    assert str(tmp_path) not in data


def unpacked(packed: str) -> str:
    """What a page has packed into it."""
    return zlib.decompress(base64.b64decode(packed)).decode("utf-8", "replace")


def test_a_tag_that_no_note_has_is_said(write: Write, tmp_path: Path) -> None:
    store = ingest(write({"A.md": "x\n"}), tmp_path / "store").store
    done = export(store, "-f", "turtle", "--private-tag", "privat")
    assert done.exit_code == 0 and "no note is tagged #privat" in done.stderr
