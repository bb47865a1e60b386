"""A graph that is open for as long as somebody asks it: a published generation, or an overlay of unsaved texts."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from kg.config import Config
from kg.ingestion.overlay import Overlay
from kg.store.store import Published
from kg.views.open_vault import OpenVault


class HeldGraph:
    """A graph, and what must end with it. It ends once it is neither the latest nor in use."""

    def __init__(self, vault: OpenVault, end: ExitStack) -> None:
        self.vault = vault
        self._end = end
        self._users = 1
        self._lock = threading.Lock()

    @classmethod
    def of_store(cls, config: Config) -> "HeldGraph":
        """The published generation of a store. Raises StoreMissing, StoreError."""
        published, end = Published(config.store), ExitStack()
        end.callback(published.release)
        return cls(OpenVault(config, published), end)

    @classmethod
    def of_overlay(cls, drafted: Overlay, end: ExitStack) -> "HeldGraph":
        """The graph of an overlay, which `end` removes."""
        published = Published(drafted.config.store)
        end.callback(published.release)
        return cls(OpenVault(drafted.config, published), end)

    @contextmanager
    def used(self) -> Iterator[OpenVault]:
        """The open graph, which stays for the time of the `with`."""
        with self._lock:
            self._users += 1
        try:
            yield self.vault
        finally:
            self.let_go()

    def let_go(self) -> None:
        """Say that one user less needs the graph."""
        with self._lock:
            self._users -= 1
            is_over = self._users == 0
        if is_over:
            self.vault.forget()
            self._end.close()
