"""The compiled rules of the last ingest, cached beside the store."""

from kg.core.files import MAX_STORE_FILE, read_bytes
from kg.store.store import Published

RULES = "rules.json"


def cached_rules(generation: Published | None) -> str | None:
    """Return the cached text of a store's compiled rules; None if there is none."""
    try:
        return read_bytes(generation.folder / RULES, MAX_STORE_FILE, follow=False).decode() if generation else None
    except (OSError, ValueError):
        return None
