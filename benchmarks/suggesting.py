"""Suggestions: which links come back when a tenth is hidden, and how long a large vault takes.

    python benchmarks/suggesting.py [VAULT ...] [--rounds 50] [--notes 10000] [--choose]

Of each vault (`notes/` where none is named) a tenth of the links between notes is hidden, again and again with other seeds,
and of the first 20 pairs by each method it is counted how many were hidden. `--choose` does so for all fusions of two and
more methods, which is how that of `kg analyze suggest` was chosen. `--notes N` times the commands on generated notes with
ten links each, whose words are as frequent as those of a language (Zipf), as whole processes.
"""

import argparse
import itertools
import os
import platform
import random
import resource
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from ingest import KG, run

import kg
from kg.analysis import link_prediction as suggestions
from kg.analysis.link_prediction import METHODS, Candidates, Matrices, fused, measure
from kg.analysis.network import Network
from kg.analysis.network_reader import read
from kg.analysis.similarity import Texts, texts
from kg.config import load

ROOT = Path(__file__).parent.parent
WORDS = 30_000


def opened(vault: Path, base: Path) -> tuple[Network, Texts]:
    """A vault's network and words."""
    config = load(vault, cwd=vault, store=base / vault.name)
    store = kg.ingest(kg.Vault(config=config), inference=False).store
    network = read(store)
    return network, texts(config, store, network)


def quality(vaults: list[Path], rounds: int) -> None:
    """The table of docs/suggestions.md: a row a method, a column a vault."""
    columns, heads = {}, []
    with tempfile.TemporaryDirectory() as base:
        for vault in vaults:
            network, words = opened(vault, Path(base))
            found, hidden = measure(network, words, rounds)
            columns[vault.name] = {one.method: f"{one.precision:.3f} ±{one.error:.3f}" for one in found}
            heads.append(f"{vault.name} ({len(network):,} things, {hidden} hidden)")
    print(f"| method | {' | '.join(heads)} |\n|{' --- |' * (len(heads) + 1)}")
    for name in (*METHODS, "suggest"):
        print(f"| {name} | {' | '.join(column[name] for column in columns.values())} |")


def choose(vaults: list[Path], rounds: int) -> None:
    """All fusions by their precision as a multiple of that of common neighbours, where it is least; then without each
    vault, on that one.
    """
    names = [name for name in METHODS if name != "common_neighbours"]
    fusions = [some for size in range(1, len(names) + 1) for some in itertools.combinations(names, size)]
    found: dict[tuple[str, ...], list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as base:
        for vault in vaults:
            means = _fusions(*opened(vault, Path(base)), rounds, [("common_neighbours",), *fusions])
            for some in fusions:
                found[some].append(means[some] / (means["common_neighbours",] or 1))

    print(f"least  {[vault.name for vault in vaults]}")
    for some, ratios in sorted(found.items(), key=lambda row: -min(row[1]))[:15]:
        print(f"{min(ratios):6.2f}  {[round(r, 2) for r in ratios]}  {' + '.join(some)}")
    for n, vault in enumerate(vaults if len(vaults) > 1 else []):
        best = max(fusions, key=lambda some: min([*found[some][:n], *found[some][n + 1 :]]))
        print(f"{found[best][n]:6.2f} on {vault.name}, by the best of the others: {' + '.join(best)}")


def _fusions(
    network: Network, words: Texts, rounds: int, fusions: list[tuple[str, ...]]
) -> dict[tuple[str, ...], float]:
    sums: dict[tuple[str, ...], float] = defaultdict(float)
    links = suggestions.between_notes(network)
    for seed in range(rounds):
        hidden = frozenset(random.Random(seed).sample(links, max(round(len(links) * suggestions.HIDDEN), 1)))
        best = Candidates(Matrices(suggestions.without(network, hidden), words), words.written).best([*METHODS])
        for some in fusions:
            ranked = [*fused({name: best[name] for name in some}).items()]
            sums[some] += suggestions.precision(ranked, hidden) / rounds
    return sums


def write_vault(folder: Path, number: int) -> None:
    """Notes of some 300 words out of 30,000 and ten links, half of them to notes nearby: there is something to find."""
    chance = random.Random(11)
    folder.mkdir()
    words = ["".join(chance.choice("aeioubcdfglmnprst") for _ in range(chance.randint(3, 9))) for _ in range(WORDS)]
    weights = list(itertools.accumulate(1 / (rank + 3) for rank in range(WORDS)))
    titles = [f"{words[chance.randrange(WORDS)].title()} {words[chance.randrange(WORDS)]} {n}" for n in range(number)]
    for n, title in enumerate(titles):
        text = chance.choices(words, cum_weights=weights, k=300)
        near = [(n + chance.randint(-40, 40)) % number for _ in range(5)]
        for to in (*near, *(chance.randrange(number) for _ in range(5))):
            text.insert(chance.randrange(len(text)), f"[[{titles[to]}]]")
        text.insert(5, titles[chance.randrange(number)])
        (folder / f"{title}.md").write_text(
            f"# About\n{' '.join(text[:150])}.\n\n# More\n{' '.join(text[150:])}.\n", encoding="utf-8"
        )


def speed(number: int) -> None:
    """The commands on a large vault."""
    print(
        f"\nPython {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {number:,} notes"
    )
    with tempfile.TemporaryDirectory() as temporary:
        vault, store = Path(temporary) / "vault", Path(temporary) / "store"
        write_vault(vault, number)
        run(*KG, "ingest", "-q", "--no-infer", str(vault), "--store", str(store))
        start = time.process_time()
        network = read(kg.Store(store))
        print(
            f"{len(network):,} things, {len(network.edges):,} links; reading the network alone: {time.process_time() - start:.1f} s of computing"
        )
        name = network.labels[7]
        for what in (["centrality"], ["suggest"], ["suggest", name], ["similar", name], ["unlinked"]):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            found = run(*KG, "analyze", *what, "--store", str(store), "-f", "csv")
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            computing = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            command = f"kg analyze {what[0] + ' NAME' * (len(what) > 1)}"
            print(f"{command:<27} {found.seconds:6.1f} s, {computing:6.1f} s of computing, {found.memory:7,.0f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("vaults", nargs="*", type=Path)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--notes", type=int, default=0)
    parser.add_argument("--choose", action="store_true")
    options = parser.parse_args(sys.argv[1:])
    chosen = [vault.resolve() for vault in options.vaults] or ([] if options.notes else [ROOT / "notes"])
    if chosen:
        (choose if options.choose else quality)(chosen, options.rounds)
    if options.notes:
        speed(options.notes)
