"""How a note is read: what stands in it, and where (obsidian.md, sections 0, 1, 3, 4, 6, 7 and 8)."""

import base64
import gc
import time

import pytest

from helpers.note_parts import lines_of
from kg.notes import drawing
from kg.notes.drawing import element_ids
from kg.notes.markdown import parse
from kg.notes.model import Field, Note
from kg.notes.values import inline_value

# ---- links ------------------------------------------------------------------------------------------------------


def note_of(text: str, path: str = "A.md") -> Note:
    return parse(path, text.encode())


def written(note: Note) -> list[str]:
    return [note.source.slice(*link.span) for link in note.links()]


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("[[Sq]uare]]", ["[[Sq]uare]]"]),
        ("[[Nested [[Inner]] x]]", ["[[Inner]]"]),
        ("![[Nested ![[Inner]] x]] [[B]]", ["![[Inner]]", "[[B]]"]),
        ("[[A $x]] costs [[B$ c]] and $5, [[D]] 6 $", ["[[A $x]]", "[[B$ c]]", "[[D]]"]),
        ("[[$]] y$ and $z_{[[C]]}$", ["[[$]]"]),
        ("`[[A$b]]` $x$ [[C$]]", ["[[C$]]"]),
        ("```\n[[A$]]\n```\n$x$ [[C]]", ["[[C]]"]),
        ("[[A&amp;B]] [[|]] [[|x]] [[]] [[A\\|b]]", ["[[A&amp;B]]", "[[|]]", "[[|x]]", "[[A\\|b]]"]),
        ("[a](My Note.md) [b](<My Note.md>) [c][ref]\n\n[ref]: C.md", ["[b](<My Note.md>)", "[c][ref]"]),
        ("text ^[inline [[A]]] and[^1]\n\n[^1]: [[B]]", ["[[A]]", "[[B]]"]),
        ("{{title}} <% x %> [[{{title}}]] [[<% x %>]]", ["[[{{title}}]]", "[[<% x %>]]"]),
        ("```\n[[A]]\n```\t\n[[B]]", ["[[B]]"]),
    ],
)
def test_what_is_a_link(text: str, links: list[str]) -> None:
    assert written(note_of(text)) == links


@pytest.mark.parametrize(
    ("text", "display"),
    [
        ("![[a.png|100]]", None),
        ("![[a.png|100x145]]", None),
        ("![[a.png|a cat|100]]", "a cat"),
        ("![[Note|100 apples]]", "100 apples"),
        ("[[a.png|100]]", "100"),
        ("![a cat|100](a.png)", "a cat"),
        ("![100](a.png)", ""),
    ],
)
def test_the_size_of_an_embed_is_no_text(text: str, display: str | None) -> None:
    (link,) = note_of(text).links()
    assert link.display == display


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("a <!-- [[B]] #t --> c", ["[[B]]"]),
        ("<!--\n[[B]]\n\n![[é|x]]\n-->\n[[C]]", ["[[B]]", "![[é|x]]"]),
        ("- é\n  <!-- [[B]] -->\n\n%%\n[[C]]\n%%", ["[[B]]", "[[C]]"]),
        ("%% [[B]] #t %%", []),
        ("`<!-- [[B]] -->` \\<!-- [[C]] -->", []),
        ("<!-- open [[B]]", ["[[B]]"]),
    ],
)
def test_links_in_comments_are_kept_apart(text: str, hidden: list[str]) -> None:
    note = note_of(text)
    assert [note.source.slice(*link.span) for link in note.hidden] == hidden
    assert not set(written(note)) & set(hidden)


# ---- headings, block ids, tags -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "heading"),
    [
        ("# C#", "C#"),
        ("# C# #", "C#"),
        ("# a \\# b ##", "a \\# b"),
        ("# a <!-- c --> b", "a  b"),
        ("# a %%c%% ^id", "a  ^id"),
        ("# a %%b\nc%%", "a"),
        ("# `%%` a", "`%%` a"),
        ("a\nb ^id\n---", "a b ^id"),
        ("##", ""),
    ],
)
def test_the_text_of_a_heading(text: str, heading: str) -> None:
    (section,) = note_of(text).root.sections
    assert section.heading == heading


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("> a ^x\n> ^y", [("quote", "y")]),
        ("> a\n>\n> ^y", [("quote", "y")]),
        ("> - a ^x\n>   ^z", [("quote", "z")]),
        ("> > a\n> > ^x", [("quote", "x")]),
        ("a\n\n![[b]] ^x", [("paragraph", "x")]),
        ("| a |\n| - |\n| ^x |", []),
        ("| a |\n| - |\n| b ^x |\n^y", [("table", "y")]),
        ("> [!tip] a\n> b\n\n^c", [("callout", "c")]),
        ("```\na\n```\n^c", [("code", "c")]),
        ("- a ^x\n- b\n\n^l", [("item", "x"), ("list", "l")]),
    ],
)
def test_what_a_block_id_names(text: str, ids: list[tuple[str, str]]) -> None:
    blocks = (block for top in note_of(text).root.blocks for block in top.walk())
    assert sorted((block.kind, block.id) for block in blocks if block.id) == ids


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("text ^my_id\n\n- é ^über", [(1, 6, 12), (3, 5, 10)]),
        ("a ^b.c", [(1, 3, 7)]),
        ("a smile ^_^\n\n2^x_y\n\na ^b_c d\n\n`^a_b`\n\na ^ok", []),
    ],
)
def test_what_was_meant_for_a_block_id(text: str, places: list[tuple[int, int, int]]) -> None:
    found = note_of(text).findings
    assert [(f.line, f.column, f.end_column) for f in found] == places
    assert {f.code for f in found} <= {"L12"}


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("\\#a #b", ["b"]),
        ("**#a** x#b (#c) ：#d", []),
        ("> #a\n\n- #b\n\n| #c |\n| - |", ["a", "b", "c"]),
        ("#1 #1a #a/b/ #日本 #🎉", ["1a", "a/b", "日本", "🎉"]),
        ("<!-- #a -->\n`#b` $#c$ http://x.example/#d", []),
        ("[![[p]]](t)[a #b](c) #d", ["b", "d"]),
    ],
)
def test_what_is_a_tag(text: str, tags: list[str]) -> None:
    assert [tag.name for line in lines_of(note_of(text)) for tag in line.tags] == tags


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("- a\n\t- b\n\t- c\n\t\t- d", [(1, 1), (2, 2), (3, 2), (4, 3)]),
        ("1. a\n\t1. b\n\t10. c\n\t\t1. d", [(1, 1), (2, 2), (3, 2), (4, 3)]),
        ("> - a\n> \t- b\n>\t- c", [(1, 3), (2, 4), (3, 3)]),
        ("> [!note]\n>\t+ a\n>\t\t+ b", [(2, 3), (3, 4)]),
        ("- a\r\n\t- b\r\n\r\n\t- [ ] c\r\n", [(1, 1), (2, 2), (4, 2)]),
        ("-\té\n\t- ü\n\n\t-\tö\n", [(1, 1), (2, 2), (4, 2)]),
        ("- a\n  - b\n\t- c\n    - d", [(1, 1), (2, 3), (3, 2), (4, 5)]),
        ("- a\n\n\t> - b\n\t> \t- c", [(1, 1), (3, 4), (4, 5)]),
    ],
)
def test_where_a_list_item_begins(text: str, places: list[tuple[int, int]]) -> None:
    note = note_of(text)
    items = [block for top in note.root.blocks for block in top.walk() if block.kind == "item"]
    assert [note.source.position(item.span.start) for item in items] == places


# ---- front matter --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("yaml", "found"),
    [
        ("up: [[B]]", [("L05", 2, 5, 10)]),
        ("up:\n  - [[B]]\n  - c\n  - [[D|d]]", [("L05", 3, 5, 10), ("L05", 5, 5, 12)]),
        ("m: {k: [[B, c]]}", [("L05", 2, 8, 16)]),
        ("up: [ [B] ]", []),
        ('up: "[[B]]"', []),
        ("tag: [a]\nalias: b\ncssclass: c", [("L14", 2, 1, 4), ("L14", 3, 1, 6), ("L14", 4, 1, 9)]),
        ("tags: a, b\naliases: c\ncssclasses: 1", [("L14", 2, 1, 5), ("L14", 3, 1, 8), ("L14", 4, 1, 11)]),
        ("tags: [a]\naliases:\ncssclasses: []\nTAG: x\nALIAS: y", []),
    ],
)
def test_what_is_wrong_in_properties(yaml: str, found: list[tuple[str, int, int, int]]) -> None:
    note = note_of(f"---\n{yaml}\n---\n")
    assert [(f.code, f.line, f.column, f.end_column) for f in note.findings] == found


def test_links_of_properties_are_read_as_those_of_the_body() -> None:
    yaml = "a: \"see [[x]] and [[y]]\"\nlist: ['[[a]b]]', '![[i.png|100]]']\nm: {k: '[[|z]]'}"
    links = list(note_of(f"---\n{yaml}\n---\n").links())
    assert [(link.key, link.target, link.display) for link in links] == [
        ("a", "x", None),
        ("a", "y", None),
        ("list.0", "a]b", None),
        ("list.1", "i.png", None),
        ("m.k", "|z", None),
    ]


# ---- Dataview and Tasks --------------------------------------------------------------------------------------------


def fields_of(text: str) -> list[Field]:
    return [field for line in lines_of(note_of(text)) for field in line.fields]


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("key:: a [k:: b]", [("bracket", "k", "b")]),
        ("`key`:: a", [("line", "key", "a")]),
        ("🎯:: a", [("line", "🎯", "a")]),
        ("== key:: a", [("line", "key", "a")]),
        ("- key:: a\n- [ ] key:: b\n- [ ] [k:: c]", [("line", "key", "a"), ("bracket", "k", "c")]),
        ("x: key:: a\n\nsee (a) key:: b\n\n[[A]] key:: c", []),
        ("[k:: \\[v] (k2::v2) [a [b]:: c]", [("bracket", "k", "\\[v"), ("bracket", "k2", "v2")]),
        ("[[[[hello:: 16]] [[p::o]]", [("bracket", "hello", "16")]),
        (" %%\nkey:: a\n%%\n\n- b", [("line", "key", "a")]),
        ("- a\n\n%%\nkey:: b\n%%\n\n- c\n\n  %%\n  key:: d\n  %%\n- e", [("line", "key", "b")]),
    ],
)
def test_what_is_an_inline_field(text: str, fields: list[tuple[str, str, str]]) -> None:
    assert [(field.form, field.key, field.text) for field in fields_of(text)] == fields


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("6hr 4min", "duration", "PT6H4M"),
        ("6 hours, 4 minutes", "duration", "PT6H4M"),
        ("90m", "duration", "PT1H30M"),
        ("1.25 s", "duration", "PT1.25S"),
        ("2 weeks 1d", "duration", "P15D"),
        ("1.5 years", "duration", "P1Y6M"),
        ("0s", "duration", "PT0S"),
        ("1 yr 0.3 mo", "text", "1 yr 0.3 mo"),
        ("3 dogs", "text", "3 dogs"),
        ("2024-05", "date", "2024-05-01"),
        ("2024-13", "text", "2024-13"),
        ("FALSE", "boolean", "false"),
        ("null", "null", ""),
        ("one, two", "text", "one, two"),
    ],
)
def test_how_a_value_is_typed(text: str, kind: str, value: str) -> None:
    (field,) = fields_of(f"key:: {text}")
    found = inline_value(field)
    assert (found.kind, found.text, found.raw) == (kind, value, text)


def test_the_emoji_of_a_task() -> None:
    task = "- [ ] Call 🔺 🔁 every week on Monday 🆔 7 ⛔ x1, y_2 ➕ 2024-01-01 📅️ 2024-01-02 ❌ 2024-01-03 #t ^a"
    note = note_of(task)
    (line,) = lines_of(note)
    values = [(f.form, f.key, inline_value(f).kind, inline_value(f).text) for f in line.fields]
    assert values == [
        ("date", "created", "date", "2024-01-01"),
        ("date", "due", "date", "2024-01-02"),
        ("date", "cancelled", "date", "2024-01-03"),
        ("task", "priority", "text", "highest"),
        ("task", "repeat", "text", "every week on Monday"),
        ("task", "id", "text", "7"),
        ("task", "dependsOn", "text", "x1"),
        ("task", "dependsOn", "text", "y_2"),
    ]
    assert line.label.split() == ["Call", "#t"]
    for field in line.fields:
        assert note.source.slice(*field.text_span) == field.text
        assert field.text in note.source.slice(*field.span)


def test_the_emoji_are_words_where_there_is_no_task() -> None:
    assert [field.key for field in fields_of("- 🔺 up 🆔 7\n\nMet 📅 2024-01-01")] == ["due"]


# ---- drawings ------------------------------------------------------------------------------------------------------

_DRAWN = """
==Switch to EXCALIDRAW VIEW==

%%
# Excalidraw Data

## Text Elements
A box about [[Note]] ^ab_1

## Embedded Files
abc: [[picture.png]]

%%
## Drawing
```compressed-json
N4Kg [[x]] words
```
%%
"""


@pytest.mark.parametrize(
    ("path", "front"), [("A.md", "---\nexcalidraw-plugin: parsed\n---\n"), ("A.excalidraw.md", "")]
)
def test_of_a_drawing_only_the_text_is_read(path: str, front: str) -> None:
    note = note_of(front + _DRAWN, path)
    assert note.kind == "drawing"
    assert written(note) == ["[[Note]]", "[[picture.png]]"]
    assert [section.heading for section in note.root.walk()][1:] == [
        "Excalidraw Data",
        "Text Elements",
        "Embedded Files",
    ]
    assert note.words == 18
    assert (note.hidden, note.findings) == ((), ())
    assert note_of(_DRAWN).kind == "note"


def test_an_old_drawing_has_no_words() -> None:
    note = note_of("# Drawing\n```json\n{}\n```\n", "A.excalidraw.md")
    assert (note.words, note.root.sections, note.root.blocks) == (0, (), ())


def test_a_damaged_drawing_has_the_elements_before_the_damage() -> None:
    compressed = b"N4IgpgNmC2YHYBcDOIBcACA2qAlgEzXRACcwBjBAfQAZaBGEAGiIQE8AHMQk8hAQzgBzKCAC+zXAQwgA0gA8"
    for text in (compressed, compressed[:-1], compressed + b"====", b"%%%" + compressed):
        assert list(element_ids(b"```compressed-json\n" + text)) == ["rect_0001"]
    for text in (b"", b"=", b"A", b"////", b"AAAA", b"zzzz" * 99):
        assert list(element_ids(b"```compressed-json\n" + text + b"\n```")) == []
    assert list(element_ids(b'```json\n{"elements": [{"id": "a"}, {"id": \r\n"b", {{\xff')) == ["a", "b"]


def test_a_compressed_drawing_cannot_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "MAX_CHARACTERS", 10_000)
    bits, number = "00" + "10000110", 3  # the character `a`, and then always the piece that is made by this code
    for known in range(4, 3_000):
        number = known.bit_length()
        bits += f"{known:0{number}b}"[::-1]
    raw = bytes(int(bits[at : at + 8].ljust(8, "0"), 2) for at in range(0, len(bits), 8))
    assert 10_000 <= len(drawing._decompressed(base64.b64encode(raw))) < 10_300


# ---- time -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    [
        "[[a:: b]] ",
        "<!-- [[a]] ",
        "# <!--",
        "[[a $x]] ",
        "![[a [[b]] ",
        "\n- [ ] 🔺 ⛔ a,b 🔁 a ",
        "k:: 1h 2m, ",
        "\n> - a ^x",
    ],
)
@pytest.mark.sample(2)
def test_time_grows_with_the_text(unit: str) -> None:
    def seconds(size: int) -> float:
        text = (unit * (size // len(unit.encode()))).encode()
        times = []
        for _ in range(3):
            start = time.process_time()
            parse("A.md", text)
            times.append(time.process_time() - start)
        return min(times)

    gc.disable()  # which looks at all objects again and again
    try:
        # Four times the text takes four times as long, and sixteen times where something is quadratic. How fast it is,
        # benchmarks/hostile.py measures: a busy machine would fail a tighter bound here now and then.
        assert seconds(160_000) < 10 * max(seconds(40_000), 0.004)
    finally:
        gc.enable()
