"""kg search, and the same from SPARQL: what is found, where it stands, and that the index follows the store."""

import csv
import io
import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

import kg
from helpers.commanding import run as process
from helpers.drawing import examples
from helpers.forking import forked
from helpers.vaults import ROOT, ingest, write_vault
from kg.cli.commands import kg as cli
from kg.cli.search import _typed
from kg.config import Config, load
from kg.core.errors import KgError, StoreError
from kg.fulltext import database as fulltext
from kg.fulltext import searcher as retrieval
from kg.fulltext.database import indexable, readable
from kg.fulltext.excerpt import excerpt
from kg.fulltext.folding import folded, unfolded
from kg.fulltext.search_query import Query
from kg.fulltext.searcher import EACH, LIMIT, SearchResults, search
from kg.notes.pool import Read, Workers
from kg.notes.vault import Progress
from kg.store.store import Store

NOTES = {
    "Lean.md": "---\naliases: [Lean thinking, Schlankes Denken]\ntags: [method/flow]\n---\nLess waste.\n\n"
    "# Waste\nWaiting is a waste of time.\n\n## Kinds\nWaiting, moving, storing.\n",
    "Flow.md": "Work that flows.\n\n# In lean\nA pull system shows where work is waiting. #method\n",
    "sub/Kanban board.md": "A board for the work in hand: `foo_bar` in C++, not in C.\n",
    "sub/Überblick.md": "Ein Überblick über Ergebnisse und die Projektergebnisliste. Café, naïve.\n",
    "学习.md": "我们学习得很快。日本語のテスト。한국어를 공부합니다. ภาษาไทย 🔥🚀\n",
    "C#.md": "C# is not C.\n",
}


def write(vault: Path, notes: Mapping[str, str | bytes]) -> Path:
    for name, text in notes.items():
        (vault / name).parent.mkdir(parents=True, exist_ok=True)
        (vault / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    kg.ingest(kg.Vault(config=load(vault, cwd=vault)))
    return vault


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("search") / "vault", NOTES)


def find(vault: Path, text: str, *, limit: int = LIMIT, each: int = EACH) -> SearchResults:
    return search(vault / ".kg", text, limit=limit, each=each)


def names(found: SearchResults) -> list[str]:
    return list(dict.fromkeys(Path(hit.path).stem for hit in found.hits))


def places(found: SearchResults) -> list[str]:
    return [f"{hit.path}:{hit.line}:{hit.column}" for hit in found.hits]


# ---- what is found -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("waste", {"Lean"}),
        ("WAITING", {"Lean", "Flow"}),
        ("waiting storing", {"Lean"}),  # under two headings
        ("lean waiting", {"Lean", "Flow"}),  # one in the title, one in the text
        ("lean -waste", {"Flow"}),
        ("lean -(waste OR flows)", set()),
        ('"waste of time"', {"Lean"}),
        ('"time of waste"', set()),
        ("“waste of time”", {"Lean"}),
        ("“waste of time", {"Lean"}),
        ("waste OR board", {"Lean", "Kanban board"}),
        ("(waste OR board) hand", {"Kanban board"}),
        ("(waste OR board", {"Lean", "Kanban board"}),
        ("waste AND time", {"Lean"}),
        ("wai*", {"Lean", "Flow"}),
        ("wai", set()),  # a short word is that word
        ("wait", {"Lean", "Flow"}),  # a longer one what begins so
        ('"wait"', set()),
        ("schlank", {"Lean"}),
        ("flow", {"Lean", "Flow"}),
        ("tag:method", {"Lean", "Flow"}),
        ("tag:#method/flow", {"Lean"}),
        ("tag:meth", set()),
        ("-tag:method file:board", {"Kanban board"}),
        ("path:sub", {"Kanban board", "Überblick"}),
        ('path:"sub/Kanban b"', {"Kanban board"}),
        ("file:sub", set()),
        ("PATH:sub work", {"Kanban board"}),
        ("uberblick", {"Überblick"}),
        ("ÜBERBLICK", {"Überblick"}),
        (unicodedata.normalize("NFD", "über"), {"Überblick"}),
        ("cafe naive", {"Überblick"}),
        ("ergebnis", {"Überblick"}),
        ("projekterg", {"Überblick"}),
        ("学习", {"学习"}),
        ("习得", {"学习"}),
        ("学得", set()),
        ("本語のテ", {"学习"}),
        ("국어", {"学习"}),
        ("공부합", {"学习"}),
        ("าไทย", {"学习"}),
        ("🔥", {"学习"}),
        ("🚀", {"学习"}),
        ("🔥🚀", {"学习"}),
        ("🚀🔥", set()),
        ("foo_bar", {"Kanban board"}),
        ("bar", {"Kanban board"}),
        ("C++", {"Kanban board"}),
        ("C#", {"C#"}),
        ("C", {"Kanban board", "C#"}),
        ("nowhere", set()),
        ("waste nowhere", set()),
    ],
)
def test_what_is_found(vault: Path, text: str, expected: set[str]) -> None:
    found = find(vault, text)
    assert set(names(found)) == expected
    assert found.notes == len(expected)


BEYOND = {
    "Russian.md": "Ёлка и ГРАФ, мой дом. Қазақстан.\n",
    "Greek.md": "# Ἑλλάς\nΕλλάδα, ὁ λόγος, λόγοσ ΛΌΓΟΣ. ᾳ\n",
    "Arabic.md": "قرأ الْكِتَابُ في المـدرسة. أحمد ﷲ\n",
    "Hebrew.md": "שָׁלוֹם\n",
    "Wide.md": "ＡＢＣ１２３ Ｃ＋＋ ｶﾞﾗｽ ｶﾗｽ\n",
    "Polish.md": "---\ntitle: Łódź ﬁrst\naliases: [Gdańsk]\ntags: [Żółw]\n---\nWrocław, Đà Nẵng, Ærø, Straße, ﬁnd it, ½ x² ™\n",
    "Hindi.md": "हिन्दी\n",
    "Kana.md": "がか ① ②\n",
    "sub/Größe.md": "nichts\n",
}


@pytest.fixture(scope="module")
def beyond(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("beyond") / "vault", BEYOND)


@pytest.mark.parametrize(
    ("text", "expected", "words"),
    [
        ("елка", "Russian", ["Ёлка"]),
        ("ЁЛКА граф", "Russian", ["Ёлка", "ГРАФ"]),
        ("мои", "Russian", ["мой"]),
        ("казакстан", "Russian", ["Қазақстан"]),
        ("ελλαδα", "Greek", ["Ελλάδα"]),
        ("λογος", "Greek", ["λόγος", "λόγοσ", "ΛΌΓΟΣ"]),
        ("ελλας", "Greek", ["Ἑλλάς"]),
        ("الكتاب", "Arabic", ["الْكِتَابُ"]),
        ("الكِتاب", "Arabic", ["الْكِتَابُ"]),
        ("المدرسة", "Arabic", ["المـدرسة"]),
        ("احمد", "Arabic", ["أحمد"]),
        ("الله", "Arabic", ["ﷲ"]),
        ("שלום", "Hebrew", ["שָׁלוֹם"]),
        ("abc123", "Wide", ["ＡＢＣ１２３"]),
        ("C++", "Wide", ["Ｃ＋＋"]),
        ("ガラス", "Wide", ["ｶﾞﾗｽ"]),
        ("カラス", "Wide", ["ｶﾗｽ"]),
        ("lodz", "Polish", ["Łódź"]),
        ("ｌÓｄź", "Polish", ["Łódź"]),
        ("wroclaw", "Polish", ["Wrocław"]),
        ("da nang aero", "Polish", ["Đà", "Nẵng", "Ærø"]),
        ("STRASSE", "Polish", ["Straße"]),
        ('"first"', "Polish", ["ﬁrst"]),
        ("find", "Polish", ["ﬁnd"]),
        ("x2", "Polish", ["x²"]),
        ("gdansk", "Polish", ["Gdańsk"]),
        ("tag:ŻÓŁW", "Polish", []),
        ("हिन्दी", "Hindi", ["हिन्दी"]),
        ("か", "Kana", ["か"]),
        ("①", "Kana", ["①"]),
        ("path:GROSSE", "Größe", []),
    ],
)  # fmt: skip
def test_case_width_and_diacritics_do_not_count(beyond: Path, text: str, expected: str, words: list[str]) -> None:
    found = find(beyond, text)
    assert names(found) == [expected]
    marked = [hit.text[start:end] for hit in found.hits for start, end in hit.marks]
    assert marked == words
    for hit in found.hits:
        if hit.text != hit.title and hit.marks:
            assert at(beyond, f"{hit.path}:{hit.line}:{hit.column}").startswith(hit.text[hit.marks[0][0] :])


@pytest.mark.parametrize("text", ["हनद", "かか", "がが", "कि", "12", "елкаграф"])
def test_what_is_part_of_a_letter_counts(beyond: Path, text: str) -> None:
    assert names(find(beyond, text)) == []


@pytest.mark.parametrize("text", ["ـ", "\u0301", "\ufe0f", "ـ\u064e", "＿"])
def test_what_folds_to_no_letter_is_left_out(beyond: Path, text: str) -> None:
    assert find(beyond, f"lodz {text}").left_out == (text,)
    with pytest.raises(KgError, match="no word to search for"):
        find(beyond, text)


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_folded_text_leads_back_to_the_text(before: str, after: str) -> None:
    text = unicodedata.normalize("NFC", f"{before} Łódź {after}")
    assert folded(folded(text)) == folded(text)
    start = folded(text).find(" lodz ") + 1
    ((begin, end),) = unfolded(((start, start + 4),), text)
    assert folded(text[begin:end]) == "lodz"


def test_every_part_of_a_folded_text_leads_back() -> None:
    text = unicodedata.normalize("NFC", "ﬁx ½ ｶﾞ ｱﾞx Straße شَمس ㎏ ё")
    assert folded(text) == unicodedata.normalize("NFC", "fix 1⁄2 ガ ア\u3099x Strasse شمس kg е")
    for word in ("ガ", "x", "strasse", "شمس", "kg", "е", "1"):
        start = folded(text).lower().rfind(word)
        ((begin, end),) = unfolded(((start, start + len(word)),), text)
        assert word in folded(text[begin:end]).lower()
        assert end - begin <= len(word) + 1


def test_an_index_of_the_old_kind_is_made_again(tmp_path: Path) -> None:
    vault = write(tmp_path, {"A.md": "Łódź"})
    find(vault, "lodz")
    index = sqlite3.connect(vault / ".kg" / "search.db")
    index.execute("UPDATE words SET text = 'Łódź'")
    index.execute("PRAGMA user_version = 1")
    index.commit()
    index.close()
    assert names(find(vault, "lodz")) == ["A"]


def test_a_query_scores_and_shows_what_only_folding_finds(beyond: Path) -> None:
    found = """SELECT ?line WHERE { BIND(kg:textScore(<https://notes.example/Greek>, "ελλαδα") AS ?score)
      FILTER(?score > 0) BIND(kg:textContext(<https://notes.example/Greek>, "ελλαδα") AS ?line) }"""
    (row,) = kg.query(Store(beyond / ".kg"), found).rows
    assert "Ελλάδα" in str(row["line"])


def test_a_title_counts_more_than_an_alias_and_that_than_a_tag_a_heading_and_the_text(tmp_path: Path) -> None:
    filler = "Some words that are all about something else.\n" * 3
    notes = {
        "Pear.md": filler,
        "Two.md": f"---\naliases: [Pear]\n---\n{filler}",
        "Three.md": f"# Pear\n{filler}",
        "Five.md": f"{filler}A pear.\n",
        **{f"Other {n}.md": filler for n in range(9)},
    }
    found = find(write(tmp_path, notes), "pear")
    assert names(found) == ["Pear", "Two", "Three", "Five"]
    assert [hit.score for hit in found.hits] == sorted((hit.score for hit in found.hits), reverse=True)


def test_the_word_itself_goes_before_what_only_begins_with_it(tmp_path: Path) -> None:
    found = find(write(tmp_path, {"A.md": "the planning of it", "B.md": "the plan of it", "C.md": "no"}), "plan")
    assert names(found) == ["B", "A"]


def test_all_of_a_note_is_shown_only_where_that_is_asked(tmp_path: Path) -> None:
    sections = "".join(f"# Part {n}\nA pear.\n" for n in range(9))
    vault = write(tmp_path, {"A.md": sections, "B.md": "a pear"})
    found = find(vault, "pear")
    assert (len([hit for hit in found.hits if hit.path == "A.md"]), found.places, found.notes) == (3, 10, 2)
    assert len(find(vault, "pear", limit=2).hits) == 2
    assert len(find(vault, "pear", each=100).hits) == 10


def test_words_that_are_in_no_note_are_told_with_what_is_like_them(vault: Path) -> None:
    assert find(vault, "wating wast xyzzyplugh").near == (("wating", "waiting"), ("xyzzyplugh", ""))
    assert find(vault, "board storing").near == ()


def test_what_cannot_be_searched_for_is_left_out_and_said(vault: Path) -> None:
    assert find(vault, "waste -> !!").left_out == ("->", "!!")
    for text in ("", "  ", "->", "()", '""', "-", "OR", '"'):
        with pytest.raises(KgError, match="no word to search for"):
            find(vault, text)


PIECES = [*"\"*()-:^+{}[]\\'#a学é🔥\0\1\2\ue0f0\ud800 ", "OR", "AND", "NOT", "NEAR(", "tag:", "path:", "waste", " "]
HARD = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)


@pytest.mark.slow
@settings(max_examples=examples(150), deadline=None)
@given(HARD | st.text(max_size=20))
def test_whatever_is_typed_means_something(vault: Path, text: str) -> None:
    try:
        find(vault, text)
    except KgError as error:
        assert "no word to search for" in str(error)


def test_a_query_of_many_brackets_and_words_is_no_trouble(vault: Path) -> None:
    with pytest.raises(KgError, match="no word to search for"):
        find(vault, "(" * 5_000 + "waste")
    assert find(vault, "(" * 70 + "waste").notes == 1
    assert find(vault, "((((waste").notes == 1
    find(vault, "waste " * 5_000)


@settings(max_examples=examples(50))
@given(st.text())
def test_an_indexed_text_can_be_read_back(text: str) -> None:
    plain = "".join("\ufffd" if ch in "\0\1\2\3\ue0f0\ue0f1" or "\ud800" <= ch <= "\udfff" else ch for ch in text)
    assert readable(indexable(text)) == plain


SIGNS = """Words: NEAR the gate AND the NOT sign OR so, \\\"quoted\\\" a-b c*d col:on (paren) foo^bar {brace} +plus back\\slash,
it's 50% of x=y; mail@example.org, [link] e.g. https://example.org/a?b=c#d, naïve/path, --long-option, tag:colon."""


@pytest.fixture(scope="module")
def signs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A note with the signs of FTS5's syntax, one with the same words in another order, and one with none."""
    words = " ".join(reversed(re.findall(r"\w+", SIGNS)))
    return write(tmp_path_factory.mktemp("signs"), {"Signs.md": SIGNS, "Words.md": words, "None.md": "Nothing."})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a-b", {"Signs"}),  # signs hold together what stands between spaces: a phrase
        ("b-a", {"Words"}),
        ("c*d", {"Signs"}),
        ("col:on", {"Signs"}),
        ("title:words", set()),  # a column of the index is no filter
        ("foo^bar", {"Signs"}),
        ("^foo", {"Signs", "Words"}),
        ("{brace}", {"Signs", "Words"}),
        ("+plus", {"Signs", "Words"}),
        ("back\\slash", {"Signs"}),
        ("50% of", {"Signs", "Words"}),
        ('"50% of"', {"Signs"}),
        ("50%", {"Signs", "Words"}),
        ("x=y;", {"Signs"}),
        ("mail@example.org", {"Signs"}),
        ("[link]", {"Signs", "Words"}),
        ("https://example.org/a?b=c#d", {"Signs"}),
        ("naive/path", {"Signs"}),
        ("NEAR", {"Signs", "Words"}),
        ("NEAR(gate sign)", {"Signs", "Words"}),  # a word, and two in brackets
        ("NEAR(gate, 5)", set()),
        ("NOT", {"Signs", "Words"}),
        ("NOT gate", {"Signs", "Words"}),
        ("gate AND sign", {"Signs", "Words"}),
        ("gate and nothing", set()),
        ("gate OR nothing", {"Signs", "Words", "None"}),
        ("OR OR gate OR", {"Signs", "Words"}),
        ("AND", None),
        ("gate -nothing", {"Signs", "Words"}),
        ("gate --nothing", {"Signs", "Words"}),
        ("-gate", {"None"}),
        ("(paren)", {"Signs", "Words"}),
        ("((paren", {"Signs", "Words"}),
        ("paren))", {"Signs", "Words"}),
        ('"a-b"', {"Signs"}),
        ('"gate AND the"', {"Signs"}),
        ('gate "', {"Signs", "Words"}),
        ('"gate', {"Signs", "Words"}),
        ('ga"te', set()),
        ("gate*", {"Signs", "Words"}),
        ("*gate", {"Signs", "Words"}),
        ("ga*", {"Signs", "Words"}),
        ("ga**", {"Signs", "Words"}),
        ("*", None),
        ("gate ;", {"Signs", "Words"}),
        ("gate' OR '1'='1", {"Signs", "Words"}),
        ("gate') --", {"Signs", "Words"}),
        ("gate\0sign", set()),
        ("gate\nsign", {"Signs", "Words"}),
    ],
)
def test_signs_are_no_syntax_of_the_index(signs: Path, text: str, expected: set[str] | None) -> None:
    if expected is None:
        with pytest.raises(KgError, match="no word to search for"):
            find(signs, text)
    else:
        assert set(names(find(signs, text))) == expected


# ---- where it stands -----------------------------------------------------------------------------------------------


def at(vault: Path, place: str) -> str:
    path, line, column = place.rsplit(":", 2)
    text = (vault / path).read_bytes().removeprefix(b"\xef\xbb\xbf")
    for ending in (b"\r\n", b"\r"):
        text = text.replace(ending, b"\n")
    return text.decode().split("\n")[int(line) - 1][int(column) - 1 :]


@pytest.mark.parametrize(
    ("note", "text", "place", "word"),
    [
        (b"---\ntype: x\n---\n\n# One\n\ntwo pears here", "pears", "N.md:7:5", "pears here"),
        (b"one\r\n\r\n  ## Pears\r\ntwo pears\r\n", "pears", "N.md:3:6", "Pears"),
        (b"\xef\xbb\xbf# H\nx pears", "pears", "N.md:2:3", "pears"),
        ("# H\n日本語 pears".encode(), "pears", "N.md:2:5", "pears"),
        ("# H\n我们学习得很快".encode(), "学习", "N.md:2:3", "学习得很快"),
        (b"Pears\n=====\n\nx\n\nTwo\nPears\n=====\n", "pears two", "N.md:6:1", "Two"),
        (b"a pear\n\ntwo pears and plums, pears\n", "pears plums", "N.md:3:5", "pears and plums, pears"),
        (b"> # Pears\n> one\n\n- # Pears\n", "pears", "N.md:1:5", "Pears"),
        (b"---\ntitle: The pears\n---\nnothing\n", "pears", "N.md:2:12", "pears"),
        (b"---\nx: pears\n---\nno\n\npears, in the body\n", "pears", "N.md:6:1", "pears, in the body"),
        (b"a line with a\nword pear\nplum on", '"pear plum"', "N.md:2:6", "pear"),
        ("x" * 5_000 + " pears", "pears", "N.md:1:5002", "pears"),
        (unicodedata.normalize("NFD", "# Äpfel\nééé pears über"), "pears", "N.md:2:8", "pears"),
        (unicodedata.normalize("NFD", "# Äpfel\nééé pears über"), "uber", "N.md:2:14", unicodedata.normalize("NFD", "über")),
    ],
)  # fmt: skip
def test_a_hit_is_where_the_word_stands(tmp_path: Path, note: str | bytes, text: str, place: str, word: str) -> None:
    found = find(write(tmp_path, {"N.md": note}), text)
    assert places(found)[0] == place
    assert at(tmp_path, place).startswith(word)
    hit = found.hits[0]
    assert hit.text[hit.marks[0][0] :].startswith(unicodedata.normalize("NFC", word)[:4])


def test_a_title_that_no_line_gives_is_at_the_beginning(tmp_path: Path) -> None:
    vault = write(tmp_path, {"Pear tree.md": "nothing\n", "Plum.canvas": "{}", "A.md": ""})
    (hit,) = find(vault, "tree").hits
    assert (hit.line, hit.column, hit.text, hit.marks) == (1, 1, "Pear tree", ((5, 9),))
    assert places(find(vault, "plum")) == ["Plum.canvas:1:1"]


def test_a_canvas_is_found_at_the_place_in_its_file(tmp_path: Path) -> None:
    canvas = {"nodes": [{"id": "a1", "type": "text", "text": 'First "one"\n\n# Head\ntwo pears', "x": 0},
                        {"id": "b2", "type": "text", "text": "a plum"}],
              "edges": [{"id": "e", "fromNode": "a1", "toNode": "b2", "label": "ripens"}]}  # fmt: skip
    vault = write(tmp_path, {"C.canvas": json.dumps(canvas, indent=1)})
    for word in ("pears", "plum", "ripens"):
        (place,) = places(find(vault, word))
        assert at(vault, place).startswith(word), word
    assert not find(vault, "a1 b2").hits


def test_the_thing_of_a_hit_is_one_of_the_store(vault: Path) -> None:
    store = Store(vault / ".kg")
    for text in ("waste", "waiting", "file:Lean", "🔥"):
        for hit in find(vault, text).hits:
            assert kg.query(store, f"ASK {{ <{hit.thing}> ?p ?o }}").boolean, hit
    hits = find(vault, "storing").hits
    assert [(hit.thing, hit.heading) for hit in hits] == [
        ("https://notes.example/Lean#Waste/Kinds", ("Waste", "Kinds"))
    ]


def test_an_id_of_its_own_is_the_thing(tmp_path: Path) -> None:
    vault = write(tmp_path, {"kg.toml": 'id_property = "ID"\n', "A.md": "---\nid: k7\n---\npear\n\n# H\nplum\n"})
    things = [find(vault, word).hits[0].thing for word in ("pear", "plum")]
    assert things == ["https://notes.example/#id/k7", "https://notes.example/#id/k7/H"]
    assert kg.query(vault / ".kg", f"ASK {{ <{things[0]}> kg:hasSection <{things[1]}> }}").boolean
    (vault / "kg.toml").unlink()
    kg.ingest(vault)
    assert [find(vault, word).hits[0].thing for word in ("pear", "plum")] == [
        "https://notes.example/A",
        "https://notes.example/A#H",
    ]


def test_an_excerpt_holds_its_marks() -> None:
    text = f"{'word ' * 100}PEAR {'word ' * 100}PEAR"
    for size in (10, 40, 160, 5_000):
        for marks in (((500, 504),), ((500, 504), (1_005, 1_009)), ()):
            shown, kept = excerpt(text, marks, size)
            assert len(shown) <= size + 2
            assert all(shown[a:b] == "PEAR" for a, b in kept)
            assert len(kept) >= bool(marks)
    assert excerpt("  short PEAR  ", ((8, 12),), 40) == ("short PEAR", ((6, 10),))


# ---- the index follows the store ---------------------------------------------------------------------------------------


def rows(vault: Path) -> list[tuple[object, ...]]:
    """All that the index holds, by the paths of the notes."""
    with sqlite3.connect(vault / ".kg" / "search.db") as database:
        return database.execute(
            "SELECT note.path, note.digest, section.line, section.start, section.parts, section.raw, words.title, "
            "words.aliases, words.tags, words.heading, words.text, (SELECT group_concat(name) FROM tag WHERE note = "
            "note.id) FROM words JOIN section ON section.id = words.rowid JOIN note ON note.id = section.id >> 20 "
            "ORDER BY note.path, section.start"
        ).fetchall()


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were read for the index."""
    paths: list[str] = []
    whole = Workers.read

    def noted(
        self: Workers, files: dict[str, str], config: Config, progress: Progress | None = None
    ) -> dict[str, Read]:
        paths.extend(files)
        return whole(self, files, config, progress)

    monkeypatch.setattr(Workers, "read", noted)
    return paths


def test_after_edits_only_what_changed_is_read_and_the_index_is_that_of_a_fresh_start(
    tmp_path: Path, read: list[str]
) -> None:
    vault = write(tmp_path, NOTES)
    read.clear()  # the ingest has its own
    find(vault, "waste")
    assert sorted(read) == sorted(NOTES)
    read.clear()
    find(vault, "waste")
    assert read == []
    (vault / "Flow.md").unlink()
    (vault / "sub" / "Kanban board.md").rename(vault / "Board.md")
    write(vault, {"Lean.md": "# Waste\nNo pears.\n", "New.md": "pears"})
    read.clear()
    assert names(find(vault, "pears")) == ["New", "Lean"]
    assert sorted(read) == ["Board.md", "Lean.md", "New.md"]
    assert not find(vault, "pull system").hits
    updated = rows(vault)
    (vault / ".kg" / "search.db").unlink()
    find(vault, "pears")
    assert rows(vault) == updated


def test_what_is_ignored_or_has_gone_is_not_found(tmp_path: Path) -> None:
    vault = write(tmp_path, {"kg.toml": 'ignore = ["drafts/"]', "drafts/D.md": "pear", "A.md": "pear", ".hidden/B.md": "pear"})  # fmt: skip
    assert names(find(vault, "pear")) == ["A"]


def test_a_file_that_changed_since_is_found_as_it_was_and_that_is_said(tmp_path: Path, read: list[str]) -> None:
    vault = write(tmp_path, {"A.md": "a pear", "B.md": "another"})
    assert find(vault, "pear").stale == ()
    (vault / "A.md").write_text("a plum")
    found = find(vault, "pear")
    assert (names(found), found.stale, found.hits[0].text) == (["A"], ("A.md",), "a pear")
    assert not find(vault, "plum").hits
    write(vault, {"B.md": "another pear"})
    found = find(vault, "plum")
    assert (names(found), found.stale) == (["A"], ())


def test_a_file_that_changed_before_it_was_indexed_is_found_when_it_holds_again_what_was_ingested(
    tmp_path: Path, read: list[str]
) -> None:
    vault = write(tmp_path, {"A.md": "a pear", "B.md": "another"})
    (vault / "A.md").write_text("a plum")
    found = find(vault, "pear")
    assert (found.notes, found.stale) == (0, ("A.md",))
    read.clear()
    find(vault, "another")
    assert read == []  # as long as nothing has changed
    (vault / "A.md").write_text("a pear")
    found = find(vault, "pear")
    assert (found.notes, found.stale) == (1, ())


def test_a_note_that_cannot_be_read_any_more_is_found_as_the_store_has_it(tmp_path: Path) -> None:
    vault = write(tmp_path, {"A.md": "a pear", "B.md": "another"})
    find(vault, "pear")
    write(vault, {"A.md": b"a \xff plum"})
    assert names(find(vault, "pear")) == ["A"]
    assert find(vault, "another").stale == ()


def test_a_reader_of_an_older_ingest_leaves_the_index_as_it_is(tmp_path: Path, read: list[str]) -> None:
    vault = write(tmp_path, {"A.md": "a pear"})
    old = Store(vault / ".kg")
    write(vault, {"B.md": "another pear"})
    assert find(vault, "pear").notes == 2
    read.clear()
    assert search(old, "pear").notes == 2
    assert read == []


def _scratch(file: Path, at: int) -> None:
    with file.open("r+b") as raw:
        raw.seek(at)
        raw.write(b"\xfe" * 3_000)


def _other_layout(file: Path) -> None:
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA user_version = 99")
        database.execute("DROP TABLE note")


def _without_a_table(file: Path) -> None:
    with sqlite3.connect(file) as database:
        database.execute("DROP TABLE section")


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.write_bytes(b"no database at all, but a text that is long enough to look like one" * 40),
        lambda file: file.write_bytes(file.read_bytes()[:9_000]),
        lambda file: file.write_bytes(b""),
        lambda file: _scratch(file, 50),
        lambda file: _scratch(file, 30_000),
        lambda file: _scratch(file, file.stat().st_size - 4_000),
        _other_layout,
        _without_a_table,
    ],
)
def test_a_damaged_index_is_made_anew(vault: Path, damage: Callable[[Path], None]) -> None:
    expected = places(find(vault, "waiting OR work"))
    file = vault / ".kg" / "search.db"
    damage(file)
    assert places(find(vault, "waiting OR work")) == expected
    assert places(find(vault, "waiting OR work")) == expected


PAGE = 4_096


def _flip(raw: bytearray, chance: random.Random) -> bytearray:
    """Bytes of a file overwritten, cut off, or a page of it replaced by another, by nothing, or with bits flipped."""
    at, page, other = chance.randrange(len(raw)), *(chance.randrange(len(raw) // PAGE) * PAGE for _ in range(2))
    match chance.randrange(5):
        case 0:
            size = chance.choice([1, 4, 50, PAGE])
            raw[at : at + size] = chance.randbytes(len(raw[at : at + size]))
        case 1:
            del raw[at:]
        case 2:
            raw[page : page + PAGE] = raw[other : other + PAGE]
        case 3:
            raw[page : page + PAGE] = bytes(PAGE)
        case 4:
            for _ in range(30):
                raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    return raw


@pytest.mark.slow
def test_no_damage_leads_to_more_than_an_index_made_anew(tmp_path: Path) -> None:
    """A search is answered whatever the file holds. A flipped letter of a text nobody notices, so most answers are right."""
    text = "# Head {0}\nwork is waiting, pear{0} and plum " + "lorem ipsum " * 30
    vault = write(tmp_path, {f"{n}.md": f"---\ntags: [t/{n % 5}]\n---\n" + text.format(n) for n in range(40)})
    queries = ("waiting OR work", "pear7", "tag:t/1 waiting", "nosuchthing", '-pear3 "is waiting"')
    score = 'SELECT ?n ?c { ?n a kg:Concept BIND (kg:textContext(?n, "pear7") AS ?c) } ORDER BY ?n'
    expected = {text: places(find(vault, text)) for text in queries}
    rows = kg.query(vault / ".kg", score).rows
    file = vault / ".kg" / "search.db"
    whole, chance, wrong = file.read_bytes(), random.Random(4), 0
    for round_ in range(24):
        file.write_bytes(_flip(bytearray(whole), chance))
        if round_ % 6 == 0:
            wrong += kg.query(vault / ".kg", score).rows != rows
        else:
            query = queries[round_ % len(queries)]
            wrong += places(find(vault, query)) != expected[query]
    assert wrong <= 6


class Unopened:
    """What lies in the place of the index, and is no file that can be opened."""

    @staticmethod
    def folder(file: Path) -> None:
        file.mkdir()

    @staticmethod
    def pipe(file: Path) -> None:
        os.mkfifo(file)

    @staticmethod
    def unreadable(file: Path) -> None:
        file.write_bytes(b"")
        file.chmod(0)

    @staticmethod
    def journal(file: Path) -> None:
        file.with_name("search.db-journal").mkdir()

    @staticmethod
    def dangling(file: Path) -> None:
        file.symlink_to(file.with_name("nowhere"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs the files of POSIX")
@pytest.mark.parametrize("kind", [name for name in vars(Unopened) if not name.startswith("_")])
@pytest.mark.sample(2)
def test_whatever_lies_in_the_place_of_the_index_the_search_is_answered(tmp_path: Path, kind: str) -> None:
    vault = write(tmp_path, {"A.md": "a pear"})
    getattr(Unopened, kind)(vault / ".kg" / "search.db")
    for _ in range(2):
        done = process("search", "--store", vault / ".kg", "pear")
        assert (done.returncode, done.stdout, done.stderr) == (0, "A.md:1:3: a pear\n", "")
    assert kg.query(vault / ".kg", 'ASK { ?n a kg:Note FILTER (kg:textScore(?n, "pear") > 0) }').boolean


def test_a_file_that_cannot_be_opened_gives_way_to_a_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vault = write(tmp_path, {"A.md": "a pear"})
    find(vault, "pear")
    file = vault / ".kg" / "search.db"
    before = file.stat().st_ino
    whole = sqlite3.connect

    def refused(name: Path | str, **options: Any) -> sqlite3.Connection:
        """As for somebody who may not read the file that is there: tests may run as root, who may."""
        if isinstance(name, Path) and name.exists() and name.stat().st_ino == before:
            name /= "no"
        connection: sqlite3.Connection = whole(name, **options)
        return connection

    monkeypatch.setattr(sqlite3, "connect", refused)
    file.with_name("kept").hardlink_to(file)  # so that the number is not given again
    assert find(vault, "pear").notes == 1
    assert file.stat().st_ino != before
    assert len(rows(vault)) == 1


def test_where_nothing_can_be_written_the_index_is_made_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    vault = write(tmp_path, {"A.md": "a pear"})
    (vault / ".kg" / "search.db").mkdir()  # it cannot be opened
    assert find(vault, "pear").notes == 1
    (vault / ".kg" / "search.db").rmdir()
    assert find(vault, "pear").notes == 1
    write(vault, {"B.md": "another pear"})
    whole = sqlite3.connect

    def reading(file: Path | str, **options: Any) -> sqlite3.Connection:
        name = f"file:{file}?mode=ro" if isinstance(file, Path) else file
        connection: sqlite3.Connection = whole(name, **{"uri": isinstance(file, Path), **options})
        return connection

    monkeypatch.setattr(sqlite3, "connect", reading)
    before = (vault / ".kg" / "search.db").read_bytes()
    assert find(vault, "pear").notes == 2
    assert (vault / ".kg" / "search.db").read_bytes() == before


def test_a_link_in_the_place_of_the_index_is_not_followed(tmp_path: Path) -> None:
    vault = write(tmp_path / "vault", {"A.md": "a pear"})
    (vault / ".kg" / "search.db").symlink_to(tmp_path / "elsewhere")
    assert find(vault, "pear").notes == 1
    assert not (tmp_path / "elsewhere").exists()


PROGRAM = "import sys, kg; found = kg.search(sys.argv[1], 'pear'); print(found.notes)"


def test_processes_that_search_at_once_all_find_everything(tmp_path: Path) -> None:
    vault = write(tmp_path, {f"{n}.md": f"a pear, {n}" for n in range(60)})
    begun = [subprocess.Popen([sys.executable, "-c", PROGRAM, vault / ".kg"], stdout=subprocess.PIPE) for _ in range(3)]
    assert [process.communicate()[0].split() for process in begun] == [[b"60"]] * 3


def test_a_process_that_is_killed_while_it_indexes_leaves_what_was_there(tmp_path: Path) -> None:
    vault = write(tmp_path, {f"{n}.md": f"a pear, {n}" for n in range(30)})
    killed = (
        "import os, sys, kg; from kg.fulltext import indexer\n"
        "seen = []; whole = indexer._Update._insert\n"
        "indexer._Update._insert = lambda self, *one: os._exit(9) if len(seen) > 12 else (seen.append(1), whole(self, *one))\n"
        "kg.search(sys.argv[1], 'pear')"
    )
    assert subprocess.run([sys.executable, "-c", killed, vault / ".kg"], check=False).returncode == 9
    assert find(vault, "pear").notes == 30


def test_an_index_that_another_process_keeps_for_too_long_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    vault = write(tmp_path, {"A.md": "a pear"})
    find(vault, "pear")
    write(vault, {"B.md": "a pear"})
    monkeypatch.setattr(fulltext, "_BUSY_SECONDS", 0.1)
    with sqlite3.connect(vault / ".kg" / "search.db", isolation_level=None) as database:
        database.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another process is building"):
            find(vault, "pear")
        database.execute("ROLLBACK")
    assert find(vault, "pear").notes == 2


READING = """
import sys, kg
from pathlib import Path
from kg.config import load
store = Path(sys.argv[1])
bad = 0
print("ready", flush=True)
while not (store / "stop").exists():
    found = kg.search(store, "state", limit=1000, each=1000, config=load(store.parent, cwd=store.parent))
    states = {hit.text.split()[-1] for hit in found.hits}
    if len(states) != 1 or found.notes != 12 or found.places != 12 or len(found.hits) != 12:
        print(states, found.notes, found.places, len(found.hits), flush=True)
        bad = 1
sys.exit(bad)
"""


@pytest.mark.slow
def test_a_search_sees_one_state_of_an_index_that_is_written_meanwhile(tmp_path: Path) -> None:
    """Each ingest changes all notes together, so a search that saw two states would find two numbers."""

    notes = [f"{n}.md" for n in range(12)]
    vault = write(tmp_path, dict.fromkeys(notes, "one line: state s0"))
    find(vault, "state")
    reader = subprocess.Popen([sys.executable, "-c", READING, vault / ".kg"], stdout=subprocess.PIPE, text=True)
    assert reader.stdout is not None
    assert reader.stdout.readline() == "ready\n"
    for number in range(1, 12):
        write(vault, dict.fromkeys(notes, f"{'more ' * (number % 3)}one line: state s{number}"))
        find(vault, "state")
    (vault / ".kg" / "stop").touch()
    assert (reader.communicate(timeout=60)[0], reader.returncode) == ("", 0)


def test_two_statements_of_a_search_are_of_one_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that comes between what a search finds and where that stands waits, or is not seen."""
    vault = write(tmp_path, {"A.md": "a pear", "B.md": "a plum"})
    find(vault, "pear")
    whole, written = retrieval.Searcher.hits, []

    def meanwhile(self: retrieval.Searcher, *given: object) -> object:
        other = sqlite3.connect(vault / ".kg" / "search.db", timeout=0, isolation_level=None)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.executescript("BEGIN; DELETE FROM section; DELETE FROM note; COMMIT")
        other.close()
        written.append(True)
        return whole(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(retrieval.Searcher, "hits", meanwhile)
    assert places(find(vault, "pear")) == ["A.md:1:3"]
    assert written


def test_the_functions_notice_that_the_index_was_written_between_two_rows(tmp_path: Path) -> None:
    vault = write(tmp_path, {f"{n}.md": f"a pear, {n}" for n in range(6)})
    find(vault, "pear")
    text = 'SELECT ?c { ?n a kg:Concept BIND (kg:textContext(?n, "pear") AS ?c) FILTER (BOUND(?c)) } '
    answer = iter(kg.query(Store(vault / ".kg"), text))
    seen = [next(answer)["c"]]
    (vault / "0.md").unlink()
    write(vault, {f"{n}.md": f"new: a pear, {n}" for n in range(1, 6)})
    assert find(vault, "pear").notes == 5
    seen += [row["c"] for row in answer]
    assert len(seen) >= 5
    assert all(re.fullmatch(r"(new: )?a pear, \d", line) for line in seen)


# ---- from SPARQL ---------------------------------------------------------------------------------------------------------


def test_sparql_ranks_as_the_search_does(vault: Path) -> None:
    found = find(vault, "waiting", each=100)
    rows = kg.query(
        vault / ".kg",
        """SELECT ?path ?score ?context {
             ?document kg:describes ?note ; kg:path ?path
             BIND (kg:textScore(?note, "waiting") AS ?score) FILTER (BOUND(?score))
             BIND (kg:textContext(?note, "waiting") AS ?context)
           } ORDER BY DESC(?score)""",
    ).rows
    assert [row["path"] for row in rows] == list(dict.fromkeys(hit.path for hit in found.hits))
    assert all(isinstance(row["score"], float) and "aiting" in row["context"] for row in rows)


def test_sparql_asks_of_sections_and_documents_too(vault: Path) -> None:
    of = 'SELECT ?s { ?s a kg:%s FILTER (kg:textScore(?s, "storing OR pull") > 0) } ORDER BY ?s'
    assert [row["s"] for row in kg.query(vault / ".kg", of % "Section").rows] == [
        "https://notes.example/Flow#In%20lean",
        "https://notes.example/Lean#Waste/Kinds",
    ]
    assert [row["s"] for row in kg.query(vault / ".kg", of % "Note").rows] == [
        "https://notes.example/Flow.md",
        "https://notes.example/Lean.md",
    ]


@pytest.mark.parametrize(
    "call",
    ['kg:textScore(?n, "nowhere")', 'kg:textScore("x", "waste")', "kg:textScore(?n)", "kg:textScore(?n, 5)",
     'kg:textContext(?n, "->")', 'kg:textContext(?n, "nowhere")', "kg:textScore(?n, ?n)"],
)  # fmt: skip
def test_there_is_no_value_where_nothing_is_found(vault: Path, call: str) -> None:
    rows = kg.query(vault / ".kg", f"SELECT ?x {{ ?n a kg:Concept BIND ({call} AS ?x) }}").rows
    assert rows
    assert {row["x"] for row in rows} == {None}


def test_each_text_is_searched_for_once_a_query(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    whole = retrieval.Searcher.things

    def counted(self: retrieval.Searcher, query: Query) -> object:
        asked.append(query)
        return whole(self, query)

    monkeypatch.setattr(retrieval.Searcher, "things", counted)
    text = """SELECT * { VALUES ?x { "lean" "flow" } ?n a kg:Concept
        BIND (kg:textScore(?n, "waste") AS ?s) BIND (kg:textScore(?n, ?x) AS ?t) }"""
    assert len(kg.query(vault / ".kg", text).rows) == 12
    assert len(asked) == 3


def test_a_query_without_the_functions_pays_nothing(vault: Path) -> None:
    program = (
        "import sys; before = {*sys.modules}; import kg; list(kg.query(sys.argv[1], 'SELECT ?s { ?s a kg:Note }')); "
        "loaded = {*sys.modules} - before; "
        "sys.exit(bool({'sqlite3', 'kg.fulltext.database', 'kg.fulltext.indexer', 'kg.fulltext.searcher'} & loaded))"
    )
    assert subprocess.run([sys.executable, "-c", program, vault / ".kg"], check=False).returncode == 0


def test_a_damaged_store_is_said_before_the_query_is_asked(tmp_path: Path) -> None:
    vault = write(tmp_path, {"A.md": "a pear"})
    store = Store(vault / ".kg")
    (store.folder / "notes.json").write_text("{")
    with pytest.raises(StoreError, match="kg ingest --full"):
        kg.query(store, 'SELECT * { ?n a kg:Note FILTER (kg:textScore(?n, "pear") > 0) }')


# ---- the command ----------------------------------------------------------------------------------------------------------


def run(vault: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["search", "--store", str(vault / ".kg"), *arguments])


def test_a_line_a_place(vault: Path) -> None:
    shown = run(vault, "storing")
    assert shown.stdout == "Lean.md:11:18: Waiting, moving, storing.\n"
    assert (shown.exit_code, shown.stderr) == (0, "")
    some = run(vault, "--limit", "1", "waiting")
    assert "1 of 3 places in 2 notes" in some.stderr
    assert len(run(vault, "--all", "waiting").stdout.splitlines()) == 3


def test_nothing_found_is_exit_code_1_with_a_suggestion(vault: Path) -> None:
    shown = run(vault, "stroing")
    assert (shown.exit_code, shown.stdout) == (1, "")
    assert "no note contains “stroing”; did you mean “storing”?" in shown.stderr
    assert "each word occurs, but no note has all of them" in run(vault, "board", "storing", "tag:#none").stderr


LOOSE = {
    "A.md": "The red house.\n",
    "B.md": "A house, painted red.\n#lean\n",
    "C.md": "A green door.\n",
    "D.md": "A door and a garden. #lean\n",
}


@pytest.fixture(scope="module")
def loose(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vault in which few notes have several words."""
    folder = tmp_path_factory.mktemp("loose") / "vault"
    folder.mkdir()
    write_vault(folder, LOOSE)
    ingest(folder, folder / ".kg")
    return folder


@pytest.mark.parametrize(
    ("text", "expected", "looser"),
    [
        ('"red house"', ["A"], ""),
        ('"house red"', ["A", "B"], "the words, but not next to each other"),
        ('"house red" tag:#lean', ["B"], "the words, but not next to each other"),
        ('"house red" -painted', ["A"], "the words, but not next to each other"),
        ("green garden", ["C", "D"], "some of the words"),
        ('"green garden"', ["C", "D"], "some of the words"),
        ("green garden tag:#lean", ["D"], "some of the words"),
        ("green garden -door", [], ""),
        ("green garden OR red", ["A", "B"], ""),
        ("house nowhere", [], ""),
        ('"house nowhere"', [], ""),
        ("nowhere", [], ""),
    ],
)
def test_a_search_without_results_is_loosened(loose: Path, text: str, expected: list[str], looser: str) -> None:
    store = kg.Store(loose / ".kg")
    found = kg.search(store, text, config=load(loose, cwd=loose), looser=True)
    assert (sorted(hit.title for hit in found.hits), found.looser) == (expected, looser)
    strict = kg.search(store, text, config=load(loose, cwd=loose))
    assert (sorted(hit.title for hit in strict.hits), strict.looser) == ([] if looser else expected, "")


def test_the_command_says_that_it_is_looser(loose: Path) -> None:
    shown = run(loose, "house red")
    assert (shown.exit_code, shown.stdout.count("\n")) == (0, 2)
    assert shown.stderr == 'Nothing matches "house red"; these notes have the words, but not next to each other\n'
    shown = run(loose, "house nowhere")
    assert (shown.exit_code, shown.stdout) == (1, "")
    assert "no note contains “nowhere”" in shown.stderr


def test_every_format_holds_the_same(vault: Path) -> None:
    expected = places(find(vault, "waiting"))
    table = json.loads(run(vault, "-f", "json", "waiting").stdout)
    assert (table["notes"], table["places"]) == (2, 3)
    lines = [json.loads(line) for line in run(vault, "-fjsonl", "waiting").stdout.splitlines()]
    assert lines == table["hits"]
    rows = list(csv.DictReader(io.StringIO(run(vault, "-f", "csv", "waiting").stdout)))
    for some in (lines, rows):
        assert [f"{row['path']}:{row['line']}:{row['column']}" for row in some] == expected
    assert lines[0].keys() == {*rows[0].keys(), "matches"}
    assert lines[1]["heading"] in {"Waste", "Waste > Kinds", "In lean"}
    for row in lines:
        (begin, end), *_ = row["matches"]
        assert row["context"][begin:end].lower() == "waiting"
    assert "(Lean.md#L8) **Waiting** is a waste of time." in run(vault, "-f", "md", "waiting").stdout


@pytest.mark.parametrize(
    ("arguments", "typed"),
    [
        (("lean", "waste"), "lean waste"),
        (("lean waste",), '"lean waste"'),
        (("lean OR waste",), "lean OR waste"),
        (("lean -waste",), "lean -waste"),
        (('lean "of time"',), 'lean "of time"'),
        (("path:My folder", "x"), 'path:"My folder" x'),
        (("x", "\ue000two words"), 'x -"two words"'),
        (("x", "\ue000path:a b"), 'x -path:"a b"'),
        (("(a", "OR", "b)"), "(a OR b)"),
    ],
)
def test_what_the_shell_took_the_quotes_from_is_a_phrase(arguments: tuple[str, ...], typed: str) -> None:
    assert _typed(arguments) == typed


def test_a_word_that_must_be_absent_is_no_option(vault: Path) -> None:
    assert run(vault, "lean", "-waste").stdout.splitlines()[0].startswith("Flow.md:3:6:")
    assert run(vault, "lean", "-vqx").exit_code == 0
    assert run(vault, "lean", "-q").exit_code == 0
    assert run(vault, "lean", "--nonsense").exit_code == 2
    assert run(vault).exit_code == 2


@pytest.mark.parametrize("form", ["text", "json", "jsonl", "csv", "md"])
@pytest.mark.parametrize(
    "word", [b"\xff", b"tag:\xff", b"path:\xff", b"file:\xff x", b"storing \xff", b"storing -tag:\xff"]
)
@pytest.mark.sample()
def test_bytes_that_are_no_text_are_in_no_note(vault: Path, word: bytes, form: str) -> None:
    done = forked(["search", "--store", vault / ".kg", "-f", form, word])
    found = b"-" in word
    assert done.returncode == (0 if found else 1)
    assert done.stderr.decode() == "" if found else done.stderr.decode().startswith("No results for ")
    assert done.stdout.decode() is not None
    if form == "json":
        assert json.loads(done.stdout)["notes"] == found


@pytest.mark.skipif(sys.platform != "linux", reason="needs file names of any bytes")
@pytest.mark.parametrize("form", ["text", "json", "jsonl", "csv", "md"])
def test_a_note_whose_name_is_no_text_is_found_in_every_format(tmp_path: Path, form: str) -> None:
    (tmp_path / os.fsdecode(b"\xff.md")).write_text("a pear")
    vault = write(tmp_path, {})
    done = forked(["search", "--store", vault / ".kg", "-f", form, "pear"])
    assert done.returncode == 0
    assert "\\udcff.md" in done.stdout.decode()
    if form in {"json", "jsonl"}:
        read = json.loads(done.stdout)
        assert (read["hits"][0] if form == "json" else read)["path"] == "\udcff.md"
    if form == "md":
        assert "(%FF.md#L1)" in done.stdout.decode()


def test_nothing_in_a_note_can_steer_the_terminal(tmp_path: Path) -> None:
    vault = write(tmp_path, {"A.md": "\x1b[31ma pear\x07 \u202e\n", "B\x1b]0;x.md": "pear"})
    for form in ("text", "md"):
        shown = run(vault, "-f", form, "pear").stdout
        assert "pear" in shown
        assert not set(shown) & {"\x1b", "\x07", "\u202e"}


@pytest.mark.skipif(not shutil.which("script"), reason="needs script(1) for a terminal")
@pytest.mark.parametrize(("variables", "bold"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_words_are_bold_in_a_terminal_and_lines_as_wide_as_it(vault: Path, variables: dict[str, str], bold: bool) -> None:  # fmt: skip
    env = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | {"COLUMNS": "40"} | variables
    command = f"{sys.executable} -m kg search --store {vault}/.kg projekterg"
    done = subprocess.run(["script", "-qec", command, "/dev/null"], env=env, capture_output=True, text=True, check=True)
    assert ("\x1b[1mProjektergebnisliste\x1b[0m" in done.stdout) is bold
    assert "Projektergebnisliste" in done.stdout
    (line,) = re.sub(r"\x1b\[\w+", "", done.stdout).splitlines()
    assert len(line) <= len("sub/Überblick.md:1:39: ") + 42


def test_a_store_that_is_missing_is_said(tmp_path: Path) -> None:
    done = process("search", "x", cwd=tmp_path)
    assert done.returncode == 3
    assert "no store at" in done.stderr


def test_the_notes_that_come_with_kg(tmp_path: Path) -> None:
    vault = tmp_path / "notes"
    shutil.copytree(ROOT / "notes", vault, ignore=shutil.ignore_patterns(".kg"))
    kg.ingest(kg.Vault(config=load(vault, cwd=vault)))
    seen = 0
    for word in ("discovery", "outcome", "team", "learning", "customer", "the"):
        found = find(vault, f'"{word}"', limit=1_000, each=1_000)
        for hit in found.hits:
            if hit.text != hit.title:
                assert at(vault, f"{hit.path}:{hit.line}:{hit.column}").lower().startswith(word)
                seen += 1
    assert seen > 150
