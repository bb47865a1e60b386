"""Validate a vault: one sorted report on its files, properties, links and shapes.

Links are checked in the notes on disk. Shapes check what the notes mean and entail, so the store is brought up to date
first, as `kg ingest` does; the shapes also see the graphs that `kg pull` stored beside it. Results are cached, and only
what a change affects is checked again.
"""

import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from kg.config import locate
from kg.core.errors import KgError, StoreError, StoreRefused
from kg.core.finding_rules import FindingRules
from kg.core.findings import CODES, SEVERITIES, Code, Finding, Severity, in_order, is_at_least
from kg.core.limits import Limits
from kg.ingestion.pipeline import ingest
from kg.ingestion.report import Report
from kg.ingestion.snapshot import Held, Kept, Scan
from kg.mapping.link_resolution import Index, LinkClass
from kg.mapping.provenance import Origin, Place
from kg.notes.obsidian_settings import Settings
from kg.notes.pool import Workers
from kg.notes.vault import Files, Progress, Reading, Vault, silent, without_collection
from kg.rdf.iris import Names
from kg.reasoning.contradictions import contradictions
from kg.reasoning.explanation import Explainer
from kg.store.builder import Outdated, retried
from kg.store.ingest_state import IngestState
from kg.store.store import Published, published
from kg.validation.baseline import Elsewhere, Only
from kg.validation.cache import Seen, ShapeFindings, ValidationCache
from kg.validation.ingested_vault import IngestedVault, NoteReader
from kg.validation.link_checks import Checked, Checker
from kg.validation.link_memory import LinkMemory
from kg.validation.link_report import LinkReport
from kg.validation.memory import FoundResults, Remembered, ValidationMemory
from kg.validation.messages import Wording, bare
from kg.validation.ordered_findings import OrderedFindings
from kg.validation.parts import Parts
from kg.validation.pyshacl_runner import Violation, in_turtle
from kg.validation.pyshacl_runner import in_order as ordered
from kg.validation.shape_findings import PlacedFindings
from kg.validation.shape_report import ShapeReport
from kg.validation.shapes import Shapes
from kg.validation.suppression import UNUSED, Instructions, Suppressed, Suppression
from kg.validation.whole_vault_checks import combine


@dataclass(frozen=True)
class Validation:
    """The findings in order of file, line and column, and the number of links of each class."""

    findings: tuple[Finding, ...]
    classes: Mapping[LinkClass, int]
    hidden: int = 0
    """The number of less severe findings left out."""
    rules: Mapping[str, Code] = field(default_factory=lambda: CODES, repr=False)
    """The meaning of the findings' codes."""
    results: tuple[Violation, ...] = field(default=(), repr=False)
    """The results of the shapes, of every severity."""
    shapes: Shapes | None = field(default=None, repr=False)
    of_project: frozenset[str] = frozenset()
    """The paths that are relative to the project's folder, not to the vault: those of the ontology."""
    wording: Wording | None = field(default=None, repr=False)
    instructions: Instructions = field(default_factory=dict, repr=False)
    """The instructions to kg in the notes."""
    suppressed: tuple[Suppressed, ...] = ()
    """The findings that an instruction suppresses."""
    unplaced: Mapping[str, int] = field(default_factory=dict, repr=False)
    """The number of less severe results without a finding, of each code."""
    elsewhere: Elsewhere = field(default_factory=Elsewhere, repr=False, compare=False)
    """What the vault has and the validation does not report."""
    unread: tuple[str, ...] = ()
    """A sentence for each path that the caller named and in which kg reads no note."""

    @cached_property
    def codes(self) -> Mapping[str, int]:
        """The number of findings of each code."""
        return dict(sorted(Counter(finding.code for finding in self.findings).items()))

    def at_least(self, severity: Severity) -> "Validation":
        """A copy without the less severe findings."""
        if severity == SEVERITIES[-1]:
            return self
        kept = self._kept(lambda finding: is_at_least(finding.severity, severity))
        hidden = len(self.findings) - len(kept.findings) + sum(self.unplaced.values())
        return replace(kept, hidden=self.hidden + hidden, unplaced={})

    def within(self, parts: Parts) -> "Validation":
        """A copy without the findings outside some parts of the vault."""
        if not parts.paths:
            return self
        return self._kept(lambda finding: parts.hold(finding, self.of_project))

    def by(self, rules: FindingRules) -> "Validation":
        """A copy with the findings that the rules take, each with the severity that they give it."""
        if rules.are_none:
            return self
        graded = tuple(map(rules.graded, self.findings))
        suppressed = tuple(Suppressed(rules.graded(row.finding), row.by) for row in self.suppressed)
        unplaced = {code: number for code, number in self.unplaced.items() if rules.takes_code(code)}
        return replace(self, findings=graded, suppressed=suppressed, unplaced=unplaced)._kept(rules.takes)

    def without_suppressed(self, *, unused: bool) -> "Validation":
        """A copy without the findings that the notes suppress, and with one for each instruction that is `unused`."""
        if not self.instructions:
            return self
        division = Suppression.of(self.findings, self.instructions)
        more = division.unused(self.instructions, self.rules) if unused else ()
        return replace(self, findings=in_order([*division.findings, *more]), suppressed=division.suppressed)

    def _kept(self, is_kept: Callable[[Finding], bool]) -> "Validation":
        suppressed = tuple(row for row in self.suppressed if is_kept(row.finding))
        return replace(self, findings=tuple(filter(is_kept, self.findings)), suppressed=suppressed)

    def turtle(self, prefixes: Mapping[str, str]) -> str:
        """The SHACL validation report, in Turtle."""
        message = self.wording.message if self.wording else lambda result: ""
        results = [violation._replace(messages=(message(violation),)) for violation in ordered(set(self.results))]
        return in_turtle(self.shapes or Shapes(()), results, prefixes)


def validate(
    vault: Vault | str | Path,
    *,
    within: Iterable[Path] = (),
    rules: FindingRules | None = None,
    only: Only | None = None,
    severity: Severity = "info",
    seconds: float | None = None,
    progress: Progress | None = None,
    held: Held | None = None,
) -> Validation:
    """Check the links, properties and shapes of a vault; with `only`, just the links or just the shapes.

    A path in a vault stands for the vault, and only the findings there are reported; so are, of a `Vault`, only those
    `within` some files and folders. The default `rules` on findings are those of kg.toml. Findings less severe than
    `severity` are counted but not listed. The links alone need no store; for the shapes, it is brought up to date.
    `held` is the last ingest of this process. Raises KgError if that fails or there is no note to check; TimedOut if
    the shapes take more than `seconds`, by default `max_seconds` of kg.toml.
    """
    vault, parts = _parts(vault, within)
    wanted = _Wanted(rules or vault.config.findings, only, severity, seconds, progress)
    return _validated(vault, parts, wanted, _Known(held))


def validate_again(
    vault: Vault, memory: ValidationMemory, *, severity: Severity = "info", held: Held | None = None
) -> Validation:
    """Validate a vault as `validate`, at the cost of what has changed since the last time; `memory` remembers both.

    Raises as `validate`.
    """
    return _validated(
        vault, Parts(vault.config, ()), _Wanted(vault.config.findings, severity=severity), _Known(held, memory)
    )


class _Wanted(NamedTuple):
    """What is to be reported, and how long that may take."""

    rules: FindingRules
    only: Only | None = None
    severity: Severity = "info"
    seconds: float | None = None
    progress: Progress | None = None


class _Known(NamedTuple):
    """What this process knows: its last ingest, and its last validation."""

    held: Held | None = None
    memory: ValidationMemory | None = None


def _validated(vault: Vault, parts: Parts, wanted: _Wanted, known: _Known) -> Validation:
    rules, only, severity, *_ = wanted
    held = known.held
    with without_collection():
        scan = held.scan if held and held.scan else Scan.of(vault)
        if not scan.files.notes and not _had_notes(vault, scan.files):
            raise KgError(f"there is nothing to check: {vault.path} has no notes")
        unread = parts.unread(scan.files)
        unused = only is None and is_at_least(rules.severity_of(UNUSED, "info"), severity) and rules.takes_code(UNUSED)
        least: Severity = "info" if parts.paths or rules.needs_all or unused else severity
        checked = _all(vault, scan, wanted._replace(severity=least), known)
        elsewhere = Elsewhere(checked.findings, frozenset(checked.unplaced), only)
        reported = checked.without_suppressed(unused=unused).within(parts).by(rules).at_least(severity)
        return replace(reported, elsewhere=elsewhere, unread=unread)


def _parts(vault: Vault | str | Path, within: Iterable[Path]) -> tuple[Vault, Parts]:
    """The vault, and the parts of it to report on."""
    if isinstance(vault, Vault):
        return vault, Parts(vault.config, tuple(within))
    located = locate(Path(vault))
    return Vault(config=located.config), Parts(located.config, (located.path,) if located.is_part else tuple(within))


def _all(vault: Vault, scan: Scan, wanted: _Wanted, known: _Known) -> Validation:
    """All findings, without those of shapes that are less severe than wanted."""
    progress, (held, memory) = wanted.progress, known
    if wanted.only == "links":
        return _links_alone(vault, scan.files, progress)
    with _up_to_date(vault, scan, progress, held) as (report, generation), NoteReader() as reader:
        config, files = vault.config, report.looked_again or scan.files
        reports = (held.report, report) if held else (report,)
        since = memory.since(*reports) if memory else None
        before = since.last.cache if since else ValidationCache.read(report.path)
        ingested = IngestedVault(vault, files, report, generation, before, progress or silent, reader, memory, since)
        limits = Limits(wanted.seconds or config.max_seconds, config.max_memory)
        return _checked(ingested, wanted.only, wanted.severity, limits)


def _had_notes(vault: Vault, files: Files) -> bool:
    """Whether notes may exist in places that cannot be read now; an ingest reports that."""
    return bool(files.unseen) or (files.root.empty and published(vault.config.store) is not None)


def check(reading: Reading, index: Index) -> Validation:
    """Check the links of a vault that is already read."""
    checked = map(Checker(index, reading.settings).check, reading.notes)
    return _together(checked, index, reading.settings, reading.findings)


def _links_alone(vault: Vault, files: Files, progress: Progress | None) -> Validation:
    with Workers.for_files(len(files.notes)) as workers:
        read = workers.read(files.notes, vault.config, progress).values()
        kept = Kept.of(_remembered(vault) if files.unseen else None, files)
        cards = [entry.card for entry in read if entry.card] + list(kept.cards)
        names = Names(vault.config.base)
        index = Index.of(cards, kept.attachments, names, ignored=kept.ignored, on_disk=files.on_disk)
        checked = workers.each(Checker(index, vault.settings).check)
    findings = [finding for entry in read for finding in entry.findings]
    return _together(checked, index, vault.settings, [*files.findings, *findings])


def _remembered(vault: Vault) -> IngestState | None:
    """The ledger of the store; None if there is no store."""
    generation = published(vault.config.store)
    return IngestState.read(generation.folder) if generation else None


def _together(checked: Iterable[Checked], index: Index, settings: Settings, findings: Iterable[Finding]) -> Validation:
    by_path = {note.path: note for note in checked}
    links = combine(by_path, set(index.outlines), set(index.paths.all), settings)
    return Validation(in_order([*findings, *links.findings]), links.classes, instructions=links.instructions)


@contextmanager
def _up_to_date(
    vault: Vault, scan: Scan, progress: Progress | None, held: Held | None
) -> Iterator[tuple[Report, Published]]:
    """Bring the store up to date: the vault's own or, if that cannot be written now, a temporary store."""
    if held and held.is_private:
        yield held.report, Published(held.report.path)
        return
    try:
        ingested = retried(lambda: _ingested(vault, scan, progress, held))
    except StoreRefused:
        raise
    except StoreError:
        with tempfile.TemporaryDirectory() as folder:
            temporary = Vault(config=replace(vault.config, store=Path(folder) / "store"))
            yield _ingested(temporary, Scan("", scan.files), progress, None)
        return
    yield ingested


def _ingested(vault: Vault, scan: Scan, progress: Progress | None, held: Held | None) -> tuple[Report, Published]:
    """Run an ingest and hold its generation. Raises Outdated if another generation has been published since."""
    report = ingest(vault, files=scan, progress=progress, held=held)
    generation = Published(report.path)
    if generation.stamp != report.generation:
        raise Outdated
    return report, generation


def _checked(ingested: IngestedVault, only: Only | None, least: Severity, limits: Limits) -> Validation:
    """Check everything, or the shapes alone, and write the cache."""
    links, shapes = LinkReport(ingested), ShapeReport(ingested, least, limits)
    linked = links.combined
    placed = PlacedFindings(ingested, links.unchanged, shapes)
    shaped = shapes.known.findings if shapes.known else placed.findings
    of_notes = [] if only == "shapes" else [*ingested.report.findings, *linked.findings]
    rest = [*shapes.faults, *_contradictions(ingested, shaped)]
    before = ingested.since.last.findings if ingested.since else None
    findings = OrderedFindings.of([*of_notes, *shaped, *rest], before)
    if ingested.memory is None or ingested.memory.keeps:
        cache = _cache(ingested, links, shapes, shaped, placed.places)
        if ingested.memory:
            _remember(ingested, cache, shapes, links.memory, findings)
        if cache != ingested.before and not ingested.since:
            cache.keep(ingested.report.path)
    return Validation(
        findings.all,
        linked.classes,
        0,
        {**CODES, **shapes.wording.rules()},
        shapes.results,
        shapes.shapes,
        shapes.places.paths,
        shapes.wording,
        linked.instructions,
        unplaced=shapes.unplaced,
    )


def _contradictions(ingested: IngestedVault, shaped: Iterable[Finding]) -> Iterator[Finding]:
    """Contradictions between notes by the ontology, unless a shape has a better message for the same place.

    A shape that reports less than an error says something else there.
    """
    explainer = Explainer(ingested.vault.config, ingested.generation, ingested.report.ontology, ingested.report.ledger)
    found = contradictions(explainer)
    errors = (finding for finding in (shaped if found else ()) if finding.result and finding.severity == "error")
    reported = {(row.path, row.line, row.column, row.result.focus) for row in errors if row.result}
    for finding, thing in found.items():
        if (finding.path, finding.line, finding.column, bare(thing)) not in reported:
            yield finding


def _remember(
    ingested: IngestedVault, cache: ValidationCache, shapes: ShapeReport, links: LinkMemory, findings: OrderedFindings
) -> None:
    """Remember a validation, as far as the next one can take something from it."""
    memory, last, stamp = ingested.memory, ingested.since and ingested.since.last, ingested.generation.stamp
    assert memory
    if shapes.known and last:
        memory.last = replace(last, stamp=stamp, cache=cache, links=links, findings=findings)
    elif shapes.key:
        memory.last = Remembered(stamp, cache, shapes.more, FoundResults(shapes.found), links, findings)
    else:
        memory.last = None  # pySHACL refuses a shape: each time anew


def _cache(
    ingested: IngestedVault,
    links: LinkReport,
    shapes: ShapeReport,
    shaped: tuple[Finding, ...],
    located: Mapping[Origin, Place],
) -> ValidationCache:
    """What the next validation can take from this one."""
    places: dict[str, dict[Origin, Place]] = defaultdict(dict)
    for origin, place in located.items():
        places[origin.path][origin] = place
    digests = ingested.report.ledger.entries.digests
    notes = {
        path: Seen(digests[path], checks, places.get(path, {}))
        for path, checks in links.checked.items()
        if path in digests
    }
    findings = (
        ShapeFindings(shapes.data, shapes.of_ranges, shaped, shapes.known.least if shapes.known else shapes.least)
        if shapes.key
        else ShapeFindings()
    )
    return ValidationCache(links.names, links.named, notes, shapes.key, shapes.state, findings)
