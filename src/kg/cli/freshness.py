"""Before a question: bring in what has changed in the notes, or say how much has."""

from typing import TYPE_CHECKING

from kg.cli.options import Options, plural, vault_config
from kg.core.errors import KgError

if TYPE_CHECKING:
    from kg.config import Config


def refresh(options: Options, config: "Config | None" = None) -> None:
    """Bring a small change of the notes into the store, or report it, as `refresh` in kg.toml says.

    A report follows the answer, since a command that fails says itself what is wrong with the store. The store is that
    of `config`, by default that of the options.
    """
    from kg.ingestion.freshness import refresh as run

    try:
        change = run(config or vault_config(options))
    except KgError as error:
        options.closing.append(f"the notes have changed since the last ingest, and cannot be read now: {error}")
        return
    files = f"{change.files:,} {plural(change.files, 'file')}"
    if change.is_done and change.files:
        options.say(f"read {files} first, which had changed", dim=True)
    elif change.reason:
        options.closing.append(f"hint: {change.reason} since the last ingest: run kg ingest")
    elif change.files:
        options.closing.append(f"hint: {files} changed since the last ingest: run kg ingest")
