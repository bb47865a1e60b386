"""Another library reading a vault, in an environment of its own: how long it takes, and how many links it finds.

    python benchmarks/peers.py NAME FOLDER RUNS

`vault.py` runs this by the Python that has the library, and reads what it prints: one line of JSON.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path


def obsidiantools(folder: Path) -> int:
    """NetworkX over mistune or Python-Markdown and BeautifulSoup: names are matched, not paths."""
    from obsidiantools.api import Vault

    return int(Vault(folder).connect().graph.number_of_edges())


def kglite(folder: Path) -> int:
    """A graph database in Rust: `okf.build` with the dialect of Obsidian, which builds the nodes and edges too."""
    from kglite import okf

    graph = okf.build(str(folder), dialect="obsidian")
    return int(graph.cypher("MATCH ()-[link:LINKS_TO]->() RETURN count(link) AS n").to_list()[0]["n"])


PEERS: dict[str, Callable[[Path], int]] = {"obsidiantools": obsidiantools, "kglite": kglite}


def main(name: str, folder: Path, runs: int) -> None:
    """Measure one peer; the run in which it is imported does not count."""
    links, times, processor = PEERS[name](folder), [], []
    for _ in range(runs):
        start, used = time.perf_counter(), time.process_time()
        PEERS[name](folder)
        times.append(time.perf_counter() - start)
        processor.append(time.process_time() - used)
    row = {"seconds": statistics.median(times), "processor": statistics.median(processor), "links": links}
    print(json.dumps({**row, "version": version(name)}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
