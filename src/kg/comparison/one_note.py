"""What one note says by itself, as sentences: a driver by which `git diff` compares the facts of a file."""

import tempfile
from pathlib import Path

from kg.comparison.facts import MARK, Fact, FactComparison
from kg.comparison.renames import Renaming
from kg.comparison.state import ComparedState
from kg.config import settings_in
from kg.core.errors import KgError
from kg.core.files import read_bytes
from kg.ingestion.pipeline import ingest
from kg.notes.vault import Vault

_NAME = "This note"
"""Git gives the file a name of its own, which is another on each side."""
_MOST = 10_000_000


def facts_of(file: Path) -> list[str]:
    """The facts of a Markdown file, sorted. Raises KgError if it cannot be read."""
    try:
        content = read_bytes(file, _MOST)
    except OSError as error:
        raise KgError(f"{file} cannot be read: {error.strerror or error}") from error
    with tempfile.TemporaryDirectory() as name:
        states: list[ComparedState] = []
        for side in ("empty", "vault"):
            vault = Path(name, side)
            vault.mkdir()
            if states:
                (vault / f"{_NAME}.md").write_bytes(content)
            config = settings_in(vault, Path(name, f"{side}-store"))
            ingest(Vault(config=config), inference=False)
            states.append(ComparedState.of(side, config))
        facts = FactComparison(states[0], states[1], Renaming({}, {}))
        classes = [f"“{_NAME}” is “{class_}”" for class_ in map(states[1].explainer.naming.called, _classes(states[1]))]
        rows = [fact for change in facts.notes() for fact in change.added]
        return sorted([*classes, *map(_sentence, rows)])


def _sentence(fact: Fact) -> str:
    subject, predicate, obj = fact.words
    return f"“{subject}” {predicate} “{' '.join(obj.removesuffix(MARK).split())}”"


def _classes(state: ComparedState) -> list[object]:
    paths = list(state.ledger.entries)
    return [*state.classes(state.entity(paths[0]))] if paths else []
