"""Findings: problems in the user's files as values, and the table of their codes.

Each code is one row; the reports, the JSON and the documentation read this table.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Literal, NamedTuple, cast

from kg.core.escaping import printable

Severity = Literal["error", "warning", "info"]
_NUMBER = re.compile(r"\b\d+ (?=links|notes)")
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


def is_at_least(severity: Severity, limit: Severity) -> bool:
    """Whether a severity is at or above a limit."""
    return SEVERITIES.index(severity) <= SEVERITIES.index(limit)


Paint = Callable[[Severity, str], str]
"""Returns a text in the colour of a severity, if there are colours."""


@dataclass(frozen=True)
class Code:
    """A kind of finding."""

    code: str
    severity: Severity
    title: str
    remedy: str


_TABLE = """
F01 error The file or folder cannot be opened
    Make it readable, or list it under `ignore` in kg.toml; its last good state stays
F02 error The file is not text in UTF-8
    Save the file as UTF-8
F03 error The file is larger than kg reads
    Split the note, or raise `max_bytes` in kg.toml
F04 warning Not a regular file inside the vault
    Move the file into the vault; links, pipes and devices are not read
F05 error Two files share one name
    Rename one of them: they differ only by case or Unicode form
F06 error The canvas is not as Obsidian writes it
    Open the canvas in Obsidian, or correct its JSON
F07 error The vault is empty where it had notes
    Mount its drive; if it is meant to be empty, run `kg ingest --full`
F08 error The store refuses a triple of the note
    Change the text there, and report the bug: kg should have named the problem
F09 error The note makes more triples than the limit
    Divide the note: the limit is 4 MB of triples, and 200 bytes more for each byte of the note
F10 warning A tag with too many levels
    Use fewer levels, or shorter ones
F11 warning Too many lines with wildcards in .gitignore files
    Name folders instead of files; lines without wildcards are not limited
F12 info A line of .gitignore that matches nothing
    Correct or remove the line; git ignores it too
L01 error The note that a link names does not exist
    Write that note, or correct the link
L02 error The note has no such heading
    Correct the heading in the link, or link to the note
L03 error The note has no such block
    Put the ^id at the end of the block, or correct the link
L04 error The attachment that a link names does not exist
    Add the file, or correct the link
L05 error Unquoted link in a property
    Put quotes around it: "[[Note]]"
L06 error The properties are not valid YAML
    Correct the line; the note was read without its properties
L07 warning A web address in a wikilink
    Write `[text](address)` or `<address>`
L08 warning A link that could mean several files
    Write enough of the path to tell them apart
L09 warning A link to an alias
    Write `[[Note|alias]]`; Obsidian does not resolve aliases
L10 warning A link to a heading that occurs twice
    Name the heading above it too, or rename one
L11 info A link that differs from the file's name by case or Unicode form
    Write the name as the file has it; `portable = true` in kg.toml makes this a warning
L12 warning A block id that Obsidian does not read
    Use Latin letters, digits and hyphens only
L13 warning A file name that a link cannot write, or that may not work in a link
    Rename it without `# ^ | [ ] :` and `%%`
L14 warning A property under a name that Obsidian no longer reads
    Write `tags`, `aliases` or `cssclasses`, each with a list
L15 warning A property of more than one type
    Give the property one type in all notes
L16 warning Two files that differ only by case or Unicode form
    Rename one of them
L17 warning A block link without its #
    Write `[[Note#^id]]`
L18 warning A link to an ignored file or a template
    Link to a note, or stop ignoring the file
L20 info A link from a note to itself
    None needed
L21 info A link in a comment
    None needed: a reader does not see it, and any problem of the link is not reported
L22 info A note that no link leads to, or that leads nowhere
    Link it from where it belongs
L23 info A missing note with many links to it
    Write the note
L24 info Notes that embed each other in a circle
    Link where one of them embeds
L25 warning An invalid web address
    Correct the address: the host, the port (a number), or the IPv6 address in brackets
P01 error The properties are too large or too deep
    Move them into the note's text
P02 error YAML anchors, aliases, merge keys or tags are not read
    Write the value out where it is used
P03 warning The same property twice
    Keep one of them; the first one counts
P04 info Properties of a template
    None needed: a template is read without its properties
P05 error An `id` that another note has too
    Give each note its own `id`; the first note by path keeps it
K01 info An instruction to kg that suppresses nothing
    Remove the code or the comment, or place it at the finding
C01 error A thing of two disjoint classes
    Remove one of the two; `kg why` shows where an inferred one comes from
C02 error Two disjoint properties lead to the same thing
    Remove one of the two
C03 error Two values where at most one is allowed
    Keep the right one
C04 error Two different things are declared the same
    Correct the statement that makes them the same
C05 error The notes contradict the ontology
    Correct the notes, or the ontology
O01 warning Two terms of the ontology share a name
    Rename one, or use its full name in the notes
O02 warning The store refuses an inferred triple, which is left out
    Correct the rule that infers it
O03 warning A file of the ontology is not read
    Save it as Turtle (`.ttl`), RDF/XML without a DTD, N-Triples or JSON-LD with its context
O04 info A prefix that means something else in queries
    Use another prefix in the file; in a query, declare it with PREFIX
O05 warning An imported ontology that is not here
    Save it in the ontology folder, or remove the import
O06 info Headings over lists that name no class
    Declare a class of that name, or leave the lists as they are
O07 info A list item that has the title of a note of another class
    Write `[[Note]]`, or give the note the class of the heading: the item is then the note
O10 error A shape that is not well-formed
    Correct the shape; until then, that part of it is not checked
O11 warning A part of a shape that is not checked
    Remove it, or write it with the terms of SHACL 1.0
"""
"""For each code: the code, its severity and title; below them, the remedy."""


def _codes(table: str) -> Iterator[Code]:
    lines = table.strip().split("\n")
    for head, remedy in zip(lines[::2], lines[1::2], strict=True):
        code, severity, title = head.split(" ", 2)
        yield Code(code, cast("Severity", severity), title, remedy.strip())


CODES = {row.code: row for row in _codes(_TABLE)}


class Result(NamedTuple):
    """A validation result of a SHACL shape; terms are N-Triples text, IRIs without angle brackets."""

    severity: Severity
    shape: str
    focus: str
    property: str
    """The path from the focus node, in SPARQL syntax; empty if the shape constrains the node itself."""
    value: str
    component: str
    """The IRI of the constraint component, e.g. sh:MinCountConstraintComponent."""


class RelatedPlace(NamedTuple):
    """Another place of a finding: a path of the vault, a line and a column from 1."""

    path: str
    line: int
    column: int


@dataclass(frozen=True, order=True)
class Finding:
    """A problem at a place in a file; `line` and `column` count from 1."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    code: str
    message: str
    hint: str = ""
    result: Result | tuple[()] = ()
    """The SHACL result that the finding reports, if any; the shape then sets code and severity."""
    graded: Severity | Literal[""] = ""
    """The severity that the user's rules give it, if it is another."""
    related: tuple[RelatedPlace, ...] = field(default=(), compare=False)
    """Other places that have a part in it, where they are known."""

    @property
    def severity(self) -> Severity:
        """The severity, set by the user's rules, the shape or the code."""
        if self.graded:
            return self.graded
        return self.result.severity if self.result else CODES[self.code].severity

    @property
    def remedy(self) -> str:
        """The remedy, for this finding or for every finding of its code."""
        return self.hint or (CODES[self.code].remedy if self.code in CODES else "")

    def as_json(self) -> dict[str, object]:
        """The JSON fields of contract section 5."""
        names = ("path", "line", "column", "end_line", "end_column", "severity", "code", "message")
        row: dict[str, object] = {name: getattr(self, name) for name in names} | {"hint": self.remedy}
        if self.result:
            row |= {name: getattr(self.result, name) for name in ("shape", "focus", "property", "value")}
        return row

    def text(self, path: str, paint: "Paint" = lambda severity, text: text) -> str:
        """The line of text about it, with another path to its file, and the severity in its colour."""
        where, what = printable(f"{path}:{self.line}:{self.column}"), printable(f"{self.message} [{self.code}]")
        return f"{where}: {paint(self.severity, self.severity)}: {what}"

    def __str__(self) -> str:
        return self.text(self.path)


key_of: Callable[[Finding], tuple[object, ...]] = attrgetter(*(one.name for one in fields(Finding) if one.compare))
"""The fields of a finding by which it is compared and sorted."""


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort findings by file, line and column; equal ones count once."""
    return tuple(sorted(set(findings), key=key_of))


def by_path(findings: Iterable[Finding]) -> dict[str, tuple[Finding, ...]]:
    """The findings of each file, in their order."""
    rows: dict[str, list[Finding]] = {}
    for finding in findings:
        rows.setdefault(finding.path, []).append(finding)
    return {path: tuple(group) for path, group in rows.items()}


def of_file(path: str, code: str, message: str, line: int = 1, column: int = 1) -> Finding:
    """A finding about a whole file, or about one place in it."""
    return Finding(path, line, column, line, column, code, message)


def fingerprints(findings: Iterable[Finding]) -> list[str]:
    """A stable fingerprint per finding: code, file, message and occurrence number.

    It does not change when lines move.
    """
    seen: Counter[tuple[str, str, str]] = Counter()
    digests = []
    for finding in findings:
        about = "\n".join(finding.result[1:]) if finding.result else _NUMBER.sub("", finding.message)
        key = (finding.code, finding.path, about)
        seen[key] += 1
        digests.append(hashlib.sha256(repr((*key, seen[key])).encode("utf-8", "replace")).hexdigest()[:32])
    return digests
