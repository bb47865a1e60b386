"""Watching over the process that reads: an input is known before it is given, so that a crash or a hang has its input."""

import contextlib
import hashlib
import json
import os
import random
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from fuzz.mutation import Mutator
from fuzz.targets import target_of

CORPUS = Path(__file__).parent / "corpus"
PATIENCE = 90.0
"""So many seconds of the clock may pass before an input counts as one that hangs; other work may slow this down."""
_TO_BEGIN = 300.0
_LARGEST_POOL = 3000
_QUICK = "/dev/shm"
"""In memory, where the system has that: stores are made by the thousand."""


@dataclass(frozen=True)
class Outcome:
    """What came of an input; `problem` is empty where nothing is wrong."""

    like: str = ""
    problem: str = ""
    trace: str = ""
    seconds: float = 0.0


class Worker:
    """A process that reads inputs of a target; another one after it died."""

    def __init__(self, target: str, patience: float = PATIENCE) -> None:
        self.target = target
        self.patience = patience
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = ""
        self._said = b""

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin(self) -> subprocess.Popen[bytes]:
        self._folder = tempfile.mkdtemp(
            prefix=f"fuzz-{self.target}-", dir=_QUICK if os.access(_QUICK, os.W_OK) else None
        )
        paths = [str(Path(__file__).parent.parent), *(path for path in sys.path if path)]
        self._said = b""
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "fuzz.worker", self.target, self._folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "TMPDIR": self._folder},
            start_new_session=True,
        )
        if self._line(self._process, _TO_BEGIN) != b"ready":
            trace = self._trace()
            self.close()
            raise RuntimeError(f"the target {self.target} could not be opened: {trace}")
        return self._process

    def try_(self, data: bytes) -> Outcome:
        """What comes of an input."""
        process = self._process or self._begin()
        assert process.stdin and process.stdout
        data = data or b"\n"
        try:
            process.stdin.write(len(data).to_bytes(4, "big") + data)
            process.stdin.flush()
            line = self._line(process, self.patience)
        except OSError:
            line = b""
        if line is None:
            return self._hung(process)
        if not line:
            return self._died(process)
        return Outcome(**json.loads(line))

    def _line(self, process: subprocess.Popen[bytes], patience: float) -> bytes | None:
        """What the process says next; empty where it died, None where it says nothing."""
        assert process.stdout
        limit = time.monotonic() + patience
        while b"\n" not in self._said:
            if not select.select([process.stdout], [], [], max(0.0, limit - time.monotonic()))[0]:
                return None
            piece = os.read(process.stdout.fileno(), 1 << 16)
            if not piece:
                return b""
            self._said += piece
        line, _, self._said = self._said.partition(b"\n")
        return line

    def _hung(self, process: subprocess.Popen[bytes]) -> Outcome:
        process.send_signal(signal.SIGUSR1)
        time.sleep(0.5)
        trace = self._trace()
        self.close()
        if target_of(self.target).endless:
            return Outcome("endless")
        return Outcome("", f"hangs in {_place(trace)}", f"no end after {self.patience:g} s\n{trace}", self.patience)

    def _died(self, process: subprocess.Popen[bytes]) -> Outcome:
        code = process.wait()
        trace = self._trace()
        self.close()
        return Outcome("", f"died of {code} in {_place(trace)}", f"exit code {code}\n{trace}")

    def _trace(self) -> str:
        with contextlib.suppress(OSError):
            return Path(self._folder, "trace").read_text(errors="replace")[-20_000:]
        return ""

    def close(self) -> None:
        """End the process and all that it started."""
        if self._process:
            with contextlib.suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                with contextlib.suppress(OSError):
                    assert pipe
                    pipe.close()
            shutil.rmtree(self._folder, ignore_errors=True)
        self._process = None


def _place(trace: str) -> str:
    """The innermost function of kg in a trace of faulthandler, which begins with the innermost."""
    found = re.search(r'/kg/(\w+\.py)", line \d+ in (\w+)', trace)
    return f"{found[1]} {found[2]}" if found else "native code"


def corpus(target: str) -> dict[str, bytes]:
    """The inputs that are kept, by their names."""
    folder = CORPUS / target
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())} if folder.is_dir() else {}


@dataclass
class Round:
    """What was tried of one target, and what was found."""

    target: str
    seed: int
    tried: int = 0
    seconds: float = 0.0
    """Of the clock."""
    spent: float = 0.0
    """Of the processor, by the process that reads."""
    found: dict[str, bytes] = field(default_factory=dict)
    """The smallest input of each problem."""
    traces: dict[str, str] = field(default_factory=dict)
    pool: int = 0


def fuzz(
    target: str, seconds: float, seed: int, *, report: Callable[[str, bytes, str], None] | None = None,
    known: Iterable[str] = (), patience: float = PATIENCE,
) -> Round:  # fmt: skip
    """Try inputs for so many seconds. `report` is told of each new problem, its input and trace; `known` are old ones."""
    dice = random.Random(f"{target} {seed}")
    mutator = Mutator(target_of(target).grammar, dice)
    done = Round(target, seed)
    old = set(known)
    start = time.monotonic()
    pool = [*corpus(target).values(), *target_of(target).good()]
    likes: set[str] = set()
    first = iter(pool.copy())
    with Worker(target, patience) as worker:
        while time.monotonic() - start < seconds:
            data = next(first, None) or mutator.next(pool)
            outcome = worker.try_(data)
            done.tried += 1
            done.spent += outcome.seconds
            if outcome.problem and outcome.problem not in done.found and outcome.problem not in old:
                small, trace = smallest(worker, data, outcome)
                done.found[outcome.problem], done.traces[outcome.problem] = small, trace
                if report:
                    report(outcome.problem, small, trace)
            elif not outcome.problem and outcome.like not in likes and len(data) < 8000:
                likes.add(outcome.like)
                pool.append(data)
                if len(pool) > _LARGEST_POOL:
                    pool.pop(dice.randrange(len(pool)))
    done.seconds = time.monotonic() - start
    done.pool = len(pool)
    return done


def smallest(worker: Worker, data: bytes, outcome: Outcome, seconds: float = 60.0) -> tuple[bytes, str]:
    """A smaller input with the same problem, as far as it is found in time; with its trace."""
    limit = time.monotonic() + (0 if outcome.problem.startswith("hangs") else seconds)
    size = len(data) // 2
    best = outcome
    while size and time.monotonic() < limit:
        start, smaller = 0, False
        while start < len(data) and time.monotonic() < limit:
            tried = data[:start] + data[start + size :]
            again = worker.try_(tried) if tried else Outcome()
            if again.problem == outcome.problem:
                data, best, smaller = tried, again, True
            else:
                start += size
        size = size if smaller and size > 1 else size // 2
    return data, best.trace


def name_of(problem: str, data: bytes) -> str:
    """A file name for what was found."""
    words = re.sub(r"[^A-Za-z0-9]+", "-", problem).strip("-").lower()[:60]
    return f"{words}-{hashlib.sha256(data).hexdigest()[:8]}"
