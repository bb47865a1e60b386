"""The process that checks the notes, beside those that answer: after a generation is published, it validates the vault,
and brings the full-text index up to date, so that the first search is quick.

It checks one generation at a time; the server asks for the latest when it is done. Its findings are in a file
(`kg.validation.kept_report`), which the workers read.
"""

import os
import pickle
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, NamedTuple, cast

from kg.config import Config
from kg.core.errors import KgError
from kg.core.sandbox import end_with_parent
from kg.server.frames import DATA, packed, read
from kg.server.settings import Serving
from kg.store.generations import stamp

if TYPE_CHECKING:  # the server begins before the libraries of a validation are imported
    from kg.session.session import Session

_NICE = 5
"""How much less of the processor it gets than the processes that answer."""
_BEHIND = "the notes have changed since the last ingest: run kg ingest, or serve without --no-watch"


class GenerationToCheck(NamedTuple):
    """A generation to check."""

    config: Config
    stamp: str


class CheckedGeneration(NamedTuple):
    """What the server is told: a generation that has been checked."""

    stamp: str
    problem: str = ""
    """Why it could not be checked."""


def check_notes(connection: socket.socket, *, serving: Serving) -> None:
    """Check one generation after another until the connection ends."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    end_with_parent()
    os.nice(_NICE)
    file = cast("IO[bytes]", connection.makefile("rwb"))
    checker = NotesChecker(serving)
    while frame := read(file):
        check: GenerationToCheck = frame.value()
        _tell(file, CheckedGeneration(check.stamp, checker.problem(check)))
        _index(check)
        checker.remember()


def _tell(file: IO[bytes], checked: CheckedGeneration) -> None:
    file.write(packed(DATA, pickle.dumps(checked)))
    file.flush()


@dataclass
class NotesChecker:
    """Checks a vault again and again, each time at the cost of what has changed."""

    serving: Serving
    session: "Session | None" = None

    def problem(self, check: GenerationToCheck) -> str:
        """Validate a vault and keep the findings; return why that is impossible, or nothing."""
        from kg.ingestion.pipeline import preview
        from kg.notes.vault import Vault
        from kg.validation.kept_report import keep

        try:
            if not self.serving.watch and preview(Vault(config=check.config)):
                return _BEHIND  # a validation would ingest the changes
            validation = self._session(check.config).validate()
            # It ingests what has changed meanwhile: its findings are about the generation that is there now.
            keep(check.config.store, stamp(check.config.store), validation)
        except KgError as error:
            return str(error)
        except OSError as error:
            return f"the findings cannot be kept: {error.strerror}"
        return ""

    def remember(self) -> None:
        """Remember how the findings come about, once they have been told."""
        with suppress(KgError):
            if self.session:
                self.session.remember()
                self.session.settle()

    def _session(self, config: Config) -> "Session":
        """The session, up to date. Raises KgError."""
        from kg.session.session import Session

        if self.session is None:
            self.session = Session(config, severity="info")
            self.session.open()
        else:
            self.session.refresh(config)
        return self.session


def _index(check: GenerationToCheck) -> None:
    """Bring the full-text index up to date, as far as that is possible."""
    from kg.fulltext.searcher import index_of
    from kg.store.store import Store

    try:
        index_of(Store(check.config.store), check.config)
    except KgError:
        return  # a search says why
