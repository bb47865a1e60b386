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
from typing import TYPE_CHECKING, NamedTuple

from kg.config import Config, recorded
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
    follower = Follower(serving, cwd, connection)
    try:
        threading.Thread(target=follower.listen, daemon=True).start()
        follower.run()
    finally:
        follower.copies.close()


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
    copies: ExitStack = field(default_factory=ExitStack)

    def run(self) -> None:
        """Follow the notes, or only the store."""
        for config, problem in self._rounds():
            now = stamp(config.store)
            if now != self.told or problem != self.problem or config != self.config:
                self.told, self.problem, self.config = now, problem, config
                self._send(Followed(config, config.store if now else None, problem))

    def listen(self) -> None:
        """End this process when the server ends."""
        with suppress(OSError):
            while read(self.connection.makefile("rb")):
                pass
        os.kill(os.getpid(), signal.SIGTERM)

    def _rounds(self) -> Iterator[tuple[Config, str]]:
        """Wait for changes, and ingest them; yield the settings, and what is wrong with the notes."""
        from kg.ingestion.following import follow

        if not self.serving.watch:
            while True:
                yield self.serving.config, ""
                time.sleep(_PAUSE)
        problem = ""
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
