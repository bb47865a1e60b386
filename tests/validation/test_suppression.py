"""Instructions in notes that suppress findings, and those that suppress none."""

import json
from pathlib import Path

import pytest

import kg
from helpers.commanding import run
from helpers.vaults import Write, ingest
from kg.mapping.link_resolution import Index
from kg.rdf.iris import Names
from kg.validation.validator import Validation, check, validate

GONE = "[[Gone]]"


def checked(vault: Path) -> Validation:
    """The checks of the links, with the instructions of the notes."""
    reading = kg.Vault(vault).read()
    index = Index.of(reading.notes, reading.attachments, Names("https://a.example/"))
    return check(reading, index).without_suppressed(unused=True)


def lines(validation: Validation, code: str) -> list[int]:
    return [finding.line for finding in validation.findings if finding.code == code]


@pytest.mark.parametrize(
    ("text", "reported", "unused"),
    [
        (f"{GONE} <!-- kg: ignore L01 -->", [], []),
        (f"{GONE} %% kg: ignore L01 %%", [], []),
        (f"{GONE} %%kg:ignore%%", [], []),
        (f"{GONE} <!--kg: ignore-->", [], []),
        (f"{GONE} <!-- kg: ignore L -->", [], []),
        (f"{GONE} <!-- kg: ignore ALL -->", [], []),
        (f"{GONE} <!-- kg: ignore L02, L01 -->", [], [1]),
        (f"{GONE} <!-- kg: ignore L01 -- it will be written -->", [], []),
        (f"{GONE} <!-- kg: ignore L01 (later) -->", [], []),
        (f"{GONE} <!-- kg: ignore L02 -->", [1], [1]),
        (f"{GONE} <!-- kg: ignore L99 -->", [1], [1]),
        (f"{GONE} <!-- kg: ignroe L01 -->", [1], [1]),
        (f"{GONE} <!-- kg: 5 and more -->", [1], []),
        (f"{GONE} <!-- 5 kg: ignore L01 -->", [1], []),
        (f"{GONE} `<!-- kg: ignore L01 -->`", [1], []),
        (f"{GONE} `%% kg: ignore L01 %%`", [1], []),
        (f"{GONE} %% kg: ignore L01", [1], []),
        (f"{GONE} \\<!-- kg: ignore L01 -->", [1], []),
        (f"- {GONE} %% kg: ignore L01 %%\n- {GONE}", [2], []),
        (f"| a | b |\n| - | - |\n| {GONE} | %% kg: ignore L01 %% |", [], []),
        (f"# A {GONE} %% kg: ignore L01 %%", [], []),
        (f"> {GONE} <!-- kg: ignore L01 -->\n> {GONE}", [2], []),
        (f"<!-- kg: ignore L01 -->\n{GONE}", [2], [1]),
        (f"<!-- kg: ignore-next-line L01 -->\n{GONE}\n{GONE}", [3], []),
        (f"%% kg: ignore-next-line L01 %%\n\n{GONE}", [3], [1]),
        (f"%%\nkg: ignore-next-line\nL01 %%\n{GONE}", [], []),
        (f"{GONE}\n{GONE}\n\n%%\nkg: ignore-file L01\n%%", [], []),
        (f"{GONE}\n\n<!-- kg: ignore-file\nL01 -->", [], []),
        (f"```\n<!-- kg: ignore-file -->\n%% kg: ignore-file %%\n```\n{GONE}", [5], []),
        (f"---\nkg-ignore: [L01]\n---\n{GONE}", [], []),
        (f"---\nkg-ignore: L01, L02\n---\n{GONE}", [], [2]),
        (f"---\nKG-ignore: true\n---\n{GONE}", [], []),
        (f"---\nkg-ignore: false\n---\n{GONE}", [4], []),
        (f"---\nkg-ignore:\n---\n{GONE}", [4], []),
        (f"---\nkg-ignore: [L02]\n---\n{GONE}", [4], [2]),
    ],
)
def test_an_instruction_is_about_its_line_the_next_or_the_note(
    write: Write, text: str, reported: list[int], unused: list[int]
) -> None:
    vault = write({"A.md": f"{text}\n", "B.md": "[[A]]\n"})
    validation = checked(vault)
    assert (lines(validation, "L01"), lines(validation, "K01")) == (reported, unused)
    assert not lines(validation, "L15")


def test_what_is_unused_has_a_reason_and_a_hint(write: Write) -> None:
    text = f"<!-- kg: ignore L01 -->\n{GONE}\n%% kg: ignore LO1, l02, Nonsense %%\n<!-- kg: ignore-nextline -->\n"
    found = [one for one in checked(write({"A.md": text})).findings if one.code == "K01"]
    assert [(one.line, one.end_column, one.message, one.hint) for one in found] == [
        (1, 24, "“L01” suppresses nothing", "write `kg: ignore-next-line`"),
        (3, 36, "“LO1” is not a code; did you mean L01 or L11 or L21?", ""),
        (3, 36, "“Nonsense” is not a code", ""),
        (3, 36, "“l02” is not a code; did you mean L02?", ""),
        (4, 29, "“kg: ignore-nextline” is not an instruction; did you mean ignore-next-line?", ""),
    ]


def test_the_property_is_no_statement_about_the_thing(write: Write, tmp_path: Path) -> None:
    vault = write({"A.md": "---\nkg-ignore: [L01, S02]\nother: x\n---\n[[Gone]] %% kg: ignore L01 %%\n"})
    triples = [str(quad) for quad in ingest(vault, tmp_path / "store").store.quads()]
    assert [text for text in triples if "property/other" in text]
    assert not [text for text in triples if "kg-ignore" in text or "S02" in text or "kg: ignore" in text]


@pytest.mark.slow
def test_shapes_and_the_cache_and_what_an_ingest_prints(write: Write) -> None:
    vault = write({
        "A.md": "<!-- kg: ignore S02 -->\n[[B]] [[Gone]] %% kg: ignore %%\n",
        "B.md": "---\nup: [[A]]\nkg-ignore: L05\n---\n[[A]] %% kg: ignore-file S02 -- no definition %%\n",
        "C.md": "---\nup: [[A]]\n---\n%% kg: ignore-file L05 %%\n[[A]] [[B]]\n",
        "D.md": "---\nup: [[A]]\n---\n[[A]] [[C]] [[D]]\n",
    })  # fmt: skip
    first = validate(vault)
    assert [str(one) for one in first.findings if one.code in {"K01", "L01", "L05", "S02"}] == [
        "C.md:1:1: info: The concept “C” has no definition [S02]",
        "D.md:1:1: info: The concept “D” has no definition [S02]",
        "D.md:2:5: error: the link [[A]] needs quotes in a property [L05]",
    ]
    again = validate(vault)
    assert (again.findings, again.suppressed) == (first.findings, first.suppressed)
    assert [(row.finding.path, row.finding.code) for row in again.suppressed] == [
        ("A.md", "S02"),
        ("A.md", "L01"),
        ("B.md", "S02"),
        ("B.md", "L05"),
        ("C.md", "L05"),
    ]
    assert not [one for one in validate(vault, only="links").findings if one.code == "K01"]
    done = run("ingest", cwd=vault)
    assert done.returncode == 1
    assert [line.partition(":")[0] for line in done.stderr.splitlines() if "L05" in line] == ["D.md"]
    assert json.loads(run("ingest", "-q", "--json", cwd=vault).stdout)["findings"]["L05"] == 1
    (vault / "kg.toml").write_text('[validate]\nper-file-ignores = { "[BD].md" = ["L05"] }\n')
    done = run("ingest", "--strict", cwd=vault)
    assert (done.returncode, "L05" in done.stderr) == (0, False), done.stderr
    (vault / "kg.toml").write_text('[validate]\nselect = ["S"]\n')
    assert "[L05]" in run("ingest", cwd=vault).stderr
    (vault / "kg.toml").write_text('[validate]\nseverity = { L05 = "info" }\n')
    assert run("ingest", "--strict", cwd=vault).returncode == 0
