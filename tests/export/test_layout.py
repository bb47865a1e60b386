"""Where things stand on a plane: the same every time, apart from each other, communities close together."""

import math
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from helpers.made_networks import at_random, network
from kg.export.layout import layout


def test_nothing_has_no_places_and_one_thing_stands_in_the_middle() -> None:
    assert layout(network(0, [])) == []
    assert layout(network(1, [])) == [(0.0, 0.0)]


@given(st.integers(0, 10_000))
def test_each_has_a_place_of_its_own_the_same_every_time(seed: int) -> None:
    found = layout(at_random(seed))
    assert found == layout(at_random(seed))
    assert len(found) == len(at_random(seed))
    assert all(math.isfinite(x) and math.isfinite(y) for x, y in found)
    assert not cKDTree(found).query_pairs(0.8)


def cliques(number: int, size: int) -> list[tuple[int, int]]:
    """So many cliques, each tied to the next by one link."""
    inside = [(k * size + a, k * size + b) for k in range(number) for a in range(size) for b in range(a)]
    return inside + [(k * size, (k + 1) * size + 1) for k in range(number - 1)]


@pytest.mark.parametrize(("number", "size"), [(3, 6), (90, 20)])  # laid out as one, and by communities
def test_communities_are_close_together(number: int, size: int) -> None:
    found = layout(network(number * size, cliques(number, size)))
    nearest = cKDTree(found).query(found, 2)[1][:, 1]
    assert sum(n // size == other // size for n, other in enumerate(nearest)) > 0.95 * number * size


def test_what_is_not_connected_is_not_mixed() -> None:
    found = layout(network(60, [*cliques(2, 20), *((40 + a, 41 + a) for a in range(19))]))
    boxes = [
        tuple(f(p[axis] for p in part) for f in (min, max) for axis in (0, 1)) for part in (found[:40], found[40:])
    ]
    (left, top, right, bottom), (left2, top2, right2, bottom2) = boxes
    assert right < left2 or right2 < left or bottom < top2 or bottom2 < top


@pytest.mark.parametrize("alone", [1, 7, 300])
def test_things_without_links_are_in_rings_around_the_rest(alone: int) -> None:
    found = layout(network(60 + alone, cliques(3, 20)))
    rest = [[place[axis] for place in found[:60]] for axis in (0, 1)]
    middle = [(min(at) + max(at)) / 2 for at in rest]
    for x, y in found[60:]:  # none of the rest is farther out in the same direction
        away = math.dist((x, y), middle)
        ray = ((x - middle[0]) / away, (y - middle[1]) / away)
        for place in found[:60]:
            dx, dy = place[0] - middle[0], place[1] - middle[1]
            assert abs(dx * ray[1] - dy * ray[0]) > 0.9 or dx * ray[0] + dy * ray[1] < away
    turns = sorted(math.atan2(y - middle[1], x - middle[0]) for x, y in found[60:])
    gaps = [later - turn for turn, later in zip(turns, [*turns[1:], turns[0] + 2 * math.pi], strict=True)]
    assert max(gaps) < 2 * math.pi / min(alone, 20) * 2.2


@pytest.mark.parametrize("shape", ["star", "chain", "random"])
@pytest.mark.sample(1)
def test_many_things_take_seconds(shape: str) -> None:
    """A star does not fall into communities, a chain into hundreds."""
    size, chance = 5_000, random.Random(1)
    links = {
        "star": [(0, n) for n in range(1, size)],
        "chain": [(n, n + 1) for n in range(size - 1)],
        "random": [(int(size * chance.random() ** 3), chance.randrange(size)) for _ in range(2 * size)],
    }[shape]
    began = time.process_time()
    found = layout(network(size, links))
    assert time.process_time() - began < 60
    assert len(set(found)) == size
