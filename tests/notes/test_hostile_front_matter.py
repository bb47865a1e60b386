"""Front matter that was made to break a YAML reader: a finding with its place, and the body is read."""

import time
from pathlib import Path

import pyoxigraph as ox
import pytest

from helpers.hostile import BOMB, opened
from kg.ingestion.pipeline import ingest
from kg.notes.markdown import parse
from kg.notes.model import Note

MERGE = "a0: &a0 {k: v}\n" + "".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 8))


def with_front(yaml: str) -> Note:
    return parse("x.md", f"---\n{yaml}\n---\n# Body\n\n[[Link]]\n".encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize(
    ("yaml", "code"),
    [
        (BOMB, "P02"),
        (MERGE, "P02"),
        ("<<: {a: 1}", "P02"),
        ("a: &a [*a]", "P02"),
        ("a: &a 1", "P02"),
        ("a: *b", "P02"),
        ("a: !!python/object/apply:os.system [id]", "P02"),
        ("a: !custom x", "P02"),
        ("a: " + "[" * 1000, "P01"),
        ("a: " + "[" * 50_000, "P01"),
        ("[" * 100_000, "P01"),
        ("{a: " * 200 + "1" + "}" * 200, "P01"),
        ("a: [" + "1," * 20_000 + "]", "P01"),
        ("a: " + "x" * 70_000, "P01"),
        ("\n".join(f"{' ' * n}k:" for n in range(300)), "P01"),
        ("up: [[A]], [[B]]", "L06"),
        ("up: [[A]]", "L05"),
        ("title: Foo: bar", "L06"),
        ("@joe", "L06"),
        ("a: `b`", "L06"),
        ("a:\n\tb: 1", "L06"),
        ("- a\n- b", "L06"),
        ("plain text", "L06"),
        ("? [a, b]\n: c", "L06"),
        ("a: 'open", "L06"),
        ("a: \x01", "L06"),
        ("a: 1\n...\nb: 2", "L06"),
        ("date: {{date}}", "P04"),
        ("a: <% tp.file.title %>: b", "P04"),
        ("a: 1\nA: 2\na: 3", "P03"),
    ],
    ids=lambda given: repr(given[:20]),
)
def test_bad_front_matter_is_a_finding_and_the_body_is_read(yaml: str, code: str) -> None:
    started = time.process_time()
    note = with_front(yaml)
    assert time.process_time() - started < 5
    assert code in {finding.code for finding in note.findings}
    assert note.root.sections[0].heading == "Body"
    assert note.root.sections[0].blocks[0].lines[0].links[0].target == "Link"


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        ("9" * 5000, "text", "9" * 5000),
        ("9" * 400, "integer", "9" * 400),
        ("2024-13-45", "text", "2024-13-45"),
        ("2024-02-30", "text", "2024-02-30"),
        ("2024-02-29", "date", "2024-02-29"),
        ("0000-01-01", "text", "0000-01-01"),
        ("2024-01-01T25:00", "text", "2024-01-01T25:00"),
        pytest.param('"\\ud800"', "text", "\ufffd"),
        pytest.param('"\\ud83d\\ude00"', "text", "\ufffd\ufffd"),
        ("yes", "text", "yes"),
        ("12:30", "text", "12:30"),
        ("0o17", "integer", "15"),
        ("017", "integer", "17"),
        ("1e9999", "double", "INF"),
        (".inf", "text", ".inf"),
        ("1_000", "text", "1_000"),
        ("\u0661\u0662", "text", "\u0661\u0662"),
    ],
    ids=lambda given: given[:20],
)
def test_values_that_trip_yaml_readers(value: str, kind: str, text: str) -> None:
    note = with_front(f"a: {value}")
    assert [(prop.value.kind, prop.value.text) for prop in note.properties] == [(kind, text)]
    assert note.findings == ()


def test_the_first_of_two_equal_keys_counts_and_the_second_is_named() -> None:
    note = with_front("a: 1\nb: 2\na: 3")
    assert [(prop.key, prop.value.text) for prop in note.properties] == [("a", "1"), ("b", "2")]
    assert [(f.code, f.line, f.column) for f in note.findings] == [("P03", 4, 1)]


def test_a_mistake_in_the_front_matter_has_its_line_and_column() -> None:
    note = with_front("a: 1\né: [1, 2\nb: 3")
    (finding,) = note.findings
    assert (finding.code, finding.line) == ("L06", 4)


@pytest.mark.parametrize(
    "key",
    [
        "a b",
        "é",
        "12",
        *(pytest.param(key) for key in ("null", "~", "1.50", "0x10", "True", "2024-01-02T03:04")),
    ],
)
def test_a_key_is_its_text_as_written(key: str) -> None:
    assert [prop.key for prop in with_front(f"{key}: x").properties] == [key]


@pytest.mark.parametrize("end", ["\n", "\r\n", pytest.param("\r")])
def test_front_matter_ends_with_any_line_end(end: str) -> None:
    note = parse("x.md", end.join(["---", "a: 1", "---", "# Body"]).encode())
    assert [prop.key for prop in note.properties] == ["a"]


@pytest.mark.parametrize(
    "text", ["\n" * 20_000, "---" * 20_000, "---a\n" * 20_000, "\n---a" * 20_000, "--- \n" + "\n" * 99_999]
)
def test_front_matter_that_never_closes_costs_nothing(text: str) -> None:
    started = time.process_time()
    parse("x.md", f"---\n{text}".encode())
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "yaml",
    [
        "a: " + "{" * 60_000,
        "a: " + "{a: " * 15_000,
        "a: " + "- " * 30_000,
        "- " * 30_000,
        "? " * 30_000,
        "a: " + "!" * 60_000,
        "a: " + "!x " * 20_000,
        "a: " + "&a " * 20_000,
        "a: " + "'" * 60_000,
        'a: "' + "\\" * 60_001,
        "a: |" + "\n  x" * 15_000,
        "a: >" + "\n\n  x" * 12_000,
        "a" * 60_000 + ": 1",
        "\n".join(f"k{n}: {n}" for n in range(6_000)),
        "\n".join("k: 1" for n in range(9_000)),
        "aliases: [" + ", ".join(f"a{n}" for n in range(8_000)) + "]",
        "a: 1 " + "#" * 60_000,
        "%YAML 1.1\na: 1",
        "%TAG ! tag:x,2000:\na: !b 1",
        "a: " + "\t" * 60_000 + "b",
        "a: " + "[[" * 1_000 + "]]" * 1_000,
        "a: \ufeff\u2028\x85b",
        "\ufeffa: 1",
        "a: " + "9" * 60_000 + ":59",
        "a: " + "1_" * 30_000,
        "a: 0x" + "f" * 60_000,
        "a: 1e" + "9" * 60_000,
        'a: "\\U00110000"',
        'a: "\\x00\\x1b[2J"',
        "a: 9999-99-99T99:99:99+99:99",
    ],
    ids=lambda yaml: repr(yaml[:16]),
)
@pytest.mark.sample(8)
def test_no_front_matter_hangs_and_the_body_is_read(vault: Path, yaml: str) -> None:
    started = time.process_time()
    note = with_front(yaml)
    assert time.process_time() - started < 5
    assert note.root.sections[0].heading == "Body"
    (vault / "Odd.md").write_bytes(f"---\n{yaml}\n---\n# Body\n".encode())
    lines = ingest(opened(vault), inference=False).store.nquads()
    assert len(list(ox.parse("\n".join(lines), ox.RdfFormat.N_QUADS))) == len(lines)
