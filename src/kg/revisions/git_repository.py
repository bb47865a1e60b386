"""Read the commits and files of a git repository with git's plumbing: without a checkout, a lock or the network.

A repository may come with somebody else's notes, and its configuration can name programs. None of them runs: hooks,
monitors, pagers, filters, diff drivers, signature checks and transports are disabled or never invoked.

Trees are compared here, since `git diff-tree` holds all differences in memory before it writes the first. A tree that
has the same tree ten times, and so on, makes a hundred million of them in eight levels; here a limit ends that.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import IO, NamedTuple

from kg.core.errors import KgError, NotFound

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
LINK = "120000"
"""The mode of a symbolic link, whose blob has its target."""
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:?\d\d)?)?")
_FORM = "--format=%H %ct %an%x00%s"
_FOLDER = "40000"
_NOTHING = ("", "")
_PIECE = 1 << 20
_KEPT_TREES = 64
_MOST = 10_000_000


class Commit(NamedTuple):
    """A commit: its hash, its time, the first line of its message, and the name of its author."""

    hash: str
    time: datetime
    subject: str
    author: str = ""

    def __str__(self) -> str:
        return f"{self.time:%Y-%m-%d} {self.hash[:7]} {self.author}: {self.subject}"


class TreeFile(NamedTuple):
    """A file, or symbolic link, of a commit: its path in the repository, its mode, and the hash of its blob."""

    path: str
    mode: str
    blob: str


class Change(NamedTuple):
    """A file that differs between two trees, with its blob hashes. A hash is empty if that tree lacks the file."""

    path: str
    before: str
    after: str


@dataclass(frozen=True)
class Repository:
    """The repository that contains a folder. Use it in a `with` statement, which ends its git process."""

    git: str
    folder: Path
    prefix: str
    """The folder's path in the repository, ending in `/`, or empty."""
    _trees: dict[str, Mapping[str, tuple[str, str]]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, folder: Path) -> "Repository":
        """Open the repository. Raises NotFound without a repository or commit, KgError if git is missing or fails."""
        git = shutil.which("git", path=_search_path())
        if git is None:
            raise KgError("git is not installed, but the history needs it")
        result = _run(git, folder, "rev-parse", "--show-prefix")
        if result.returncode:
            message = _message(result.stderr)
            if "not a git repository" in message:
                raise NotFound(f"{folder} is in no git repository, so it has no history")
            raise KgError(f"git cannot read the repository of {folder}: {message}")
        if _run(git, folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").returncode:
            raise NotFound(f"the git repository of {folder} has no commit yet")
        return cls(git, folder, result.stdout.decode("utf-8", "surrogateescape").removesuffix("\n"))

    def __enter__(self) -> "Repository":
        return self

    def __exit__(self, *error: object) -> None:
        process = self.__dict__.pop("_process", None)
        if process is not None:
            process.stdin.close()
            process.stdout.close()
            process.wait()

    def commits(self) -> list[Commit]:
        """The commits up to HEAD, oldest first: along the branch, without those merged into it."""
        return self._listed("--first-parent", "--reverse", "HEAD")

    def commit(self, name: str) -> Commit:
        """The commit that a name means: a branch, a tag, a hash, `HEAD~3`; or a date or time, for the last commit then.

        A date means its end, in UTC, along the current branch. Raises NotFound.
        """
        if _DATE.fullmatch(name):
            return self._at_time(name)
        result = _run(
            self.git, self.folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"
        )
        if result.returncode or not name.strip():
            raise NotFound(f"“{name}” is no commit of the repository, and no date like 2026-03-01")
        return self._listed("--max-count=1", result.stdout.decode().strip())[0]

    def _at_time(self, text: str) -> Commit:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise NotFound(f"“{text}” is no date: {error}") from error
        if len(text) == len("2026-03-01"):
            moment = datetime.combine(date.fromisoformat(text), datetime.max.time())
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        # Commits of a branch need not be in the order of their times: the last one that is early enough counts.
        found = [commit for commit in self.commits() if commit.time <= moment]
        if not found:
            raise NotFound(f"the repository has no commit before the end of {text}")
        return found[-1]

    def _listed(self, *arguments: str) -> list[Commit]:
        result = _run(self.git, self.folder, "rev-list", "--encoding=UTF-8", _FORM, *arguments)
        if result.returncode:
            raise KgError(f"git cannot read the commits of {self.folder}: {_message(result.stderr)}")
        lines = result.stdout.decode("utf-8", "replace").split("\n")
        return [_commit(line) for line in lines[1::2]]

    @cached_property
    def top(self) -> Path:
        """The top folder of the working tree. Raises KgError if there is none."""
        result = _run(self.git, self.folder, "rev-parse", "--show-toplevel")
        if result.returncode:
            raise KgError(f"git finds no working tree around {self.folder}: {_message(result.stderr)}")
        return Path(os.fsdecode(result.stdout.removesuffix(b"\n")))

    def tree(self, commit: str) -> str:
        """The tree hash of the folder at a commit; empty if the folder does not exist there."""
        tree = self._object(f"{commit}^{{tree}}").hash
        for name in filter(None, self.prefix.split("/")):
            mode, tree = self._entries(tree).get(name, ("", ""))
            if mode != _FOLDER:
                return ""
        return tree

    def root_tree(self, commit: str) -> str:
        """The hash of the whole tree of a commit. Raises KgError if it is not there, as in a partial clone."""
        if tree := self._object(f"{commit}^{{tree}}").hash:
            return tree
        raise KgError(f"the repository of {self.folder} lacks the files of {commit[:12]}: fetch them with git first")

    def files(self, tree: str, enters: Callable[[str], bool]) -> Iterator[TreeFile]:
        """The files and links of a tree, in the folders whose path `enters` accepts, each with a trailing `/`."""
        pending, count = [("", tree)], 0
        while pending:
            prefix, folder = pending.pop()
            entries = self._entries(folder)
            count += len(entries)
            if count > _MOST:
                raise KgError(f"a commit of {self.folder} has more than {_MOST:,} files")
            for name, (mode, hash_) in entries.items():
                if mode == _FOLDER and enters(f"{prefix}{name}/"):
                    pending.append((f"{prefix}{name}/", hash_))
                elif mode in (*_FILES, LINK):
                    yield TreeFile(f"{prefix}{name}", mode, hash_)

    def changes(self, before: str, after: str) -> Iterator[Change]:
        """The files that differ between two trees. Equal subtrees are skipped. Raises KgError."""
        pending, count = [("", before, after)], 0
        while pending:
            prefix, *trees = pending.pop()
            old, new = (self._entries(tree) for tree in trees)
            for name in sorted(old.keys() | new.keys()):
                was, now = old.get(name, _NOTHING), new.get(name, _NOTHING)
                if was == now:
                    continue
                if _FOLDER in {was[0], now[0]}:
                    subtrees = [entry[1] if entry[0] == _FOLDER else "" for entry in (was, now)]
                    pending.append((f"{prefix}{name}/", subtrees[0], subtrees[1]))
                files = tuple(entry[1] if entry[0] in _FILES else "" for entry in (was, now))
                if files[0] != files[1]:
                    yield Change(f"{prefix}{name}", *files)
            count += len(old) + len(new)
            if count > _MOST:
                raise KgError(f"a commit of {self.folder} has more than {_MOST:,} files")

    def content(self, blob: str, limit: int) -> bytes | None:
        """The content of a blob; None if it exceeds `limit` bytes or does not exist."""
        return self._object(blob, limit).data

    def size(self, blob: str) -> int:
        """The size of a blob in bytes; 0 if it does not exist."""
        return self._object(blob, 0).size

    # ---- objects -------------------------------------------------------------------------------------------------

    def _entries(self, tree: str) -> Mapping[str, tuple[str, str]]:
        """The mode and hash of each entry of a tree, by name."""
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
            return _Object("", None, 0)
        size = int(header[2])
        data = _read(out, size, keep=limit is None or size <= limit)
        out.read(1)
        return _Object(header[0].decode(), data, size)


class _Object(NamedTuple):
    hash: str
    data: bytes | None
    size: int


def _read(out: "IO[bytes]", size: int, *, keep: bool) -> bytes | None:
    if keep:
        return out.read(size)
    while size > 0:
        size -= len(out.read(min(size, _PIECE))) or size
    return None


def _parsed(data: bytes, width: int) -> Iterator[tuple[str, tuple[str, str]]]:
    """The entries of a tree object: mode, space, name, NUL, and a hash of `width` bytes."""
    offset = 0
    while offset < len(data):
        space, end = data.index(b" ", offset), data.index(b"\0", offset)
        name = data[space + 1 : end].decode("utf-8", "surrogateescape")
        yield name, (data[offset:space].decode("ascii", "replace"), data[end + 1 : end + 1 + width].hex())
        offset = end + 1 + width


def _commit(line: str) -> Commit:
    name, time, rest = line.split(" ", 2)
    author, _, subject = rest.partition("\0")
    try:
        return Commit(name, datetime.fromtimestamp(int(time), UTC), subject, author)
    except (ValueError, OverflowError, OSError):  # not a number, or outside the calendar
        return Commit(name, datetime.fromtimestamp(0, UTC), subject, author)


def _command(git: str, folder: Path, *arguments: str) -> list[str]:
    options = [part for setting in _SAFE for part in ("-c", setting)]
    return [git, "--no-pager", "--no-optional-locks", *options, "-C", str(folder), *arguments]


def _search_path() -> str:
    """PATH without relative entries: the working directory may be somebody else's vault."""
    entries = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(entry for entry in entries if Path(entry).is_absolute())


def _environment() -> dict[str, str]:
    """The environment without variables that would redirect git."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in _KEPT}
    return kept | _OURS | {"PATH": _search_path()}


def _run(git: str, folder: Path, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    command = _command(git, folder, *arguments)
    return subprocess.run(command, capture_output=True, env=_environment(), check=False, stdin=subprocess.DEVNULL)


def _message(stderr: bytes) -> str:
    return stderr.decode("utf-8", "replace").strip().split("\n")[0].removeprefix("fatal: ")
