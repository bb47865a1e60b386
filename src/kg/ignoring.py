"""Which files of a vault are not read: those that `.gitignore`, Obsidian's settings or `kg.toml` leave out."""

import errno
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from kg.findings import Finding, of_file
from kg.globs import MOST_WILD, Patterns, lines_of
from kg.obsidian import Settings
from kg.source import NotRegularError, TooLargeError, is_there, read_bytes

GITIGNORE = ".gitignore"
_MOST_BYTES = 1_000_000
_HINT = "Make it a file of lines that git reads, of at most 1 MB"


class _Lines(NamedTuple):
    """The lines of one .gitignore: they speak of paths as seen from the folder that it lies in."""

    patterns: Patterns
    above: bytes
    """What comes before a vault path as seen from there, for a file above the vault."""
    below: int
    """The length of the path of the folder in the vault that it lies in."""

    def says(self, path: bytes, is_folder: bool) -> bool | None:
        """Whether the lines leave a path out or keep it; None where they say nothing of it."""
        return self.patterns.says(self.above + path[self.below :], is_folder)

    def leaves_vault_out(self) -> bool:
        """Whether the folder of the vault, or one that it lies in, is left out, seen from above."""
        folders = self.above.rstrip(b"/").split(b"/")
        return any(self.patterns.says(b"/".join(folders[:n]), True) for n in range(1, len(folders) + 1))


@dataclass(frozen=True)
class Ignoring:
    """The rules that hold in one folder of a vault. Later lines win, as in git; those of `kg.toml` come last."""

    settings: Settings
    own: Patterns
    """The setting `ignore` of kg.toml."""
    lines: tuple[_Lines, ...] = ()
    everything: bool = False
    wild: int = 0
    """How many bytes of lines with wildcards hold here."""

    @classmethod
    def of(cls, settings: Settings, own: Iterable[str]) -> "Ignoring":
        """The rules of a vault's own settings."""
        return cls(settings, Patterns(line.encode("utf-8", "surrogateescape") for line in own))

    def above(self, folder: Path, inside: str) -> "Ignoring":
        """With the .gitignore of a folder above the vault, which is at `inside` as seen from there.

        One that leaves the vault out is passed over: who names a vault in an ignored folder wants it to be read.
        """
        try:
            rules = self._with(folder, inside, "", [])
        except OSError:
            return self
        return self if rules is self or rules.lines[-1].leaves_vault_out() else rules

    def below(self, folder: Path, prefix: str, findings: list[Finding]) -> "Ignoring":
        """With the .gitignore of a folder in the vault; what is wrong in it goes to the findings. Raises OSError."""
        return self._with(folder, "", prefix, findings)

    def _with(self, folder: Path, above: str, below: str, findings: list[Finding]) -> "Ignoring":
        path = f"{below}{GITIGNORE}"
        try:
            data = read_bytes(folder / GITIGNORE, _MOST_BYTES, follow=False)
        except FileNotFoundError:
            return self
        except OSError as error:
            if not (finding := _no_lines(path, error)):
                raise
            findings.append(finding)
            return self
        patterns = Patterns(lines_of(data), MOST_WILD - self.wild)
        findings += _wrong(path, patterns)
        if not patterns:
            return self
        lines = _Lines(patterns, os.fsencode(above), len(os.fsencode(below)))
        return replace(self, lines=(*self.lines, lines), wild=self.wild + patterns.wild)

    def inside(self, folder: str) -> "Ignoring":
        """The rules in a folder: in one that is left out, everything is."""
        return replace(self, everything=True) if self.ignores(f"{folder}/") and not self.everything else self

    def ignores(self, path: str) -> bool:
        """Whether a file is left out, or a folder, whose path ends with `/`."""
        if self.everything:
            return True
        raw, is_folder = os.fsencode(path.removesuffix("/")), path.endswith("/")
        said = self.own.says(raw, is_folder) if self.own else None
        if said is not None:
            return said
        for lines in reversed(self.lines):
            said = lines.says(raw, is_folder)
            if said is not None:
                return said
        return self.settings.hides(path)


def _no_lines(path: str, error: OSError) -> Finding | None:
    """That a .gitignore has no lines that git would read; None for one that only cannot be read now."""
    if isinstance(error, TooLargeError):
        return replace(of_file(path, "F03", f"{error}: its lines count for nothing"), hint=_HINT)
    if isinstance(error, NotRegularError) or error.errno == errno.ELOOP:
        return replace(of_file(path, "F04", "not a regular file: its lines count for nothing"), hint=_HINT)
    return None


def _wrong(path: str, patterns: Patterns) -> Iterator[Finding]:
    for line, why in patterns.wrong[:_MOST_WRONG]:
        yield of_file(path, "F12", f"the line matches nothing: {why}", line)
    if patterns.too_many:
        says = f"from here on lines with wildcards count for nothing: {MOST_WILD:,} bytes of them hold at one place"
        yield of_file(path, "F11", says, patterns.too_many)


_MOST_WRONG = 20
"""So many lines of a file are told of."""


def repository(vault: Path) -> Iterator[tuple[Path, str]]:
    """The folders above a vault in its git repository, outermost first, each with the vault's path in it."""
    above = []
    for folder in (vault, *vault.parents):
        if folder != vault:
            above.append(folder)
        if is_there(folder / ".git"):
            return iter([(one, f"{vault.relative_to(one).as_posix()}/") for one in reversed(above)])
    return iter(())
