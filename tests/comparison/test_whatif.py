"""What `kg whatif` reports is what `kg diff` reports once the change is made; and nothing is written before."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.commanding import run, snapshot
from helpers.repositories import commit, isolate

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
NOTES = {
    "Flow.md": "---\ntype: Outcome\nrating: 3\n---\nSlow text. See [[Demo]].\n",
    "Demo.md": "---\ntype: Output\n---\nA demo of what there is, for whoever wants to see it.\n",
    "x/Idea.md": "# Outcomes\n- [[Flow]]\n- Other\n",
}


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    isolate(monkeypatch)
    vault = tmp_path / "vault"
    commit(vault, dict(NOTES), 1)
    run("ingest", "-q", cwd=vault)
    return vault


def write(path: str, text: str) -> Callable[[Path], object]:
    return lambda vault: (vault / path).write_text(text)


def move(path: str, to: str) -> Callable[[Path], object]:
    return lambda vault: (vault / path).rename(vault / to)


def put_a_draft(vault: Path) -> None:
    (vault / "New").mkdir()
    (vault / "New" / "One.md").write_text("[[Flow]]\n")


def put_together(vault: Path) -> None:
    (vault / "Demo.md").unlink()
    (vault / "Flow.md").write_text(NOTES["Flow.md"] + "\nA demo of what there is, for whoever wants to see it.\n")


DRAFTS = {
    "words.ttl": """@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
<https://e.example/Idea> a owl:Class ; rdfs:label "Other" ; rdfs:subClassOf <https://w3id.org/concept-notes#Output> .
""",
    "shapes.ttl": """@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix kg: <https://w3id.org/concept-notes#> .
[] a sh:NodeShape ; sh:targetClass kg:Output ; sh:property [ sh:path kg:linksTo ; sh:minCount 1 ; sh:message "No link" ] .
""",
    "rule.rq": "CONSTRUCT { ?o kg:related ?s } WHERE { ?s kg:linksTo ?o }\n",
    "wrong.ttl": "<a> <b> .\n",
}


def take(draft: str, path: str) -> tuple[list[str], Callable[[Path], object]]:
    """A draft for a file of the ontology, and the same file written."""

    def written(vault: Path) -> None:
        (vault / path).parent.mkdir(parents=True)
        (vault / path).write_text(DRAFTS[draft])

    return ["--with", f"../{draft}={path}"], written


CHANGES: dict[str, tuple[list[str], Callable[[Path], object]]] = {
    "without": (["--without", "Demo"], lambda vault: (vault / "Demo.md").unlink()),
    "rename": (["--rename", "Flow", "Stream"], move("Flow.md", "Stream.md")),
    "move": (["--rename", "x/Idea", "Top/Idea.md"], lambda vault: shutil.move(vault / "x", vault / "Top")),
    "add": (["--add", "Demo", "owner", "Dana"], write("Demo.md", NOTES["Demo.md"].replace("A demo", "owner:: Dana\n\nA demo"))),
    "add link": (
        ["--add", "Idea", "related", "Demo"], write("x/Idea.md", f"related:: [[Demo]]\n\n{NOTES['x/Idea.md']}")
    ),
    "drop": (["--drop", "Flow", "rating", "3"], write("Flow.md", NOTES["Flow.md"].replace("rating: 3\n", ""))),
    "drop item": (["--drop", "Idea", "has outcome", "Other"], write("x/Idea.md", "# Outcomes\n- [[Flow]]\n")),
    "with": (["--with", "../draft.md=New/One.md"], put_a_draft),
    "with words": take("words.ttl", "ontology/words.ttl"),
    "with shapes": take("shapes.ttl", "ontology/shapes.ttl"),
    "with rule": take("rule.rq", "ontology/rules/related.rq"),
    "merge": (["--merge", "Demo", "Flow"], put_together),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.sample(3)
def test_it_is_what_diff_says_afterwards(vault: Path, name: str) -> None:
    words, make = CHANGES[name]
    (vault.parent / "draft.md").write_text("[[Flow]]\n")
    for draft, text in DRAFTS.items():
        (vault.parent / draft).write_text(text)
    before = {place: row for place, row in snapshot(vault).items() if not place.startswith(".kg")}
    imagined = run("whatif", *words, cwd=vault)
    assert imagined.returncode == 0, imagined
    assert {place: row for place, row in snapshot(vault).items() if not place.startswith(".kg")} == before
    assert run("query", "SELECT * { ?s ?p ?o }", cwd=vault).stdout.count("\n") > 100
    make(vault)
    real = run("diff", cwd=vault)
    assert imagined.stdout.splitlines()[1:] == real.stdout.splitlines()[1:]
    assert len(real.stdout.splitlines()) > 3


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("A\u2028B\fC\x0bD\x1c\x85E\n\nrating:: 4\n\nkept:: 5\n", "utf-8"),
        ("A\r\n\r\nrating:: 4\rkept:: 5\r\n", "utf-8"),
        ("---\nkept: 5\nrating: 4\n---\nSee [[Demo]].\n", "utf-16"),
        ("---\nkept: 5\nrating: 4\n---\nSee [[Demo]].\n", "utf-8-sig"),
    ],
)
def test_lines_are_those_that_kg_counts(vault: Path, text: str, encoding: str) -> None:
    (vault / "Odd.md").write_bytes(text.encode(encoding))
    commit(vault, {}, 2)
    run("ingest", "-q", cwd=vault)
    dropped = run("whatif", "--drop", "Odd", "rating", "4", "--add", "Odd", "owner", "Dana", cwd=vault)
    kept = text.replace("rating: 4\n", "").replace("rating:: 4\n", "").replace("rating:: 4\r", "")
    at = kept.find("---\n", 3) + 4 if kept.startswith("---") else 0
    (vault / "Odd.md").write_bytes(f"{kept[:at]}owner:: Dana\n\n{kept[at:]}".encode(encoding))
    real = run("diff", cwd=vault)
    assert dropped.stdout.splitlines()[1:] == real.stdout.splitlines()[1:]
    assert "Dana" in real.stdout and "rating" in real.stdout and "kept" not in real.stdout


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ([], 2, "name a change"),
        (["--want", "Nobody", "a", "Outcome"], 1, "no note or thing is named “Nobody”"),
        (["--want", "Flow", "achieved through", "Nothing"], 1, "no note or thing is named “Nothing”"),
        (["--want", "Flow", "a", "Outcome", "--drop", "Flow", "rating", "3"], 2, "stand alone"),
        (["--want", "Flow", "a", "Outcome", "-f", "html"], 2, "is not one of text, md, json"),
        (["--mend", "S03", "Demo.md"], 1, "kg validate reports no S03 at Demo.md"),
        (["--mend", "S06", "../x.md:1"], 1, "kg validate reports no S06 at ../x.md:1"),
        (["--without", "Nobody"], 1, "no note or thing is named “Nobody”"),
        (["--drop", "Demo", "contributes to", "Flow"], 2, "it follows from others"),
        (["--rename", "Flow", "Demo"], 2, "there is a note Demo.md already"),
        (["--merge", "Flow", "Flow"], 2, "are one note"),
        (["--with", "nothing.md"], 2, "cannot be read"),
        (["--with", "../draft.md=../../x.md"], 2, "is no path of a file in the vault"),
    ],
)
def test_errors_are_one_sentence(vault: Path, words: list[str], code: int, says: str) -> None:
    (vault.parent / "draft.md").write_text("x\n")
    done = run("whatif", *words, cwd=vault)
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr
    assert not list((vault / ".kg").glob(".overlay-*"))


def test_the_exit_code_says_whether_anything_differs(vault: Path) -> None:
    assert run("whatif", "--drop", "Flow", "rating", "3", "--exit-code", "-q", cwd=vault).returncode == 1
    assert run("whatif", "--with", "Demo.md", "--exit-code", "-q", cwd=vault).returncode == 0


WISHES = {
    "text": (["--want", "Idea", "has outcome", "Demo"], 0, "Idea.md: has outcome:: [[Demo]]"),
    "json": (["--want", "Idea", "has outcome", "Demo", "-f", "json"], 0, '"text": "has outcome:: [[Demo]]"'),
    "md": (["--want", "Idea", "has outcome", "Demo", "-f", "md"], 0, "`has outcome:: [[Demo]]`"),
    "holds": (["--want", "Flow", "achieved through", "Demo"], 0, "holds already: kg why proves it"),
    "nothing": (["--want", "Flow", "path", "x"], 1, "no note can state “path”"),
    "nothing, exit 0": (["--want", "Flow", "path", "x", "--exit-zero"], 0, "no note can state “path”"),
    "unknown": (["--want", "Flow", "reading state", "x"], 0, "neither the ontology nor a note has the property"),
    "mend": (["--mend", "S02", "x/Idea.md"], 0, "x/Idea.md: definition:: …"),
    "mend, nothing": (["--mend", "L22", "x/Idea.md"], 1, "No line to write or to take out resolves x/Idea.md:1"),
}


@pytest.mark.parametrize("name", WISHES)
def test_a_wish_writes_nothing_and_says_what_to_write(vault: Path, name: str) -> None:
    words, code, says = WISHES[name]
    before = {place: row for place, row in snapshot(vault).items() if not place.startswith(".kg")}
    done = run("whatif", *words, cwd=vault)
    assert (done.returncode, done.stderr) == (code, ""), done
    assert says in done.stdout
    assert {place: row for place, row in snapshot(vault).items() if not place.startswith(".kg")} == before
    assert not list((vault / ".kg").glob(".overlay-*"))


def test_the_place_of_a_finding_may_be_a_path_from_the_working_directory(vault: Path) -> None:
    done = run("whatif", "--mend", "s02", "Idea.md:1", cwd=vault / "x")
    assert done.returncode == 0, done
    assert "x/Idea.md: definition:: …" in done.stdout


def test_a_mistake_in_an_ontology_file_is_that_of_an_ingest(vault: Path) -> None:
    words, make = take("wrong.ttl", "ontology/wrong.ttl")
    (vault.parent / "wrong.ttl").write_text(DRAFTS["wrong.ttl"])
    imagined = run("whatif", *words, cwd=vault)
    make(vault)
    real = run("ingest", cwd=vault)
    assert (imagined.returncode, imagined.stderr) == (real.returncode, real.stderr)
    assert "ontology/wrong.ttl:1:" in imagined.stderr


def test_an_ontology_file_has_its_own_place(vault: Path) -> None:
    """In a project whose ontology lies beside the vault, a file of it is taken at its place there."""
    project = vault.parent / "project"
    shutil.copytree(vault, project / "notes", ignore=shutil.ignore_patterns(".*"))
    (project / "ontology").mkdir()
    (project / "kg.toml").write_text('vault = "notes"\n')
    (project / "ontology" / "words.ttl").write_text("")
    run("ingest", "-q", cwd=project)
    (project / "ontology" / "words.ttl").write_text(DRAFTS["words.ttl"])
    assert "No fact has changed" in run("whatif", "--with", "ontology/words.ttl", cwd=project).stdout
