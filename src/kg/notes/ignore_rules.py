"""The files of a vault that are not read: `.gitignore`, Obsidian's settings or `kg.toml` exclude them."""

import errno
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from kg.core.files import NotRegularError, TooLargeError, exists, read_bytes
from kg.core.findings import Finding, of_file
from kg.core.ignore_patterns import MOST_WILD, Patterns, lines_of
from kg.notes.obsidian_settings import Settings

GITIGNORE = ".gitignore"
_MOST_BYTES = 1_000_000
_HINT = "Make it a file of lines that git reads, of at most 1 MB"


class _Lines(NamedTuple):
    """The lines of one .gitignore; they match paths relative to its folder."""

    patterns: Patterns
    above: bytes
    """The vault's path relative to that folder, for a .gitignore above the vault."""
    below: int
    """The length of that folder's path in the vault, for a .gitignore inside it."""

    def says(self, path: bytes, is_folder: bool) -> bool | None:
        """Whether the lines exclude a path; None if no line matches it."""
        return self.patterns.says(self.above + path[self.below :], is_folder)

    def leaves_vault_out(self) -> bool:
        """Whether the lines of a .gitignore above the vault exclude the vault or a folder around it."""
        folders = self.above.rstrip(b"/").split(b"/")
        return any(self.patterns.says(b"/".join(folders[:n]), True) for n in range(1, len(folders) + 1))


@dataclass(frozen=True)
class IgnoreRules:
    """The ignore rules of one folder of a vault. Later lines win, as in git; those of `kg.toml` come last."""

    settings: Settings
    own: Patterns
    """The setting `ignore` of kg.toml."""
    lines: tuple[_Lines, ...] = ()
    everything: bool = False
    wild: int = 0
    """The total size, in bytes, of the lines with wildcards."""

    @classmethod
    def of(cls, settings: Settings, own: Iterable[str]) -> "IgnoreRules":
        """Return the rules of a vault's own settings."""
        return cls(settings, Patterns(line.encode("utf-8", "surrogateescape") for line in own))

    def above(self, folder: Path, inside: str) -> "IgnoreRules":
        """Return the rules with the .gitignore of a folder above the vault, whose path in that folder is `inside`.

        A .gitignore that excludes the vault is skipped: a user who names a vault in an ignored folder wants to read it.
        """
        try:
            rules = self._with(folder, inside, "", [])
        except OSError:
            return self
        return self if rules is self or rules.lines[-1].leaves_vault_out() else rules

    def below(self, folder: Path, prefix: str, findings: list[Finding]) -> "IgnoreRules":
        """Return the rules with the .gitignore of a folder in the vault; add errors to `findings`. Raises OSError."""
        return self._with(folder, "", prefix, findings)

    def _with(self, folder: Path, above: str, below: str, findings: list[Finding]) -> "IgnoreRules":
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

    def inside(self, folder: str) -> "IgnoreRules":
        """Return the rules of a folder; in an ignored folder, everything is ignored."""
        return replace(self, everything=True) if self.ignores(f"{folder}/") and not self.everything else self

    def ignores(self, path: str) -> bool:
        """Whether a file or a folder is ignored; a folder's path ends with `/`."""
        if self.everything:
            return True
        if not (self.own or self.lines or self.settings.filters):
            return False
        raw, is_folder = os.fsencode(path.removesuffix("/")), path.endswith("/")
        excluded = self.own.says(raw, is_folder) if self.own else None
        if excluded is not None:
            return excluded
        for lines in reversed(self.lines):
            excluded = lines.says(raw, is_folder)
            if excluded is not None:
                return excluded
        return self.settings.hides(path)


def _no_lines(path: str, error: OSError) -> Finding | None:
    """Return the finding for a .gitignore without lines that git would read; None if it only cannot be read now."""
    if isinstance(error, TooLargeError):
        return replace(of_file(path, "F03", f"{error}: its lines are ignored"), hint=_HINT)
    if isinstance(error, NotRegularError) or error.errno == errno.ELOOP:
        return replace(of_file(path, "F04", "not a regular file: its lines are ignored"), hint=_HINT)
    return None


def _wrong(path: str, patterns: Patterns) -> Iterator[Finding]:
    for line, why in patterns.wrong[:_MOST_WRONG]:
        yield of_file(path, "F12", f"the line matches nothing: {why}", line)
    if patterns.too_many:
        message = f"from here on, lines with wildcards are ignored: a folder's limit is {MOST_WILD:,} bytes"
        yield of_file(path, "F11", message, patterns.too_many)


_MOST_WRONG = 20
"""The limit on reported lines of a file."""


def repository(vault: Path) -> Iterator[tuple[Path, str]]:
    """Return the folders above a vault in its git repository, outermost first, each with the vault's path in it."""
    parents = []
    for folder in (vault, *vault.parents):
        if folder != vault:
            parents.append(folder)
        if exists(folder / ".git"):
            return iter([(parent, f"{vault.relative_to(parent).as_posix()}/") for parent in reversed(parents)])
    return iter(())
