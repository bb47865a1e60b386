"""A validation that remembers the last one gives what a validation of everything gives."""

import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import kg
from helpers.drawing import at_length
from helpers.repositories import histories
from helpers.vaults import copied_notes, write_vault
from kg.config import Config, load
from kg.ingestion.overlay import overlay
from kg.ingestion.pipeline import ingest
from kg.ingestion.snapshot import Held
from kg.notes.vault import Vault
from kg.validation.memory import ValidationMemory, keys_of_iri, name_keys
from kg.validation.validator import Validation, validate, validate_again

SHAPES = """@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix kg: <https://w3id.org/concept-notes#> .
@prefix schema: <https://schema.org/> .
[] a sh:NodeShape ; sh:targetClass kg:Concept ; sh:severity sh:Info ; sh:message "{$this} links to too few" ;
  sh:property [ sh:path kg:linksTo ; sh:minCount 2 ; sh:message "{$this} has too few links" ] .
[] a sh:NodeShape ; sh:targetClass kg:Missing ; sh:property [ sh:path [ sh:inversePath kg:linksTo ] ; sh:maxCount 2 ;
  sh:message "{$this} is wanted by many" ] .
"""


def cold(config: Config, folder: Path) -> Validation:
    """A validation with a store of its own, which knows of no other."""
    shutil.rmtree(folder, ignore_errors=True)
    return validate(Vault(config=replace(config, store=folder)))


def compared(ours: Validation, theirs: Validation) -> None:
    """Both are the same in all that a report shows."""
    assert ours.findings == theirs.findings
    assert ours.classes == theirs.classes
    assert sorted(map(str, ours.results)) == sorted(map(str, theirs.results))


@pytest.mark.parametrize(("seed", "length"), [(31, 5), pytest.param(32, at_length(300), marks=pytest.mark.slow)])
def test_histories(tmp_path: Path, seed: int, length: int) -> None:
    chance, vault = random.Random(seed), tmp_path / "vault"
    write_vault(vault, {"Start.md": "[[N1]] [[N2]]\n", "kg.toml": "", "ontology/shapes.ttl": SHAPES})
    held = None
    with ValidationMemory(load(vault, cwd=vault).limits) as memory:
        for edits in histories(seed, length):
            config = load(vault, cwd=vault)
            drafts = {p: t for p, t in edits.items() if p.endswith(".md") and (t is not None or (vault / p).exists())}
            with overlay(Vault(config=config), drafts, held=held) as ours:
                found = validate_again(Vault(config=ours.config), memory.beside(ours), held=Held(ours.report, ()))
                compared(found, cold(ours.config, tmp_path / "cold"))
            if chance.random() < 0.3:
                continue
            write_vault(vault, {path: text for path, text in edits.items() if text is not None})
            for path in (path for path, text in edits.items() if text is None):
                (vault / path).unlink(missing_ok=True)
            config = load(vault, cwd=vault)
            report = ingest(Vault(config=config))
            found = validate_again(Vault(config=config), memory, held=Held(report, ()))
            compared(found, cold(config, tmp_path / "cold"))
            held = Held(report, ())


def changed(chance: random.Random, text: str, others: list[str]) -> str:
    """A text with a change of the kind that a person makes while writing."""
    other = chance.choice(others).rpartition("/")[2].removesuffix(".md")
    lines = text.splitlines(keepends=True)
    at = chance.randrange(len(lines) + 1)
    more = chance.choice([
        f"\n# {other}\n\nSee [[{other}]].\n", f"\nAlso [[{other}]] and [[Not there {at}]].\n", f"\nauthor:: [[{other}]]\n",
        f"\n- {other}\n- [[{other}]]\n", "\n# Outputs\n- [[Not there]]\n", "\n#tag/deep\n", f"\nsee [[{other}#None]]\n",
    ])  # fmt: skip
    match chance.randrange(5):
        case 0:
            return "".join(lines[:at] + lines[at + 1 :])
        case 1 if text.startswith("---\n"):
            return text.replace("---\n", f"---\naliases: [{other}]\n", 1)
        case 2 if text.startswith("---\n"):
            return text.replace("---\n", f"---\ntype: {chance.choice(['Outcome', 'Output', 'Book', 'Author'])}\n", 1)
        case _:
            return text + more


@pytest.mark.parametrize(("seed", "length"), [(1, 4), pytest.param(2, at_length(150), marks=pytest.mark.slow)])
def test_drafts_of_real_notes(tmp_path: Path, seed: int, length: int) -> None:
    vault, chance = copied_notes(tmp_path / "vault"), random.Random(seed)
    config = replace(load(vault, cwd=vault, store=tmp_path / "store"), refresh="off")
    held = Held(ingest(Vault(config=config)), ())
    paths, drafts = sorted(held.report.ledger.entries), dict[str, str]()
    with ValidationMemory(config.limits) as memory:
        validate_again(Vault(config=config), memory, held=held)
        for _ in range(length):
            path = chance.choice(paths)
            drafts[path] = changed(chance, drafts.get(path) or (vault / path).read_text(encoding="utf-8"), paths)
            with overlay(Vault(config=config), drafts, held=held) as ours:
                assert memory.beside(ours).last, "the overlay is not a step from what is remembered"
                found = validate_again(Vault(config=ours.config), memory.beside(ours), held=Held(ours.report, ()))
                compared(found, validate(Vault(config=ours.config)))


def test_a_name_depends_on_what_is_alike(tmp_path: Path) -> None:
    """A message names a note by its path once another note has its name."""
    vault = write_vault(tmp_path / "v", {"a/Demo.md": "Alone.\n", "kg.toml": "", "ontology/shapes.ttl": SHAPES})
    config = load(vault, cwd=vault)
    with ValidationMemory(config.limits) as memory:
        first = Held(ingest(Vault(config=config)), ())
        before = validate_again(Vault(config=config), memory, held=first)
        assert any("“Demo” has too few links" in finding.message for finding in before.findings)
        write_vault(vault, {"b/Demo.md": "Another.\n"})
        second = Held(ingest(Vault(config=config)), ())
        after = validate_again(Vault(config=config), memory, held=second)
        assert any("a/Demo" in finding.message for finding in after.findings)
        compared(after, cold(config, tmp_path / "cold"))


def test_what_is_remembered_of_another_generation_does_not_count(tmp_path: Path) -> None:
    vault = write_vault(tmp_path / "v", {"A.md": "[[B]]\n", "kg.toml": ""})
    config = load(vault, cwd=vault)
    with ValidationMemory(config.limits) as memory:
        validate_again(Vault(config=config), memory)
        write_vault(vault, {"B.md": "Here.\n"})
        kg.ingest(Vault(config=config))
        write_vault(vault, {"C.md": "[[D]]\n"})
        compared(validate_again(Vault(config=config), memory), cold(config, tmp_path / "cold"))


def test_keys_of_names() -> None:
    assert name_keys("Folder/My Note.md#A heading") >= {"mynote", "aheading"}
    assert keys_of_iri("https://notes.example/Folder/My%20Note#A/B") == {"mynote", "a", "b"}
    assert keys_of_iri("https://notes.example/%E2%86%92") == {"→"}
