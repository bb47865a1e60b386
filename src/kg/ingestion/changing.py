"""Bring a store up to date when something has changed: update it, or build it from all notes."""

from collections.abc import Mapping

from kg.core.errors import StateDamaged
from kg.ingestion.full_build import FullBuild
from kg.ingestion.publisher import Publisher
from kg.ingestion.refused_notes import NotesRefused, Refusals
from kg.ingestion.report import Report
from kg.ingestion.update import Update

_REBUILD_SHARE = 0.3
"""If more than this share of the notes must be stated again, a rebuild is faster."""


def change(publisher: Publisher, why: str, now: Mapping[str, str]) -> Report:
    """Build the store if there is a reason why; else update it, since the files have these digests.

    Repeats the work without the notes whose triples the store refuses.
    """
    refusals = Refusals()
    while True:
        try:
            return _run(publisher, refusals, why, now)
        except NotesRefused as refused:
            refusals = refusals.extended(refused.notes)


def _run(publisher: Publisher, refusals: Refusals, why: str, now: Mapping[str, str]) -> Report:
    snapshot = publisher.snapshot
    build, last = FullBuild(snapshot, publisher, refusals), snapshot.last
    if why or last is None:
        return build.run(why)
    update, paths = Update(snapshot, last, refusals), snapshot.different(now)
    paths += [path for path in update.refused_before() if path in now and path not in paths]
    if len(paths) > _REBUILD_SHARE * len(now) + 10:
        return build.run("most notes have changed")
    try:
        return update.run(paths, publisher)
    except StateDamaged:
        return build.run("the store cannot be read")
