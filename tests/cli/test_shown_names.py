"""What any command or page prints as the name of a thing, `kg show` takes: it means that thing."""

import csv
import io
import json
import re
import shlex
import zlib
from base64 import b64decode
from collections.abc import Iterable
from pathlib import Path
from subprocess import CompletedProcess

import pyoxigraph as ox
import pytest

import kg
from helpers.commanding import run
from helpers.odd_names import VAULT
from helpers.vaults import ingest, write_vault
from kg.config import load
from kg.core.errors import KgError
from kg.sparql.library import library
from kg.store.lookup import Lookup
from kg.store.project import Project

LINKED = {
    "slips.md": "[[lean#Outcome]] [[leen]] [[lean#^first-blok]] [[Rating#x]] [[deep/Rating]] [[Tea]] [[C sharp#Types]]\n"
    "A lean thinking pays, says Bo Li, as Storm and flow do.\n",
    "Slipps.md": "---\nauthor: Bo Lee\n---\n[[slips]] [[Storm]]\n",
    "Round.md": "---\nup: '[[Square]]'\n---\n[[slips]]\n",
    "Square.md": "[[Round]] [[lean]]\n",
}
ANALYSES = [
    ["centrality"], ["communities"], ["components"], ["bridges"], ["orphans"], ["dead-ends"], ["gaps"], ["duplicates"],
    ["suggest"], ["suggest", "lean"], ["similar", "lean"], ["unlinked"], ["neighbours", "lean"],
    ["path", "Storm", "b/Tea"],
]  # fmt: skip
NAMES = {
    "author",
    "concept",
    "hub",
    "missing",
    "note",
    "one",
    "other",
    "orphan",
    "outcome",
    "output",
    "resource",
    "tag",
    "title",
}
"""The columns of the library's queries that name one thing in a row."""
PARAMETERS = {"note": "lean", "class": "Outcome", "property": "p:rating", "text": "lean", "iri": "n:lean"}


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_vault(tmp_path_factory.mktemp("shown") / "vault", VAULT | LINKED)
    ingest(folder, folder / ".kg")
    return folder


@pytest.fixture(scope="module")
def lookup(vault: Path) -> Lookup:
    return Project.of(kg.Store(vault / ".kg")).lookup


def refused(lookup: Lookup, named: Iterable[tuple[str, str | None]]) -> dict[str, str]:
    """The names that mean nothing, or something else than the IRI beside them; with what they mean."""
    wrong = {}
    for name, iri in dict.fromkeys(named):
        try:
            meant = lookup.thing(name).value
        except KgError as error:
            meant = str(error)
            wrong[name] = meant
        if iri is not None and meant != iri:
            wrong[name] = meant
    return wrong


def done(vault: Path, *words: str) -> CompletedProcess[str]:
    found = run(*words, cwd=vault)
    assert found.returncode in {0, 1}, (words, found.stderr)
    return found


def rows_of(vault: Path, *words: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(done(vault, *words, "-f", "csv").stdout)))


def names_in(vault: Path, *words: str) -> list[tuple[str, str | None]]:
    """The names in a table of an answer, each with its IRI."""
    shown = done(vault, *words, "-f", "md").stdout.splitlines()[2:]
    answer = json.loads(done(vault, *words, "-f", "json").stdout)
    assert len(shown) == len(answer["results"]["bindings"])
    named: list[tuple[str, str | None]] = []
    for line, row in zip(shown, answer["results"]["bindings"], strict=True):
        cells = [re.sub(r"\\(.)", r"\1", cell) for cell in re.split(r"(?<!\\) \| ", line[2:-2])]
        for cell, variable in zip(cells, answer["head"]["vars"], strict=True):
            if row.get(variable, {}).get("type") == "uri":
                named.append((cell, row[variable]["value"]))
    return named


def test_of_a_query(vault: Path, lookup: Lookup) -> None:
    everything = "SELECT DISTINCT ?t { { ?t ?p ?o } UNION { ?s ?t ?o } UNION { ?s ?p ?t } FILTER(isIRI(?t)) }"
    named = names_in(vault, "query", everything)
    assert len(named) > 200
    assert not refused(lookup, named)


@pytest.mark.slow
def test_of_every_query_of_the_library(vault: Path, lookup: Lookup) -> None:
    """Their titles name things, too; for a title of several things, `kg show` gives the names of each."""
    titles = set()
    for name, query in library(load(vault)).items():
        needed = [param for param in query.header.params if param.default is None and not param.optional]
        answer = json.loads(done(vault, "query", name, *(PARAMETERS[p.type] for p in needed), "-f", "json").stdout)
        rows = answer["results"]["bindings"]
        titles |= {row[variable]["value"] for row in rows for variable in NAMES & row.keys()}
    wrong = refused(lookup, [(title, None) for title in titles])
    assert len(titles) > 30
    assert {title for title, reason in wrong.items() if "give one of these names" not in reason} == set()
    several = [name for reason in wrong.values() for name in re.findall("“(.*?)”", reason.partition("things:")[2])]
    assert not refused(lookup, [(name, None) for name in several])


@pytest.mark.slow
def test_of_a_list_and_its_columns(vault: Path, lookup: Lookup) -> None:
    for class_ in ("Outcome", "Output", "Note", "Concept", "ex:Risk", "Tag", "Task", "Author", "Resource", "Missing"):
        rows = rows_of(vault, "list", class_)
        assert rows
        assert not refused(lookup, [(row["label"], row["entity"]) for row in rows])
        for hint in re.findall(r"--columns (.*)", done(vault, "list", class_).stderr):
            [columns] = shlex.split(hint.removesuffix(" …"))
            assert "hint" not in done(vault, "list", class_, "--columns", columns).stderr
            assert not refused(lookup, [(column, None) for column in columns.split(",")])


def test_of_a_search(vault: Path, lookup: Lookup) -> None:
    for words in (["tea"], ["lean"], ["board"], ["outcomes"]):
        hits = json.loads(done(vault, "search", *words, "-f", "json").stdout)["hits"]
        assert hits
        assert not refused(lookup, [(hit["entity"], hit["entity"]) for hit in hits])
        assert not refused(lookup, [(hit["path"], hit["entity"].partition("#")[0]) for hit in hits])


@pytest.mark.parametrize("words", ANALYSES, ids=" ".join)
@pytest.mark.sample(3)
def test_of_an_analysis(vault: Path, lookup: Lookup, words: list[str]) -> None:
    rows = rows_of(vault, "analyze", *words, "--limit", "0")
    named: list[tuple[str, str | None]] = []
    for row in rows:
        labels = {key: key.removesuffix("_label") for key in row if key.endswith("_label")} | {"label": "entity"}
        named += [(row[label], row[iri]) for label, iri in labels.items() if row[label]]
        named += [(name, None) for name in re.findall("“(.*?)”", row.get("why", ""))]
    assert not refused(lookup, named)
    said = done(vault, "analyze", *words).stderr
    assert not refused(lookup, [(name, None) for name in re.findall("“(.*?)”", said) if name != "in"])


def test_of_findings_and_their_suggestions(vault: Path, lookup: Lookup) -> None:
    found = json.loads(done(vault, "validate", "--severity", "info", "-f", "json").stdout)
    findings = found["findings"] if isinstance(found, dict) else found
    texts = [f"{finding['message']} {finding['hint'] or ''}" for finding in findings]
    links = [link for text in texts for link in re.findall(r"(?:write|or) \[\[(.*?)\]\]", text)]
    near = [name for text in texts for name in re.findall(r"did you mean \[\[(.*?)\]\]", text)]
    things = [
        name for f in findings if f["code"].startswith("S") for name in re.findall("The \\w+ “(.*?)”", f["message"])
    ]
    assert len(links) > 1 and len(near) > 0 and len(things) > 3
    assert not refused(lookup, [(name, None) for name in [*links, *near, *things]])


def test_of_a_misspelled_name(vault: Path, lookup: Lookup) -> None:
    for wrong in (
        "leen",
        "Warm watr",
        "#Outcom",
        "kg:Outcom",
        "n:leen",
        "lean#Outcme",
        "Sqare",
        "Boo Li",
        "p:ratin",
        "ex:Rsk",
    ):
        said = done(vault, "show", wrong)
        names = re.findall("did you mean “?(.*?)”?\\?", said.stderr)
        assert names or said.returncode == 0, said.stderr
        assert not refused(lookup, [(name, None) for name in names])


def test_of_a_page(vault: Path, lookup: Lookup, tmp_path: Path) -> None:
    done(vault, "export", "-f", "html", "-o", str(tmp_path / "page.html"))
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    blocks = dict(re.findall(r'<script type="text/plain" id="(kg-[\w-]+)">([^<]*)</script>', text))
    read = {name: json.loads(zlib.decompress(b64decode(data))) for name, data in blocks.items() if data}
    details = [detail for name, part in read.items() if name.startswith("kg-texts") for detail in part]
    named = [(label, detail[1]) for label, detail in zip(read["kg-graph"]["labels"], details, strict=True)]
    folders = {number for row in read["kg-graph"]["layers"] if row["name"] == "folders"
               for number in range(row["first"], row["end"])}  # fmt: skip
    named = [pair for number, pair in enumerate(named) if number not in folders]  # no command knows a folder as a thing
    assert len(named) > 20
    assert not refused(lookup, named)


def test_of_sections_in_the_text_of_other_commands(vault: Path, lookup: Lookup) -> None:
    """`kg why NAME --all` and the graph that `kg show` describes."""
    said = done(vault, "why", "lean", "--all").stdout
    assert not refused(lookup, [(name, None) for name in re.findall("“(.*?)”", said) if "\n" not in name])
    missing = json.loads(done(vault, "show", "lean", "-f", "json").stdout)
    assert not refused(lookup, [(row["name"], None) for row in missing["sections"]])
    assert lookup.thing("lean") == ox.NamedNode("https://notes.example/lean")
