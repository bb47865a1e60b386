"""How alike things are: words of all scripts, weights by definition, and why."""

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import kg
from helpers.made_networks import at_random, network
from helpers.vaults import FEW_LINKS, NOTES, Write, analyze, analyzed, ingest
from kg.analysis.network_reader import read
from kg.analysis.similarity import ENOUGH, Texts, link_vectors, similar, texts, vectors
from kg.config import load
from kg.fulltext.words import prose, words
from kg.notes.markdown import parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Cat's 3 cats, 2026, v2", ["the", "cat", "cats", "v2"]),
        ("STRASSE Straße", ["strasse", "strasse"]),
        ("Cafe\u0301 café", ["café", "café"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("知识图谱 is", ["知识", "识图", "图谱", "is"]),
        ("猫", ["猫"]),
        ("", []),
    ],
)
def test_words_of_any_script(text: str, expected: list[str]) -> None:
    assert [*words(text)] == expected


def test_the_words_of_links_and_code_are_not_a_notes_own() -> None:
    text = b"---\ntags: [front]\n---\n# Head [[Linked]]\nown [[Target|shown]] `code` #tag [shown](there.md)\n```\nblock\n```\n"
    found = prose(parse("a.md", text)).sections
    assert [parts for parts, _ in found] == [(), ("Head [[Linked]]",)]
    assert {*found[1][1]} >= {"head", "own"}
    assert not {*found[1][1]} & {"linked", "shown", "target", "block", "there"}


@pytest.mark.parametrize("seed", range(10))
def test_weights_are_as_defined(seed: int) -> None:
    chance = np.random.default_rng(seed)
    counts = [Counter(f"w{n}" for n in chance.integers(0, 40, size)) for size in chance.integers(0, 60, 30)]
    found = vectors(counts, ENOUGH)
    number = sum(map(bool, counts))
    having = Counter(word for one in counts for word in one)
    kept = [word for word in having if 1 < having[word] <= max(number / 5, 10)]
    dense = [
        [(1 + math.log(one[w])) * math.log(number / having[w]) if one[w] else 0 for w in sorted(kept)] for one in counts
    ]
    for row, one in enumerate(counts):
        length = math.hypot(*dense[row])
        expected = np.array(dense[row]) / (length or 1) * min(sum(one.values()) / ENOUGH, 1)
        assert np.abs(found.rows[[row]].toarray().ravel() - expected).max(initial=0) < 1e-9


@pytest.mark.parametrize("seed", range(5))
def test_what_is_linked_alike_is_alike(seed: int) -> None:
    found = at_random(seed, 30)
    gram = (link_vectors(found).rows @ link_vectors(found).rows.T).toarray()
    assert gram.max(initial=0) <= 1 + 1e-9
    linked = {n for pair in found.edges for n in pair}
    assert all(abs(gram[n, n] - 1) < 1e-9 for n in linked)


def test_why_things_are_alike(write: Write, tmp_path: Path) -> None:
    filling = {f"Other {n}.md": f"something of filling{n} and other{n}\n[[Far {n}]]\n" for n in range(12)}
    notes = {
        "One.md": "The onboarding of nurses takes a week. [[Shared]]\n",
        "Two.md": "Nurses say that onboarding hurts. [[Shared]]\n",
        "Shared.md": "",
    }
    store = ingest(write({**notes, **filling}), tmp_path / "store").store
    first = analyzed(store, "similar", "One")[0]
    assert first["label"] == "Two" and first["linked"] == "false"
    assert {*first["words"].split(", ")} == {"nurses", "onboarding"} and first["neighbours"] == "Shared"
    assert float(first["score"]) == pytest.approx((float(first["text"]) + float(first["links"])) / 2)


def test_things_in_one_note_are_not_like_it(notes_store: kg.Store) -> None:
    labels = [row["label"] for row in analyzed(notes_store, "similar", "Outcomes over Outputs", "--limit", "0")]
    assert labels and not [label for label in labels if label.startswith("Outcomes over Outputs#")]


@pytest.mark.parametrize("vault", FEW_LINKS)
@pytest.mark.sample(2)
def test_whatever_the_vault_there_is_an_answer(vault: str, write: Write, tmp_path: Path) -> None:
    store = ingest(write(FEW_LINKS[vault]), tmp_path / "store").store
    if "A.md" in FEW_LINKS[vault]:
        done = analyze(store, "similar", "A")
        assert done.exit_code == 0 and done.stdout.startswith("entity,label,score")


def test_two_runs_are_the_same(notes_store: kg.Store) -> None:
    first, second = (analyze(notes_store, "similar", "Revenue", "--limit", "0").stdout for _ in range(2))
    assert first == second and len(first.splitlines()) > 10


def test_sections_have_their_own_words(notes_store: kg.Store) -> None:
    found = read(notes_store)
    known = texts(load(NOTES, cwd=NOTES, store=notes_store.path), notes_store, found)
    for number in found.missing:
        assert number not in known.written and not known.words[number]
    inside = [n for n in known.written if "#" in found.labels[n]]
    assert inside and all(known.words[n] for n in inside)


def test_without_links_and_words_nothing_is_alike() -> None:
    found = network(3, [])
    assert similar(found, Texts([Counter() for _ in range(3)], frozenset(range(3))), 0) == []
