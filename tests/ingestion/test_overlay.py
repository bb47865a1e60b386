"""An overlay is what an ingest of the changed vault would give, and the published store stays as it is."""

import random
import shutil
from pathlib import Path

import pytest

import kg
from helpers.drawing import at_length
from helpers.repositories import histories
from helpers.vaults import ingest, write_vault
from kg.config import load
from kg.core.errors import KgError
from kg.fulltext.searcher import search
from kg.ingestion.overlay import overlay
from kg.ingestion.snapshot import Held
from kg.notes.vault import Vault
from kg.reasoning.explanation import Explainer
from kg.store.store import Published

SHAPE = """@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix kg: <https://w3id.org/concept-notes#> .
[] a sh:NodeShape ; sh:targetClass kg:{target} ; sh:severity sh:{severity} ; sh:message "Shape {number}" ;
  sh:property [ sh:path kg:linksTo ; sh:{limit} 1 ] .
"""
CLASS = """@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix kg: <https://w3id.org/concept-notes#> .
<https://e.example/{name}> a owl:Class ; rdfs:label "{name}" ; rdfs:subClassOf kg:{parent} .
"""
RULE = "CONSTRUCT {{ ?{first} kg:related ?{second} }} WHERE {{ ?s kg:linksTo ?o }}\n"


def of_ontology(chance: random.Random, number: int) -> dict[str, str | None]:
    """A change of a file of the ontology: an axiom, a shape, a rule, or a file that is none of these."""
    target, severity = chance.choice(["Concept", "Outcome"]), chance.choice(["Violation", "Warning"])
    first, second = chance.sample("so", 2)
    path, text = chance.choice([
        ("ontology/own.ttl", CLASS.format(name=chance.choice(["Place", "Head"]), parent=target)),
        ("ontology/more/own.ttl", CLASS.format(name=f"Head{number}", parent=target)),
        ("ontology/shapes.ttl", SHAPE.format(target=target, severity=severity, number=number, limit="minCount")),
        ("ontology/more/shapes.ttl", SHAPE.format(target=target, severity=severity, number=1, limit="maxCount")),
        ("ontology/rules/r.rq", RULE.format(first=first, second=second)),
        ("ontology/rules/another.rq", RULE.format(first=first, second="s")),
        ("ontology/own.owx", "<Ontology/>"),
        ("ontology/readme.txt", "Not read.\n"),
    ])  # fmt: skip
    return {path: text if chance.random() < 0.7 else None}


def replaceable(changes: dict[str, str | None]) -> dict[str, str | None]:
    """The changes without those of settings, which an overlay does not replace."""
    return {path: text for path, text in changes.items() if not path.startswith(".") and path != "kg.toml"}


def applied(vault: Path, changes: dict[str, str | None], folder: Path) -> Path:
    """A copy of a vault with the changes."""
    shutil.copytree(vault, folder, ignore=shutil.ignore_patterns(".kg"))
    write_vault(folder, {path: text for path, text in changes.items() if text is not None})
    for path, text in changes.items():
        if text is None:
            (folder / path).unlink(missing_ok=True)
    return folder


@pytest.mark.parametrize(("seed", "length"), [(21, 3), pytest.param(22, at_length(400), marks=pytest.mark.slow)])
def test_an_overlay_is_an_ingest(tmp_path: Path, seed: int, length: int) -> None:
    vault = tmp_path / "vault"
    write_vault(vault, {"Start.md": "[[N1]] [[N2]]\n", "kg.toml": ""})
    chance = random.Random(seed)
    held = None
    for number, edits in enumerate(histories(seed, length)):
        changes = edits | (of_ontology(chance, number) if chance.random() < 0.5 else {})
        config = load(vault, cwd=vault)
        drafts = {
            path: text for path, text in replaceable(changes).items() if text is not None or (vault / path).exists()
        }
        theirs = ingest(applied(vault, drafts, tmp_path / f"c{number}"), tmp_path / f"s{number}")
        with overlay(Vault(config=config), drafts, held=held) as ours:
            assert sorted(kg.Store(ours.config.store).nquads()) == sorted(theirs.store.nquads()), changes
            assert ours.report.findings == theirs.findings
            found = kg.validate(Vault(config=ours.config)).findings
            assert (
                found
                == kg.validate(Vault(config=load(tmp_path / f"c{number}", store=tmp_path / f"s{number}"))).findings
            )
            held = Held(ours.base, ())
        if chance.random() < 0.7:  # the change is made, or dropped
            for path, text in changes.items():
                if text is None:
                    (vault / path).unlink(missing_ok=True)
                else:
                    write_vault(vault, {path: text})
            held = None
        shutil.rmtree(tmp_path / f"c{number}")
        shutil.rmtree(tmp_path / f"s{number}")


ONTOLOGY = CLASS.format(name="Risk", parent="Concept")
NOTES = {"A.md": "---\ntype: Risk\n---\n[[B]]\n", "B.md": "x\n"}
PLACES = {
    "in a vault that is the project": ("", "", "ontology"),
    "beside the vault": ("notes", "", "ontology"),
    "in the vault, by its path there": ("notes", "notes/", "ontology"),
    "by name in kg.toml": ("notes", "", "own/words"),
}


@pytest.mark.parametrize(("inside", "above", "folder"), PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("is_there", [False, True])
def test_an_ontology_file_wherever_the_ontology_is(
    tmp_path: Path, inside: str, above: str, folder: str, is_there: bool
) -> None:
    """It counts also where no folder of the ontology is yet."""
    project = tmp_path / "project"
    named = f'ontology = "{folder}"\n' if "/" in folder else ""
    write_vault(project, {"kg.toml": f'vault = "{inside or "."}"\n{named}'})
    write_vault(project / inside, NOTES)
    drafts = {f"{folder}/own.ttl": ONTOLOGY, f"{folder}/rules/r.rq": RULE.format(first="s", second="o")}
    if is_there:
        write_vault(project, {f"{above}{folder}/own.ttl": CLASS.format(name="Other", parent="Outcome")})
    theirs = tmp_path / "theirs"
    shutil.copytree(project, theirs)
    at = above if is_there else ""  # the first place that kg looks at
    write_vault(theirs, {f"{at}{path}": text for path, text in drafts.items()})
    expected = kg.Store(ingest(theirs / inside, tmp_path / "store").store.path).nquads()
    with overlay(Vault(project / inside), drafts) as ours:
        assert sorted(kg.Store(ours.config.store).nquads()) == sorted(expected)
        assert any("e.example/Risk" in quad for quad in expected)
        rule = Explainer(ours.config, Published(ours.config.store)).sources.of_rule("r")
        assert [line.text for line in rule] == [RULE.format(first="s", second="o").strip()]
    assert not (project / folder / "rules").exists()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("ontology/own.ttl", "a b"),
        ("ontology/own.ttl", b"\xff\xfe\x00"),
        ("ontology/rules/r.rq", "CONSTRUCT { ?s ?p ?o } WHERE { SERVICE <https://e.example/> { ?s ?p ?o } }"),
        ("ontology/deep.ttl", "[" * 5_000),
        ("ontology/catalog-v001.xml", "<catalog><uri</catalog>"),
    ],
)
def test_an_error_is_that_of_an_ingest(tmp_path: Path, path: str, text: str | bytes) -> None:
    vault = write_vault(tmp_path / "vault", {**NOTES, "kg.toml": ""})
    with pytest.raises(KgError) as ours, overlay(Vault(vault), {path: text}):
        pass
    (vault / path).parent.mkdir(parents=True)
    (vault / path).write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(KgError) as theirs:
        kg.ingest(vault)
    assert (type(ours.value), str(ours.value)) == (type(theirs.value), str(theirs.value))


def test_the_store_is_untouched_by_another_ontology(tmp_path: Path) -> None:
    vault = write_vault(tmp_path / "vault", {**NOTES, "ontology/own.ttl": ONTOLOGY})
    kg.ingest(vault)
    before = sorted(kg.Store(vault / ".kg").nquads())
    with overlay(Vault(vault), {"ontology/own.ttl": None}) as ours:
        assert not any("e.example/Risk" in quad for quad in kg.Store(ours.config.store).nquads())
    assert sorted(kg.Store(vault / ".kg").nquads()) == before
    assert not kg.ingest(vault).changes


def test_nothing_of_the_published_store_changes(tmp_path: Path) -> None:
    vault = write_vault(tmp_path / "vault", {"A.md": "[[B]]\n", "B.md": "x\n"})
    kg.ingest(vault)
    store = vault / ".kg"
    before = {p: p.read_bytes() for p in store.rglob("*") if p.is_file() and not p.name.startswith("LO")}
    with overlay(Vault(vault), {"A.md": None, "C.md": "new [[B]]\n"}) as over:
        assert kg.Store(over.config.store).nquads() != kg.Store(store).nquads()
        kg.validate(Vault(config=over.config))
    after = {p: p.read_bytes() for p in store.rglob("*") if p.is_file() and not p.name.startswith("LO")}
    assert {p: data for p, data in after.items() if p.name != "fingerprint"} == {
        p: data for p, data in before.items() if p.name != "fingerprint"
    }


def test_lines_and_words_are_those_of_the_draft(tmp_path: Path) -> None:
    vault = write_vault(
        tmp_path / "vault", {"A.md": "---\ntype: Outcome\n---\nOld [[B]]\n", "B.md": "---\ntype: Output\n---\n"}
    )
    with overlay(Vault(vault), {"A.md": "---\ntype: Outcome\n---\n\n\nA new word. [[B]]\n"}) as over:
        explainer = Explainer(over.config, Published(over.config.store))
        (why,) = explainer.why("A", "achieved through", "B")
        assert {str(line) for leaf in why.leaves for line in leaf.stated} >= {"A.md:6:13"}
        assert [hit.path for hit in search(kg.Store(over.config.store), "new word", config=over.config).hits] == [
            "A.md"
        ]


@pytest.mark.parametrize("path", ["kg.toml", "queries/own.rq"])
def test_settings_and_queries_are_those_of_the_project(tmp_path: Path, path: str) -> None:
    vault = write_vault(tmp_path / "vault", {"A.md": "x\n"})
    with pytest.raises(KgError, match="cannot be imagined: only notes"), overlay(Vault(vault), {path: "x"}):
        pass


@pytest.mark.parametrize("path", ["", "/etc/x.md", "../x.md", "a/../../x.md", ".hidden.md", "a/.b/c.md", "a\0b.md"])
def test_a_path_out_of_the_vault_is_refused(tmp_path: Path, path: str) -> None:
    vault = write_vault(tmp_path / "vault", {"A.md": "x\n"})
    with pytest.raises(KgError), overlay(Vault(vault), {path: "x"}):
        pass
    assert not list((vault / ".kg").glob(".overlay-*"))
