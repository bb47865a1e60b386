"""The process that follows the notes: it ingests what changes, and tells the server of each published generation."""

import os
import pickle
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, TYPE_CHECKING, NamedTuple, cast

from kg.config import Config, recorded
from kg.core.errors import KgError
from kg.core.sandbox import end_with_parent
from kg.server.frames import DATA, packed, read
from kg.server.settings import Serving
from kg.store.generations import stamp

if TYPE_CHECKING:  # the server that does not watch ingests nothing
    from kg.ingestion.report import Report
    from kg.ingestion.snapshot import Held

_PAUSE = 1.0


class Followed(NamedTuple):
    """What the server is told: the place of the published store, or why there is none."""

    config: Config
    store: Path | None
    problem: str = ""
    """Why the notes could not be read; the generation before stays."""


def follow_notes(connection: socket.socket, *, serving: Serving, cwd: Path) -> None:
    """Follow the notes until the connection ends."""
    signal.signal(signal.SIGTERM, _stop)
    end_with_parent(gently=True)
    follower = Follower(serving, cwd, connection)
    try:
        threading.Thread(target=follower.listen, daemon=True).start()
        follower.run()
    finally:
        follower.close()


def _stop(number: int, frame: FrameType | None) -> None:
    raise SystemExit


@dataclass
class Follower:
    """Follows the notes of a vault, and its store."""

    serving: Serving
    cwd: Path
    connection: socket.socket
    told: str = ""
    """The stamp of the generation that the server was told of."""
    problem: str = ""
    config: Config | None = None
    copies: dict[Path, ExitStack] = field(default_factory=dict)
    """The copies of the store without private notes that the server may still read, by their places."""

    def run(self) -> None:
        """Follow the notes, or only the store."""
        for config, problem in self._rounds():
            now = stamp(config.store)
            if now != self.told or problem != self.problem or config != self.config:
                self.told, self.problem, self.config = now, problem, config
                self._send(self._followed(config, now, problem))

    def listen(self) -> None:
        """Remove the copies that the server has let go of; end this process when the server ends."""
        with suppress(OSError):
            messages = cast("IO[bytes]", self.connection.makefile("rb"))
            while frame := read(messages):
                if copy := self.copies.pop(frame.value(), None):
                    copy.close()
        os.kill(os.getpid(), signal.SIGTERM)

    def close(self) -> None:
        """Remove all copies."""
        while self.copies:
            self.copies.popitem()[1].close()

    def _followed(self, config: Config, now: str, problem: str) -> Followed:
        """What to tell the server. Without private notes, that is the place of a copy of the store."""
        tags = self.serving.private_tags
        if not now or not tags:
            return Followed(config, config.store if now else None, problem)
        from kg.export.redaction import redacted_store

        copy = ExitStack()
        try:
            store, _ = copy.enter_context(redacted_store(config, tags))
        except KgError as error:
            copy.close()
            return Followed(config, None, str(error))
        if store.path == config.store:
            copy.close()  # no note is private
        else:
            self.copies[store.path] = copy
        return Followed(config, store.path, problem)

    def _rounds(self) -> Iterator[tuple[Config, str]]:
        """Wait for changes, and ingest them; yield the settings, and what is wrong with the notes."""
        from kg.ingestion.following import follow

        if not self.serving.watch:
            while True:
                yield self.serving.config, ""
                time.sleep(_PAUSE)
        problem = ""
        try:  # at once: the watch begins with a wait
            self._ingested(self._settings(), None)
        except KgError as failure:
            problem = str(failure)
        yield self.serving.config, problem
        for config, report, error in follow(self._settings, self._ingested, self.cwd):
            if report or error:
                problem = str(error or "")
            yield config, problem

    def _settings(self) -> Config:
        return recorded(self.serving.config.vault, self.serving.config.store)

    def _ingested(self, config: Config, held: "Held | None") -> "Report":
        from kg.ingestion.pipeline import ingest
        from kg.notes.vault import Vault

        return ingest(Vault(config=config), held=held)

    def _send(self, followed: Followed) -> None:
        self.connection.sendall(packed(DATA, pickle.dumps(followed)))
