"""The picture of notes/ in docs/analyzing.md: python docs/picture.py

Communities are colours, PageRank is size, and what is missing is an empty circle. Laid out by Fruchterman and Reingold,
with a fixed seed.
"""

from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

import networkx as nx

import kg
from kg import measures
from kg.communities import Partition, communities
from kg.config import load
from kg.networks import Network, read

DOCS = Path(__file__).parent
COLOURS = ("#4e79a7", "#f28e2b", "#59a14f", "#b07aa1", "#e15759", "#76b7b2", "#9c755f")
WIDTH, HEIGHT, MARGIN = 1200, 800, 90
NAMED = 30


def drawn(network: Network) -> str:
    """The largest part of a network as SVG."""
    partition = Partition(network, communities(network))
    part = measures.components(network)[0]
    ranks = measures.pagerank(network)
    graph: nx.Graph[int] = nx.Graph()
    graph.add_nodes_from(part)
    # Links inside a community pull harder, so that a colour stays together.
    same = partition.part_of
    graph.add_weighted_edges_from((a, b, 3.0 if same[a] == same[b] else 0.6) for a, b in network.edges)
    places = nx.spring_layout(graph, k=0.4, iterations=300, seed=4)
    xs, ys = zip(*places.values(), strict=True)

    def place(number: int) -> tuple[float, float]:
        x, y = places[number]
        across = (x - min(xs)) / (max(xs) - min(xs)) * (WIDTH - 2 * MARGIN)
        return MARGIN + across, 50 + (y - min(ys)) / (max(ys) - min(ys)) * (HEIGHT - 130)

    lines = []
    for one, other in network.edges:
        (x, y), (u, v) = place(one), place(other)
        lines.append(f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{u:.1f}" y2="{v:.1f}"/>')
    circles, names = [], []
    taken: list[tuple[float, float, float]] = []
    centres = {partition.centre(same[n]) for n in part}
    for number in sorted(part, key=lambda n: (n not in centres, -ranks[n])):
        x, y = place(number)
        size, colour = 4 + (ranks[number] * 4_000) ** 0.5, COLOURS[same[number] % len(COLOURS)]
        fill = f'fill="#fff" stroke="{colour}" stroke-width="2"' if number in network.missing else f'fill="{colour}"'
        circles.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:.1f}" {fill}/>')
        half = len(network.labels[number]) * 3.4
        for base in (y - size - 3, y + size + 12):  # above it, below it, or not at all
            if len(names) < NAMED and all(abs(x - u) > half + w or abs(base - v) > 13 for u, v, w in taken):
                taken.append((x, base, half))
                at, label = f'x="{x:.1f}" y="{base:.1f}"', escape(network.labels[number])
                names.append(f'<text class="h" {at}>{label}</text><text {at}>{label}</text>')
                break
    legend = [
        f'<circle cx="{30 + at % 4 * 290}" cy="{HEIGHT - 42 + at // 4 * 24}" r="7" fill="{COLOURS[at % len(COLOURS)]}"/>'
        f'<text class="l" x="{43 + at % 4 * 290}" y="{HEIGHT - 37 + at // 4 * 24}">'
        f"around {escape(network.labels[partition.centre(at)])}</text>"
        for at in range(len(partition.parts))
        if len(partition.parts[at]) > 1
    ]
    style = (
        "text{font:12px sans-serif;text-anchor:middle;fill:#222}"
        ".h{stroke:#fff;stroke-width:4px;stroke-linejoin:round;opacity:.85}.l{text-anchor:start;font-size:14px}line{stroke:#bbb;stroke-width:1}"
    )
    body = "\n".join((*lines, *circles, *names, *legend))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="The concepts of notes/ and their links, coloured by community">\n<style>{style}</style>\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>\n{body}\n</svg>\n'
    )


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        store = kg.ingest(kg.Vault(config=load(DOCS.parent / "notes", store=Path(folder) / "store"))).store
        (DOCS / "notes.svg").write_text(drawn(read(store)), encoding="utf-8")
