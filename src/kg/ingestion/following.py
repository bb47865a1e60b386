"""Follow a vault: ingest after each burst of changes. An ingest that fails leaves the last good state."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from kg.config import Config
from kg.core.errors import KgError, StoreBusy
from kg.ingestion.report import Report
from kg.ingestion.snapshot import Held
from kg.ingestion.watching import Inputs, rounds


class Round(NamedTuple):
    """One round of watching: an ingest that worked, one that failed, or a second without changes."""

    config: Config
    report: Report | None = None
    error: KgError | None = None


def follow(load: Callable[[], Config], ingest: Callable[[Config, Held | None], Report], cwd: Path) -> Iterator[Round]:
    """Ingest after each burst of changes, and yield after each round; the caller ends it. Raises KgError at the start.

    After an edit, only the edited files are read; then a second without changes is used to list all files. `load` reads
    the settings again, and `cwd` is the folder from which it looks for them.
    """
    config, report = load(), None
    inputs = Inputs.of(config, cwd)
    while True:
        missed = True  # something may have changed before the watch began
        for changed in rounds(inputs):
            if changed == frozenset() and not missed:
                yield Round(config)
                continue
            edited = None if missed else changed or None
            missed, before = bool(edited), inputs
            held = Held(report, edited) if report else None
            report = None
            try:
                config = load()
                inputs = Inputs.of(config, cwd)
                report = ingest(config, held)
                yield Round(config, report)
            except KgError as error:
                missed = isinstance(error, StoreBusy)  # try again when the other process is done
                yield Round(config, error=error)
            if inputs != before:
                break
