"""Which files of a vault are not read: those that `.gitignore`, Obsidian's settings or `kg.toml` leave out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import pathspec

from kg.obsidian import Settings
from kg.source import read_bytes

GITIGNORE = ".gitignore"
_MOST_BYTES = 1_000_000


class _Lines(NamedTuple):
    """The lines of one .gitignore: they speak of paths as seen from the folder that it lies in."""

    spec: pathspec.GitIgnoreSpec
    above: str
    """What comes before a vault path as seen from there, for a file above the vault."""
    below: str
    """The folder in the vault that it lies in."""

    def says(self, path: str) -> bool | None:
        """Whether the lines leave a path out or keep it; None where they say nothing of it."""
        return self.spec.check_file(self.above + path[len(self.below) :]).include


@dataclass(frozen=True)
class Ignoring:
    """The rules that hold in one folder of a vault. Later lines win, as in git; those of `kg.toml` come last."""

    settings: Settings
    own: pathspec.GitIgnoreSpec
    """The setting `ignore` of kg.toml."""
    lines: tuple[_Lines, ...] = ()
    everything: bool = False

    @classmethod
    def of(cls, settings: Settings, own: Iterable[str]) -> "Ignoring":
        """The rules of a vault's own settings."""
        return cls(settings, pathspec.GitIgnoreSpec.from_lines(own))

    def above(self, folder: Path, inside: str) -> "Ignoring":
        """With the .gitignore of a folder above the vault, which is at `inside` as seen from there."""
        return self._with(folder, inside, "")

    def below(self, folder: Path, prefix: str) -> "Ignoring":
        """With the .gitignore of a folder in the vault."""
        return self._with(folder, "", prefix)

    def _with(self, folder: Path, above: str, below: str) -> "Ignoring":
        try:
            text = read_bytes(folder / GITIGNORE, _MOST_BYTES).decode("utf-8", "replace")
        except OSError:
            return self
        spec = pathspec.GitIgnoreSpec.from_lines(text.splitlines())
        return replace(self, lines=(*self.lines, _Lines(spec, above, below))) if len(spec) else self

    def inside(self, folder: str) -> "Ignoring":
        """The rules in a folder: in one that is left out, everything is."""
        return replace(self, everything=True) if self.ignores(f"{folder}/") else self

    def ignores(self, path: str) -> bool:
        """Whether a file is left out, or a folder, whose path ends with `/`."""
        if self.everything:
            return True
        said = self.own.check_file(path).include if len(self.own) else None
        if said is not None:
            return said
        for lines in reversed(self.lines):
            said = lines.says(path)
            if said is not None:
                return said
        return self.settings.hides(path)


def repository(vault: Path) -> Iterator[tuple[Path, str]]:
    """The folders above a vault in its git repository, outermost first, each with the vault's path in it."""
    above = []
    for folder in (vault, *vault.parents):
        if folder != vault:
            above.append(folder)
        if (folder / ".git").exists():
            return iter([(one, f"{vault.relative_to(one).as_posix()}/") for one in reversed(above)])
    return iter(())
