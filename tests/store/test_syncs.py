"""What is said to be done would survive a power cut: the order in which writers write, sync and rename, by strace.

Of each file of the store is known what was written to it and not synced since, and of each folder which names in it
were made and not synced since. When `current` takes its new name, nothing of the generation may be of that kind, and
when the writer says that it is done, neither may the name `current`.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.vaults import ingest

pytestmark = pytest.mark.system
CALLS = (
    "openat,open,creat,write,pwrite64,writev,pwritev,fsync,fdatasync,sync_file_range,"
    "rename,renameat,renameat2,link,linkat,mkdir,mkdirat,unlink,unlinkat,rmdir"
)
_LINE = re.compile(r"(\d+) +(?:<\.\.\. (\w+) resumed>|(\w+)\()(.*)")
_HANDLE = re.compile(r"\d+<([^>]*)>")
_AT = re.compile(r'(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"((?:[^"\\]|\\.)*)"')
WRITES = {"write", "pwrite64", "writev", "pwritev"}
"""Not what RocksDB does with the room that it set aside: the size that it gives back was never the file's."""


class Disk:
    """What would be lost by a power cut, as far as one store goes."""

    def __init__(self, store: Path) -> None:
        self.store = store
        self.unsynced: dict[str, int] = {}
        """Files and folders, with the number of the call that last changed them."""
        self.begun: dict[str, tuple[str, str, int]] = {}
        self.renames = 0
        self.number = 0
        self.is_named_for_good = False
        self.synced: set[str] = set()

    def read(self, trace: str) -> None:
        for line in trace.splitlines():
            if match := _LINE.match(line):
                pid, resumed, name, rest = match.groups()
                self.number += 1
                if resumed:
                    name, text, since = self.begun.pop(pid, (resumed, "", self.number))
                    self.done(name, text + rest, since)
                elif rest.endswith("<unfinished ...>"):
                    self.begun[pid] = (name, rest.removesuffix("<unfinished ...>"), self.number)
                    if name in WRITES:
                        self.change(self.handle(rest))
                else:
                    self.done(name, rest, self.number)

    def handle(self, text: str) -> str:
        found = _HANDLE.match(text)
        return found[1] if found else ""

    def change(self, path: str) -> None:
        if path.startswith(str(self.store)) and Path(path).name not in {"LOG", "LOCK", "lock"}:
            self.unsynced[path] = self.number

    def names(self, text: str) -> list[str]:
        return [
            f"{folder}/{name}" if folder and not name.startswith("/") else name for folder, name in _AT.findall(text)
        ]

    def done(self, name: str, text: str, since: int) -> None:
        """A call came back."""
        if " = -1 " in text:
            return
        if name in WRITES:
            self.change(self.handle(text))
        elif name in {"fsync", "fdatasync"}:
            path = self.handle(text)
            self.synced.add(path)
            if self.unsynced.get(path, 0) <= since:
                self.unsynced.pop(path, None)
            self.is_named_for_good |= path == str(self.store) and self.renames > 0
        elif name in {"mkdir", "mkdirat", "creat"} or (name in {"openat", "open"} and "O_CREAT" in text):
            (path,) = self.names(text)
            self.change(path)
            self.change(str(Path(path).parent))
        elif name in {"link", "linkat"}:
            self.change(str(Path(self.names(text)[1]).parent))
        elif name in {"unlink", "unlinkat", "rmdir"}:
            (path,) = self.names(text)
            for one in [one for one in self.unsynced if one == path or one.startswith(f"{path}/")]:
                del self.unsynced[one]
        elif name.startswith("rename"):
            self.rename(*self.names(text))

    def rename(self, path: str, to: str) -> None:
        if to == f"{self.store}/current":
            self.renames += 1
            assert path not in self.unsynced
            assert self.of_generations() == []
        for one in [one for one in self.unsynced if one == path or one.startswith(f"{path}/")]:
            self.unsynced[to + one.removeprefix(path)] = self.unsynced.pop(one)
        self.change(str(Path(to).parent))

    def of_generations(self) -> list[str]:
        """What is not safe yet of what readers would open."""
        inside = (one.removeprefix(f"{self.store}/") for one in self.unsynced)
        return sorted(one for one in inside if one.startswith("gen-") and "/load" not in one)


def traced(folder: Path, store: Path, words: list[str]) -> Disk:
    if not shutil.which("strace"):
        pytest.skip("strace is not installed")
    log = folder / "trace"
    done = subprocess.run(
        [
            "strace",
            "-f",
            "-y",
            "-s",
            "4096",
            "-o",
            str(log),
            "-e",
            f"trace={CALLS}",
            sys.executable,
            "-m",
            "kg",
            *words,
        ],
        cwd=folder / "vault",
        capture_output=True,
        text=True,
        check=False,
    )
    if "PTRACE" in done.stderr or "ptrace" in done.stderr:
        pytest.skip("nothing may be traced here")
    assert done.returncode in {0, 1}, done.stderr
    disk = Disk(store)
    disk.read(log.read_text(errors="replace"))
    return disk


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    folder = tmp_path / "vault"
    folder.mkdir()
    for number in range(20):
        (folder / f"N{number}.md").write_text(f"# N{number}\n[[N1]] #tag\n")
    return folder


WRITERS: dict[str, list[str]] = {
    "first": ["ingest", "-q"],
    "edit": ["ingest", "-q"],
    "many edits": ["ingest", "-q"],
    "full": ["ingest", "-q", "--full"],
    "infer": ["infer", "-q"],
    "analyze": ["analyze", "communities", "--save", "-q"],
    "validate": ["validate", "-q"],
}


@pytest.mark.parametrize("what", WRITERS)
def test_all_is_synced_before_current_names_it(vault: Path, what: str) -> None:
    store = vault / ".kg"
    if what != "first":
        ingest(vault, store)
        for number in range(20 if what == "many edits" else 1):
            (vault / f"N{number}.md").write_text(f"# N{number}\n[[N2]] #other\n")
    disk = traced(vault.parent, store, WRITERS[what])
    assert disk.renames == (2 if what == "analyze" else 1)  # an analysis brings the edit in, then saves its measures
    assert disk.is_named_for_good
    assert what != "first" or str(vault) in disk.synced  # where the store's folder has its name


def test_a_wrong_order_would_be_seen() -> None:
    disk = Disk(Path("/s"))
    with pytest.raises(AssertionError):
        disk.read(
            '1 openat(AT_FDCWD</v>, "/s/gen-1/notes.json", O_WRONLY|O_CREAT, 0666) = 3</s/gen-1/notes.json>\n'
            '1 renameat(4</s>, "current.new", 4</s>, "current") = 0\n'
        )
