"""Ways through the network, against NetworkX, and the sentences behind their steps."""

import csv
import io
from pathlib import Path

import networkx as nx
import pytest

import kg
from helpers.made_networks import at_random, network
from helpers.vaults import Write, analyze, analyzed, ingest
from kg.analysis.paths import around, shortest, simple_paths
from kg.notes.markdown import parse
from kg.notes.model import Note
from kg.notes.sentences import LONGEST, Sentences, sentence

SEEDS = range(25)


# ---- the search --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_the_shortest_way_is_as_short_as_networkx_says(seed: int) -> None:
    net = at_random(seed)
    graph, either = net.simple, net.simple.to_undirected()
    for source in graph:
        for target in graph:
            found = shortest(net, source, target)
            if nx.has_path(graph, source, target):
                whole = list(nx.all_shortest_paths(graph, source, target))
                assert not found.undirected and found.paths[0] in whole
                assert found.more == (len(whole) > 1)
            elif nx.has_path(either, source, target):
                assert found.undirected
                assert found.paths[0] in list(nx.all_shortest_paths(either, source, target))
            else:
                assert found.paths == []


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("undirected", [False, True])
def test_all_ways_are_those_of_networkx(seed: int, undirected: bool) -> None:
    net = at_random(seed, 12)
    graph = net.simple.to_undirected() if undirected else net.simple
    for target in [node for node in graph if node]:
        expected = sorted(nx.all_simple_paths(graph, 0, target, cutoff=4))
        found = simple_paths(net, 0, target, 4, 10_000, undirected=undirected)
        if expected:
            assert sorted(found.paths) == expected
            assert [len(way) for way in found.paths] == sorted(len(way) for way in found.paths)
        else:
            assert undirected is False or found.paths == []


def test_all_ways_end_however_many_there_are() -> None:
    size = 60
    net = network(size, ((a, b) for a in range(size) for b in range(size)))
    found = simple_paths(net, 0, size - 1, 6, 50)
    assert len(found.paths) == 50 and found.more
    assert found.paths[0] == [0, size - 1]


@pytest.mark.parametrize("seed", SEEDS)
def test_what_lies_around_is_as_far_as_networkx_says(seed: int) -> None:
    net = at_random(seed)
    lengths = nx.single_source_shortest_path_length(net.simple.to_undirected(), 0, cutoff=3)
    found = around(net, 0, 3)
    assert {one.thing: one.distance for one in found} == {n: far for n, far in lengths.items() if n}
    for thing, distance, step in found:
        assert step.target == thing and lengths[step.source] == distance - 1
        there, back = (step.source, thing) in net.pairs, (thing, step.source) in net.pairs
        assert step.direction == ("both" if there and back else "out" if there else "in")


def test_of_ways_as_short_the_one_of_heavier_links_is_taken() -> None:
    net = network(4, [(0, 1), (0, 2), (1, 3), (2, 3)])
    assert net.pairs[0, 2] > net.pairs[0, 1]
    assert shortest(net, 0, 3).paths == [[0, 2, 3]]


# ---- sentences ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "word", "expected"),
    [
        ("One ends. Two begins here. Three.", "begins", "Two begins here."),
        ("See e.g. Lean by J. Seiden, vs. Others. Next.", "Seiden", "See e.g. Lean by J. Seiden, vs. Others."),
        ("It is 3.5 times. Yes", "times", "It is 3.5 times."),
        ("Who? “Me.” Then all", "Me", "“Me.”"),
        ("一つ。二つです。三つ", "です", "二つです。"),
        ("no mark at all", "all", "no mark at all"),
    ],
)
def test_the_sentence_around_a_word(text: str, word: str, expected: str) -> None:
    assert sentence(text, text.index(word)) == expected


def test_of_a_long_sentence_what_stands_around_is_left() -> None:
    found = sentence("a " * 1_000 + "HERE " + "b " * 1_000, 2_000)
    assert "HERE" in found and len(found) <= LONGEST + 2 and found[0] == found[-1] == "…"


def of(text: str) -> Note:
    return parse("A.md", text.encode())


def test_sentences_are_plain_text_and_go_over_lines() -> None:
    note = of("First one. A *bold* word goes to [[B|the other]] and\nis `so`. Last.\n")
    link = next(note.links())
    at = note.source.position(link.span.start)
    found = Sentences(note).at(*at)
    assert found is not None and found.startswith("A bold word goes to") and found.endswith("so.")


def test_sentences_of_lists_headings_properties_and_cells() -> None:
    note = of(
        "---\nrelated: ['[[B]]', '[[C|see]]']\n---\n# With [[B]]\n- one [[B]]\n- two\n\n| x | y |\n|---|---|\n| [[C]] | b |\n"
    )
    sentences = Sentences(note)
    said = [sentences.at(*note.source.position(link.span.start)) for link in note.links()]
    assert said[0] == "related: B" and said[1] == "related: see"
    assert said[2] == "With B" and said[3] == "one B"
    assert said[4] is not None and "C" in said[4]
    assert sentences.at(99, 1) is None


def test_short_lines_are_read_one_by_one() -> None:
    note = of("[[Book]] - Jo March\n[[Article]] - Ann Lee. lower\n")
    first, second = note.links()
    sentences = Sentences(note)
    assert sentences.at(*note.source.position(first.span.start)) == "Book - Jo March"
    assert sentences.at(*note.source.position(second.span.start)) == "Article - Ann Lee. lower"


def test_a_line_that_is_a_field_is_read_alone() -> None:
    note = of("up:: [[Book]]\nby:: [[Ann]]\nand so it goes on\n")
    sentences = Sentences(note)
    said = [sentences.at(*note.source.position(link.span.start)) for link in note.links()]
    assert said == ["up:: Book", "by:: Ann"]


# ---- the commands ------------------------------------------------------------------------------------------------

NOTES = {
    "A.md": "---\naliases: [Start]\n---\nFirst. A leads to [[B]] by *this*. Last.\n",
    "B.md": "# Why\nBecause of [[C#Part]].\n",
    "C.md": "# Part\nThe end, and [[C]] itself.\n",
    "D.md": "Points at [[C]].\n",
    "E.md": "alone\n",
}


@pytest.fixture
def store(write: Write, tmp_path: Path) -> kg.Store:
    return ingest(write(NOTES), tmp_path / "store").store


def test_a_way_has_the_sentence_behind_each_step(store: kg.Store) -> None:
    first, second = analyzed(store, "path", "start", "C")
    assert list(first)[:2] == ["entity", "label"]
    assert (first["label"], first["to_label"], first["direction"]) == ("A", "B", "out")
    assert (first["path"], first["line"], first["column"]) == ("A.md", "4", "19")
    assert first["sentence"] == "A leads to B by this."
    assert (second["path"], second["line"], second["sentence"][:10]) == ("B.md", "2", "Because of")


def test_where_no_way_leads_along_the_links_one_goes_against_them(store: kg.Store) -> None:
    done = analyze(store, "path", "A", "D", "-f", "csv")
    assert done.exit_code == 0
    assert "no path leads from “A” to “D” along the links" in done.stderr
    assert [row["direction"] for row in csv.DictReader(io.StringIO(done.stdout))] == ["out", "out", "in"]
    meant = analyze(store, "path", "A", "D", "--undirected", "-f", "csv")
    assert (meant.stdout, meant.stderr) == (done.stdout, "")


def test_no_way_and_no_such_name_exit_with_1(store: kg.Store) -> None:
    for arguments in (["path", "A", "E"], ["path", "A", "D", "--all", "--max", "2"], ["path", "A", "Nothing"]):
        error = analyze(store, *arguments).exception
        assert isinstance(error, kg.KgError) and error.exit_code == 1
    error = analyze(store, "neighbours", "Strat").exception
    assert isinstance(error, kg.KgError) and error.exit_code == 1 and "did you mean “Start”?" in str(error)


def test_a_heading_stands_for_what_it_lies_in_and_a_thing_leads_to_itself(store: kg.Store) -> None:
    assert analyzed(store, "path", "B#Why", "C") == analyzed(store, "path", "B", "C")
    done = analyze(store, "path", "A", "A")
    assert done.exit_code == 0 and len(done.stdout.splitlines()) == 1 and "the same thing" in done.stderr


def test_ways_are_told_to_people(store: kg.Store) -> None:
    assert analyze(store, "path", "A", "C", "-f", "table").stdout == (
        "A\n→ B  (links to)\n    A.md:4:19  A leads to B by this.\n→ C  (links to)\n    B.md:2:12  Because of C#Part.\n"
    )
    assert analyze(store, "neighbours", "A", "--depth", "2", "-f", "table").stdout == (
        "→ B  (links to)\n    A.md:4:19  A leads to B by this.\n"
        "2 → C  (links to, by B)\n    B.md:2:12  Because of C#Part.\n"
    )


def test_a_section_of_a_thing_with_an_id_stands_for_it(write: Write, tmp_path: Path) -> None:
    vault = write(
        {"kg.toml": 'id_property = "id"\n', "A.md": "---\nid: first\n---\n# Why\n## Deep\n[[B]]\n", "B.md": ""}
    )
    store = ingest(vault, tmp_path / "store").store
    (row,) = analyzed(store, "path", "https://notes.example/#id/first/Why/Deep", "B")
    assert (row["label"], row["to_label"]) == ("A", "B")


def test_neighbours_by_distance(store: kg.Store) -> None:
    found = analyzed(store, "neighbours", "C", "--depth", "2")
    assert [(row["label"], row["distance"], row["direction"], row["via_label"]) for row in found] == [
        ("B", "1", "in", "C"),
        ("D", "1", "in", "C"),
        ("A", "2", "in", "B"),
    ]
    assert found[2]["sentence"] == "A leads to B by this."
    alone = analyze(store, "neighbours", "E")
    assert alone.exit_code == 0 and "there are no links with “E”" in alone.stderr


@pytest.mark.slow
def test_two_runs_are_the_same_on_notes(notes_store: kg.Store) -> None:
    for arguments in (["path", "Josh Seiden", "Revenue", "--all"], ["neighbours", "Revenue", "--depth", "3"]):
        first = analyze(notes_store, *arguments, "-f", "json")
        assert first.exit_code == 0 and first.stdout == analyze(notes_store, *arguments, "-f", "json").stdout


def test_every_stated_link_of_notes_has_its_sentence(notes_store: kg.Store) -> None:
    found = analyzed(notes_store, "neighbours", "Start here", "--depth", "9", "--limit", "0")
    assert len(found) > 60 and all(row["sentence"] and row["path"] for row in found)
