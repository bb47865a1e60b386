"""The least that must be written, or taken out, so that a finding is gone; each suggestion is checked by an overlay.

More triples resolve what lacks something: a value, a class, a note that a link names. Fewer resolve a contradiction.
Of all other findings the remedy is what a person must judge.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyoxigraph as ox

from kg.comparison.removed_lines import LineRemover
from kg.comparison.state import ComparedState
from kg.comparison.suggested import SuggestedLines, Suggestions
from kg.comparison.trials import Trials
from kg.comparison.wanted import MOST, missing, tried
from kg.comparison.written_lines import LineWriter, WrittenLine
from kg.core.errors import KgError, NotFound
from kg.core.findings import Finding
from kg.core.text import nfc
from kg.ingestion.keyed_index import index_of
from kg.mapping.link_resolution import link_path
from kg.notes.model import Link
from kg.notes.vault import Reading, Vault, read_note
from kg.rdf.terms import SH
from kg.reasoning.contradictions import contradicted
from kg.validation.local_shapes import LocalShapes
from kg.validation.messages import bare
from kg.validation.pyshacl_runner import Violation
from kg.validation.ranges import is_of_range
from kg.validation.shape_repairs import ShapeRepairs
from kg.validation.validator import Validation, check, validate

_GOALS = 8
"""The most things of which each is tried as what a finding lacks."""
_TOO_MANY = {
    ox.NamedNode(f"{SH}{name}ConstraintComponent") for name in ("MaxCount", "Not", "QualifiedMaxCount", "Disjoint")
}
"""The constraints that fewer triples can meet."""


def mended(state: ComparedState, code: str, place: str) -> Suggestions:
    """The smallest sets of lines to write, or to take out, after which a finding is gone. Raises NotFound, KgError.

    The place is PATH or PATH:LINE, the path one of the vault or from the working directory.
    """
    validation = validate(Vault(config=state.config), severity="info")
    finding = _named(state, validation, code, place)
    title = f"{finding.path}:{finding.line}: {finding.message} [{finding.code}]"
    rows, more = _Mending(state, validation, finding).suggestions()
    why_none = "" if rows else finding.remedy or "its shape does not say what to write"
    return Suggestions(title, rows, finding=finding, more=more, why_none=why_none)


def _named(state: ComparedState, validation: Validation, code: str, place: str) -> Finding:
    """The finding with a code at a place. Raises NotFound, KgError."""
    head, _, tail = place.rpartition(":")
    path, line = (head, int(tail)) if head and tail.isdecimal() else (place, 0)
    if ":" in path and path.rpartition(":")[2].isdecimal():  # PATH:LINE:COLUMN
        path, _, number = path.rpartition(":")
        line = int(number)
    real = (Path.cwd() / path).resolve()
    own = real.relative_to(state.config.vault).as_posix() if real.is_relative_to(state.config.vault) else path
    rows = [
        row for row in validation.findings if row.code.lower() == code.lower() and row.path in {nfc(path), nfc(own)}
    ]
    there = [row for row in rows if line in {0, row.line}]
    if not there:
        lines = f"; it has them at the lines {', '.join(str(row.line) for row in rows)}" if rows else ""
        raise NotFound(f"kg validate reports no {code} at {place}{lines}")
    if len({row.line for row in there}) > 1:
        lines = ", ".join(str(row.line) for row in there)
        raise KgError(f"{path} has {len(there)} findings {code}: give one as PATH:LINE, of the lines {lines}")
    return there[0]


@dataclass(frozen=True)
class _Mending:
    """Finds what resolves a finding."""

    state: ComparedState
    validation: Validation
    finding: Finding

    def suggestions(self) -> tuple[tuple[SuggestedLines, ...], int]:
        """The suggestions, and the number of possible ones that were not tried."""
        violation = self._violation()
        if violation is not None:
            return self._of_shape(violation)
        if self.finding.code in {"L01", "L02"}:
            return self._of_link(), 0
        facts = next((row.facts for f, row in contradicted(self.state.explainer).items() if f == self._bare), None)
        if facts is None:
            return (), 0
        key = frozenset(facts)
        with Trials(self.state, LineWriter(self.state), lambda after: not _contradicts(after, key)) as trials:
            return LineRemover(self.state, trials).suggestions(facts)

    @property
    def _bare(self) -> Finding:
        """The finding without the user's own severity."""
        return replace(self.finding, graded="")

    # ---- shapes ------------------------------------------------------------------------------------------------------

    def _violation(self) -> Violation | None:
        """The result of a shape that the finding reports."""
        return next((row for row in self.validation.results if _is_of(row, self.finding)), None)

    def _of_shape(self, violation: Violation) -> tuple[tuple[SuggestedLines, ...], int]:
        shapes = LocalShapes(self.state.config, self.state.ontology)
        with shapes, Trials(self.state, LineWriter(self.state), self._is_gone(shapes, violation)) as trials:
            if violation.component in _TOO_MANY:
                return LineRemover(self.state, trials).suggestions(self._values(violation))
            repairs = ShapeRepairs(shapes.shapes, self.state.ontology, self.state.store.triples)
            goals = [row for row in dict.fromkeys(repairs.of(violation)) if row]
            sets = [one for row in goals[:_GOALS] for one in self._sets(trials.writer, row)]
            sets.sort(key=lambda row: len(row[0]))
            rows, left = tried(trials, sets, MOST)
            return rows, left + len(goals[_GOALS:])

    def _is_gone(self, shapes: LocalShapes, violation: Violation) -> Callable[[ComparedState], bool]:
        """Whether a state has a result no longer: by the shapes at the thing or, if they do not show it, by all."""

        def is_there(state: ComparedState) -> bool:
            things = {violation.focus}
            is_link = is_of_range(violation.shape)
            rows = shapes.of_ranges(state.store) if is_link else shapes.results(state.store, things)
            return any(_key(row) == _key(violation) for row in rows)

        if is_there(self.state):
            return lambda after: not is_there(after)
        return lambda after: all(_key(row) != _key(violation) for row in _all_results(after))

    def _sets(
        self, writer: LineWriter, goals: Sequence[ox.Triple]
    ) -> Iterator[tuple[tuple[ox.Triple, ...], ox.Triple]]:
        """The sets of triples that bring about all of some triples."""
        sets: list[tuple[ox.Triple, ...]] = [()]
        for goal in goals:
            found = missing(self.state, writer, goal).sets
            smallest = [row for row in found if len(row) == len(found[0])]
            sets = [tuple(dict.fromkeys((*before, *row))) for before in sets for row in smallest][:MOST]
        yield from ((row, goals[0]) for row in sets if row)

    def _values(self, violation: Violation) -> tuple[ox.Triple, ...]:
        """The triples of which a shape has too many."""
        predicate, focus = violation.property, violation.focus
        if predicate is None or isinstance(focus, ox.Literal):
            return ()
        value = violation.value if violation.component == ox.NamedNode(f"{SH}DisjointConstraintComponent") else None
        return tuple(sorted(self.state.store.triples(focus, predicate, value), key=str))

    # ---- links -------------------------------------------------------------------------------------------------------

    def _of_link(self) -> tuple[SuggestedLines, ...]:
        """A note that a link names, or a heading in it."""
        note, _ = read_note(self.finding.path, self.state.config.place(self.finding.path), self.state.config)
        for link in note.links() if note else ():
            position = note.source.position(link.span.start) if note else None
            if position is not None and tuple(position) == (self.finding.line, self.finding.column):
                return tuple(self._of_missing(link))
        return ()

    def _of_missing(self, link: Link) -> Iterator[SuggestedLines]:
        path, subpath = link_path(link)
        heading = f"# {subpath.rpartition('#')[2]}" if subpath and not subpath.startswith("^") else ""
        target = f"{path.lstrip('/')}.md" if self.finding.code == "L01" else self._target(path)
        if not target or target.startswith("../") or "/../" in target:
            return
        before = self.state.text(target) if self.finding.code == "L02" else ""
        text = f"{before.rstrip()}\n\n{heading}\n" if before else f"{heading}\n"
        with Trials(self.state, LineWriter(self.state), self._link_is_whole) as trials:
            if trials.of({target: text}).is_reached:
                yield SuggestedLines((WrittenLine(target, heading, "end" if before else "new note"),))

    def _target(self, path: str) -> str:
        """The path of the note that a link leads to."""
        if not path:
            return self.finding.path
        found = index_of(self.state.ledger, self.state.names).find(path, self.finding.path)
        return found[0] if found else ""

    def _link_is_whole(self, after: ComparedState) -> bool:
        """Whether the note of the finding no longer has it."""
        config = self.state.config
        note, _ = read_note(self.finding.path, after.config.place(self.finding.path), config)
        if note is None:
            return False
        reading = Reading((note,), (), ())
        checked = check(reading, index_of(after.ledger, after.names))
        place = (self.finding.line, self.finding.column)
        return all((row.line, row.column) != place or row.severity != "error" for row in checked.findings)


def _is_of(violation: Violation, finding: Finding) -> bool:
    """Whether a finding reports a result."""
    result = finding.result
    if not result:
        return False
    mine = (result.shape, result.focus, result.value, result.component)
    return mine == tuple(map(bare, (violation.shape, violation.focus, violation.value, violation.component)))


def _contradicts(state: ComparedState, facts: frozenset[ox.Triple]) -> bool:
    rows = state.explainer.apart(state.explainer.derivations.contradictions)
    return any(frozenset(row.facts) == facts for row in rows)


def _key(row: Violation) -> object:
    return row.focus, row.shape, row.component, row.value, row.path


def _all_results(state: ComparedState) -> Sequence[Violation]:
    return validate(Vault(config=state.config), severity="info").results
