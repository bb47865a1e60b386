"""Markdown and canvases that go deep or long, or that hang a parser."""

import time
from pathlib import Path

import pytest

from helpers.hostile import opened
from kg.ingestion.pipeline import ingest
from kg.notes.markdown import parse


@pytest.mark.parametrize("text", ["[" * 100_000, '{"nodes":' * 20_000, '{"nodes": [{"id": "n", "x": ' + "9" * 5_000 + "}]}", '{"nodes": [NaN, 1e999, null]}',
     '{"nodes": [{"id": "\\ud800", "type": "text", "text": "\\ud800\\u0000"}], "edges": [{"fromNode": 1}]}', '{"nodes": {"id": []}, "edges": "x"}', "\0" * 1000, '{"a": "' + "\\" * 99_999])  # fmt: skip
@pytest.mark.sample(4)
def test_no_canvas_stops_an_ingest(vault: Path, text: str) -> None:
    (vault / "x.canvas").write_text(text, encoding="utf-8")
    started = time.process_time()
    report = ingest(opened(vault), inference=False)
    assert time.process_time() - started < 10
    assert {finding.code for finding in report.findings} <= {"F06"}
    assert report.summary["notes"] == 1


UNITS = (
    "[", "[[", "![[", "]]", "*_", "*", "**a", "[a](", "%%", "%%é", "::", "[a:: ", "(a:: ", "(a::(", "#", "#a ", "^", " ^a", "`", "`` ` ",
    "|", "$", "$a$", "<", "<a", "<!--", "[[a]]", "[[a]]\n", "[[|", "[[a|", "\\", "~~", "[^a]", "[^a]: ", "&", "&amp;", "(", "{{",
    "\n# a", "\n- a", "\n> ^b\n\n", "\n\n^a", "\na::b", "| a ^x ", "\n|a|b|\n|-|-|", "[x]: a\n", "- [ ] ", "\n```\n", "\n$$\n",
    "http://a) ", "http://a(", "https://", "a\n===\n", "\t", "x %%a%% ", "\\[",
    "%%a%%[", "%%[a]%% ", "x%%y%%[[a]]", "http://a [ ", "[[a]] #b [c:: d] ", "é[a:: b] ", "é #a ", "http://é ", "é http://a ", "📅 2024-01-01 ",
)  # fmt: skip


def seconds(text: str) -> float:
    started = time.process_time()
    parse("x.md", text.encode("utf-8"))
    return time.process_time() - started


MILD = ("é #a ", "http://é ", "é http://a ", "📅 2024-01-01 ", "%%é", "[é](a) #b ")
"""The same, but only seconds for 200 kB: a fast machine does not see it."""


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.sample(4)
def test_no_text_hangs_the_parser(unit: str) -> None:
    """A bound against hanging and no measurement: how time grows is in benchmarks/hostile.py."""
    assert seconds(unit * (200_000 // len(unit.encode()))) < 20


@pytest.mark.parametrize(
    "text",
    [
        "> " * 5000 + "a",
        ">" * 5000 + "[[a]] ^b",
        "* " * 5000 + "a",
        "- " * 20_000 + "a",
        "1. " * 5000 + "a",
        "\n".join(f"{'  ' * n}- a" for n in range(400)),
        "[" * 50_000 + "a" + "]" * 50_000,
        "[[" + "a" * 200_000 + "]]",
        "[[" + "|" * 200_000 + "]]",
        "(" * 50_000 + "a:: b" + ")" * 50_000,
        "*" * 50_000 + "a" + "*" * 50_000,
        "#" * 200_000,
        "#" + "a/" * 2_000 + "b",
        "a" + " " * 200_000 + "b",
        "a" * 200_000 + ":: b",
        "http://a" + ")" * 200_000,
        "http://a" + ".)" * 100_000 + " b",
        "`" * 100_000 + "a" + "`" * 99_999,
        "|" + "a|" * 20_000 + "\n|" + "-|" * 20_000 + "\n",
        "# " + "%a" * 100_000,
        "a " * 50_000 + ":: b",
        "a b " * 50_000 + "[c:: " * 1_000,
        "[x::" + " " * 100_000,
        "[" * 100_000,
        "![[" * 50_000,
        "{{" * 50_000,
        "[a]: <" * 30_000,
        "\n".join(f"[^{n}]: [^{n + 1}]" for n in range(5_000)),
        "| " * 50_000 + "\n|-|",
        "<a " * 50_000,
        "<![CDATA[" * 20_000,
        "$$" * 50_001,
        "> [!note]- " * 10_000,
        "#" + "/a" * 5_000 + " " + "#a/" * 5_000,
        "\u0301" * 100_000,
        "\u202e" * 60_000,
    ],
    ids=lambda text: repr(text[:12]),
)
@pytest.mark.sample(4)
def test_what_goes_deep_or_long_is_read_and_stated(vault: Path, text: str) -> None:
    assert seconds(text) < 5
    (vault / "Deep.md").write_text(text, encoding="utf-8")
    report = ingest(opened(vault), inference=False)
    assert {finding.code for finding in report.findings} <= {"F10"}  # of a tag with thousands of levels
    assert report.summary["notes"] == 2


@pytest.mark.slow
def test_many_headings_and_many_links_to_them(vault: Path) -> None:
    many = 4_000
    text = "".join(f"\n# h{n}\n\n[[#h{n}]] [[Good#h{n}]]\n" for n in range(many))
    (vault / "Many.md").write_text(text)
    started = time.process_time()
    ingest(opened(vault), inference=False)
    assert time.process_time() - started < 10


@pytest.mark.parametrize("end", ["\n", "\r\n", "  \n"])
def test_a_heading_of_two_lines_is_one_text(end: str) -> None:
    (section,) = parse("x.md", f"a [[B]]{end}c [[D]]\n===\n".encode()).root.sections
    assert section.heading == "a [[B]] c [[D]]"


def test_the_links_of_both_lines_of_a_heading_count() -> None:
    (section,) = parse("x.md", b"a [[B]]\nc [[D]]\n===\n").root.sections
    assert section.title is not None
    assert [link.target for link in section.title.links] == ["B", "D"]


def test_a_heading_that_ends_like_a_repetition_is_none() -> None:
    sections = parse("x.md", b"# A\n# A~2\n# A\n").root.sections
    assert len({section.parts for section in sections}) == 3
