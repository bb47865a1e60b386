"""What a store remembers may come from elsewhere, and hold anything: then it is made anew, and no command ends in an error."""

import copy
import hashlib
import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

import kg
from helpers.commanding import command
from helpers.vaults import ingest

JUNK: list[object] = [
    None,
    True,
    0,
    -1,
    1.5,
    "",
    "x",
    "<urn:a b>",
    "<x",
    [],
    {},
    [[]],
    {"a": 1},
    10**30,
    "\ud800",
    "a b .",
    [1, 2, 3],
]
COMMANDS = [("validate", "-q"), ("ingest", "-q"), ("stats",), ("search", "x"), ("infer", "-q"), ("show", "N1")]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vault with all that is remembered of it."""
    vault = tmp_path_factory.mktemp("remembered") / "vault"
    vault.mkdir()
    for number in range(4):
        text = f"---\nid: urn:a{number}\n---\n# N{number}\n[[N1]] [[Gone]] ![[N2]] #t\n## Outcomes\n- x\n"
        (vault / f"N{number}.md").write_text(text)
    (vault / "Bad.md").write_bytes(b"\xff\xfe\xff")
    for words in COMMANDS:
        assert command(vault, *words).code in {0, 1}
    return vault


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to all that is in a JSON value."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(one for key, inside in pairs for one in places(inside, (*path, key)))]


def changed(value: Any, chance: random.Random) -> Any:
    """It, with something in it that does not belong there, or without something."""
    path = chance.choice(places(value))
    if not path:
        return chance.choice(JUNK)
    inside = value
    for key in path[:-1]:
        inside = inside[key]
    if chance.random() < 0.3:
        del inside[path[-1]]
    else:
        inside[path[-1]] = copy.deepcopy(chance.choice(JUNK))
    return value


def changed_notes(text: str, chance: random.Random) -> str:
    """The lines of a state, one of them changed, and the digest of the notes right all the same."""
    lines = [json.loads(line) for line in text.split("\n")]
    place = chance.randrange(len(lines))
    lines[place] = changed(lines[place], chance)
    notes = "\n".join(map(json.dumps, lines[1:]))
    if place:
        lines[0][0] = hashlib.sha256(notes.encode()).hexdigest()
    return json.dumps(lines[0]) + "\n" + notes


@pytest.mark.parametrize("name", ["manifest.json", "notes.json", "validation.json", "seen.json"])
@pytest.mark.parametrize("seed", [*range(3), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 20))])
@pytest.mark.sample(2)
def test_what_is_remembered_wrongly_ends_no_command(whole: Path, tmp_path: Path, name: str, seed: int) -> None:
    chance = random.Random(f"{name} {seed}")
    vault = tmp_path / "vault"
    shutil.copytree(whole, vault)
    published = vault / ".kg" / (vault / ".kg" / "current").read_text().strip()
    file = next(
        (folder / name for folder in (published, vault / ".kg") if (folder / name).exists()), vault / ".kg" / name
    )
    if name == "notes.json":
        file.write_text(changed_notes(file.read_text(), chance))
    else:
        table = json.loads(file.read_text()) if file.exists() else {"N1.md": [1, 2, 3, 4, "x"]}
        file.write_text(json.dumps(changed(table, chance)))
    (vault / "N2.md").write_text("# N2\n[[N1]] again\n")
    for words in chance.sample(COMMANDS, 4):
        assert command(vault, *words).code in {0, 1, 3}, words
    assert command(vault, "ingest", "-q", "--full").code in {0, 1}
    assert command(vault, "validate", "-q").code in {0, 1}
    anew = ingest(vault, tmp_path / "anew", full=True)
    assert kg.Store(vault / ".kg").nquads() == anew.store.nquads()
