"""Findings as diagnostics of the protocol."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lsprotocol import types as lsp

from kg.config import FILE
from kg.core.findings import CODES, Finding, RelatedPlace, Severity
from kg.core.text import Position as CountedPosition
from kg.core.text import Source, UndecodableError
from kg.lsp.note_elements import link_at
from kg.lsp.positions import START, TextPositions
from kg.session.vault_state import VaultState

_SEVERITIES: Mapping[Severity, lsp.DiagnosticSeverity] = {
    "error": lsp.DiagnosticSeverity.Error,
    "warning": lsp.DiagnosticSeverity.Warning,
    "info": lsp.DiagnosticSeverity.Information,
}
_AMBIGUOUS = "L08"
_SUPERFLUOUS = frozenset(("K01",))
"""The codes of what may as well not be there."""
_LARGEST = 10_000_000


@dataclass(frozen=True)
class FileDiagnostics:
    """The diagnostics of a file, and an id that other ones would not have."""

    uri: str
    items: tuple[lsp.Diagnostic, ...]
    id: str


@dataclass(frozen=True)
class DiagnosticMaker:
    """Makes diagnostics of the findings in a vault."""

    state: VaultState
    encoding: str
    pages: Mapping[str, str]
    """The address of each code's explanation."""
    of_project: frozenset[str] = frozenset()
    """The paths that are relative to the project's folder, not to the vault."""

    def of_file(self, path: str, findings: Iterable[Finding]) -> FileDiagnostics:
        """The diagnostics of the findings in a file."""
        place, findings = self.place(path), tuple(findings)
        positions = self._positions(path, place)
        items = tuple(self._diagnostic(finding, positions) for finding in findings)
        return FileDiagnostics(place.absolute().as_uri(), items, _id(items))

    def place(self, path: str) -> Path:
        """The file of a path of a finding. That of the vault as a whole is its kg.toml, or its folder."""
        config = self.state.vault.config
        if path == ".":
            return config.root / FILE if (config.root / FILE).is_file() else config.vault
        return config.root / path if path in self.of_project else self.state.place(path)

    def _diagnostic(self, finding: Finding, positions: TextPositions) -> lsp.Diagnostic:
        page, remedy = self.pages.get(finding.code), finding.remedy
        return lsp.Diagnostic(
            range=positions.of_finding(finding),
            severity=_SEVERITIES[finding.severity],
            code=finding.code,
            code_description=lsp.CodeDescription(page) if page else None,
            source="kg",
            message=f"{finding.message}\n{remedy}" if remedy else finding.message,
            tags=[lsp.DiagnosticTag.Unnecessary] if finding.code in _SUPERFLUOUS else None,
            related_information=[*self._related(finding)] or None,
            data=identity(finding),
        )

    def _related(self, finding: Finding) -> Iterable[lsp.DiagnosticRelatedInformation]:
        """The other places of a finding: of a contradiction, or the files that an ambiguous link could mean."""
        for place in finding.related:
            yield lsp.DiagnosticRelatedInformation(self._location(place), f"also at {place.path}:{place.line}")
        if finding.code == _AMBIGUOUS:
            for path in self._rivals(finding):
                location = lsp.Location(self.place(path).absolute().as_uri(), START)
                yield lsp.DiagnosticRelatedInformation(location, f"could be {path}")

    def _location(self, place: RelatedPlace) -> lsp.Location:
        file = self.place(place.path)
        positions = self._positions(place.path, file)
        point = Finding(place.path, place.line, place.column, place.line, place.column, next(iter(CODES)), "")
        return lsp.Location(file.absolute().as_uri(), positions.of_finding(point))

    def _rivals(self, finding: Finding) -> Iterable[str]:
        note = self.state.note(finding.path)
        if note is None:
            return ()
        at = note.source.offset(CountedPosition(finding.line, finding.column))
        link = link_at(note, at)
        target = self.state.index.resolve(link, finding.path) if link else None
        return (target.path, *target.rivals) if target else ()

    def _positions(self, path: str, place: Path) -> TextPositions:
        draft = self.state.drafts.get(path)
        if draft:
            return TextPositions(draft.source, self.encoding)
        try:
            raw = place.read_bytes() if place.is_file() and place.stat().st_size < _LARGEST else b""
        except OSError:
            raw = b""
        try:
            return TextPositions(Source.decode(raw), self.encoding)
        except UndecodableError:  # kg reads no such note, and names the first wrong byte
            return TextPositions(Source(raw.decode("utf-8", "replace").encode()), self.encoding)


def identity(finding: Finding) -> dict[str, object]:
    """What names a finding, for an editor that gives it back."""
    return {name: getattr(finding, name) for name in ("code", "path", "line", "column", "message")}


def _id(items: Iterable[lsp.Diagnostic]) -> str:
    return hashlib.sha256(repr(tuple(items)).encode("utf-8", "surrogatepass")).hexdigest()[:16]
