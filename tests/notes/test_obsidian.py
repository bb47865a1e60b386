"""The conformance suite of tests/notes/obsidian, run against kg; and what it says stays true however a vault is written.

The format is told in tests/notes/obsidian/README.md, and the rules are in rules.json.
"""

import base64
import json
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import pyoxigraph as ox
import pytest

import kg
import kg.config
from helpers.note_parts import blocks_of, lines_of
from helpers.vaults import NOTES
from kg.core.findings import CODES, Finding
from kg.mapping.link_resolution import LINK_CLASSES, Index, Target
from kg.mapping.ontology import load_ontology
from kg.mapping.statements import Reader, Statements
from kg.mapping.structural_terms import HAS_TASK, PREF_LABEL, TAGGED
from kg.notes.model import Field, Link, Note, Section, Value
from kg.notes.values import inline_value
from kg.notes.vault import Reading
from kg.rdf.iris import Names
from kg.validation.validator import check

SUITE = Path(__file__).parent / "obsidian"
Case = dict[str, Any]


# ---- what kg is asked: everything that this file takes from its inside ----


@dataclass(frozen=True)
class World:
    """A vault as kg read it."""

    reading: Reading
    index: Index

    def note(self, path: str) -> Note | None:
        """The note at a path."""
        return next((note for note in self.reading.notes if note.path == nfc(path)), None)


def read(vault: Path) -> World:
    """Read a folder."""
    config = kg.config.load(vault, cwd=vault)
    reading = kg.Vault(config=config).read()
    names = Names(config.base)
    index = Index.of(reading.notes, reading.attachments, names, ignored=reading.ignored, on_disk=reading.on_disk)
    return World(reading, index)


def findings_of(world: World) -> list[Finding]:
    """All findings about links, files and properties (codes L01 and up)."""
    return sorted(finding for finding in check(world.reading, world.index).findings if finding.code.startswith("L"))


@cache
def ontology() -> Any:
    """The ontology that comes with kg."""
    return load_ontology(kg.config.load(SUITE, cwd=SUITE))


def statements(world: World, note: Note) -> Statements:
    """What a note states."""
    return Reader(world.index, ontology(), "Concept").statements(note)


# ---- what the suite asks of a note ----


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def link_rows(world: World, note: Note) -> list[dict[str, Any]]:
    """Every link of a note, with all that a case can say of it."""
    return [link_row(world, note, link) for link in note.links()]


def link_row(world: World, note: Note, link: Link) -> dict[str, Any]:
    target = world.index.resolve(link, note.path)
    line, column = note.source.position(link.span.start)
    row = {"link": note.source.slice(*link.span), "line": line, "column": column, "class": target.kind}
    row |= {"target": link.target, "display": link.display, "embed": link.embed, "property": link.key or None}
    row |= dict.fromkeys(("path", "heading", "block", "at", "missing", "url"))
    if target.kind == "external":
        return row | {"url": target.path}
    if is_missing(target):
        return row | {"missing": world.index.names.to_path(target.entity)}
    return row | {"path": target.path, **places(world, target.path).get(target.exact, {})}


def is_missing(target: Target) -> bool:
    return target.kind in {"missing", "missing attachment"}


def places(world: World, path: str) -> dict[str, dict[str, Any]]:
    """The sections and blocks of a note, by their IRIs."""
    note, found = world.note(path), {}
    if note is None:
        return {}
    names, entity = world.index.names, world.index.entity(path)
    for section, headings in outline(note.root, []):
        at = note.source.position(section.span.start).line
        found[names.section(entity, section.parts)] = {"heading": headings, "at": at}
    for block in blocks_of(note):
        if block.id:
            at = note.source.position(block.span.start).line
            found.setdefault(names.block(entity, block.id), {"block": block.id, "at": at})
    return found


def outline(section: Section, above: list[str]) -> Iterator[tuple[Section, list[str]]]:
    """Every section below this one, with the headings that lead to it."""
    for child in section.sections:
        headings = [*above, child.heading]
        yield child, headings
        yield from outline(child, headings)


def tags(world: World, note: Note) -> list[str]:
    """The tags of the front matter, then those of the body."""
    stated = statements(world, note)
    names = {(label.term, label.at): label.text for label in stated.labels if label.predicate == PREF_LABEL}
    spans = [prop.value.span for prop in note.properties]
    front = {
        row.at: names[row.object, row.at]
        for row in stated.rows
        if row.predicate == TAGGED and any(start <= row.at < end for start, end in spans)
    }
    return [*(front[at] for at in sorted(front)), *(tag.name for line in lines_of(note) for tag in line.tags)]


def headings(_: World, note: Note) -> list[Any]:
    return [[section.level, section.heading] for section in note.root.walk() if section.level]


def blocks(_: World, note: Note) -> list[Any]:
    return [[b.id, b.kind, note.source.position(b.span.start).line] for b in blocks_of(note) if b.id]


def properties(_: World, note: Note) -> dict[str, Any]:
    return {prop.key: typed(prop.value) for prop in note.properties}


def fields(world: World, note: Note) -> list[Any]:
    return [field_row(world, field) for line in lines_of(note) for field in line.fields]


def field_row(world: World, field: Field) -> list[Any]:
    value = inline_value(field)
    return [property_name(world.index.names.property(field.key)), typed(value, link_values=True), field.form]


def property_name(iri: str) -> str:
    """The last part of a property's IRI."""
    return unquote(re.split("[#/]", iri.rstrip(">"))[-1])


def typed(value: Value, *, link_values: bool = False) -> Any:
    """A value as cases write it: JSON's own types, and objects for what JSON has none for."""
    if value.kind == "list":
        return [typed(child, link_values=link_values) for child in value.children]
    if value.kind == "map":
        return {"object": {key: typed(child) for key, child in zip(value.keys, value.children[1::2], strict=True)}}
    if value.kind in {"integer", "decimal", "double"}:
        return float(value.text)
    if value.kind in {"date", "dateTime", "duration"}:
        return {value.kind.lower(): value.raw}
    if value.link and link_values:
        return {"link": value.raw}
    return {"null": None, "boolean": value.text == "true"}.get(value.kind, value.text)


def tasks(world: World, note: Note) -> list[Any]:
    """The tasks of a note, in order, with what is said of them."""
    rows = sorted(statements(world, note).rows, key=lambda row: row.at)
    return [
        task_row([f"{' '.join(row[:3])} ." for row in rows if row.subject == task])
        for task in dict.fromkeys(row.object for row in rows if row.predicate == HAS_TASK)
    ]


def task_row(triples: list[str]) -> dict[str, Any]:
    said = {property_name(q.predicate.value): q.object for q in ox.parse("\n".join(triples), ox.RdfFormat.N_TRIPLES)}
    own = {key: said.pop(key).value for key in ("type", "text", "status", "completed")}
    rest = {key: literal(term) for key, term in said.items()}
    return {"status": own["status"], "text": own["text"], "completed": own["completed"] == "true", "fields": rest}


def literal(term: Any) -> Any:
    """A literal as cases write it."""
    kind = property_name(term.datatype.value)
    return {"date": term.value} if kind == "date" else float(term.value) if kind == "integer" else term.value


def callouts(_: World, note: Note) -> list[str]:
    """The types of a note's callouts; kg says of a block only that it is one."""
    marks = (note.source.slice(*block.span) for block in blocks_of(note) if block.kind == "callout")
    return [re.search(r"\[!([^\]]+)\]", mark).group(1).lower() for mark in marks]  # type: ignore[union-attr]


def text(_: World, note: Note) -> str:
    return " ".join(" ".join(section.text for section in note.root.walk()).split())


def edges(world: World, note: Note) -> dict[str, int]:
    """The files that a note links to, each with how often."""
    targets = (world.index.resolve(link, note.path) for link in note.links())
    return Counter(
        t.path for t in targets if t.path and t.kind not in {"external", "malformed", "template"} and not is_missing(t)
    )


def unresolved(world: World, note: Note) -> dict[str, int]:
    """What a note links to and no file answers."""
    targets = (world.index.resolve(link, note.path) for link in note.links())
    return Counter(world.index.names.to_path(target.entity) for target in targets if is_missing(target))


OBSERVED: Mapping[str, Callable[[World, Note], Any]] = {
    "links": link_rows,
    "tags": tags,
    "headings": headings,
    "blocks": blocks,
    "properties": properties,
    "fields": fields,
    "tasks": tasks,
    "callouts": callouts,
    "text": text,
    "edges": edges,
    "unresolved": unresolved,
}
"""What a case can say of a note, and where it is found."""
OF_THE_VAULT = {"notes", "tagged", "findings"}
PARTIAL = {"links", "fields"}
"""Rows of which a case says some things and leaves others open."""


# ---- cases ----


@cache
def suite() -> dict[str, Any]:
    """The files of the suite by name."""
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(SUITE.glob("*.json"))}


def cases(having: set[str]) -> list[Case]:
    """The cases that say something of these."""
    return [case for file in suite().values() for case in file.get("cases", ()) if having & case.keys()]


def params(having: set[str]) -> list[Any]:
    return [pytest.param(case, id=case["id"]) for case in cases(having)]


def write(vault: Path, files: Mapping[str, Any]) -> Path:
    """Write the files of a case."""
    for path, content in files.items():
        file = vault / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(base64.b64decode(content["base64"]) if isinstance(content, dict) else content.encode())
    return vault


def written(case: Case, vault: Path) -> Path:
    """Write the vault of a case, where this file system can hold it."""
    if case.get("needs") and sys.platform != "linux":
        pytest.skip(f"this file system may not hold what the case needs: {', '.join(case['needs'])}")
    return write(vault, case["vault"])


@pytest.mark.parametrize("case", params({*OBSERVED, "notes", "tagged"}))
def test_case(case: Case, tmp_path: Path) -> None:
    vault = written(case, tmp_path / "vault")
    world = read(vault)
    problems = [*of_vault(case, world, vault), *of_notes(case, world)]
    assert not problems, "\n".join([f"rule {case['rule']}: {case['says']}", *problems])


def of_vault(case: Case, world: World, vault: Path) -> Iterator[str]:
    """Where the vault as a whole is not what a case says."""
    found = sorted(note.path for note in world.reading.notes)
    if "notes" in case and found != case["notes"]:
        yield f"notes: {found}"
    if "tagged" in case and tagged(vault) != case["tagged"]:
        yield f"tagged: {tagged(vault)}"


def tagged(vault: Path) -> dict[str, list[str]]:
    """The notes that each tag, by the name that it is shown by, finds."""
    report = kg.ingest(kg.Vault(config=kg.config.load(vault, cwd=vault, store=vault.parent / "store")), inference=False)
    query = """SELECT DISTINCT ?tag ?path {
        ?of kg:tagged/skos:broader* [a kg:Tag ; skos:prefLabel ?tag] . ?note kg:describes ?of ; kg:path ?path
    } ORDER BY ?tag ?path"""
    found: dict[str, list[str]] = {}
    for row in kg.query(report.store, query).rows:
        found.setdefault(row["tag"], []).append(row["path"])
    return found


def of_notes(case: Case, world: World) -> Iterator[str]:
    """Where a note is not what a case says."""
    for what, observed in OBSERVED.items():
        for path, expected in case.get(what, {}).items():
            note = world.note(path)
            found = observed(world, note) if note else "no such note"
            if note and what in PARTIAL and len(found) == len(expected):
                found = [as_far(*pair) for pair in zip(found, expected, strict=True)]
            if found != composed(expected):
                yield f"{what} of {path}:\n  found    {found}\n  expected {expected}"


def as_far(found: Any, expected: Any) -> Any:
    """As much of a row as the case says something of."""
    if isinstance(found, dict):
        return {key: found[key] for key in expected}
    return [None if wanted is None and n == 0 else found[n] for n, wanted in enumerate(expected)]


def composed(expected: Any) -> Any:
    """Paths, which are compared in NFC."""
    if isinstance(expected, list):
        return [composed(row) for row in expected]
    if isinstance(expected, dict) and isinstance(expected.get("path"), str):
        return {**expected, "path": nfc(expected["path"])}
    return expected


@pytest.mark.parametrize("case", params({"findings"}))
def test_findings(case: Case, tmp_path: Path) -> None:
    codes = set(case.get("codes", [code for code, row in CODES.items() if row.severity != "info" or code == "L11"]))
    found = [finding for finding in findings_of(read(written(case, tmp_path / "vault"))) if finding.code in codes]
    expected = sorted(case["findings"], key=lambda row: (row.get("path", ""), row.get("line", 0), row.get("column", 0)))
    shown = "\n".join([f"rule {case['rule']}: {case['says']}", *map(str, found)])
    assert len(found) == len(expected), shown
    assert all(getattr(one, key) == row[key] for one, row in zip(found, expected, strict=True) for key in row), shown


# ---- the suite itself ----


KEYS = ["id", "rule", "says", "source", "choice", "needs", "vault", *OBSERVED, *OF_THE_VAULT, "codes"]


def test_every_rule_has_a_case_and_every_case_a_rule() -> None:
    rules = suite()["rules"]["rules"]
    assert set(rules) == {case["rule"] for case in cases({"id"})}
    assert {f"9.{code}" for code in CODES if code.startswith("L")} <= set(rules)


def test_cases_are_well_formed() -> None:
    everything = cases({"id"})
    assert len({case["id"] for case in everything}) == len(everything)
    for case in everything:
        assert case.keys() <= set(KEYS), case["id"]
        assert case.keys() & {*OBSERVED, *OF_THE_VAULT}, case["id"]
        assert all(path in case["vault"] for what in OBSERVED for path in case.get(what, ())), case["id"]
        rows = [row for found in case.get("links", {}).values() for row in found]
        assert all(row.keys() <= LINK_KEYS for row in rows), case["id"]
    classes = {row["class"] for case in everything for rows in case.get("links", {}).values() for row in rows}
    assert classes == set(LINK_CLASSES)


LINK_KEYS = {
    "link", "class", "path", "heading", "block", "at", "missing", "url", "target", "display", "embed", "property",
    "line", "column",
}  # fmt: skip


def test_the_files_are_written_one_way() -> None:
    for name, file in suite().items():
        assert pretty(file) + "\n" == (SUITE / f"{name}.json").read_text(encoding="utf-8"), name


def pretty(value: Any, indent: int = 0) -> str:
    """JSON, one line for what fits in one; marks that cannot be told by looking at them are escaped."""
    line = visible(json.dumps(value, ensure_ascii=False))
    if (indent and len(line) + indent <= 110) or not value or not isinstance(value, dict | list):
        return line
    opened, closed = "{}" if isinstance(value, dict) else "[]"
    inner = f"\n{' ' * (indent + 2)}"
    rows = (
        [f"{visible(json.dumps(key, ensure_ascii=False))}: {pretty(child, indent + 2)}" for key, child in value.items()]
        if isinstance(value, dict)
        else [pretty(child, indent + 2) for child in value]
    )
    return f"{opened}{inner}{f',{inner}'.join(rows)}\n{' ' * indent}{closed}"


def visible(line: str) -> str:
    return "".join(ch if ch == " " or unicodedata.category(ch)[0] not in "MCZ" else json.dumps(ch)[1:-1] for ch in line)


# ---- however a vault is written ----


def with_tabs(note: str) -> str:
    """Items of nested lists, and what stands in them, indented by tabs."""
    return re.sub(r"(?m)^(?:[-*+]|\d+\.) .*(?:\n(?:(?:[-*+]|\d+\.) .*| +\S.*|(?=\n +\S)))*", _list_with_tabs, note)


def _list_with_tabs(match: re.Match[str]) -> str:
    indents = [len(found) for found in re.findall(r"(?m)^( +)\S", match.group())]
    unit = min(indents, default=1)
    return re.sub(r"(?m)^( +)(?=\S)", lambda found: "\t" * (len(found.group(1)) // unit), match.group())


def with_white_space(note: str) -> str:
    """A space or a tab at the end of each line that has none: two spaces would be a line break."""
    ends = iter(" \t" * note.count("\n"))
    return re.sub(r"(?<=\S)(?=\n)", lambda _: next(ends), note)


WRITINGS: Mapping[str, Callable[[str, str], tuple[str, str]]] = {
    "CRLF": lambda path, note: (path, note.replace("\n", "\r\n")),
    "byte order mark": lambda path, note: (path, f"\ufeff{note}"),
    "NFD names": lambda path, note: (unicodedata.normalize("NFD", path), note),
    "white space at line ends": lambda path, note: (path, with_white_space(note)),
    "tabs in lists": lambda path, note: (path, with_tabs(note)),
}


def said(vault: Path) -> dict[str, Any]:
    """All that the notes of a vault say, without places."""
    world = read(vault)
    return {note.path: note_said(world, note) for note in world.reading.notes}


def note_said(world: World, note: Note) -> dict[str, Any]:
    rows = [{key: row[key] for key in row.keys() - {"link", "line", "column", "at"}} for row in link_rows(world, note)]
    return {"links": rows} | {
        what: OBSERVED[what](world, note) for what in ("tags", "headings", "fields", "properties")
    }


def rewritten(files: Mapping[str, Any], writing: Callable[[str, str], tuple[str, str]]) -> dict[str, Any]:
    """The files of a vault, its notes written in another way."""
    return dict(
        writing(path, content) if path.lower().endswith(".md") and isinstance(content, str) else (path, content)
        for path, content in files.items()
    )


def check_writings(files: Mapping[str, Any], folder: Path) -> None:
    plain = said(write(folder / "plain", files))
    for name, writing in WRITINGS.items():
        other = rewritten(files, writing)
        if other != files:
            assert said(write(folder / name, other)) == plain, name


@pytest.mark.parametrize("case", params({"id"}))
def test_however_a_case_is_written(case: Case, tmp_path: Path) -> None:
    written(case, tmp_path / "as it is")
    check_writings(case["vault"], tmp_path)


def test_however_the_notes_are_written(tmp_path: Path) -> None:
    files: dict[str, Any] = {}
    for file in sorted(path for path in NOTES.rglob("*") if path.is_file() and ".kg" not in path.parts):
        raw = file.read_bytes()
        is_text = file.suffix in {".md", ".toml"}
        files[file.relative_to(NOTES).as_posix()] = (
            raw.decode() if is_text else {"base64": base64.b64encode(raw).decode()}
        )
    check_writings(files, tmp_path)


# ---- against what others say of the same ----


def oracle(samples: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((samples / "oracles" / f"{name}.peer-expected.json").read_text(encoding="utf-8"))
    return found


def test_inline_fields_as_dataview_finds_them(samples: Path, tmp_path: Path) -> None:
    for number, (line, expected) in enumerate(oracle(samples, "dataview-inline-fields")["bracketed"]):
        # As a note of its own an indented line is code; where Dataview finds it, it is an item of a list.
        above = "- a\n   - b\n" if line.startswith("  ") else ""
        world = read(write(tmp_path / str(number), {"A.md": above + line}))
        found = [[field.key, field.text] for line in lines_of(world.reading.notes[0]) for field in line.fields]
        assert found == expected, line


def test_values_as_dataview_types_them(samples: Path, tmp_path: Path) -> None:
    for number, (value, expected) in enumerate(oracle(samples, "dataview-inline-fields")["values"]):
        world = read(write(tmp_path / str(number), {"A.md": f"key:: {value}"}))
        ((_, found, _),) = fields(world, world.reading.notes[0])
        assert in_words(found) == unquoted(expected), value


def in_words(found: Any) -> Any:
    """A value as the oracle writes it."""
    if isinstance(found, dict):
        return f"link {found['link'].strip('[]')}"
    return [in_words(one) for one in found] if isinstance(found, list) else found


def unquoted(expected: Any) -> Any:
    is_link = isinstance(expected, str) and expected.startswith("link ")
    return expected.replace("'", "") if is_link else expected


class Stub(NamedTuple):
    """The links of a vault between Markdown notes, as obsidiantools counts them: body wikilinks that are no embeds."""

    world: World
    counts: dict[str, Counter[str]]

    @classmethod
    def of(cls, vault: Path) -> "Stub":
        world = read(vault)
        notes = [note for note in world.reading.notes if note.kind == "note"]
        names = Counter(note.name for note in notes)
        known = {
            note.path: note.name if names[note.name] == 1 or "/" not in note.path else note.path[:-3] for note in notes
        }
        counts = {known[note.path]: Counter(cls._targets(world, note, known)) for note in notes}
        return cls(world, counts)

    @staticmethod
    def _targets(world: World, note: Note, known: Mapping[str, str]) -> Iterator[str]:
        for link in note.links():
            target = world.index.resolve(link, note.path)
            # obsidiantools leaves out what leads to a canvas (`[[Crazy wall 2.canvas]]`); to Obsidian that is a link.
            is_canvas = target.path.endswith(".canvas")
            if link.kind == "wikilink" and not link.embed and not link.key and not is_canvas:
                yield known.get(target.path, target.path)

    def linked(self) -> Counter[str]:
        """How many links lead to each note."""
        total: Counter[str] = Counter()
        for counts in self.counts.values():
            total.update(counts)
        return total


def test_links_as_obsidiantools_counts_them(samples: Path) -> None:
    expected = oracle(samples, "obsidiantools-stub")
    stub = Stub.of(samples / "obsidiantools-stub")
    linked = stub.linked()
    assert stub.counts == expected["wikilink_counts"]
    assert len(stub.counts) == expected["n_md_files"]
    assert linked.total() == expected["n_wikilinks_total"]
    assert sum(map(len, stub.counts.values())) == expected["n_unique_edges"]
    assert len({*stub.counts, *linked}) == expected["n_graph_nodes"]
    assert linked.keys() - stub.counts.keys() == set(expected["nonexistent"])
    assert {name: linked[name] for name in expected["n_backlinks"]} == expected["n_backlinks"]
    # Between Markdown notes only: to Obsidian `Crazy wall.canvas`, which shows it, links to `Isolated note.md`.
    assert [name for name, counts in stub.counts.items() if not counts and not linked[name]] == expected["isolated"]


def test_embeds_tags_and_addresses_as_obsidiantools_finds_them(samples: Path) -> None:
    expected = oracle(samples, "obsidiantools-stub")
    world = read(samples / "obsidiantools-stub")
    by_name = {note.name: note for note in world.reading.notes}
    song = by_name["Sussudio"]
    assert [link.target for link in song.links() if link.embed] == expected["embedded"]["Sussudio"]
    found = tags(world, song)
    assert found == expected["tags_Sussudio_nested"]
    for name, number in expected["external_links"].items():
        note = by_name[name]
        kinds = Counter(world.index.resolve(link, note.path).kind for link in note.links())
        assert kinds["external"] == number, name


def test_front_matter_as_obsidiantools_reads_it(samples: Path) -> None:
    expected = oracle(samples, "obsidiantools-stub")["front_matter"]["Sussudio"]
    world = read(samples / "obsidiantools-stub")
    by_name = {note.name: properties(world, note) for note in world.reading.notes}
    found = by_name["Sussudio"]
    for key in ("title", "artist", "category", "year"):
        assert found[key] == expected[key]
    # The oracle says in words that `[[American Psycho (film)]]` without quotes is a list in a list, and no link.
    assert found["references"] == [[["American Psycho (film)"]], "Polka Party!"]
    assert found["chart_peaks"] == [{"object": row} for row in expected["chart_peaks"]]
    # The oracle keeps the valid properties beside `description: {{description}}`; here a template's are skipped.
    assert by_name["Causam mihi"] == {}
