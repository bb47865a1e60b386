"""Bringing a vault to a SPARQL server, and what changed afterwards, beside the same quads sent to it in one piece.

    python benchmarks/pushing.py [--notes 10000] [--servers oxigraph virtuoso] [--only push|library]

The servers are the ones that the tests start, each with its data on disk: Oxigraph (from PyPI) and, where it is
installed, Virtuoso (Debian's virtuoso-opensource-7-bin). The peer is the fastest way to give all quads at once to a
server with nothing in it: for Oxigraph one POST of N-Quads, for Virtuoso its own bulk loader reading the file. Neither
compares anything, nor can either be gone on with when it is cut off.

Then each query of the library is asked of each server and of the store, over as many notes of a company as the tests
know it (tests/helpers/company.py): whether the answers are equal, to the row and its place, and which take longest.
"""

import argparse
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch
from urllib.request import Request, urlopen

import pyoxigraph as ox
from ingest import KG, VAULTS

import kg
from kg.config import Config, load
from kg.remote import endpoint as remote
from kg.remote.endpoint import Endpoint
from kg.remote.http_exchange import Exchange, Response
from kg.remote.push import Pushed, push
from kg.sparql.answer import Answer

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from helpers.company import Company, questions
from helpers.serving import free_port, oxigraph, virtuoso

STANDING = ox.NamedNode("https://notes.example/#default")
BUFFERS = 170_000
"""Of Virtuoso, 8 kB each: what its manual advises for 2 GB of memory."""


class Sent(NamedTuple):
    """What a push did."""

    seconds: float
    done: Pushed
    requests: int
    megabytes: float


def pushed(store: kg.Store, url: str) -> Sent:
    """Push, and count all that is sent, questions too."""
    sizes: list[int] = []
    send = Exchange.send

    def counted(self: Exchange, request: Request) -> Response:
        sizes.append(len(request.data or b""))  # type: ignore[arg-type]
        return send(self, request)

    start = time.perf_counter()
    with patch.object(Exchange, "send", counted):
        done = push(store, Endpoint.at(url, seconds=600))
    return Sent(time.perf_counter() - start, done, len(sizes), sum(sizes) / 1e6)


def row(what: str, seconds: float, more: str) -> None:
    """One line of the table."""
    print(f"  {what:<32} {seconds:8.2f} s  {more}", flush=True)


def shown(what: str, sent: Sent) -> None:
    """A line about a push."""
    done = sent.done
    graphs = f"{len(done.changed):,} graphs sent, {len(done.gone):,} removed"
    row(
        what, sent.seconds, f"{graphs}, {done.inserted:,} triples, {sent.requests:,} requests, {sent.megabytes:,.2f} MB"
    )


def ingest(vault: Path, store: Path) -> kg.Store:
    """The store of a vault."""
    subprocess.run([*KG, "ingest", "-q", vault, "--store", store], check=True)
    return kg.Store(store)


def dump(store: kg.Store, file: Path, standing: ox.NamedNode | None) -> None:
    """All quads in a file, those of the default graph in the graph that stands for it."""
    default = ox.DefaultGraph()
    quads = (
        ox.Quad(one.subject, one.predicate, one.object, standing) if standing and one.graph_name == default else one
        for one in store.quads()
    )
    ox.serialize(quads, file, format=ox.RdfFormat.N_QUADS)


@contextmanager
def in_oxigraph(base: Path) -> Iterator[str]:
    """Oxigraph with its data on disk."""
    with oxigraph("--location", str(base / "oxigraph")) as url:
        yield url


@contextmanager
def in_virtuoso(base: Path) -> Iterator[str]:
    """Virtuoso, and who may write to it."""
    folder = base / "virtuoso"
    folder.mkdir()
    who = {"KG_ENDPOINT_USER": "dba", "KG_ENDPOINT_PASSWORD": "dba"}
    with virtuoso(folder, buffers=BUFFERS, rows=1_000_000) as url, patch.dict(os.environ, who):
        yield url


def loaded_by_oxigraph(store: kg.Store, base: Path) -> float:
    """Seconds for one POST of all quads to another Oxigraph."""
    file = base / "all.nq"
    dump(store, file, None)
    with oxigraph("--location", str(base / "peer")) as url, file.open("rb") as data:
        start = time.perf_counter()
        headers = {"Content-Type": "application/n-quads", "Content-Length": str(file.stat().st_size)}
        urlopen(Request(url.replace("/query", "/store"), data, headers, method="POST")).close()
        return time.perf_counter() - start


def loaded_by_virtuoso(store: kg.Store, base: Path) -> float:
    """Seconds for another Virtuoso to load a file of all quads, and to keep it as a push is kept."""
    folder, sql = base / "peer", free_port()
    folder.mkdir()
    dump(store, folder / "all.nq", STANDING)
    load = f"exec=TTLP_MT(file_open('{folder}/all.nq'), '', '{STANDING.value}', 512); checkpoint;"
    with virtuoso(folder, buffers=BUFFERS, sql=sql):
        start = time.perf_counter()
        subprocess.run(["isql-vt", str(sql), "dba", "dba", load], check=True, capture_output=True)
        return time.perf_counter() - start


SERVERS = {"oxigraph": (in_oxigraph, loaded_by_oxigraph), "virtuoso": (in_virtuoso, loaded_by_virtuoso)}


def measure(name: str, vault: Path, base: Path) -> None:
    """All figures for one server."""
    base.mkdir()
    start, peer = SERVERS[name]
    note = vault / "Note 7.md"
    text = note.read_text(encoding="utf-8")
    store = ingest(vault, base / "store")
    limit = peer(store, base)
    with start(base) as url:
        first = pushed(store, url)
        print(f"{name}: {first.done.graphs:,} graphs, {first.done.triples:,} triples")
        row("peer: all quads at once", limit, "")
        shown(f"first push, {first.seconds / limit:.1f} x the peer", first)
        shown("nothing changed", pushed(store, url))
        note.write_text(f"{text}\nMore of [[Note 9]].\n", encoding="utf-8")
        shown("one note edited", pushed(ingest(vault, base / "store"), url))
        note.unlink()
        shown("one note removed", pushed(ingest(vault, base / "store"), url))
    note.write_text(text, encoding="utf-8")


class Asked(NamedTuple):
    """A question that the store and a server answered: how long each took, and whether they said the same."""

    what: str
    rows: int
    here: float
    there: float
    equal: bool


def timed(ask: Callable[[], Answer]) -> tuple[list[tuple[object, ...]], float]:
    """All rows of an answer, and the seconds to the last of them."""
    start = time.perf_counter()
    return list(ask().terms()), time.perf_counter() - start


def asked(store: kg.Store, config: Config, url: str, default: str | None) -> Iterator[Asked]:
    """Each question of the library, with its parameters."""
    for query, given, params in questions(config):
        mine, here = timed(partial(kg.query, store, query.text, params))
        there = partial(
            remote.query,
            url,
            query.text,
            store.prefixes,
            params,
            120,
            dataset=remote.Dataset(standing_for_default=default),
        )
        try:
            theirs, took = timed(there)
        except kg.KgError as error:
            theirs, took = [(str(error),)], math.nan
        yield Asked(" ".join((query.name, *given.values())), len(mine), here, took, mine == theirs)


def answers(name: str, vault: Path, base: Path) -> None:
    """Whether a server answers the library as the store does, and what that takes."""
    base.mkdir()
    store = ingest(vault, base / "store")
    config = replace(load(vault, store=store.path), queries=Path(__file__).parent.parent / "queries")
    with SERVERS[name][0](base) as url:
        done = push(store, Endpoint.at(url, seconds=600))
        all_of_them = list(asked(store, config, url, done.default_graph))
    equal = sum(one.equal for one in all_of_them)
    print(
        f"{name}: {equal} of {len(all_of_them)} questions of the library answered as here, over {done.triples:,} triples"
    )
    slowest = sorted(all_of_them, key=lambda one: -max(one.here, one.there))[:5]
    for one in all_of_them:
        if one in slowest or not one.equal:
            says = "" if one.equal else "  ANSWERED OTHERWISE"
            print(f"  {one.what:<32} {one.rows:8,} rows, here {one.here:6.2f} s, there {one.there:6.2f} s{says}")


def main(number: int, names: list[str], only: str | None) -> None:
    """Measure and print."""
    if "virtuoso" in names and not shutil.which("virtuoso-t"):
        print("virtuoso: not installed (Debian's virtuoso-opensource-7-bin)")
        names = [name for name in names if name != "virtuoso"]
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)
        if only != "library":
            VAULTS["prose"](base / "vault", number)
            for name in names:
                measure(name, base / "vault", base / name)
        if only != "push":
            Company(number).write(base / "company")
            for name in names:
                answers(name, base / "company", base / f"{name}-library")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--notes", type=int, default=10_000)
    parser.add_argument("--servers", nargs="+", choices=SERVERS, default=list(SERVERS))
    parser.add_argument("--only", choices=["push", "library"])
    given = parser.parse_args()
    main(given.notes, given.servers, given.only)
