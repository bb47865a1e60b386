"""How fast a network is analysed, beside plain NetworkX on the same links in the same run, and how much memory it takes.

    python benchmarks/analyzing.py               10,000 notes with 100,000 links: each command, start to finish
    python benchmarks/analyzing.py --large       200,000 things with 2,000,000 links: read, PageRank, components, cores

The links are those of generated notes, two thirds within groups of 200. NetworkX gets them as a list of pairs, so that
reading the store is ours alone; each of its figures is one algorithm, where one of our commands computes several.
"""

import argparse
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from kg.store.builder import building

CONCEPT, LINKS = "<https://w3id.org/concept-notes#Concept>", "<https://w3id.org/concept-notes#linksTo>"
TYPE, LABEL = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>", "<http://www.w3.org/2004/02/skos/core#prefLabel>"
BASE, GROUP = "https://notes.example/", 200
ANALYSES = ("centrality", "communities", "components", "bridges", "suggest")


def pairs(size: int, number: int) -> list[tuple[int, int]]:
    """So many links between so many things."""
    chance = random.Random(1)
    found: set[tuple[int, int]] = set()
    while len(found) < number:
        one = chance.randrange(size)
        near = one - one % GROUP + chance.randrange(GROUP)
        other = near if chance.random() < 2 / 3 else chance.randrange(size)
        if one != other and other < size:
            found.add((one, other))
    return sorted(found)


def store(folder: Path, size: int, links: list[tuple[int, int]]) -> None:
    """A store of them."""
    with building(folder, {"n": BASE, "kg": "https://w3id.org/concept-notes#"}, "benchmark") as made:
        graph = f"<{BASE}all>"
        rows = [(f"<{BASE}{n}>", TYPE, CONCEPT) for n in range(size)]
        rows += [(f"<{BASE}{n}>", LABEL, f'"Thing {n}"') for n in range(size)]
        rows += [(f"<{BASE}{one}>", LINKS, f"<{BASE}{other}>") for one, other in links]
        made.load([(graph, rows)])
        made.publish({"notes": size}, {})


def notes(folder: Path, size: int, links: list[tuple[int, int]]) -> None:
    """Notes of them, with some words each."""
    chance = random.Random(2)
    words = [f"word{n}" for n in range(3_000)]
    out: list[list[int]] = [[] for _ in range(size)]
    for one, other in links:
        out[one].append(other)
    folder.mkdir()
    for n in range(size):
        about = n // GROUP * 7
        text = " ".join(
            chance.choice(words[about : about + 40] if chance.random() < 0.3 else words) for _ in range(120)
        )
        linked = " ".join(f"[[Thing {other}]]" for other in out[n])
        (folder / f"Thing {n}.md").write_text(f"# Why\n{text}\n\n# See also\n{linked}\n", encoding="utf-8")


def seconds(work: Callable[[], object], runs: int = 1) -> float:
    """The median of several runs."""
    taken = []
    for _ in range(runs):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def commands(size: int, number: int, runs: int) -> None:
    """Each command on notes, start to finish."""
    import networkx as nx

    links = pairs(size, number)
    graph = nx.DiGraph(links)
    theirs: dict[str, Callable[[], object]] = {
        "PageRank": lambda: nx.pagerank(graph),
        "HITS": lambda: nx.hits(graph),
        "core number": lambda: nx.core_number(nx.Graph(graph)),
        "betweenness of 50": lambda: nx.betweenness_centrality(graph, k=50, seed=1),
        "Louvain": lambda: nx.community.louvain_communities(nx.Graph(graph), seed=1),
    }
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)
        notes(base / "vault", size, links)
        kg = [sys.executable, "-m", "kg"]
        subprocess.run([*kg, "ingest", "-q", base / "vault", "--store", base / "store"], check=True)
        for name in ANALYSES:
            command = [*kg, "analyze", name, "--store", str(base / "store"), "-o", str(base / "rows.csv")]
            took = seconds(lambda command=command: subprocess.run(command, check=True, stderr=subprocess.DEVNULL), runs)  # type: ignore[misc]
            print(f"kg analyze {name:<18} {took:6.2f} s", flush=True)
    for name, work in theirs.items():
        print(f"networkx {name:<20} {seconds(work, runs):6.2f} s", flush=True)


def large(size: int, number: int) -> None:
    """What a large store costs, step by step."""
    from kg.analysis import measures
    from kg.analysis.network_reader import read
    from kg.notes.vault import without_collection

    links = pairs(size, number)
    with tempfile.TemporaryDirectory() as temporary:
        store(Path(temporary), size, links)
        del links
        begun = time.perf_counter()
        with without_collection():
            network = read(Path(temporary))
        print(
            f"read            {time.perf_counter() - begun:6.2f} s   {len(network):,} things, {len(network.links):,} links"
        )
        for name in ("directed", "undirected"):
            print(f"{name:<15} {seconds(lambda name=name: getattr(network, name)):6.2f} s")  # type: ignore[misc]
        for work in (measures.pagerank, measures.components, measures.cores):
            print(f"{work.__name__:<15} {seconds(lambda work=work: work(network)):6.2f} s")  # type: ignore[misc]
        print(f"all             {time.perf_counter() - begun:6.2f} s   {memory():.2f} GB")


def large_in_networkx(size: int, number: int) -> None:
    """The same in NetworkX, from a list of pairs."""
    import networkx as nx

    links = pairs(size, number)
    begun = time.perf_counter()
    graph = nx.DiGraph(links)
    print(f"networkx builds {time.perf_counter() - begun:6.2f} s")
    both = nx.Graph(graph)
    for name, work in {
        "pagerank": lambda: nx.pagerank(graph),
        "components": lambda: list(nx.weakly_connected_components(graph)),
        "cores": lambda: nx.core_number(both),
    }.items():
        print(f"{name:<15} {seconds(work):6.2f} s")
    print(f"all             {time.perf_counter() - begun:6.2f} s   {memory():.2f} GB")


def memory() -> float:
    """The most that this process had, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--only", choices=["kg", "networkx"])
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    if not given.large:
        commands(10_000, 100_000, given.runs)
    elif given.only == "kg":
        large(200_000, 2_000_000)
    elif given.only == "networkx":
        large_in_networkx(200_000, 2_000_000)
    else:  # each in a process of its own, so that its memory is its own
        for one in ("kg", "networkx"):
            subprocess.run([sys.executable, __file__, "--large", "--only", one], check=True)
