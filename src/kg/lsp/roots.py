"""Which vault a note in an editor belongs to.

The root is the nearest folder, at the note or above it, with a kg.toml, an `.obsidian` folder or a store. The home
folder and those above it are none: an editor may open a single note anywhere.
"""

from pathlib import Path

from kg.config import FILE, STORE, Config, load
from kg.notes.obsidian_settings import FOLDER


def vault_of(place: Path, store: Path | None = None) -> Config | None:
    """The settings of the vault that a file or folder belongs to; None if it belongs to none. Raises ConfigError."""
    real, home = place.resolve(), Path.home().resolve()
    start = real if real.is_dir() else real.parent
    for folder in (start, *start.parents):
        if home.is_relative_to(folder):
            return None
        if (folder / FILE).exists() or (folder / STORE).is_dir():
            config = load(cwd=folder, store=store)
        elif (folder / FOLDER).is_dir():
            config = load(folder, cwd=folder, store=store)
        else:
            continue
        return config if real.is_relative_to(config.vault) or config.vault.is_relative_to(start) else None
    return None
