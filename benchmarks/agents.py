"""How long an agent waits: each tool of `kg mcp`, asked by the SDK's own client through the real command.

    python benchmarks/agents.py                  10,000 notes
    python benchmarks/agents.py --notes 1000

The 95th hundredth of many calls with different arguments, from the call to its answer, the look at the notes included.
What only the first call of a tool reads is told apart. The goal is 0.3 s, and 2 s for `suggest`.
"""

import argparse
import asyncio
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from ingest import VAULTS
from mcp import Client, StdioServerParameters

WORDS = ("learning", "team", "product", "change", "value")


def calls(chance: random.Random, notes: int, number: int) -> dict[str, list[dict[str, Any]]]:
    """Arguments for many calls of each tool."""

    def name() -> str:
        return f"Note {chance.randrange(notes)}"

    def linked() -> str:
        return f'SELECT ?b {{ ?a skos:prefLabel "{name()}" ; kg:linksTo ?b }}'

    made = {
        "overview": lambda: {},
        "search": lambda: {"query": " ".join(chance.sample(WORDS, 2))},
        "show": lambda: {"name": name()},
        "query": lambda: {"sparql": linked()},
        "query by name": lambda: {"name": "missing-notes"},
        "why": lambda: {"subject": name()},
        "neighbours": lambda: {"name": name()},
        "path": lambda: {"name": name(), "to": name()},
        "validate": lambda: {"path": f"{name()}.md"},
        "draft": lambda: {"path": f"{name()}.md", "text": f"---\ntype: Outcome\n---\n[[{name()}]] and [[Nowhere]]\n"},
        "suggest": lambda: {"name": name()},
    }
    return {tool: [make() for _ in range(number)] for tool, make in made.items()}


TOOLS = {"query by name": "query", "path": "neighbours", "draft": "validate"}
"""The tools of the calls that are not named after them."""


async def measured(vault: Path, notes: int, number: int) -> None:
    """Ask, and print."""
    command = StdioServerParameters(command=sys.executable, args=["-m", "kg", "mcp", str(vault)])
    async with Client(command) as client:
        print(f"{'':<14} {'first':>8} {'median':>8} {'p95':>8}")
        for name, arguments in calls(random.Random(5), notes, number).items():
            seconds = []
            for given in arguments:
                begun = time.perf_counter()
                answer = await client.call_tool(TOOLS.get(name, name), given)
                seconds.append(time.perf_counter() - begun)
                assert not answer.is_error or "no path" in str(answer.content), answer
            rest = sorted(seconds[1:])
            middle, late = rest[len(rest) // 2], rest[int(len(rest) * 0.95)]
            print(f"{name:<14} {seconds[0]:>6.2f} s {middle:>6.3f} s {late:>6.3f} s", flush=True)


def main(notes: int, number: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as temporary:
        vault = Path(temporary) / "vault"
        VAULTS["prose"](vault, notes)
        subprocess.run([sys.executable, "-m", "kg", "ingest", "-q", vault], check=True)
        asyncio.run(measured(vault, notes, number))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notes", type=int, default=10_000)
    parser.add_argument("--calls", type=int, default=60, help="of each tool")
    given = parser.parse_args()
    main(given.notes, given.calls)
