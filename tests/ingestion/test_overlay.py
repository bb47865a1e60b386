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


def of_notes(changes: dict[str, str | None]) -> dict[str, str | None]:
    """The changes of notes and other files, without those of settings, which an overlay does not replace."""
    return {
        path: text for path, text in changes.items() if not path.startswith((".", "ontology/")) and path != "kg.toml"
    }


def applied(vault: Path, changes: dict[str, str | None], folder: Path) -> Path:
    """A copy of a vault with the changes."""
    shutil.copytree(vault, folder, ignore=shutil.ignore_patterns(".kg"))
    write_vault(folder, {path: text for path, text in changes.items() if text is not None})
    for path, text in changes.items():
        if text is None:
            (folder / path).unlink(missing_ok=True)
    return folder


@pytest.mark.parametrize(("seed", "length"), [(21, 12), pytest.param(22, at_length(400), marks=pytest.mark.slow)])
def test_an_overlay_is_an_ingest(tmp_path: Path, seed: int, length: int) -> None:
    vault = tmp_path / "vault"
    write_vault(vault, {"Start.md": "[[N1]] [[N2]]\n", "kg.toml": ""})
    chance = random.Random(seed)
    held = None
    for number, changes in enumerate(histories(seed, length)):
        config = load(vault, cwd=vault)
        drafts = {path: text for path, text in of_notes(changes).items() if text is not None or (vault / path).exists()}
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


@pytest.mark.parametrize("path", ["", "/etc/x.md", "../x.md", "a/../../x.md", ".hidden.md", "a/.b/c.md", "a\0b.md"])
def test_a_path_out_of_the_vault_is_refused(tmp_path: Path, path: str) -> None:
    vault = write_vault(tmp_path / "vault", {"A.md": "x\n"})
    with pytest.raises(KgError), overlay(Vault(vault), {path: "x"}):
        pass
    assert not list((vault / ".kg").glob(".overlay-*"))
