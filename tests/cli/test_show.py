"""kg show: one thing, with the lines that say so."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import kg
from helpers.commanding import run as process
from helpers.vaults import write_vault
from kg.cli.commands import kg as cli
from kg.config import Config, load
from kg.core.findings import Finding
from kg.notes.model import Note
from kg.notes.vault import read_note
from kg.reasoning import source_lines

NOTES = {
    "Tea.md": "---\naliases: [Chai]\nrating: 5\ntags: [drink]\n---\nWarm and [[Leaf|leafy]].\n\n# Outcomes\n"
    "People sit down, given [[#Outputs]].\n\n## Why\nAs [[Rest]] says.\n\n# Outputs\n- [[Pot]]\n- A cup\n",
    "Leaf.md": "The leaf of [[Tea]], and of [[Tea#Outcomes]].\n\nmade into:: [[Tea]]\n",
    "Pot.md": "# What for\nFor [[Tea|Chai]] lovers. #drink\n",
    "Cups/Mug.md": "---\nrelated: \"[[Tea]]\"\n---\nSee [[Rest]].\n",
    "Board.canvas": json.dumps(
        {"nodes": [{"id": "a", "type": "text", "text": "One\n\ntwo [[Tea]]"}], "edges": []}, indent=1
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Path:
    vault = tmp_path_factory.mktemp("show") / "vault"
    write_vault(vault, NOTES)
    kg.ingest(kg.Vault(config=load(vault, cwd=vault)))
    return vault


def run(vault: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["show", "--store", str(vault / ".kg"), *arguments])


def shown(vault: Path, *arguments: str) -> str:
    done = run(vault, *arguments)
    assert done.exit_code == 0, done.stderr
    return done.stdout


def table(vault: Path, *arguments: str) -> dict[str, Any]:
    found = json.loads(shown(vault, "-f", "json", *arguments))
    assert isinstance(found, dict)
    return found


def test_a_thing_with_its_lines(vault: Path) -> None:
    assert shown(vault, "Tea") == (
        "Tea\n"
        "Tea.md · https://notes.example/Tea\n"
        "\n"
        "Warm and leafy.  Tea.md:6:1\n"
        "\n"
        "is a               Concept  Tea.md:1:1 (no type is named, so it is a Concept)\n"
        "title              Tea  Tea.md:1:1 (the file itself)\n"
        "alternative label  Chai  Tea.md:2:11\n"
        "has outcome        Tea#Outcomes  Tea.md:8:1\n"
        "has output         Pot  Tea.md:15:1\n"
        "                   A cup  Tea.md:16:1\n"
        "p:rating           5  Tea.md:3:9\n"
        "related            Mug (inferred)\n"
        "tagged             #drink  Tea.md:4:8\n"
        "                   … and 4 more (--all)\n"
        "\n"
        "Sections (3)\n"
        "  Tea#Outcomes  Tea.md:8:1\n"
        "    Tea#Why  Tea.md:11:1\n"
        "  Tea#Outputs  Tea.md:14:1\n"
        "\n"
        "Links to (3)\n"
        "  Leaf  Tea.md:6:10  Warm and [[Leaf|leafy]].\n"
        "  Rest  Tea.md:12:4  As [[Rest]] says.\n"
        "  Pot  Tea.md:15:3  - [[Pot]]\n"
        "\n"
        "Linked from (4)\n"
        '  Board  Board.canvas:6:24  "text": "One\\n\\ntwo [[Tea]]"\n'
        '  Mug  Cups/Mug.md:2:11  related: "[[Tea]]"\n'
        "  Leaf  Leaf.md:1:13  The leaf of [[Tea]], and of [[Tea#Outcomes]].\n"
        "  Pot  Pot.md:2:5  For [[Tea|Chai]] lovers. #drink\n"
        "\n"
        "Elsewhere (2)\n"
        "  Leaf p:made-into  Leaf.md:3:13  made into:: [[Tea]]\n"
        '  Mug related  Cups/Mug.md:2:10  related: "[[Tea]]"\n'
    )
    assert "kg why Tea --all" in run(vault, "Tea").stderr


TWINS = {
    "ontology/own.ttl": "@prefix ex: <https://example.org/> . @prefix other: <https://other.example/> .\n"
    "@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
    "@prefix kg: <https://w3id.org/concept-notes#> .\n"
    "ex:Risk a owl:Class ; rdfs:label 'Risk' ; rdfs:subClassOf ex:Hazard, other:Danger, kg:Concept .\n"
    "ex:Hazard a owl:Class ; rdfs:label 'Hazard' . other:Danger a owl:Class ; rdfs:label 'Danger' .\n"
    "ex:harms a owl:ObjectProperty ; rdfs:label 'harms' ; rdfs:subPropertyOf ex:touches, other:affects .\n"
    "ex:touches a owl:ObjectProperty ; rdfs:label 'touches' . other:affects a owl:ObjectProperty ; rdfs:label 'affects' .\n",
    "Fire.md": "---\ntype: Risk\nharms: '[[House]]'\n---\n",
    "Flood.md": "---\ntype: [Risk, Danger]\naffects: '[[House]]'\n---\n",
    "House.md": "x\n",
}


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    vault = tmp_path_factory.mktemp("twins") / "vault"
    write_vault(vault, TWINS)
    kg.ingest(kg.Vault(config=load(vault, cwd=vault)))
    return vault


def test_words_at_the_first_character_of_a_note_are_no_property_of_its_file(tmp_path: Path) -> None:
    files = {"A.md": "[[B]] first\n", "B.md": "# Begin\nA text.\n", "C.md": "#Outcome now\n"}
    vault = write_vault(tmp_path / "vault", files)
    kg.ingest(kg.Vault(config=load(vault, cwd=vault)))
    remarked = {name: [row for row in shown(vault, name).splitlines() if "the file itself" in row] for name in "ABC"}
    assert remarked == {
        name: [f"title{gap}{name}  {name}.md:1:1 (the file itself)"]
        for name, gap in zip("ABC", ("  ", "  ", "   "), strict=True)
    }
    assert shown(vault, "A").endswith("  B  A.md:1:1  [[B]] first\n")
    assert "is a    Outcome  C.md:1:1\n" in shown(vault, "C")


@pytest.mark.parametrize(
    ("name", "has", "hidden"),
    [
        ("Fire", ["Risk", "Hazard", "Concept", "harms", "touches"], ["Danger", "skos:Concept", "affects"]),
        ("Flood", ["Risk", "Hazard", "Danger", "affects"], ["skos:Concept"]),
    ],
)
def test_what_follows_in_other_vocabularies_is_shown_on_request(
    twins: Path, name: str, has: list[str], hidden: list[str]
) -> None:
    def said(*arguments: str) -> set[str]:
        return set(re.findall(r"(?:skos:)?\w+", shown(twins, name, *arguments).partition("\nLinks to")[0]))

    assert {*has} <= said()
    assert not {*hidden} & said()
    assert {*has, *hidden} <= said("--all")
    every = json.dumps(table(twins, name))
    assert all(term in every for term in (*has, *hidden))


def test_every_line_that_is_named_holds_what_is_said(vault: Path) -> None:
    found = table(vault, "Tea", "--all")
    checked = 0
    for group in ("properties", "links", "backlinks", "elsewhere"):
        for row in found[group]:
            assert bool(row["stated"]) is not row["inferred"], row
            for line in row["stated"]:
                text = (vault / line["path"]).read_text(encoding="utf-8").split("\n")[line["line"] - 1]
                assert line["text"].strip("…") in text
                if line["column"] > 1 and group in {"links", "backlinks"}:
                    assert re.match(r'"?\[\[', text[line["column"] - 1 :]), line
                checked += 1
    assert checked > 12


@pytest.mark.parametrize("name", ["Tea", "tea", "TEA", "chai", "Tea.md", "n:Tea", "https://notes.example/Tea", "<https://notes.example/Tea>"])  # fmt: skip
def test_names_of_every_kind(vault: Path, name: str) -> None:
    assert shown(vault, name).startswith("Tea\nTea.md · https://notes.example/Tea\n")


def test_a_missing_note_shows_who_wants_it(vault: Path) -> None:
    text = shown(vault, "Rest")
    assert text.startswith("Rest\nno file has this name · https://notes.example/rest\n")
    assert "Wanted by (2)\n  Mug  Cups/Mug.md:4:5  See [[Rest]].\n  Tea  Tea.md:12:4  As [[Rest]] says.\n" in text


def test_a_section_shows_its_text_and_what_mentions_it(vault: Path) -> None:
    text = shown(vault, "Tea#Outcomes")
    assert "People sit down, given Outputs.  Tea.md:9:1\n" in text
    assert "Sections (1)\n  Tea#Why  Tea.md:11:1\n" in text
    assert "Links to (1)\n  Tea#Outputs  Tea.md:9:24" in text
    assert "Linked from (1)\n  Leaf  Leaf.md:1:29" in text
    assert "achieved through  Pot (inferred)\n" in text


def test_without_a_text_of_its_own_that_of_the_first_section_stands_for_it(vault: Path) -> None:
    assert "\nFor Chai lovers. #drink  Pot.md:2:1\n" in shown(vault, "Pot")


def test_a_tag_and_a_class_show_what_has_them(vault: Path) -> None:
    assert "  Tea tagged  Tea.md:4:8" in shown(vault, "#drink")
    text = shown(vault, "kg:Output")
    assert "  Pot is a  Tea.md:15:1" in text
    assert "ontology/kg.ttl" in text


def test_of_much_a_part_is_shown_and_the_rest_counted(vault: Path, tmp_path: Path) -> None:
    many = tmp_path / "many"
    many.mkdir()
    (many / "Hub.md").write_text("word " * 400 + "\n\n" + "".join(f"# Part {n}\n[[Note {n}]]\n" for n in range(30)))
    for n in range(30):
        (many / f"Note {n}.md").write_text(f"To [[Hub]], {n}\n")
    kg.ingest(kg.Vault(config=load(many, cwd=many)))
    text = shown(many, "Hub")
    assert text.count("… and 10 more (--all)") == 3
    assert "Linked from (30)" in text
    assert len(text.split("\n")[3]) < 640
    whole = shown(many, "Hub", "--all")
    assert "--all" not in whole
    assert whole.count("To [[Hub]]") == 30
    assert whole.count("word") >= 400
    assert "… and 10 more" in shown(many, "-f", "md", "Hub")


def test_lines_are_looked_up_only_for_what_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Hub.md").write_text("")
    for n in range(60):
        (tmp_path / f"Note {n}.md").write_text("To [[Hub]]\n")
    kg.ingest(kg.Vault(config=load(tmp_path, cwd=tmp_path)))
    read: list[str] = []

    def noted(path: str, place: Path, config: Config) -> tuple[Note | None, tuple[Finding, ...]]:
        read.append(path)
        return read_note(path, place, config)

    monkeypatch.setattr(source_lines, "read_note", noted)
    assert "Linked from (60)" in shown(tmp_path, "Hub")
    assert len(set(read)) <= 21


def test_json_and_markdown_hold_the_same(vault: Path) -> None:
    found = table(vault, "Tea")
    assert (found["entity"], found["path"], found["missing"]) == ("https://notes.example/Tea", "Tea.md", False)
    assert found["text"] == "Warm and leafy."
    assert found["totals"] == {"sections": 3, "properties": 13, "links": 3, "backlinks": 4, "elsewhere": 2}
    assert [row["heading"] for row in found["sections"]] == ["Outcomes", "Why", "Outputs"]
    text = shown(vault, "-f", "md", "Tea")
    assert "- p:rating: 5 [Tea.md:3:9](Tea.md#L3)\n" in text
    assert "- skos:Concept" not in text.split("- is a: Concept")[0]
    assert "- is a: skos:Concept *(inferred)*\n" in text
    assert "  - Tea\\#Why [Tea.md:11:1](Tea.md#L11)\n" in text
    assert "- Mug [Cups/Mug.md:2:11](Cups/Mug.md#L2) related: \"\\[\\[Tea\\]\\]\"\n" in text  # fmt: skip


def test_what_is_not_there_is_said_with_what_is_like_it(vault: Path) -> None:
    done = process("show", "Muug", cwd=vault)
    assert (done.returncode, done.stdout) == (1, "")
    assert "did you mean “Mug”?" in done.stderr


def test_a_file_that_changed_since_is_said(vault: Path) -> None:
    before = (vault / "Leaf.md").read_text()
    (vault / "Leaf.md").write_text("other")
    (vault / "kg.toml").write_text('refresh = "off"\n')
    try:
        assert "Leaf.md:1:1 (the file has changed since: run `kg ingest`)" in shown(vault, "Tea")
    finally:
        (vault / "Leaf.md").write_text(before)
        (vault / "kg.toml").unlink()


@pytest.mark.parametrize("columns", [60, 200])
def test_it_fits_the_terminal(vault: Path, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from kg.analysis.entity import portrait
    from kg.reasoning.explanation import Explainer
    from kg.rendering.entity import FORMATS, EntityStyle
    from kg.store.store import published

    monkeypatch.setenv("COLUMNS", str(columns))
    found = published(vault / ".kg")
    assert found
    config = load(vault, cwd=vault)
    text = FORMATS["text"](portrait(Explainer(config, found), "Tea"), EntityStyle(color=False))
    assert max(map(len, text.split("\n"))) <= columns
    assert "\x1b" not in text
    assert "\x1b[1mTea" in FORMATS["text"](portrait(Explainer(config, found), "Tea"), EntityStyle(color=True))


def test_nothing_in_a_note_can_steer_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "A.md").write_text('---\nkey: "x\\e[31my"\n---\n\x1b[31mred [[B\x07]] \u202e\n# H\x1b[0m\n')
    kg.ingest(kg.Vault(config=load(tmp_path, cwd=tmp_path)))
    for form in ("text", "md"):
        assert not set(shown(tmp_path, "-f", form, "A")) & {"\x1b", "\x07", "\u202e"}


def test_a_store_that_is_missing_is_said(tmp_path: Path) -> None:
    for command in (["show", "x"], ["stats"]):
        done = process(*command, cwd=tmp_path)
        assert done.returncode == 3
        assert "no store at" in done.stderr


@pytest.mark.slow
def test_a_thing_with_a_thousand_backlinks_is_shown_soon(tmp_path: Path) -> None:
    (tmp_path / "Hub.md").write_text("")
    for n in range(1_000):
        (tmp_path / f"Note {n}.md").write_text("To [[Hub]]\n")
    kg.ingest(kg.Vault(config=load(tmp_path, cwd=tmp_path)), inference=False)
    started = time.process_time()
    assert "Linked from (1,000)" in shown(tmp_path, "Hub")
    assert time.process_time() - started < 2
