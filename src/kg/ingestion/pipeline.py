"""Bring a store up to date with a vault: find the changes, state them again, apply the difference, infer, publish.

The triples of a note depend on its text, the ontology, and the answers of the vault's index to the note's questions:
its links and names. So a change to a file affects its note, and the notes whose questions now have other answers. A
change to the ontology or to a setting affects all notes. If most notes have changed, the store is rebuilt.
"""

import time
from collections.abc import Iterator
from pathlib import Path

from kg.ingestion.fingerprint import Fingerprint
from kg.ingestion.publisher import Publisher
from kg.ingestion.report import Changes, Report
from kg.ingestion.snapshot import Held, Scan, Snapshot
from kg.notes.vault import Progress, Vault, silent, without_collection
from kg.store.builder import retried


def ingest(
    vault: Vault | str | Path,
    *,
    full: bool = False,
    inference: bool = True,
    files: Scan | None = None,
    progress: Progress | None = None,
    held: Held | None = None,
) -> Report:
    """Read the changes in a vault and publish the resulting store. Raises KgError if that is impossible.

    If nothing has changed since the published ingest, the store stays as it is and the report says so; `full` rebuilds
    it even then. Problems in single files become findings in the report. `files` are the files of the vault, if the
    caller has listed them already; `held` is the last ingest of this process, which need not read everything again.
    """
    started = time.perf_counter()
    vault = vault if isinstance(vault, Vault) else Vault(vault)
    now = None if held else Fingerprint.of(vault.config)  # which looks at each file
    with without_collection():
        snapshots = _snapshots(vault, files, held, inference=inference)
        report = retried(lambda: _attempt(Publisher(next(snapshots), started, progress or silent), full=full))
    if now:
        now.keep(vault.config)
    return report


def preview(vault: Vault | str | Path, *, inference: bool = True) -> Changes:
    """Return the changes that an ingest would make, note by note, without writing anything. Raises KgError."""
    vault = vault if isinstance(vault, Vault) else Vault(vault)
    with without_collection():
        snapshot = Snapshot.of(vault, inference=inference)
        last, notes = snapshot.last, tuple(snapshot.files.notes)
        if last is None:
            return Changes(added=notes, everything=snapshot.reason_to_rebuild())
        if snapshot.is_out_of_sight(full=False):
            return Changes()
        if reason := snapshot.reason_to_rebuild():
            return Changes(changed=notes, everything=reason)
        from kg.ingestion.refused_notes import Refusals
        from kg.ingestion.update import Update

        return Update(snapshot, last, Refusals()).plan(snapshot.different(snapshot.digests())).changes


def _snapshots(vault: Vault, files: Scan | None, held: Held | None, *, inference: bool) -> Iterator[Snapshot]:
    """Yield the state at the start of each try: a try ends if another writer publishes meanwhile."""
    snapshot = Snapshot.of(vault, files, inference=inference, held=held)
    while True:
        yield snapshot
        if snapshot.published:
            snapshot.published.release()
        snapshot = Snapshot.of(Vault(config=vault.config), inference=inference, again=True)


def _attempt(publisher: Publisher, *, full: bool) -> Report:
    """Find out what has changed, and do no more than that needs."""
    snapshot, now = publisher.snapshot, dict[str, str]()
    last = snapshot.last
    if last and snapshot.is_out_of_sight(full=full):
        return publisher.nothing(last)
    reason = "--full was given" if full else snapshot.reason_to_rebuild()
    if last and not reason:
        now = snapshot.digests(keep=True)
        if not snapshot.different(now) and not snapshot.listing_differs(now):
            return publisher.nothing(last)
    from kg.ingestion.changing import change  # imports what states notes and infers, which nothing needs till here

    return change(publisher, reason, now)
