"""Authors, tags and notes that are likely one thing, and those that only look like it."""

import random
from itertools import combinations
from pathlib import Path

import pytest
from click.testing import Result
from rapidfuzz.distance import OSA

import kg
from helpers.vaults import Write, analyze, analyzed, ingest
from kg.analysis.duplicates import duplicates
from kg.core.spelling import alike, slips
from kg.core.text import letters_and_digits


def run(store: kg.Store, *arguments: str) -> Result:
    return analyze(store, "duplicates", *arguments)


def rows(store: kg.Store, *arguments: str) -> list[dict[str, str]]:
    return analyzed(store, "duplicates", *arguments, "--limit", "0")


def pairs(store: kg.Store, kind: str) -> dict[frozenset[str], str]:
    return {frozenset((row["label"], row["to_label"])): row["why"] for row in rows(store) if row["kind"] == kind}


def noted(write: Write, tmp_path: Path, *names: str) -> kg.Store:
    return ingest(write({f"{name}.md": "" for name in names}), tmp_path / "store").store


ONE = [
    ("Learning Test Cycle", "Learning Test Cycles", "singular and plural"),
    ("Discovery & Delivery", "Discovery and Delivery", "the same letters and digits"),
    ("Opportunity tree", "Opportunity-Tree", "the same letters and digits"),
    ("Café talk", "Cafe talk", "they differ in accents only"),
    ("Notes on lean", "Lean, notes on", "the same words in another order"),
    ("Psychological safety", "Pyschological safety", "a letter apart"),
    ("Rhythm of delivery", "Rythm of delivery", "a letter apart"),
    ("Categories", "Category", "singular and plural"),
]
TWO = [
    ("2024-01-01", "2024-01-02"),
    ("20240101", "2024-01-01"),
    ("Chapter 1", "Chapter 2"),
    ("Sprint 11", "Sprint 12"),
    ("Part I of the work", "Part II of the work"),
    ("Meeting in June", "Meeting in July"),
    ("Review on Monday", "Review on Sunday"),
    ("Appendix A", "Appendix B"),
    ("Lesson five again", "Lesson nine again"),
    ("C", "C++"),
    ("Dependent variable", "Independent variable"),
    ("Inductive reasoning", "Deductive reasoning"),
    ("Product template", "Project template"),
    ("Planned work", "Planner work"),
    ("publish to gitlab", "publish to github"),
    ("Lean", "Learn"),
    ("Outcome", "Output"),
    ("🎉", "🎈"),
]


@pytest.mark.parametrize(("one", "other", "why"), ONE)
def test_names_of_one_thing(one: str, other: str, why: str, write: Write, tmp_path: Path) -> None:
    assert pairs(noted(write, tmp_path, one, other, "Something else"), "note") == {frozenset((one, other)): why}


@pytest.mark.parametrize(("one", "other"), TWO)
@pytest.mark.sample(6)
def test_names_of_two_things(one: str, other: str, write: Write, tmp_path: Path) -> None:
    assert rows(noted(write, tmp_path, one, other), "--at-least", "0") == []


def test_aliases_and_names_in_several_folders(write: Write, tmp_path: Path) -> None:
    notes = {
        "NPS.md": "",
        "Net Promoter Score.md": "---\naliases: [nps]\n---\n",
        "a/Thing.md": "",
        "b/Thing.md": "",
        **{f"{folder}/README.md": "" for folder in "abcd"},
    }
    assert pairs(ingest(write(notes), tmp_path / "store").store, "note") == {
        frozenset(("NPS", "Net Promoter Score")): "“nps” is an alias of one and the other's name",
        frozenset(("a/Thing", "b/Thing")): "they have the same name",
    }


def test_authors_by_slips_initials_and_order(write: Write, tmp_path: Path) -> None:
    authors = (
        "Josh Seiden", "Josh Seidan", "J. Seiden", "Donald Reinertsen", "Donald G. Reinertsen", "Eve Moss", "Eva Voss",
        "Li Wei", "Li Mei", "John A. Smith", "John B. Smith", "Ann Lee", "Amy Lee", "A. Lee", "March Jo", "Jo March",
    )  # fmt: skip
    listed = "\n".join(f"- Book {n} - {name}" for n, name in enumerate(authors))
    found = pairs(ingest(write({"A.md": f"# Resources\n{listed}\n"}), tmp_path / "store").store, "author")
    assert found == {
        frozenset(("Josh Seiden", "Josh Seidan")): "a letter apart",
        frozenset(("Josh Seiden", "J. Seiden")): "“J. Seiden” can be short for the other",
        frozenset(("Donald Reinertsen", "Donald G. Reinertsen")): "“Donald Reinertsen” can be short for the other",
        frozenset(("March Jo", "Jo March")): "the same words in another order",
    }


def test_tags_and_which_of_a_pair_is_used_more(write: Write, tmp_path: Path) -> None:
    notes = {"A.md": "#outcomes #lean/flow\n", "B.md": "#outcome\n", "C.md": "#outcome #leanflow #2024 #2025\n"}
    found = rows(ingest(write(notes), tmp_path / "store").store)
    assert ("#outcomes", "#outcome", "tag") in [(row["label"], row["to_label"], row["kind"]) for row in found]
    assert not any("2024" in row["label"] for row in found)


def test_texts_that_are_nearly_the_same(write: Write, tmp_path: Path) -> None:
    words = [f"word{n}" for n in range(200)]
    notes = {
        "Alpha.md": " ".join(words),
        "Beta.md": " ".join([*words[:190], "other", *words[191:]]),
        "Third.md": " ".join(words[::-1]),
        "2024-05-01.md": " ".join(words[50:] * 2),
        "2024-05-02.md": " ".join(words[50:] * 2),
    }
    found = rows(ingest(write(notes), tmp_path / "store").store)
    assert [(row["label"], row["to_label"]) for row in found] == [("Alpha", "Beta")]
    assert found[0]["why"].startswith("their texts are the same to 9")


def test_what_links_to_the_other_is_less_likely_the_same(write: Write, tmp_path: Path) -> None:
    store = ingest(write({"Query.md": "", "Queries.md": "Each is a [[Query]].\n"}), tmp_path / "store").store
    (row,) = rows(store)
    assert row["why"] == "singular and plural; but one links to the other" and float(row["score"]) < 0.75


@pytest.mark.parametrize("notes", [{"x.txt": ""}, {"A.md": "[[A]]\n"}, {"A.md": "", "B.md": ""}])
def test_where_there_is_none(notes: dict[str, str], write: Write, tmp_path: Path) -> None:
    done = run(ingest(write(notes), tmp_path / "store").store)
    assert (done.exit_code, done.stdout) == (0, "entity,label,to,to_label,kind,why,score\n")
    assert "there are no probable duplicates" in done.stderr


def test_duplicates_of_notes(notes_store: kg.Store) -> None:
    assert [(row["label"], row["to_label"]) for row in rows(notes_store)] == [
        ("Deborah Mill-Scofield", "Deborah Mills-Scofield"),
        ("Josh Seidan", "Josh Seiden"),
    ]
    assert run(notes_store, "-f", "json").stdout == run(notes_store, "-f", "json").stdout
    assert len(duplicates(notes_store, 0).rows) >= 2


# ---- alike -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_names_alike_are_those_that_comparing_all_finds(seed: int) -> None:
    chance = random.Random(seed)
    names = {"".join(chance.choices("abc 1", k=chance.randrange(1, 16))) for _ in range(12)}
    names |= {_slipped(name, chance) for name in sorted(names) for _ in range(6)}
    keys = {name: letters_and_digits(name) for name in names}

    def near(one: str, other: str) -> bool:
        digits = [[ch for ch in key if ch.isdecimal()] for key in (one, other)]
        return one != other and digits[0] == digits[1] and OSA.distance(one, other) <= min(slips(one), slips(other))

    expected = [(a, b) for a, b in combinations(sorted(names), 2) if near(keys[a], keys[b])]
    assert list(alike(names)) == expected


def _slipped(name: str, chance: random.Random) -> str:
    letters = [*name]
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(letters))
        kind = chance.randrange(3)
        if kind == 0:
            letters[at] = chance.choice("abcd")
        elif kind == 1:
            letters.insert(at, chance.choice("abcd"))
        elif at + 1 < len(letters):
            letters[at], letters[at + 1] = letters[at + 1], letters[at]
    return "".join(letters)
