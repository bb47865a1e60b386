"""Fuzz for some time, all targets in turn, and keep what is found. Exits with 1 where something was."""

import argparse
import json
import os
import random
import signal
import sys
from functools import partial
from pathlib import Path

from fuzz.running import PATIENCE, Round, Worker, fuzz, name_of
from fuzz.targets import TARGETS

_TURN = 300.0
_LEAST = 20.0


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument(
        "targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; without any, all in turn"
    )
    parser.add_argument("--minutes", type=float, default=120.0, help="in all (default 120)")
    parser.add_argument("--seed", type=int, help="the first turn's; a new one each time without it")
    parser.add_argument("--failures", type=Path, default=Path("fuzz-failures"), help="where inputs go that show a bug")
    parser.add_argument(
        "--patience", type=float, default=PATIENCE, help="seconds until an input counts as one that hangs"
    )
    parser.add_argument(
        "--replay", type=Path, metavar="FILE", help="try one input, of the one target, and print the trace"
    )
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what was begun is tidied up
    unknown = set(given.targets) - TARGETS.keys()
    if unknown:
        parser.error(f"no target is called {', '.join(sorted(unknown))}")
    if given.replay:
        return _replay(given.targets[0] if given.targets else given.replay.parent.name, given.replay)
    return _turns(given.targets or list(TARGETS), given.minutes * 60, given.seed, given.failures, given.patience)


def _replay(target: str, file: Path) -> int:
    with Worker(target) as worker:
        outcome = worker.try_(file.read_bytes())
    print(outcome.problem or f"nothing is wrong: {outcome.like}", outcome.trace, sep="\n")
    return bool(outcome.problem)


def _turns(names: list[str], seconds: float, seed: int | None, folder: Path, patience: float) -> int:
    """Each target for a few minutes, again and again."""
    seed = random.SystemRandom().randrange(10**9) if seed is None else seed
    turn = max(_LEAST, min(_TURN, seconds / len(names)))
    left, problems, number = seconds, {name: set[str]() for name in names}, 0
    while left > 1:
        name = names[number % len(names)]
        done = fuzz(
            name, min(turn, left), seed, known=problems[name], patience=patience,
            report=partial(_keep, folder, name, seed),
        )  # fmt: skip
        problems[name] |= done.found.keys()
        _count(folder, done)
        left -= done.seconds
        number += 1
        seed += 1
    return bool(sum(map(len, problems.values())))


def _keep(folder: Path, target: str, seed: int, problem: str, data: bytes, trace: str) -> None:
    file = folder / target / name_of(problem, data)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    (folder / target / f"{file.name}.trace").write_text(
        f"{problem} (seed {seed})\n{trace}\n", encoding="utf-8", errors="replace"
    )
    print(f"{target}: {problem}: {file}", flush=True)


def _count(folder: Path, done: Round) -> None:
    """Say what was done, and add it to what was done before."""
    print(
        f"{done.target}: seed {done.seed}, {done.tried:,} inputs in {done.seconds:.0f} s ({done.spent:.0f} s of them reading), "
        f"{done.pool} kinds, {len(done.found)} new problems",
        flush=True,
    )
    file = folder / "ran.json"
    table = json.loads(file.read_text()) if file.exists() else {}
    row = table.setdefault(done.target, {"inputs": 0, "minutes": 0.0, "problems": 0})
    row["inputs"] += done.tried
    row["minutes"] = round(row["minutes"] + done.seconds / 60, 2)
    row["problems"] += len(done.found)
    folder.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps(table, indent=1))
    fresh.replace(file)


if __name__ == "__main__":
    sys.exit(main())
