"""Bring a store up to date before a question is answered, or count what has changed since the last ingest."""

from typing import TYPE_CHECKING, NamedTuple

from kg.config import Config
from kg.core.errors import KgError
from kg.ingestion.fingerprint import Fingerprint
from kg.store.store import manifest

if TYPE_CHECKING:
    from kg.ingestion.snapshot import Scan, Snapshot
    from kg.notes.vault import Vault

SMALL = 50
"""The maximum number of changed notes that a command brings in before it answers."""


class Refresh(NamedTuple):
    """What has changed since the last ingest."""

    files: int = 0
    """The number of notes that have changed or gone."""
    others: bool = False
    """Whether other files have come or gone."""
    reason: str = ""
    """Why all notes must be read again; empty if they need not be."""
    is_done: bool = False
    """Whether the store is up to date now."""


def refresh(config: Config) -> Refresh:
    """Find out what has changed since the last ingest; if `refresh` in kg.toml allows, bring in a small change.

    Raises KgError if that is impossible.
    """
    if config.refresh == "off":
        return Refresh()
    published = manifest(config.store)
    if published is None or published.summary.get("vault") != str(config.vault):
        return Refresh()  # there is no store, or that of another vault
    now = Fingerprint.of(config)
    if now.is_kept(config):
        return Refresh()
    from kg.ingestion.pipeline import ingest  # most commands do not get here
    from kg.ingestion.snapshot import Scan
    from kg.notes.vault import Vault, without_collection

    try:
        vault = Vault(config=config)
    except KgError:
        return Refresh()  # the notes are elsewhere, and the store is all there is
    with without_collection():
        scan = Scan.of(vault)
        change, inference = _change(vault, scan)
    if change.reason or not (change.files or change.others):
        if not change.reason:
            now.keep(config)
        return change
    if config.refresh == "hint" or change.files > SMALL:
        return change
    ingest(vault, inference=inference, files=scan)
    return change._replace(is_done=True)


def _change(vault: "Vault", scan: "Scan") -> tuple[Refresh, bool]:
    """What has changed, and whether the last ingest inferred."""
    from kg.ingestion.snapshot import Snapshot

    change = Refresh()
    for inference in (True, False):
        snapshot = Snapshot.of(vault, scan, inference=inference)
        try:
            change = _since(snapshot)
        finally:
            if snapshot.published:
                snapshot.published.release()
        if not change.reason:
            return change, inference
    return change, True


def _since(snapshot: "Snapshot") -> Refresh:
    """What has changed since the ingest of a snapshot."""
    from kg.store.file_digests import digests

    if snapshot.last is None or snapshot.is_out_of_sight(full=False):
        return Refresh()
    if reason := snapshot.reason_to_rebuild():
        return Refresh(reason=reason)
    config = snapshot.config
    now = digests(snapshot.files.notes, config.store, config.max_bytes)
    gone = snapshot.last.state.digests.keys() - now.keys() - snapshot.kept.notes
    return Refresh(len(snapshot.different(now)) + len(gone), snapshot.listing_differs(now))
