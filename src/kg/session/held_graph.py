"""A graph that is open for as long as somebody asks it: a published generation, or an overlay of unsaved texts."""

import threading
from contextlib import ExitStack

from kg.config import Config
from kg.ingestion.overlay import Overlay
from kg.ingestion.report import Report
from kg.store.store import Published
from kg.views.open_vault import OpenVault


class HeldGraph:
    """A graph, and what must end with it. It ends once it is neither the latest nor in use."""

    def __init__(self, vault: OpenVault, report: Report, end: ExitStack) -> None:
        self.vault = vault
        self.report = report
        """The report of the ingest that made it."""
        self._end = end
        self._users = 1
        self._lock = threading.Lock()

    @classmethod
    def of_store(cls, config: Config, report: Report) -> "HeldGraph":
        """The published generation of a store. Raises StoreMissing, StoreError."""
        published, end = Published(config.store), ExitStack()
        end.callback(published.release)
        return cls(OpenVault(config, published), report, end)

    @classmethod
    def of_overlay(cls, drafted: Overlay, end: ExitStack) -> "HeldGraph":
        """The graph of an overlay, which `end` removes."""
        published = Published(drafted.config.store)
        end.callback(published.release)
        return cls(OpenVault(drafted.config, published), drafted.report, end)

    def hold(self) -> bool:
        """Say that one user more needs the graph; False if it has ended."""
        with self._lock:
            self._users += 1 if self._users else 0
            return self._users > 0

    def let_go(self) -> None:
        """Say that one user less needs the graph."""
        with self._lock:
            self._users -= 1
            is_over = self._users == 0
        if is_over:
            self.vault.forget()
            self._end.close()
