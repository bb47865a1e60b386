"""The process that reads inputs: it is given one after the other, and says what came of each, until it dies or is ended.

    python -m fuzz.worker TARGET FOLDER

An input comes as its length in four bytes and itself; what is said of it is a line of JSON.
"""

import faulthandler
import json
import os
import re
import signal
import sys
import traceback
from pathlib import Path
from typing import IO

from fuzz.mutation import MOST
from fuzz.targets import Run, Target, silently, target_of
from kg.core.errors import KgError

_QUOTED = re.compile(r"“[^”]*”|\"[^\"]*\"|<[^>]*>|/\S+|\d[\d,]*")
MEMORY = 6_000_000_000


class Slow(AssertionError):
    """An input took more processor time than it may."""


def main() -> None:
    """Read what comes on standard input."""
    target, folder = target_of(sys.argv[1]), Path(sys.argv[2])
    says = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # whatever prints must not get among the answers
    traces = (folder / "trace").open("w")
    faulthandler.enable(traces)
    faulthandler.register(signal.SIGUSR1, traces)
    _limit()
    own = folder / target.name
    own.mkdir()
    with silently():
        run = target.open(own)
        says.write("ready\n")
        says.flush()
        while data := _next(sys.stdin.buffer):
            says.write(json.dumps(said_of(target, run, data)) + "\n")
            says.flush()


def _next(file: IO[bytes]) -> bytes | None:
    head = file.read(4)
    return file.read(int.from_bytes(head, "big")) or b"\n" if len(head) == 4 else None


def _limit() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000_000, 500_000_000))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def said_of(target: Target, run: Run, data: bytes) -> dict[str, object]:
    """What came of an input: what it was `like`, and where something is wrong, the `problem` in a word and its `trace`."""
    before = _spent()
    try:
        like, problem, trace = repr(run(data)), "", ""
    except KgError as error:
        like, problem, trace = f"{type(error).__name__} {_QUOTED.sub('', str(error))[:120]}", "", ""
        try:
            str(error).encode()
        except UnicodeEncodeError as wrong:
            problem, trace = "unprintable", f"{error!r}\n{wrong}"
    except BaseException as error:  # noqa: BLE001 - whatever else comes out is a bug
        like, problem, trace = "", signature(error), traceback.format_exc()
    seconds = _spent() - before
    if not problem and not target.endless and seconds > target.seconds * max(1.0, len(data) / MOST):
        problem, trace = "slow", f"{seconds:.1f} s of processor time for {len(data):,} bytes"
    return {"like": like, "problem": problem, "trace": trace[-20_000:], "seconds": seconds}


def _spent() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def signature(error: BaseException) -> str:
    """What tells one bug from another: the kind of error, and the last line of kg that it went through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if f"{os.sep}kg{os.sep}" in frame.filename] or list(frames)
    notes = "".join(getattr(error, "__notes__", ()))  # of a process that raised it
    inner = re.findall(r'/kg/(\w+\.py)", line \d+, in (\w+)', notes)
    place = inner[-1] if inner else (Path(ours[-1].filename).name, ours[-1].name) if ours else ("", "")
    says = (
        str(error).splitlines()[0].rpartition(": ")[2][:60]
        if isinstance(error, AssertionError | SyntaxError) and str(error)
        else ""
    )
    return f"{type(error).__name__} in {place[0]} {place[1]} {re.sub('[0-9]+', '', says)}".strip()


if __name__ == "__main__":
    main()
