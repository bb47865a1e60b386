"""The settings of the vault that a store was made from."""

from dataclasses import replace
from pathlib import Path

from kg.config import Config, load
from kg.store.store import Store


def vault_of(store: Store) -> Config:
    """The current settings of the vault that a store was made from. Raises ConfigError."""
    return replace(load(Path(str(store.manifest.summary.get("vault", "")))), store=store.path)
