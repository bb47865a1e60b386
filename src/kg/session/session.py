"""A vault held open by a process that answers while notes are written: an editor, a server, an agent's loop."""

import gc
import os
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from kg.config import Config, recorded
from kg.core.errors import StoreBusy, StoreError, StoreRefused
from kg.core.findings import Finding, Severity, by_path
from kg.core.text import nfc
from kg.ingestion.keyed_index import index_of
from kg.ingestion.overlay import Contents, Overlay, overlay
from kg.ingestion.pipeline import ingest
from kg.ingestion.report import Report
from kg.ingestion.snapshot import Held
from kg.mapping.link_resolution import Index
from kg.notes.vault import Files, Vault, is_note
from kg.rdf.iris import Names
from kg.session.draft_findings import draft_findings
from kg.session.held_graph import HeldGraph
from kg.session.vault_state import Draft, VaultState
from kg.store.ingest_state import IngestState
from kg.validation.memory import ValidationMemory
from kg.validation.validator import Validation, validate, validate_again

_SOME = 8
"""After how many validations the collector runs, once it has been kept from the rest."""


class Validated(NamedTuple):
    """The last validation, its findings by path, and the drafts that it was about."""

    validation: Validation
    findings: Mapping[str, tuple[Finding, ...]]
    drafts: Mapping[str, Draft]


class Session:
    """A vault held open. `open` comes first, and `close` last.

    Two threads may use it at once: one that asks and edits (`edit`, `drop`, `state`, `check`), and one that works on
    the whole vault (`open`, `refresh`, `validate`). What the first one sees never waits for the second.
    """

    def __init__(self, config: Config, *, severity: Severity = "warning") -> None:
        self.config = config
        self.severity: Severity = severity
        self.drafts: Mapping[str, Draft] = MappingProxyType({})
        """The notes in editors, by path."""
        self.validated = Validated(Validation((), {}), {}, self.drafts)
        self._is_apart = self._is_settled = False
        self._number = 0
        self._report: Report | None = None
        self._saved: HeldGraph | None = None
        self._graph: HeldGraph | None = None
        self._validated: tuple[tuple[str, Config], Validation] | None = None
        self._memory = ValidationMemory(config.limits)
        self._end = ExitStack()
        self._end.callback(self._memory.close)
        self._last: VaultState | None = None
        self._index: tuple[IngestState, Index] | None = None

    # ---- life ------------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Bring the store up to date, and open it. Raises KgError.

        A store that cannot be written is left alone: one in a temporary folder takes its place.
        """
        try:
            self._ingest(None)
        except (StoreBusy, StoreRefused):
            raise
        except StoreError:
            folder = self._end.enter_context(tempfile.TemporaryDirectory(prefix="kg-session-"))
            self.config, self._is_apart = replace(self.config, store=Path(folder) / "store"), True
            self._ingest(None)

    def warm(self) -> None:
        """Start what takes long to start and is needed to validate."""
        self._memory.shacl.start()

    def close(self) -> None:
        """Let go of everything."""
        self._last = None
        for graph in (self._graph, self._saved):
            if graph:
                graph.let_go()
        self._graph = self._saved = None
        self._end.close()

    @property
    def generation(self) -> str:
        """The stamp of the generation of what is saved."""
        return self._ingested.generation

    @property
    def files(self) -> Files:
        """The files of the vault as the last ingest saw them."""
        assert self._ingested.files
        return self._ingested.files

    @property
    def _ingested(self) -> Report:
        """The report of the last ingest."""
        assert self._report
        return self._report

    def path_of(self, place: Path) -> str | None:
        """The path in the vault of a note on the disk, or yet to be written; None if kg does not read it."""
        real = Path(os.path.realpath(place))
        if not real.is_relative_to(self.config.vault):
            return None
        path = nfc(real.relative_to(self.config.vault).as_posix())
        is_hidden = any(part.startswith(".") for part in path.split("/"))
        return None if is_hidden or not is_note(path) or path in self.files.ignored else path

    # ---- the whole vault -------------------------------------------------------------------------------------------

    def refresh(self, config: Config | None = None, edited: Collection[Path] | None = None) -> Report:
        """Read what has changed on the disk; `edited` are the only files that may have, if that is known.

        `config` are the settings as they are now, where the caller has read them. Raises KgError; the last good state
        stays.
        """
        if self._is_apart:
            config = None  # the store is another one than that of the settings
        self.config = config or recorded(self.config.vault, self.config.store)
        return self._ingest(edited)

    def _ingest(self, edited: Collection[Path] | None) -> Report:
        before, held = self._report, Held(self._report, edited) if self._report else None
        self._report = report = ingest(Vault(config=self.config), held=held)
        if before is None or before.generation != report.generation:
            self._show(HeldGraph.of_store(self.config, report), is_saved=True)
        return report

    def validate(self) -> Validation:
        """Validate the vault with the drafts that are not saved, and keep the findings. Raises KgError."""
        self._collect()
        drafts, validation = self.drafts, self._of_saved()
        unsaved = {path: draft.text for path, draft in drafts.items() if self._is_unsaved(draft)}
        if unsaved:
            self.remember()
            validation = self._of_drafts(unsaved)
        elif self._graph is not self._saved and self._saved:
            self._show(self._saved, is_saved=True)
        if self.validated.validation is not validation or self.validated.drafts is not drafts:
            self.validated = Validated(validation, by_path(validation.findings), drafts)
            self._last = None
        return validation

    def _of_saved(self) -> Validation:
        """Validate what is saved. The first time, what the store has of the last validation is enough."""
        key = self._ingested.generation, self.config
        if self._validated is None or self._validated[0] != key:
            held, vault = Held(self._ingested, ()), Vault(config=self.config)
            if self._memory.last:
                validation = validate_again(vault, self._memory, severity=self.severity, held=held)
            else:
                validation = validate(vault, severity=self.severity, held=held)
            self._validated = key, validation
        return self._validated[1]

    def remember(self) -> None:
        """Remember how the findings come about, so that a draft is validated at the cost of what it changes."""
        if self._memory.last is None or self._memory.last.stamp != self._ingested.generation:
            held, vault = Held(self._ingested, ()), Vault(config=self.config)
            validation = validate_again(vault, self._memory, severity=self.severity, held=held)
            self._validated = (self._ingested.generation, self.config), validation

    def tried(self, contents: Contents) -> Validation:
        """The validation of the vault with other contents of some notes, which are forgotten again. Raises KgError."""
        self.remember()
        with overlay(Vault(config=self.config), contents, held=Held(self._ingested, ())) as drafted:
            return self._of_overlay(drafted)

    def _of_overlay(self, drafted: Overlay) -> Validation:
        known, memory = Held(drafted.report, (), is_private=True), self._memory.beside(drafted)
        return validate_again(Vault(config=drafted.config), memory, severity=self.severity, held=known)

    def settle(self) -> None:
        """Keep the collector from what is held: it would look at all of it again and again, for a second or more."""
        if not self._is_settled:
            self._is_settled = True
            gc.collect()
            gc.freeze()

    def _collect(self) -> None:
        """Now and then, collect what refers to itself: it keeps stores open that nobody asks any more."""
        self._number += 1
        if self._is_settled and self._number % _SOME == 0:
            gc.collect()

    def _of_drafts(self, contents: Mapping[str, str]) -> Validation:
        """Validate the vault with unsaved texts, and keep the graph that they make."""
        held = Held(self._ingested, ())
        with ExitStack() as end:
            drafted = end.enter_context(overlay(Vault(config=self.config), contents, held=held))
            graph = HeldGraph.of_overlay(drafted, end.pop_all())
        try:
            validation = self._of_overlay(drafted)
        except BaseException:
            graph.let_go()
            raise
        self._show(graph, is_saved=False)
        return validation

    def _is_unsaved(self, draft: Draft) -> bool:
        """Whether a draft differs from its file, so far as kg reads it."""
        digest = draft.note.digest if draft.note else ""
        return not digest or self._ingested.ledger.digests.get(draft.path) != digest

    def _show(self, graph: HeldGraph, *, is_saved: bool) -> None:
        """Answer from another graph from now on."""
        old = [self._graph] if self._graph and self._graph is not self._saved else []
        if is_saved and graph is not self._saved:
            old += [self._saved] if self._saved else []
            self._saved = graph
        self._graph, self._last = graph, None
        for one in old:
            one.let_go()

    def keep(self) -> None:
        """Mark the overlay as in use, so that no other process takes it for one that was left behind."""
        if self._graph and self._graph is not self._saved:
            with suppress(OSError):
                os.utime(self._graph.vault.config.store.parent)

    # ---- what is asked ---------------------------------------------------------------------------------------------

    @contextmanager
    def state(self) -> Iterator[VaultState]:
        """The vault at this moment; its graph stays for the time of the `with`."""
        while (graph := self._graph) and not graph.hold():
            continue  # another one has just taken its place
        assert graph
        try:
            yield self._state_of(graph)
        finally:
            graph.let_go()

    def _state_of(self, graph: HeldGraph) -> VaultState:
        """The vault with a graph, as it is now: the last state, unless something has changed since it was made."""
        last, drafts, validated = self._last, self.drafts, self.validated
        if last and last.vault is graph.vault and last.drafts is drafts and last.findings is validated.findings:
            return last
        saved, index, files = self._saved, self._saved_index(), self.files
        steady = saved.vault if saved else graph.vault
        about = validated.findings, validated.drafts
        self._last = state = VaultState(graph.vault, files, drafts, *about, graph.report.ledger, steady, index)
        return state

    def _saved_index(self) -> Index:
        """The index of what is saved."""
        ledger, files = self._ingested.ledger, self.files
        if self._index is None or self._index[0] is not ledger:
            index = index_of(ledger, Names(self.config.base))
            self._index = ledger, replace(index, on_disk=files.on_disk)
        return self._index[1]

    def edit(self, path: str, text: str) -> Draft:
        """Take a text as what a note says, whether it is saved or not."""
        draft = Draft.of(path, text, Vault(config=self.config))
        self.drafts = MappingProxyType({**self.drafts, path: draft})
        return draft

    def drop(self, path: str) -> None:
        """Take the file as what a note says again."""
        self.drafts = MappingProxyType({name: draft for name, draft in self.drafts.items() if name != path})

    def check(self, path: str) -> tuple[Finding, ...]:
        """The findings in a note now: of a draft, those of its own text at once, and those of the last validation."""
        with self.state() as state:
            draft = state.drafts.get(path)
            return draft_findings(state, draft, self.severity) if draft else state.findings.get(path, ())
