"""What a note can make is bounded by its size: no line, however it is made, fills the disk or takes minutes."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

import kg
from helpers.vaults import Write, ingest
from kg.config import Config
from kg.mapping.link_resolution import Index
from kg.mapping.ontology import Ontology, load_ontology
from kg.mapping.statements import Reader, Statements
from kg.notes.markdown import parse
from kg.rdf.iris import LONGEST_PART, Names, encode_part

K = 1_000
WORD = "word " * 20 * K

NOTES = {
    "a tag of 5,000 levels": "#" + "a/" * 5_000 + "b",
    "a tag of 32 levels, again and again": " ".join(f"#{'a/' * 31}b{n}" for n in range(2 * K)),
    "a tag of 32 levels with a long first one": "#" + "x" * 90 * K + "/a" * 31,
    "a tag of one long level": "#" + "x" * 100 * K,
    "a tag in the properties": "---\ntags: [" + "a/" * 5_000 + "b]\n---\n",
    "20,000 tags on a line": " ".join(f"#t{n}" for n in range(20 * K)),
    "by and CamelCase tags on a line": " ".join("by #JohnDoe" for _ in range(20 * K)),
    "a long heading over many items": f"# {WORD}\n\n" + "".join(f"- [ ] a{n}\n" for n in range(5 * K)),
    "six long headings over many headings": "".join(f"{'#' * n} {WORD}\n\n" for n in range(1, 6)) + "".join(f"###### h{n}\n" for n in range(5 * K)),
    "headings of one name": "# a\n\n" * 20 * K,
    "items of a class with long texts": "# Outcomes\n\n" + "".join(f"- {n} {'x' * K}\n" for n in range(200)),
    "items under a class with a long heading above": f"# {WORD}\n\n## Outcomes\n\n" + "".join(f"- a{n}\n" for n in range(3 * K)),
    "a long id over many headings": f"---\nid: https://x.example/{'y' * 30 * K}\n---\n" + "".join(f"# h{n}\n" for n in range(3 * K)),
    "another long id": f"---\nid: {'y ' * 15 * K}\n---\n" + "".join(f"# h{n}\n" for n in range(3 * K)),
    "a long title": f"---\ntitle: {'y' * 60 * K}\n---\n" + "".join(f"# h{n}\n" for n in range(K)),
    "long aliases": f"---\naliases: [{', '.join('y' * K + str(n) for n in range(60))}]\n---\n",
    "deep properties": "---\n" + "".join(f"{' ' * n}{'k' * 500}:\n" for n in range(50)) + "".join(f"{' ' * 50}a{n}: 1\n" for n in range(K // 2)) + "---\n",
    "a long key": f"{'k' * 100}:: v\n" * 5 * K,
    "a block id of 100,000 letters": "Text. ^" + "x" * 100 * K,
    "lists in lists": "".join(f"{'  ' * n}- a{n} ^b{n}\n" for n in range(300)),
    "quotes in quotes": "> " * 3 * K + "a",
    "a long link over and over": f"[[{'x' * 900}]] " * K,
    "many missing notes": " ".join(f"[[{n}]]" for n in range(20 * K)),
    "links to headings of one name": "# a\n\n" * 5 * K + "[[#a]] " * 5 * K,
    "links to headings of many names": "".join(f"# a{n}\n" for n in range(5 * K)) + "".join(f"[[#a{n}]] [x](#a{n}) " for n in range(5 * K)),
    "many footnotes": "".join(f"[^{n}]: note {n}\n\n" for n in range(5 * K)),
    "a table of many cells": "|" + "a|" * K + "\n|" + "-|" * K + "\n" + ("|" + "[[b]]|" * K + "\n") * 20,
    "a data address": f"# Resources\n\n- ![](data:text/plain,{'x' * 200 * K})\n",
    "separators of a byline": f"# Resources\n\n- [[a]] - x{',' * 60 * K}y\n- [[b]]{' ' * 60 * K}y\n- [[c]] - {' (' * 30 * K}\n",
    "percent signs": "<http://a.example/" + "%" * 100 * K + ">",
}  # fmt: skip

TIMES, ROOM = 200, 4 * K * K


@cache
def ontology() -> Ontology:
    return load_ontology(Config(Path(), Path(), Path()))


def stated(text: str, path: str = "A note.md") -> Statements:
    note = parse(path, text.encode())
    index = Index.of([note], [], Names("https://notes.example/"))
    return Reader(index, ontology(), "Concept").statements(note)


def size(found: Statements) -> int:
    rows = sum(len(row.subject) + len(row.predicate) + len(row.object) for row in found.rows)
    return rows + sum(len(label.term) + len(label.text) for label in found.labels)


@pytest.mark.parametrize("text", NOTES.values(), ids=NOTES)
@pytest.mark.sample(3)
def test_a_note_makes_no_more_than_its_size_allows(text: str) -> None:
    found = stated(text)
    assert size(found) <= TIMES * len(text.encode()) + ROOM
    codes = {finding.code for finding in found.findings}
    assert codes <= {"F09", "F10"}
    assert len(found.findings) == len(codes)


LISTED = "".join(f"- [ ] a{n}\n# h{n}\n" for n in range(500))
PREFIXES: dict[str, Callable[[int], str]] = {
    "a heading": lambda n: f"# {'x' * n}\n\n#{LISTED}",
    "six headings": lambda n: "".join(f"{'#' * level} {'x ' * (n // 2)}\n\n" for level in range(1, 7)) + LISTED.replace("# ", "text "),
    "an IRI as id": lambda n: f"---\nid: https://x.example/{'y' * n}\n---\n{LISTED}",
    "an id": lambda n: f"---\nid: {'y' * n}\n---\n{LISTED}",
    "a title": lambda n: f"---\ntitle: {'y' * n}\n---\n{LISTED}",
    "a tag": lambda n: "#" + "x" * n + "/a" * 31,
    "an item": lambda n: f"# Outcomes\n\n- {'x' * n}\n  - [ ] inner\n\n{LISTED}",
    "a block id": lambda n: f"Text ^{'x' * n}\n\n{LISTED}",
}  # fmt: skip


@pytest.mark.parametrize("make", PREFIXES.values(), ids=PREFIXES)
@pytest.mark.sample(3)
def test_what_is_long_is_not_repeated(make: Callable[[int], str]) -> None:
    """10,000 characters more make so many bytes more in a few places, and not in each thing below."""
    more = size(stated(make(30 * K))) - size(stated(make(20 * K)))
    assert more <= 100 * K * (6 if make is PREFIXES["six headings"] else 1)


@pytest.mark.parametrize(("levels", "broader"), [(1, 0), (2, 1), (32, 31), (33, 0), (5_000, 0)])
def test_a_tag_of_too_many_levels_is_one_tag(write: Write, tmp_path: Path, levels: int, broader: int) -> None:
    name = "/".join(f"l{n}" for n in range(levels))
    vault = write({"n.md": f"Text.\n\nwith #{name} in it\n"})
    report = ingest(vault, tmp_path / "store")
    found = kg.query(report.store, "SELECT ?a ?b { ?a skos:broader ?b }").rows
    tagged = kg.query(report.store, "SELECT ?t { n:n kg:tagged ?t }").rows
    assert [row["t"] for row in tagged] == [f"https://notes.example/#tag/{name}"]
    assert len(found) == broader
    wrong = [("F10", 3, 6)] if levels > 32 else []
    assert [(one.code, one.line, one.column) for one in report.findings] == wrong
    assert report.summary["inferred"] < 32 * 32
    assert ingest(vault, tmp_path / "store").findings == report.findings


def test_a_note_that_says_too_much_is_named(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kg.mapping.collector._BASE_BYTES", 20_000)
    monkeypatch.setattr("kg.mapping.collector._BYTES_PER_BYTE", 1)
    vault = write({"n.md": "".join(f"- [ ] task {n}\n" for n in range(500)), "m.md": "[[n]]\n"})
    report = ingest(vault, tmp_path / "store")
    (finding,) = report.findings
    assert (finding.code, finding.path, finding.severity) == ("F09", "n.md", "error")
    tasks = kg.query(report.store, "SELECT ?t { n:n kg:hasTask ?t }").rows
    assert len(tasks) in {finding.line - 1, finding.line}
    assert 0 < len(tasks) < 500
    assert ingest(vault, tmp_path / "store", full=True).store.nquads() == report.store.nquads()


def test_a_long_part_keeps_its_beginning_and_is_told_from_others() -> None:
    one, other = "x" * LONGEST_PART + "1", "x" * LONGEST_PART + "2"
    assert encode_part(one) != encode_part(other)
    assert encode_part(one).startswith("x" * 200 + "~")
    assert encode_part("x" * LONGEST_PART) == "x" * LONGEST_PART
    assert encode_part("é" * LONGEST_PART) == "é" * LONGEST_PART


def test_a_link_leads_to_a_section_with_a_long_heading(write: Write, tmp_path: Path) -> None:
    heading = "word " * 300
    vault = write({"n.md": f"# {heading}\n\n## Inner\n", "m.md": "[[n#Inner]]\n"})
    report = ingest(vault, tmp_path / "store")
    (row,) = kg.query(report.store, "SELECT ?s ?h { n:m kg:mentions ?s . ?s kg:sectionOf ?o . ?o kg:heading ?h }").rows
    assert row["h"] == heading.strip()
    assert row["s"].endswith("/Inner")
