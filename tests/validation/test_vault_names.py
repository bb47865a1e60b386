"""A change of names concerns the notes whose checks it changes, and few others."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from helpers.vaults import Write
from kg.mapping.link_resolution import Index
from kg.notes.summary import Card
from kg.notes.vault import Vault
from kg.rdf.iris import Names
from kg.validation.link_checks import Checked, Checker
from kg.validation.vault_names import NameChanges, Named, names_of

VAULT = {
    "Revenue.md": "---\naliases: [Turnover]\n---\n",
    "to existing.md": "[[Revenue]]",
    "to missing.md": "[[Profit margin]]",
    "to a slip.md": "[[Revenu]]",
    "to an alias.md": "[[turnover]]",
    "to a file.md": "![[picture.png]]",
    "to a file slip.md": "![[pictures.png]]",
    "to a block.md": "[[Revenue^one]]",
    "in a comment.md": "%%\n[[Revenue]] [[Profit margin]]\n%%\n",
    "by path.md": "[[sub/Deep]] [link](./sub/Deep.md)",
    "sub/Deep.md": "[[../Revenue]]",
    "left/Out.md": "",
    "to ignored.md": "[[Out]]",
    "to a letter.md": "[[caf\u00e9]]",
    "caf\u00e9.md": "",
    "picture.png": "x",
    ".gitignore": "left/\n",
    "unlinked.md": "",
}
REVENUE = {"to existing.md", "to a slip.md", "to a block.md", "to an alias.md", "in a comment.md", "sub/Deep.md"}
STEPS: Mapping[str, tuple[Mapping[str, str | None], set[str]]] = {
    "nothing": ({}, set()),
    "a note that nobody names": ({"Something else.md": ""}, set()),
    "the missing note": ({"profit margin.md": ""}, {"to missing.md", "in a comment.md"}),
    "a note with nearly the missing name": ({"Profit margins.md": ""}, {"to missing.md"}),
    "a rival": ({"other/Revenue.md": ""}, REVENUE),
    "an alias": ({"Sales.md": "---\naliases: [Profit margin]\n---\n"}, {"to missing.md"}),
    "another of an alias": ({"Money.md": "---\naliases: [Turnover]\n---\n"}, {"to an alias.md"}),
    "a note of an alias": ({"turnover.md": ""}, {"to an alias.md"}),
    "no note of an alias": ({"Revenue.md": None}, REVENUE),
    "a rename": ({"Revenue.md": None, "Income.md": "---\naliases: [Turnover]\n---\n"}, REVENUE),
    "a file with the missing name": ({"pictures.png": "x"}, {"to a file slip.md", "to a file.md"}),
    "a file of the same name": ({"sub/picture.png": "x"}, {"to a file.md", "to a file slip.md"}),
    "no file": ({"picture.png": None}, {"to a file.md", "to a file slip.md"}),
    "no longer ignored": ({".gitignore": ""}, {"to ignored.md"}),
    "a note before an ignored one": ({"Out.md": ""}, {"to ignored.md"}),
    "another Unicode form": ({"caf\u00e9.md": None, "cafe\u0301.md": ""}, {"to a letter.md"}),
    "a deeper path": ({"sub/sub/Deep.md": ""}, {"by path.md"}),
}


class Read(NamedTuple):
    """The checks of a vault's notes, their digests, and the vault's names."""

    checks: dict[str, Checked]
    digests: dict[str, str]
    named: dict[str, Named]


def read(vault: Path) -> Read:
    reading = Vault(vault).read()
    cards = [Card.of(note) for note in reading.notes]
    files = (reading.attachments, reading.ignored, reading.on_disk)
    index = Index.of(cards, files[0], Names("https://e.example/"), ignored=files[1], on_disk=files[2])
    checker = Checker(index, reading.settings)
    checks = {note.path: checker.check(note) for note in reading.notes}
    return Read(
        checks,
        {note.path: note.digest for note in reading.notes},
        names_of({card.path: Named.of(card) for card in cards}, *files),
    )


@pytest.mark.parametrize("step", STEPS)
def test_a_change_of_names_concerns_the_notes_that_ask_for_them(write: Write, step: str) -> None:
    vault = write(VAULT)
    files, expected = STEPS[step]
    before = read(vault)
    for path, text in files.items():
        (vault / path).parent.mkdir(exist_ok=True)
        (vault / path).unlink() if text is None else (vault / path).write_text(text)
    assert step != "another Unicode form" or "cafe\u0301.md" in os.listdir(vault)
    after = read(vault)
    changes = NameChanges(before.named, after.named)
    same = {path for path, digest in before.digests.items() if after.digests.get(path) == digest}
    concerned = {path for path in same if changes.concern(before.checks[path].questions)}
    assert {path for path in same if before.checks[path] != after.checks[path]} <= concerned
    assert concerned <= expected
    assert bool(changes.paths) == bool(files)
