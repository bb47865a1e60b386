"""A git repository's commits and files, read only: by git's own plumbing, without a checkout, a lock or the network.

A repository may come with somebody else's notes, and its configuration can name programs. None of those is run: hooks,
monitors, pagers, filters, diff drivers, signature checks and transports are off or not asked for.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import IO, NamedTuple

from kg.errors import KgError, NotFound

_SAFE = (
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    "core.pager=cat",
    "credential.helper=",
    "log.showSignature=false",
    "protocol.allow=never",
    "safe.bareRepository=explicit",
)
_KEPT = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_EXEC_PATH", "GIT_CEILING_DIRECTORIES")
_OURS = {
    "LC_ALL": "C",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
}
_FILES = ("100644", "100755", "100664")
_FOLDER = "40000"
_NOTHING = ("", "")
_PIECE = 1 << 20
_KEPT_TREES = 64
_MOST = 10_000_000


class Commit(NamedTuple):
    """A commit: its hash, when it was made, and the first line of what it says."""

    hash: str
    time: datetime
    subject: str


class Change(NamedTuple):
    """A file that two trees have differently, by the hashes of what is in it; empty where there is none."""

    path: str
    before: str
    after: str


@dataclass(frozen=True)
class Repository:
    """The repository that a folder is in. Used in a `with`: a process of git's answers meanwhile."""

    git: str
    folder: Path
    prefix: str
    """The folder's path in the repository, with a `/` at its end, or empty."""
    _trees: dict[str, Mapping[str, tuple[str, str]]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, folder: Path) -> "Repository":
        """Raises NotFound where there is no repository or no commit, KgError where there is no git."""
        git = shutil.which("git", path=_search_path())
        if git is None:
            raise KgError("git is not installed, and the history is read with it")
        done = _run(git, folder, "rev-parse", "--show-prefix")
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().split("\n")[0].removeprefix("fatal: ")
            if "not a git repository" in said:
                raise NotFound(f"{folder} is in no git repository, so there is no history of it")
            raise KgError(f"git cannot read the repository of {folder}: {said}")
        if _run(git, folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").returncode:
            raise NotFound(f"the git repository of {folder} has no commit yet")
        return cls(git, folder, done.stdout.decode("utf-8", "surrogateescape").removesuffix("\n"))

    def __enter__(self) -> "Repository":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process = self.__dict__.pop("_process", None)
        if process is not None:
            process.stdin.close()
            process.stdout.close()
            process.wait()

    def commits(self) -> list[Commit]:
        """The commits that led here, the first first: along the branch, without those that were merged into it."""
        form = "--format=%H %ct %s"
        done = _run(self.git, self.folder, "rev-list", "--first-parent", "--reverse", "--encoding=UTF-8", form, "HEAD")
        if done.returncode:
            raise KgError(f"git cannot read the commits of {self.folder}: {_said(done.stderr)}")
        lines = done.stdout.decode("utf-8", "replace").split("\n")
        return [_commit(line) for line in lines[1::2]]

    def tree(self, commit: str) -> str:
        """The hash of the folder as a commit has it; empty where it has none."""
        at = self._object(f"{commit}^{{tree}}").hash
        for name in filter(None, self.prefix.split("/")):
            mode, at = self._entries(at).get(name, ("", ""))
            if mode != _FOLDER:
                return ""
        return at

    def changes(self, before: str, after: str) -> Iterator[Change]:
        """The files that two trees have differently. What is equal is not looked into. Raises KgError."""
        waiting, count = [("", before, after)], 0
        while waiting:
            prefix, *trees = waiting.pop()
            old, new = (self._entries(tree) for tree in trees)
            for name in sorted(old.keys() | new.keys()):
                was, now = old.get(name, _NOTHING), new.get(name, _NOTHING)
                if was == now:
                    continue
                if _FOLDER in {was[0], now[0]}:
                    down = [one[1] if one[0] == _FOLDER else "" for one in (was, now)]
                    waiting.append((f"{prefix}{name}/", down[0], down[1]))
                files = tuple(one[1] if one[0] in _FILES else "" for one in (was, now))
                if files[0] != files[1]:
                    yield Change(f"{prefix}{name}", *files)
            count += len(old) + len(new)
            if count > _MOST:
                raise KgError(f"a commit of {self.folder} has more than {_MOST:,} files")

    def content(self, blob: str, limit: int) -> bytes | None:
        """What a file holds; None where that is more than so many bytes, or is not there."""
        return self._object(blob, limit).data

    # ---- objects -------------------------------------------------------------------------------------------------

    def _entries(self, tree: str) -> Mapping[str, tuple[str, str]]:
        """What stands in a tree, by name: mode and hash."""
        if not tree:
            return {}
        if tree not in self._trees:
            if len(self._trees) >= _KEPT_TREES:
                self._trees.pop(next(iter(self._trees)))
            self._trees[tree] = dict(_parsed(self._object(tree).data or b"", len(tree) // 2))
        return self._trees[tree]

    @cached_property
    def _process(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            _command(self.git, self.folder, "cat-file", "--batch"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
        )

    def _object(self, name: str, limit: int | None = None) -> "_Object":
        into, out = self._process.stdin, self._process.stdout
        assert into and out
        into.write(f"{name}\n".encode())
        into.flush()
        header = out.readline().split()
        if len(header) != 3:
            return _Object("", None)
        size = int(header[2])
        data = _read(out, size, keep=limit is None or size <= limit)
        out.read(1)
        return _Object(header[0].decode(), data)


class _Object(NamedTuple):
    hash: str
    data: bytes | None


def _read(out: "IO[bytes]", size: int, *, keep: bool) -> bytes | None:
    if keep:
        return out.read(size)
    while size > 0:
        size -= len(out.read(min(size, _PIECE))) or size
    return None


def _parsed(data: bytes, width: int) -> Iterator[tuple[str, tuple[str, str]]]:
    """The entries of a tree object: mode, space, name, NUL, and so many bytes of a hash."""
    at = 0
    while at < len(data):
        space, end = data.index(b" ", at), data.index(b"\0", at)
        name = data[space + 1 : end].decode("utf-8", "surrogateescape")
        yield name, (data[at:space].decode("ascii", "replace"), data[end + 1 : end + 1 + width].hex())
        at = end + 1 + width


def _commit(line: str) -> Commit:
    name, time, subject = line.split(" ", 2)
    try:
        return Commit(name, datetime.fromtimestamp(int(time), UTC), subject)
    except (ValueError, OverflowError, OSError):  # no time, or none that a calendar has
        return Commit(name, datetime.fromtimestamp(0, UTC), subject)


def _command(git: str, folder: Path, *arguments: str) -> list[str]:
    options = [part for setting in _SAFE for part in ("-c", setting)]
    return [git, "--no-pager", "--no-optional-locks", *options, "-C", str(folder), *arguments]


def _search_path() -> str:
    """PATH without the entries that mean the working directory, which may be somebody else's vault."""
    entries = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(entry for entry in entries if Path(entry).is_absolute())


def _environment() -> dict[str, str]:
    """The environment without what would send git elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in _KEPT}
    return kept | _OURS | {"PATH": _search_path()}


def _run(git: str, folder: Path, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    command = _command(git, folder, *arguments)
    return subprocess.run(command, capture_output=True, env=_environment(), check=False, stdin=subprocess.DEVNULL)


def _said(text: bytes) -> str:
    return text.decode("utf-8", "replace").strip().split("\n")[0].removeprefix("fatal: ")
