"""The vault of a process that answers alone: before each call it looks whether the notes have changed."""

from contextlib import ExitStack
from dataclasses import dataclass, field

from kg.config import Config, recorded
from kg.core.errors import KgError
from kg.ingestion.freshness import refresh
from kg.ingestion.pipeline import ingest
from kg.mcp.agent_vault import AgentVault
from kg.mcp.checking import OwnChecks
from kg.notes.vault import Vault
from kg.store.generations import stamp
from kg.store.store import Published, manifest
from kg.views.open_vault import OpenVault

UNREAD = "the notes have changed and cannot be read now: this is their last good state (kg doctor says why)"
OLD = "the notes have changed since the last ingest: run kg ingest"


@dataclass
class FreshVault:
    """A vault, brought up to date whenever it is asked for. What is open is kept while its generation is the latest."""

    config: Config
    private_tags: tuple[str, ...] = ()
    _vault: AgentVault | None = None
    _key: tuple[str, Config] | None = None
    _copy: ExitStack = field(default_factory=ExitStack)
    checks: OwnChecks = field(default_factory=OwnChecks)

    def latest(self) -> AgentVault:
        """The vault as it is now; as it was, if the notes cannot be read. Raises KgError if there is no state."""
        remark = ""
        try:
            self.config = recorded(self.config.vault, self.config.store)
            remark = self._refreshed()
        except KgError:
            if manifest(self.config.store) is None:
                raise
            remark = UNREAD
        vault = self._opened()
        vault.remark = remark
        return vault

    def close(self) -> None:
        """Let go of the generation, and of its copy."""
        if self._vault:
            self._vault.open.published.release()
        self._vault = self._key = None
        self._copy.close()

    def _refreshed(self) -> str:
        """Bring the store up to date; return a sentence if it is not, as the settings want it. Raises KgError."""
        if manifest(self.config.store) is None:
            ingest(Vault(config=self.config))
            return ""
        change = refresh(self.config)
        if change.is_done or not (change.files or change.reason):
            return ""
        if self.config.refresh == "hint":
            return OLD
        ingest(Vault(config=self.config))
        return ""

    def _opened(self) -> AgentVault:
        """The published generation, or a copy of it without private notes. Raises KgError."""
        key = stamp(self.config.store), self.config
        if self._vault is None or key != self._key:
            self.close()
            self._vault, self._key = self._open(), key
        return self._vault

    def _open(self) -> AgentVault:
        place = self.config.store
        if self.private_tags:
            from kg.export.redaction import redacted_store

            store, _ = self._copy.enter_context(redacted_store(self.config, self.private_tags))
            place = store.path
        opened = OpenVault(self.config, Published(place), is_redacted=place != self.config.store)
        return AgentVault(opened, self.checks.checks)
