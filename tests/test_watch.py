"""`kg ingest --watch`: a burst of edits is one ingest, and a failing one leaves the last state and says so."""

import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import kg

COUNT = "SELECT (COUNT(*) AS ?n) { ?d a kg:Note }"


class Watch:
    """A running watch and the lines that it says."""

    def __init__(self, vault: Path) -> None:
        command = [sys.executable, "-m", "kg", "ingest", "--watch", str(vault)]
        self.process = subprocess.Popen(command, cwd=vault, stderr=subprocess.PIPE, text=True)
        self.lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.until("watching")
        time.sleep(0.5)  # the watcher says nothing of when it has begun to look

    def _read(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.lines.put(line)

    def until(self, text: str) -> list[str]:
        """The lines up to one with this text."""
        seen = []
        while not seen or text not in seen[-1]:
            try:
                seen.append(self.lines.get(timeout=20))
            except queue.Empty:
                pytest.fail(f"no “{text}” in {seen}")
        return seen


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    (tmp_path / "kg.toml").write_text("")
    (tmp_path / "A.md").write_text("[[B]]\n")
    return tmp_path


@pytest.fixture
def watch(vault: Path) -> Iterator[Watch]:
    watching = Watch(vault)
    yield watching
    watching.process.kill()
    watching.process.wait()


def test_a_burst_is_one_ingest_and_a_failure_leaves_the_last_state(vault: Path, watch: Watch) -> None:
    for n in range(8):
        (vault / f"N{n}.md").write_text(f"[[A]] {n}\n")
    assert watch.until("changed")[-1] == "changed  8 added\n"
    watch.until("store")
    assert kg.query(vault / ".kg", COUNT).rows == [{"n": 9}]
    (vault / "kg.toml").write_text("base = 1\n")
    assert watch.until("good state")[-1].endswith("“base” must be a text in quotes; the last good state stays\n")
    assert kg.query(vault / ".kg", COUNT).rows == [{"n": 9}]
    (vault / "kg.toml").write_text("")
    time.sleep(1)
    (vault / "N0.md").unlink()
    watch.until("1 removed")
    watch.process.send_signal(signal.SIGINT)
    assert watch.process.wait(timeout=10) == 130
