"""Compare two commits of a vault's git repository, or a commit with the files as they are."""

from dataclasses import replace
from pathlib import Path

from kg.comparison.difference import ComparedParts, Difference, compare
from kg.comparison.state import ComparedState
from kg.config import Config
from kg.ingestion.pipeline import ingest
from kg.ingestion.snapshot import Held
from kg.notes.vault import Progress, Vault
from kg.revisions.revision import revision
from kg.store.store import Published

NOW = "the files as they are"


def diff(
    vault: Vault | str | Path, before: str = "HEAD", after: str | None = None, *, parts: ComparedParts | None = None
) -> Difference:
    """What the change from one commit to another means; without `after`, to the files as they are.

    A commit is a branch, a tag, a hash, or a date. `parts` say what is compared, by default everything. Raises NotFound
    for a commit that does not exist, KgError.
    """
    config = (vault if isinstance(vault, Vault) else Vault(vault)).config
    first = state_at(config, before)
    return compare(first, state_at(config, after) if after else state_now(config), parts)


def state_at(config: Config, name: str, progress: Progress | None = None) -> ComparedState:
    """The vault as of a commit or a date. Raises NotFound, KgError."""
    found = revision(config, name, progress)
    commit = found.commit
    state = ComparedState.of(f"{name} ({commit.hash[:7]}, {commit.time:%Y-%m-%d})", found.config)
    return replace(state, findings_folder=found.config.store.parent)


def state_now(config: Config, progress: Progress | None = None) -> ComparedState:
    """The vault as it is; its store is brought up to date. Raises KgError."""
    report = ingest(Vault(config=config), progress=progress)
    published = Published(config.store)
    if not report.serves(published.stamp):
        published.release()
        return ComparedState.of(NOW, config)
    return ComparedState(NOW, config, published, report.ledger, Held(report, ()))
