"""Findings that an instruction in the note suppresses, and instructions that suppress none."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from kg.config import Config
from kg.core.files import is_folder, read_bytes
from kg.core.finding_rules import covers
from kg.core.findings import Code, Finding
from kg.core.spelling import did_you_mean, near, nearest
from kg.notes.instructions import KEY, VERBS, Instruction, instructions
from kg.notes.vault import Vault, read_note

Instructions = Mapping[str, tuple[Instruction, ...]]
"""The instructions of each note that has any, by path."""
UNUSED = "K01"


class Suppressed(NamedTuple):
    """A finding, and the instruction that suppresses it."""

    finding: Finding
    by: Instruction


@dataclass(frozen=True)
class Suppression:
    """Findings, divided by the instructions of the notes."""

    findings: tuple[Finding, ...]
    suppressed: tuple[Suppressed, ...]

    @classmethod
    def of(cls, findings: Iterable[Finding], given: Instructions) -> "Suppression":
        """Divide findings."""
        kept, suppressed = [], []
        for finding in findings:
            by = next((one for one in given.get(finding.path, ()) if _suppresses(one, finding)), None)
            if by:
                suppressed.append(Suppressed(finding, by))
            else:
                kept.append(finding)
        return cls(tuple(kept), tuple(suppressed))

    def unused(self, given: Instructions, rules: Mapping[str, Code]) -> Iterator[Finding]:
        """A finding for each instruction, or code in one, that suppresses nothing."""
        by_path: dict[str, list[Finding]] = {path: [] for path in given}
        for finding in (*self.findings, *(row.finding for row in self.suppressed)):
            by_path.get(finding.path, []).append(finding)
        for path, rows in given.items():
            for one in rows:
                yield from _unused(path, one, by_path[path], rules)


def _suppresses(one: Instruction, finding: Finding) -> bool:
    is_meant = not one.codes or any(covers(code, finding.code) for code in one.codes)
    return is_meant and one.is_about(finding.line, finding.end_line)


def _unused(path: str, one: Instruction, findings: Iterable[Finding], rules: Mapping[str, Code]) -> Iterator[Finding]:
    if one.verb not in VERBS:
        suggestion = did_you_mean(nearest(one.verb, VERBS))
        yield _finding(path, one, f"“kg: {one.verb}” is not an instruction{suggestion}")
        return
    here = [finding for finding in findings if one.is_about(finding.line, finding.end_line)]
    for selector in one.codes or ("",):
        if any(not selector or covers(selector, finding.code) for finding in here):
            continue
        what = f"“{selector}”" if selector else f"“kg: {one.verb}”"
        known = not selector or any(covers(selector, code) for code in rules)
        message = f"{what} suppresses nothing" if known else f"{what} is not a code{_meant(selector, rules)}"
        yield _finding(path, one, message, _next_line(one, selector, findings))


def _meant(selector: str, rules: Mapping[str, Code]) -> str:
    return did_you_mean(near(selector, rules))


def _next_line(one: Instruction, selector: str, findings: Iterable[Finding]) -> str:
    """A hint, if the instruction is on the line before the finding."""
    after = one._replace(verb="ignore-next-line", codes=(selector,) if selector else ())
    return "write `kg: ignore-next-line`" if any(_suppresses(after, finding) for finding in findings) else ""


def _finding(path: str, one: Instruction, message: str, hint: str = "") -> Finding:
    return Finding(path, one.line, one.column, one.end_line, one.end_column, UNUSED, message, hint)


def reported(config: Config, findings: Collection[Finding]) -> tuple[Finding, ...]:
    """The findings that neither kg.toml nor the notes, which are read, leave out."""
    files = Vault(config=config).files().notes if findings and is_folder(config.vault) else {}
    places = {path: files[path] for path in sorted({finding.path for finding in findings}) if path in files}
    given = {path: rows for path, place in places.items() if (rows := _instructions(path, place, config))}
    return config.findings.without_selection.apply(Suppression.of(findings, given).findings)


def _instructions(path: str, place: str, config: Config) -> tuple[Instruction, ...]:
    """The instructions in a file; none if it cannot be read."""
    with suppress(OSError):
        if b"kg:" in (data := read_bytes(place, config.max_bytes, follow=False)) or KEY.encode() in data.lower():
            note, _ = read_note(path, place, config)
            return instructions(note) if note else ()
    return ()
