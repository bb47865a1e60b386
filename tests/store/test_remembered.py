"""What a store remembers may come from elsewhere, and hold anything: then it is made anew, and no command ends in an error."""

import copy
import json
import random
import shutil
import sqlite3
import zlib
from contextlib import closing, suppress
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


def write_state(file: Path, value: Any) -> None:
    """Write what is stored beside the table of the notes, with the right checksum."""
    text = json.dumps(value)
    file.write_text(f"{zlib.crc32(text.encode())}\n{text}")


def change_table(file: Path, chance: random.Random) -> None:
    """Change a value of the table of the notes, or remove a row, and make the checksums right all the same."""
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        rows = {name: database.execute(f"SELECT * FROM {name}").fetchall() for name in tables}
        table = chance.choice([name for name in tables if rows[name]])
        row = chance.choice(rows[table])
        columns = [column[1] for column in database.execute(f"PRAGMA table_info({table})")]
        place = chance.randrange(len(columns))
        where = " AND ".join(f"{column} IS ?" for column in columns)
        if chance.random() < 0.2:
            database.execute(f"DELETE FROM {table} WHERE {where}", row)
        else:
            is_json = isinstance(row[place], str) and row[place][:1] in {"[", "{"}
            other = [None, 0, -1, 2**40, 1.5, "x", "", "[]", "[9]", "[[]]", b"x", b"\xff", *(each[place] for each in rows[table])]  # fmt: skip
            value = json.dumps(changed(json.loads(row[place]), chance)) if is_json else chance.choice(other)
            with suppress(sqlite3.Error):
                database.execute(f"UPDATE {table} SET {columns[place]} = ? WHERE {where}", (value, *row))
    state = file.with_name("notes.json")
    value = json.loads(state.read_text().partition("\n")[2])
    write_state(state, [zlib.crc32(file.read_bytes()), *value[1:]])


@pytest.mark.parametrize("name", ["manifest.json", "notes.json", "notes.db", "validation.json", "seen.json"])
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
        write_state(file, changed(json.loads(file.read_text().partition("\n")[2]), chance))
    elif name == "notes.db":
        change_table(file, chance)
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
