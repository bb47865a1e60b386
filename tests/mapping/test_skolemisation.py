"""Skolem IRIs: distinct, the same on every machine, and changed only with the expression that they name."""

import time
from itertools import permutations

import pyoxigraph as ox
import pytest

from kg.mapping.skolemisation import skolemised

HEAD = "@prefix : <http://e.example/> .\n"
NESTED = ":A :p [ :q ( 1 2 [ :r :s ] ) ] , [ :q 2 ] .\n"
TWINS = ":B :p [ :q 1 ] , [ :q 1 ] . [] :z [] . [] :z [] .\n"
CIRCLES = "_:a :n _:b . _:b :n _:a . :C :p _:c . _:c :n _:d, _:e . _:d :n _:c . _:e :n _:c ; :last 1 .\n"


def parsed(text: str) -> list[ox.Triple]:
    return [quad.triple for quad in ox.parse(HEAD + text, ox.RdfFormat.TURTLE, rename_blank_nodes=True)]


def canonical(triples: list[ox.Triple]) -> set[str]:
    """The triples as RDFC-1.0 names their blank nodes."""
    blank = {t for triple in triples for t in (triple.subject, triple.object) if "/genid/" in str(t)}
    names = {term: ox.BlankNode() for term in blank}
    quads = (ox.Quad(names.get(s, s), p, names.get(o, o)) for s, p, o in triples)
    dataset = ox.Dataset(quads)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return set(map(str, dataset))


@pytest.mark.parametrize("text", [NESTED, TWINS, CIRCLES, NESTED + TWINS + CIRCLES, ":a :b 1 .\n"])
def test_the_graph_stays_the_same_and_so_do_the_names(text: str) -> None:
    assert canonical(skolemised(parsed(text), "f")) == canonical(parsed(text))
    assert skolemised(parsed(text), "f") == skolemised(parsed(text), "f")


@pytest.mark.parametrize("text", [NESTED, TWINS, CIRCLES])
@pytest.mark.parametrize(
    "more", [":Z :p [ :q ( 1 2 [ :r :t ] ) ] .\n", "_:x :n _:y . _:y :n _:x ; :last 2 .\n", ":Y :z 1 .\n"]
)
def test_other_lines_do_not_change_names(text: str, more: str) -> None:
    assert set(skolemised(parsed(text), "f")) <= set(skolemised(parsed(more + text), "f"))
    assert set(skolemised(parsed(text), "f")) <= set(skolemised(parsed(text + more), "f"))


def test_the_order_of_distinct_expressions_does_not_matter() -> None:
    lines = [f":{name} :p [ :q ( 1 [ :r :s ] ) ] .\n" for name in "ABC"]
    assert len({frozenset(skolemised(parsed("".join(rows)), "f")) for rows in permutations(lines)}) == 1


def test_two_files_share_no_name() -> None:
    one, other = ({t.subject for t in skolemised(parsed(TWINS), file)} for file in ("a/t.ttl", "b/t.ttl"))
    assert not {node for node in one & other if "/genid/" in str(node)}


def _clique(size: int) -> str:
    return "".join(f"_:b{a} :n _:b{b} .\n" for a in range(size) for b in range(size) if a != b)


def _ring(size: int) -> str:
    return "".join(f"_:b{a} :n _:b{(a + 1) % size} .\n" for a in range(size))


@pytest.mark.parametrize(
    ("text", "nodes"),
    [
        (_clique(40), 40),
        (_ring(2_000), 2_000),
        (f":a :b ( {'1 ' * 5_000} ) .\n", 5_000),
        ("[] :p [] .\n" * 2_000, 4_000),
    ],
)
def test_cliques_rings_and_long_lists_take_little_time(text: str, nodes: int) -> None:
    triples = parsed(text)
    began = time.process_time()
    found = skolemised(triples, "f")
    assert time.process_time() - began < 5
    assert len({t for triple in found for t in (triple.subject, triple.object) if "/genid/" in str(t)}) == nodes
