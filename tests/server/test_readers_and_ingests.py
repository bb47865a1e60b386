"""Readers beside an ingest loop: no answer fails, none mixes two states, and none is older than an event before it."""

import contextlib
import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import kg
from helpers.clients import Running, running
from helpers.vaults import write_vault

SECONDS = 300 if os.environ.get("KG_SOAK") else 20
READERS = 50
NOTES = 40
STATES = "SELECT DISTINCT ?state { ?note p:state ?state }"


def _write(vault: Path, state: int) -> None:
    """Give all notes another state. The server may see them one by one; each generation has what was on the disk."""
    for number in range(NOTES):
        (vault / f"N{number}.md").write_text(f"---\nstate: {state}\n---\n# N{number}\n")


class _Reader(threading.Thread):
    """Asks the same question in two forms in one request, again and again."""

    def __init__(self, server: Running, told: list[int], end: float) -> None:
        super().__init__()
        self.server, self.told, self.end = server, told, end
        self.asked = 0
        self.faults: list[str] = []

    def run(self) -> None:
        with self.server.client() as client:
            while time.monotonic() < self.end:
                told = self.told[-1]
                answer = client.get(
                    "/sparql",
                    params={"query": "SELECT ?state (COUNT(*) AS ?n) { ?note p:state ?state } GROUP BY ?state"},
                )
                self.asked += 1
                if answer.status_code != 200:
                    self.faults.append(f"{answer.status_code}: {answer.text}")
                    continue
                rows = [
                    (int(row["state"]["value"]), int(row["n"]["value"])) for row in answer.json()["results"]["bindings"]
                ]
                if sum(number for _, number in rows) != NOTES:
                    self.faults.append(f"torn: {rows}")
                if min(state for state, _ in rows) < told:
                    self.faults.append(f"stale: {rows} after {told}")


def _listen(server: Running, ingested: dict[int, int], told: list[int], end: float) -> None:
    """Take down, for each event, the state that its generation has."""
    import httpx2

    with (
        contextlib.suppress(httpx2.HTTPError),
        server.client() as client,
        client.stream("GET", "/events", timeout=30) as events,
    ):
        for line in events.iter_lines():
            if time.monotonic() > end:
                return
            if line.startswith("data: ") and "generation" in (event := json.loads(line.removeprefix("data: "))):
                number: Any = event["generation"]
                told.append(max([told[-1], *(state for generation, state in ingested.items() if generation <= number)]))


@pytest.mark.slow
def test_readers_beside_an_ingest_loop(tmp_path: Path) -> None:
    vault = write_vault(tmp_path / "vault", {})
    _write(vault, 0)
    kg.ingest(vault)
    with running(vault, "--no-watch", "--at-once", "8") as server:
        end = time.monotonic() + SECONDS
        told, ingested = [0], dict[int, int]()
        listener = threading.Thread(target=_listen, args=(server, ingested, told, end), daemon=True)
        listener.start()
        readers = [_Reader(server, told, end) for _ in range(READERS)]
        for reader in readers:
            reader.start()
        state, early = 0, list[int]()
        while time.monotonic() < end:
            state += 1
            _write(vault, state)
            report = kg.ingest(vault)
            ingested[report.store.manifest.generation] = state
            if not early and time.monotonic() > end - SECONDS * 0.8:
                early.append(sum(_memory(pid) for pid in server.processes()))
        for reader in readers:
            reader.join()
        assert [fault for reader in readers for fault in reader.faults] == []
        assert sum(reader.asked for reader in readers) > 100
        assert len(told) > 5
        memory = [*early, sum(_memory(pid) for pid in server.processes())]
        assert memory[-1] < max(500_000_000, 1.5 * memory[0])
        shown = ", ".join(f"{number / 1e6:.0f} MB" for number in memory)
        print(f"{sum(reader.asked for reader in readers):,} answers, {state} ingests, {len(told)} events, {shown}")


def _memory(pid: int) -> int:
    """The memory of a process, in bytes, with its part of what it shares; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
