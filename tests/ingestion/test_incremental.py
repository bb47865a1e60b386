"""Incremental equals full: after any sequence of edits an ingest leaves the quads and findings of a full one.

The machine edits a vault whose few names collide all the time, in batches, and compares each ingest with one of the
same folder into a fresh store. While a note is unreadable its last good state is kept, which a fresh store cannot
have: then only that the ingest settles is looked at, and everything again once the note is mended or deleted.
"""

import os
import shutil
import tempfile
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

import kg
from helpers.drawing import at_length
from helpers.vaults import ingest
from kg.store import file_digests

"""Where a store that is thrown away is written and flushed twice as fast; what a disk does is in test_durability.py."""
NFC, NFD = "\u00e9", "e\u0301"
NAMES = ("A", "B", "b", "Note", "Ann Lee", NFC, NFD)
FOLDERS = ("", "sub/", "sub/deep/")
PATHS = tuple(f"{folder}{name}.md" for folder in FOLDERS for name in NAMES)
ATTACHMENTS = ("p.png", "P.png", "sub/p.png", "A.pdf", "Note")
CANVASES = ("Map.canvas", "sub/A.canvas")
EX = "https://ex.example/"

# ---- what notes say ---------------------------------------------------------------------------------------------------

LINKS = (
    "[[A]]", "[[B]]", "[[b|shown]]", "[[Note#One]]", "[[A#One#Two]]", "[[B#^x1]]", "[[sub/A]]", "[[./B]]", "[[../A]]", "[[/sub/Note]]",
    f"[[{NFC}]]", f"[[{NFD}#One]]", "[[Alias]]", "[[New]]", "[[new]]", "[[Map.canvas]]", "[[#One]]", "![[p.png]]", "[[P.png]]", "![[A]]",
    "[a](A.md)", "[a](sub/A.md#one)", "[p](p.png)", "[[A.pdf#page=2]]", "[w](https://w.example/x)", "https://w.example/x",
)  # fmt: skip
BITS = ("#tag", "#Tag/Sub", "#tag/sub", "#risk", "written by #AnnLee", "mood:: 4.50", "Mood:: good", "near:: [[B]]", "author:: Ann Lee", "plain")  # fmt: skip
BLOCKS = (
    "\n# One\n\ntext ^x1\n", "\n# One\n\n## Two\n\nmore\n", "\n# Outcomes\n\nBetter, given [[#Outputs]] and [[A]]\n", "\n# Outputs\n\n- [[B]]\n- A thing\n",
    "\n# Risks\n\n- Late\n- [[Note]]\n", "\n# Resources\n\n- [[B]] - Ann Lee\n- [Page](https://w.example/x) - Bo Ek\n", "\n# Definition\n\nWhat it is.\n",
    "\n- [ ] do [[A]] 📅 2026-01-01\n", "\n%%\n[[B]]\n%%\n", "\n# Authors\n\n- Ann Lee\n- AnnLee\n", "\n# Moods\n\nfine\n",
    "\n# Outcomes\n\n- b\n- Note\n- Bo Ek\n", "\n# Risks\n\n- A\n- ann lee!\n",
)  # fmt: skip
parts = st.sampled_from((*LINKS, *LINKS, *BITS, *BLOCKS))
properties = st.sampled_from(
    (
        ("id", "same"), ("id", "https://x.example/thing"), ("aliases", "[Alias, New]"), ("aliases", "[B]"), ("title", "Ann Lee"), ("title", "Bo Ek"), ("title", "A"),
        ("author", "Ann Lee"), ("author", '"[[Ann Lee]]"'), ("type", "Outcome"), ("type", "Risk"), ("tags", "[tag, risk]"), ("mood", "4.50"), ("near", '"[[A]]"'),
        ("near", "B"), ("broader", '"[[A]]"'), ("owner", "Bo Ek"), ("up", "[[A]], [[B]]"), ("New key", "2026-01-01"), ("related", '["[[b]]", B]'),
    )
)  # fmt: skip


@dataclass(frozen=True)
class Draft:
    """A note as it is being written."""

    properties: tuple[tuple[str, str], ...] = ()
    parts: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """It as the file has it."""
        front = "".join(f"{key}: {value}\n" for key, value in self.properties)
        return (f"---\n{front}---\n" if front else "") + " ".join(self.parts)

    def saying(self, key: str, value: str) -> "Draft":
        """It with one property, in place of what it had of that name."""
        return replace(self, properties=(*(row for row in self.properties if row[0] != key), (key, value)))


drafts = st.builds(
    Draft, st.lists(properties, max_size=2, unique_by=lambda row: row[0]).map(tuple), st.lists(parts, max_size=5).map(tuple)
)  # fmt: skip

# ---- what stands beside the notes ------------------------------------------------------------------------------------

PREFIXES = f"""@prefix ex: <{EX}> . @prefix kg: <https://w3id.org/concept-notes#> . @prefix schema: <https://schema.org/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
"""
ONTOLOGY: Mapping[str, str] = {
    "risk.ttl": f"""{PREFIXES}
ex:Risk a owl:Class ; rdfs:label "Risk" ; skos:altLabel "Risks" ; rdfs:subClassOf ex:Trouble . ex:Trouble a owl:Class .
ex:hasRisk a owl:ObjectProperty ; owl:inverseOf ex:riskOf ; schema:domainIncludes kg:Concept ;
    schema:rangeIncludes ex:Risk .
ex:riskOf a owl:ObjectProperty .""",
    "near.ttl": f"""{PREFIXES}
ex:near a owl:ObjectProperty, owl:SymmetricProperty, owl:TransitiveProperty ; rdfs:label "near" .
ex:mood a owl:DatatypeProperty ; rdfs:label "mood" ; skos:altLabel "Moods" ; rdfs:domain ex:Moody .
ex:Moody a owl:Class ; rdfs:subClassOf ex:Being . ex:Being a owl:Class .
ex:owner a owl:ObjectProperty ; rdfs:subPropertyOf ex:near ; schema:rangeIncludes kg:Author .""",
    "rules/both.rq": f"CONSTRUCT {{ ?a <{EX}sees> ?b }} WHERE {{ ?a kg:linksTo ?b . ?b kg:linksTo ?a }}",
    "rules/none.rq": f"CONSTRUCT {{ ?a a <{EX}Quiet> }} WHERE {{ ?n kg:describes ?a MINUS {{ ?a kg:linksTo ?b }} }}",
    "rules/kind.rq": f"CONSTRUCT {{ ?a <{EX}kind> ?c }} WHERE {{ ?a a ?c ; kg:linksTo ?b }}",
}
SETTINGS = ("", 'default_class = "Outcome"\n', 'ignore = ["sub/deep/"]\n', 'base = "https://other.example/"\n', "gitignore = false\n")  # fmt: skip
GITIGNORES = ("", "B.md\n", "*.png\nsub/*\n!sub/A.md\n", "b.md\nsub/deep/\n")


def canvas(first: str, second: str, label: str) -> str:
    """A canvas of two files with an edge between them."""
    return (
        f'{{"nodes": [{{"id": "n", "type": "file", "file": "{first}"}}, {{"id": "m", "type": "text", "text": "{second}"}}],'
        f' "edges": [{{"id": "e", "fromNode": "n", "toNode": "m", "label": "{label}"}}]}}'
    )


canvases = st.builds(
    canvas, st.sampled_from(("A.md", "sub/B.md", "p.png")), st.sampled_from(("[[A]]", "# One", "x")), st.sampled_from(("", "near"))
)  # fmt: skip

# ---- ingesting and comparing -------------------------------------------------------------------------------------------

FIGURES = ("notes", "canvases", "triples", "asserted", "inferred", "ontology", "missing", "wanted", "links")
NO_DIFFERENCE: dict[str, list[str]] = {"too many": [], "too few": []}


def differences(found: kg.Report, wanted: kg.Report) -> dict[str, list[str]]:
    """The quads in which two stores differ."""
    one, two = found.store.nquads(), wanted.store.nquads()
    return {"too many": sorted(set(one) - set(two)), "too few": sorted(set(two) - set(one))}


def assert_equal(found: kg.Report, wanted: kg.Report) -> None:
    """Two ingests of one vault left the same and say the same."""
    assert differences(found, wanted) == NO_DIFFERENCE
    assert len(found.store) == len(wanted.store)
    assert list(map(str, found.findings)) == list(map(str, wanted.findings))
    assert {key: found.summary[key] for key in FIGURES} == {key: wanted.summary[key] for key in FIGURES}


class Project:
    """A vault with its store, and how its ingests are checked."""

    def __init__(self, folder: Path, files: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.vault = folder / "vault"
        self.vault.mkdir()
        self.write(files or {})

    def write(self, files: Mapping[str, str]) -> None:
        """Write files of the vault."""
        for path, text in files.items():
            (self.vault / path).parent.mkdir(parents=True, exist_ok=True)
            (self.vault / path).write_text(text, encoding="utf-8")

    def remove(self, path: str) -> None:
        """Delete a file of the vault."""
        (self.vault / path).unlink(missing_ok=True)

    def rename(self, path: str, other: str) -> None:
        """Give a file another name or folder."""
        (self.vault / other).parent.mkdir(parents=True, exist_ok=True)
        (self.vault / path).rename(self.vault / other)

    def in_a_tick(self, path: str, text: str) -> None:
        """Change a file to a text of the same size, with the time of its last change put back."""
        before = (self.vault / path).stat()
        assert len(text.encode()) == before.st_size
        self.write({path: text})
        os.utime(self.vault / path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def anew(self, **options: bool) -> kg.Report:
        """A full ingest into a fresh store."""
        store = self.folder / "anew"
        shutil.rmtree(store, ignore_errors=True)
        return ingest(self.vault, store, full=True, **options)

    def ingest(self, **options: bool) -> kg.Report:
        """An ingest, without comparing it to anything; another right after has nothing to do."""
        report = ingest(self.vault, self.folder / "store", **options)
        again = ingest(self.vault, self.folder / "store", **{**options, "full": False})
        assert not again.changed
        assert list(map(str, again.findings)) == list(map(str, report.findings))
        return report

    def check(self, **options: bool) -> kg.Report:
        """An ingest, which must equal a full one."""
        report = self.ingest(**options)
        assert_equal(report, self.anew(**options))
        return report


# ---- the machine -------------------------------------------------------------------------------------------------------


def edit(**given: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Any]:
    """A rule that edits, and one time in three ingests: changes come in batches."""

    def decorate(change: Callable[..., None]) -> Any:
        def step(self: "Editing", then_ingest: bool, **values: Any) -> None:
            change(self, **values)
            if then_ingest:
                self.ingest()

        step.__name__ = change.__name__
        when: Callable[..., Callable[[Callable[..., None]], Callable[..., None]]] = rule
        return when(then_ingest=st.sampled_from((False, False, True)), **given)(step)

    return decorate


def edit_of_a_note(**given: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Any]:
    """A rule that edits one of the notes that are there; it is given the path."""

    def decorate(change: Callable[..., None]) -> Any:
        def step(self: "Editing", number: int, **values: Any) -> None:
            paths = sorted(self.notes)
            change(self, path=paths[number % len(paths)], **values)

        step.__name__ = change.__name__
        return precondition(lambda self: self.notes)(edit(number=st.integers(0, 9), **given)(step))

    return decorate


class Editing(RuleBasedStateMachine):
    """A vault that is edited, and sometimes ingested."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.project = Project(self.folder)
        self.notes: dict[str, Draft] = {}
        """What the notes say, by path."""
        self.spoiled: set[str] = set()
        """Notes whose files are no text at present."""
        self.known: set[str] = set()
        """Notes, by the NFC of their paths, of which the store may have a good state."""

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @initialize(first=st.lists(drafts, min_size=4, max_size=4))
    def begin(self, first: list[Draft]) -> None:
        for path, draft in zip(("A.md", "B.md", "sub/Note.md", f"{NFC}.md"), first, strict=True):
            self.write(path, draft)
        self.ingest()

    # ---- ingesting

    def ingest(self, **options: bool) -> None:
        """An ingest that equals a full one; where a last good state may have been kept, one that settles."""
        kept = {nfc(path) for path in self.spoiled} & self.known
        self.project.ingest(**options) if kept else self.project.check(**options)
        self.known = {nfc(path) for path in self.notes.keys() - self.spoiled} | kept

    @rule()
    def ingest_now(self) -> None:
        self.ingest()

    @rule()
    def ingest_without_inference(self) -> None:
        self.ingest(inference=False)

    # ---- notes

    def write(self, path: str, draft: Draft) -> None:
        self.notes[path] = draft
        self.spoiled.discard(path)
        self.project.write({path: draft.text})

    def take_to(self, path: str, other: str) -> None:
        """Rename or move, over what is there."""
        self.project.rename(path, other)
        if path != other:
            self.notes[other] = self.notes.pop(path)
            self.spoiled = {other if one == path else one for one in self.spoiled - {other}}

    @edit(path=st.sampled_from(PATHS), draft=drafts)
    def write_note(self, path: str, draft: Draft) -> None:
        self.write(path, draft)

    @edit_of_a_note(part=parts)
    def add_part(self, path: str, part: str) -> None:
        self.write(path, replace(self.notes[path], parts=(*self.notes[path].parts, part)))

    @edit_of_a_note()
    def drop_part(self, path: str) -> None:
        self.write(path, replace(self.notes[path], parts=self.notes[path].parts[1:]))

    @edit_of_a_note(row=properties)
    def add_property(self, path: str, row: tuple[str, str]) -> None:
        self.write(path, self.notes[path].saying(*row))

    @edit_of_a_note()
    def drop_properties(self, path: str) -> None:
        self.write(path, replace(self.notes[path], properties=()))

    @edit_of_a_note(
        swap=st.sampled_from((("[[A]]", "[[B]]"), ("[[B]]", "[[b]]"), ("Ann Lee", "Bob Lee"), ("#tag", "#tig")))
    )
    def change_in_a_tick(self, path: str, swap: tuple[str, str]) -> None:
        if path not in self.spoiled:
            draft = self.notes[path]
            rows = tuple((key, value.replace(*swap)) for key, value in draft.properties)
            self.notes[path] = Draft(rows, tuple(part.replace(*swap) for part in draft.parts))
            self.project.in_a_tick(path, self.notes[path].text)

    @edit_of_a_note(name=st.sampled_from(NAMES))
    def rename(self, path: str, name: str) -> None:
        self.take_to(path, f"{path.rpartition('/')[0]}/{name}.md".lstrip("/"))

    @edit_of_a_note(folder=st.sampled_from(FOLDERS))
    def move(self, path: str, folder: str) -> None:
        self.take_to(path, folder + path.rpartition("/")[2])

    @edit_of_a_note()
    def change_case(self, path: str) -> None:
        folder, slash, name = path.rpartition("/")
        self.take_to(path, f"{folder}{slash}{name[:1].swapcase()}{name[1:]}")

    @edit_of_a_note()
    def change_form(self, path: str) -> None:
        self.take_to(path, unicodedata.normalize("NFD" if path == nfc(path) else "NFC", path))

    @edit_of_a_note()
    def delete(self, path: str) -> None:
        del self.notes[path]
        self.spoiled.discard(path)
        self.project.remove(path)

    @edit_of_a_note()
    def spoil(self, path: str) -> None:
        self.spoiled.add(path)
        (self.project.vault / path).write_bytes(b"\xff" + self.notes[path].text.encode())

    @precondition(lambda self: self.spoiled)
    @edit()
    def mend(self) -> None:
        for path in sorted(self.spoiled):
            self.write(path, self.notes[path])

    # ---- other files

    @edit(path=st.sampled_from(ATTACHMENTS))
    def attach_or_detach(self, path: str) -> None:
        there = (self.project.vault / path).exists()
        self.project.remove(path) if there else self.project.write({path: "x"})

    @edit(path=st.sampled_from(ATTACHMENTS), other=st.sampled_from(ATTACHMENTS))
    def rename_attachment(self, path: str, other: str) -> None:
        if (self.project.vault / path).exists():
            self.project.rename(path, other)

    @edit(path=st.sampled_from(CANVASES), text=canvases)
    def draw_canvas(self, path: str, text: str) -> None:
        self.project.write({path: text})

    @edit(path=st.sampled_from(CANVASES))
    def remove_canvas(self, path: str) -> None:
        self.project.remove(path)

    @edit(text=st.sampled_from(GITIGNORES))
    def git_ignore(self, text: str) -> None:
        self.project.write({".gitignore": text})

    @edit(text=st.sampled_from(SETTINGS))
    def change_settings(self, text: str) -> None:
        self.project.write({"kg.toml": text})

    @edit(name=st.sampled_from(tuple(ONTOLOGY)))
    def change_ontology(self, name: str) -> None:
        path = f"ontology/{name}"
        there = (self.project.vault / path).exists()
        self.project.remove(path) if there else self.project.write({path: ONTOLOGY[name]})


def nfc(path: str) -> str:
    """The path as the vault has it."""
    return unicodedata.normalize("NFC", path)


def edited(runs: int, steps: int) -> None:
    """So many runs of the machine, with so many steps each."""
    few = settings(
        max_examples=runs,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Editing, settings=few)


def test_after_any_edits_incremental_equals_full() -> None:
    edited(2, 12)


@pytest.mark.slow
def test_after_any_edits_incremental_equals_full_at_length() -> None:
    edited(at_length(36), 30)


# ---- single changes whose effect lies elsewhere ----------------------------------------------------------------------


@pytest.fixture
def begin() -> Iterator[Callable[[dict[str, str]], Project]]:
    """Write a vault and ingest it, with ten notes more, so that a change of one or two is never taken for many."""

    def begun(files: dict[str, str]) -> Project:
        project = Project(
            Path(folder), {**files, **{f"other/n{number}.md": f"[[n{number + 1}]]\n" for number in range(10)}}
        )
        project.ingest()
        return project

    with tempfile.TemporaryDirectory() as folder:
        yield begun


Begin = Callable[[dict[str, str]], Project]


def answer(report: kg.Report, question: str) -> set[str]:
    """The first column of an answer, less the vault's base."""
    rows = kg.query(report.store, question)
    return {str(row["x"]).removeprefix("https://notes.example/") for row in rows}


def linked(report: kg.Report, name: str) -> set[str]:
    """What a note links to."""
    return answer(report, f"SELECT ?x {{ n:{name} kg:linksTo ?x }}")


def test_a_new_note_takes_over_the_links_of_an_untouched_one(begin: Begin) -> None:
    project = begin({"Reader.md": "[[B]]", "far/away/B.md": "far"})
    project.write({"near/B.md": "near"})
    assert linked(project.check(), "Reader") == {"near/B"}
    project.write({"B.md": "nearest"})
    assert linked(project.check(), "Reader") == {"B"}
    project.remove("B.md")
    assert linked(project.check(), "Reader") == {"near/B"}


def test_a_note_in_the_same_folder_takes_over(begin: Begin) -> None:
    project = begin({"x/Reader.md": "[[B]]", "y/B.md": "far"})
    project.write({"x/B.md": ""})
    assert answer(project.check(), "SELECT ?x { <https://notes.example/x/Reader> kg:linksTo ?x }") == {"x/B"}


def test_a_rename_by_case_only(begin: Begin) -> None:
    project = begin({"Reader.md": "[[Topic]] [[Topic#One]]", "Topic.md": "# One\n"})
    project.rename("Topic.md", "topic.md")
    report = project.check()
    assert linked(report, "Reader") == {"topic"}
    assert answer(report, "SELECT ?x { n:topic skos:prefLabel ?x }") == {"topic"}


def test_a_rename_by_unicode_form_only_changes_nothing_that_is_known(begin: Begin) -> None:
    project = begin({"Reader.md": f"[[{NFC}]] [[{NFD}]]", f"{NFC}.md": "x"})
    before = project.check().store.nquads()
    project.rename(f"{NFC}.md", f"{NFD}.md")
    assert project.check().store.nquads() == before


def test_deleting_a_note_makes_its_links_missing_again_with_their_label(begin: Begin) -> None:
    project = begin({"Reader.md": "[[Revenue Growth]]"})
    wanted = "SELECT ?x { ?m a kg:Missing ; skos:prefLabel ?x . n:Reader kg:linksTo ?m }"
    assert answer(project.check(), wanted) == {"Revenue Growth"}
    project.write({"revenue growth.md": "here"})
    assert answer(project.check(), wanted) == set()
    project.remove("revenue growth.md")
    assert answer(project.check(), wanted) == {"Revenue Growth"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "second", "question", "labels"),
    [
        ("#Big", "#big", "SELECT ?x { <https://notes.example/#tag/big> skos:prefLabel ?x }", ("Big", "big")),
        ("[[New]]", "[[new]]", "SELECT ?x { <https://notes.example/new> skos:prefLabel ?x }", ("New", "new")),
        (
            "author:: Bo Ek",
            "author:: Bo EK",
            "SELECT ?x { <https://notes.example/#author/boek> skos:prefLabel ?x }",
            ("Bo Ek", "Bo EK"),
        ),
        (
            "Odd Key:: 1",
            "odd key:: 1",
            "SELECT ?x { <https://notes.example/#property/odd-key> rdfs:label ?x }",
            ("Odd Key", "odd key"),
        ),
    ],
    ids=["tag", "missing", "author", "property"],
)
@pytest.mark.sample(2)
def test_a_shared_label_passes_to_the_next_note_and_back(
    begin: Begin, first: str, second: str, question: str, labels: tuple[str, str]
) -> None:
    project = begin({"One.md": first, "Two.md": second})
    assert answer(project.check(), question) == {labels[0]}
    project.remove("One.md")
    assert answer(project.check(), question) == {labels[1]}
    project.write({"One.md": first})
    assert answer(project.check(), question) == {labels[0]}
    project.write({"One.md": "nothing of it"})
    assert answer(project.check(), question) == {labels[1]}


@pytest.mark.slow
def test_the_title_of_an_authors_note_decides_who_is_meant_in_untouched_notes(begin: Begin) -> None:
    project = begin({"Book.md": "---\nauthor: Ann Lee\n---\n", "p1.md": "who"})
    made = "SELECT ?x { n:Book dcterms:creator ?x }"
    assert answer(project.check(), made) == {"#author/annlee"}
    project.write({"p1.md": "---\ntitle: Ann Lee\n---\nwho"})
    assert answer(project.check(), made) == {"p1"}
    project.write({"p1.md": "---\ntitle: Bo Ek\n---\nwho"})
    assert answer(project.check(), made) == {"#author/annlee"}


@pytest.mark.slow
def test_a_note_decides_by_its_title_and_class_what_an_item_of_an_untouched_note_is(begin: Begin) -> None:
    project = begin({"Shop.md": "# Outcomes\n- Fewer carts\n"})
    listed = "SELECT ?x { <https://notes.example/Shop#Outcomes> kg:lists ?x }"
    own = {"Shop#Outcomes/Fewer%20carts"}
    for text, things in (
        ("", own),
        ("---\ntype: Outcome\n---\n", {"p1"}),
        ("---\ntype: Output\n---\n", own),
        ("Now an #outcome.", {"p1"}),
    ):
        title = "---\ntitle: Fewer carts\n" + (text.removeprefix("---\n") if text.startswith("---") else f"---\n{text}")
        project.write({"p1.md": title})
        report = project.check()
        assert answer(report, listed) == things
        assert [f.code for f in report.findings if f.path == "Shop.md"] == ([] if things == {"p1"} else ["O07"])
    project.write({"far/Fewer carts.md": "#outcome"})
    assert answer(project.check(), listed) == own
    project.remove("p1.md")
    assert answer(project.check(), listed) == {"far/Fewer%20carts"}


@pytest.mark.slow
def test_an_ontology_changes_the_meaning_of_untouched_notes(begin: Begin) -> None:
    project = begin({"Plan.md": "# Risks\n\n- Late\n\nmood:: fine\n"})
    risks = f"SELECT ?x {{ n:Plan <{EX}hasRisk> ?r . ?r a <{EX}Trouble> ; skos:prefLabel ?x }}"
    assert answer(project.check(), risks) == set()
    project.write({"ontology/risk.ttl": ONTOLOGY["risk.ttl"]})
    assert answer(project.check(), risks) == {"Late"}
    project.write({"ontology/risk.ttl": ONTOLOGY["risk.ttl"].replace('"Risks"', '"Dangers"')})
    assert answer(project.check(), risks) == set()
    project.remove("ontology/risk.ttl")
    project.check()


@pytest.mark.slow
def test_a_rule_file_added_changed_and_removed(begin: Begin) -> None:
    project = begin({"A.md": "[[B]]", "B.md": "[[A]]"})
    sees = f"SELECT ?x {{ n:A <{EX}sees> ?x }}"
    project.write({"ontology/rules/both.rq": ONTOLOGY["rules/both.rq"]})
    assert answer(project.check(), sees) == {"B"}
    project.write({"B.md": "no more"})
    assert answer(project.check(), sees) == set()
    project.write({"B.md": "[[A]]"})
    assert answer(project.check(), sees) == {"B"}
    project.remove("ontology/rules/both.rq")
    assert answer(project.check(), sees) == set()


@pytest.mark.parametrize(
    "rule_text",
    [
        "{ ?a ex:kind ?c } WHERE { ?a a ?c ; kg:linksTo ?b }",
        "{ ?a ex:kind ?c } WHERE { ?a rdf:type ?c . ?a kg:linksTo ?b }",
        "{ ?a ex:says ?p } WHERE { ?a ?p ?b . ?b a kg:Concept }",
        "{ ?a a ex:Lonely } WHERE { ?n kg:describes ?a FILTER NOT EXISTS { ?a kg:linksTo ?b } }",
        "{ ?a ex:reaches ?b } WHERE { ?a kg:linksTo+ ?b }",
        "{ ?a ex:tagged ?t } WHERE { ?a kg:tagged/skos:broader* ?t }",
        "{ ?a ex:count ?n } WHERE { { SELECT ?a (COUNT(?b) AS ?n) { ?a kg:linksTo ?b } GROUP BY ?a } }",
        "{ ?a ex:next ?c } WHERE { ?a ex:next|kg:linksTo ?b . ?b kg:linksTo ?c }",
    ],
)
@pytest.mark.sample(1)
def test_rules_follow_what_comes_and_goes(begin: Begin, rule_text: str) -> None:
    rule_file = f"PREFIX ex: <{EX}>\nCONSTRUCT {rule_text}"
    project = begin({"A.md": "[[B]]", "B.md": "[[C]]", "C.md": "", "ontology/rules/x.rq": rule_file})
    for text in (
        "[[A]] #a/b",
        "---\ntype: Risk\n---\n[[A]] #a/b",
        "---\ntype: Outcome\n---\n[[A]] #a/b",
        "---\ntype: Outcome\n---\n[[B]]",
        "[[New]] #a/b/c",
        "---\ntype: Output\n---\n",
        "[[A]]",
    ):
        project.write({"C.md": text})
        project.check()
    project.remove("B.md")
    project.check()


@pytest.mark.slow
@pytest.mark.parametrize(
    "rule_text",
    [
        "{ ?x ex:self ?y } WHERE { ?x kg:linksTo* ?y }",
        "{ ?x ex:kind ?y } WHERE { ?x a|kg:path ?y }",
        "{ ?x ex:says ?y } WHERE { ?x kg:path ?z ; ?q ?y.}",
        "{ ?x ?p ?y } WHERE { ?x kg:linksTo ?y BIND(ex:made AS ?p) }",
    ],
    ids=["a path of no length", "a in a path", "a property behind a semicolon", "a property made in the rule"],
)
@pytest.mark.sample(2)
def test_rules_that_speak_of_more_than_they_name(begin: Begin, rule_text: str) -> None:
    rule_file = f"PREFIX ex: <{EX}>\nCONSTRUCT {rule_text}"
    project = begin({"A.md": "[[B]]", "B.md": "x", "C.md": "", "ontology/rules/x.rq": rule_file})
    for name, text in (("C", "y #t"), ("C", "---\nmood: 4\n---\nz"), ("A", "x")):
        project.write({f"{name}.md": text})
        project.check()


def test_a_link_whose_path_ends_in_a_dot(begin: Begin) -> None:
    project = begin({"A.md": "[[./b/.]]"})
    project.write({"b": "an attachment"})
    project.check()


@pytest.mark.slow
def test_a_change_of_the_same_size_with_the_time_put_back_is_seen(begin: Begin) -> None:
    project = begin({"A.md": "[[B]] word", "B.md": "", "C.md": ""})
    for name in ("C", "B", "C"):
        project.in_a_tick("A.md", f"[[{name}]] word")
        assert linked(project.check(), "A") == {name}


def test_it_is_seen_too_once_the_times_of_the_files_are_trusted(begin: Begin) -> None:
    project = begin({"A.md": "[[B]] word", "B.md": "", "C.md": "", "D.md": "[[C]] word"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file_digests, "_SAFE", 0)
        project.ingest()
    project.in_a_tick("A.md", "[[C]] word")
    assert linked(project.check(), "A") == {"C"}
    os.replace(project.vault / "D.md", project.vault / "A.md")
    project.check()


@pytest.mark.slow
@pytest.mark.parametrize("setting", [text for text in SETTINGS if text])
@pytest.mark.sample(2)
def test_a_setting_counts_at_once_and_no_longer_once_it_is_gone(begin: Begin, setting: str) -> None:
    project = begin({"A.md": "[[sub/deep/B]]", "sub/deep/B.md": "[[A]]", "C.md": "", ".gitignore": "C.md\n"})
    before = project.check().store.nquads()
    project.write({"kg.toml": setting})
    assert project.check().store.nquads() != before
    project.remove("kg.toml")
    assert project.check().store.nquads() == before


@pytest.mark.slow
def test_two_notes_of_one_id(begin: Begin) -> None:
    notes = {"One.md": "---\nid: same\n---\n[[Two]]", "Two.md": "[[One]]", "Reader.md": "[[One]] [[Two]]"}
    project = begin({"kg.toml": 'id_property = "id"\n', **notes})
    project.write({"Two.md": "---\nid: same\n---\n[[One]]"})
    report = project.check()
    assert linked(report, "Reader") == {"#id/same", "Two"}
    assert [finding.code for finding in report.findings] == ["P05"]
    project.remove("One.md")
    report = project.check()
    assert linked(report, "Reader") == {"one", "#id/same"}
    assert report.findings == ()


@pytest.mark.slow
def test_aliases_and_headings_come_and_go(begin: Begin) -> None:
    project = begin({"Reader.md": "[[B#One]] [[B#^x]] [[Other]]", "B.md": "# One\n\ntext ^x\n"})
    for text in ("# Two\n", "---\naliases: [Other]\n---\n# Two\n\ntext ^X\n", "# One\n\n# One\n", ""):
        project.write({"B.md": text})
        project.check()


@pytest.mark.slow
def test_an_attachment_comes_is_renamed_and_goes(begin: Begin) -> None:
    project = begin({"Reader.md": "![[p.png]] [[p.png|x]] [p](sub/p.png)"})
    for path in ("sub/p.png", "p.png", "P.png"):
        project.write({path: "x"})
        project.check()
    project.remove("p.png")
    project.rename("sub/p.png", "sub/q.png")
    project.check()


@pytest.mark.slow
def test_a_canvas_comes_and_goes(begin: Begin) -> None:
    project = begin({"Reader.md": "[[Map.canvas]] [[Map]]", "A.md": ""})
    for text in (
        canvas("A.md", "[[B]] #tag", "near"),
        canvas("B.md", "[[A]]", ""),
        "not a canvas",
        canvas("A.md", "x", ""),
    ):
        project.write({"Map.canvas": text})
        project.ingest() if text == "not a canvas" else project.check()
    project.remove("Map.canvas")
    project.check()


@pytest.mark.slow
def test_a_file_becomes_a_folder_and_a_folder_a_file(begin: Begin) -> None:
    project = begin({"Reader.md": "[[B]] [[x]]", "B.md": "", "x/C.md": ""})
    project.remove("B.md")
    project.write({"B.md/x.md": "in it"})
    project.check()
    shutil.rmtree(project.vault / "B.md")
    project.write({"B.md": "a note again"})
    project.check()


@pytest.mark.slow
def test_the_last_good_state_stays_whatever_happens_around_it(begin: Begin) -> None:
    project = begin({"Good.md": "# Was here\n\n[[B]] #tag mood:: 4\n", "B.md": "", "Reader.md": "[[Good]]"})
    graph = "SELECT ?x { GRAPH <https://notes.example/Good.md> { ?s kg:heading ?x } }"
    (project.vault / "Good.md").write_bytes(b"\xff")
    for files in ({}, {"B.md": "[[Good#Was here]]"}, {"ontology/risk.ttl": ONTOLOGY["risk.ttl"]}, {"C.md": "x"}):
        project.write(files)
        report = project.ingest()
        assert [finding.code for finding in report.findings] == ["F02"]
        assert answer(report, graph) == {"Was here"}
        assert linked(report, "Reader") == {"Good"}
    assert answer(project.ingest(full=True), graph) == {"Was here"}
    project.write({"Good.md": "mended [[B]]"})
    assert answer(project.check(), graph) == set()
    (project.vault / "Good.md").write_bytes(b"\xff")
    project.ingest()
    project.remove("Good.md")
    project.check()


@pytest.mark.slow
def test_a_note_that_never_could_be_read_is_only_a_finding(begin: Begin) -> None:
    project = begin({"Reader.md": "[[Bad]]"})
    (project.vault / "Bad.md").write_bytes(b"\xff")
    assert linked(project.check(), "Reader") == {"bad"}
    (project.vault / "Bad.md").write_bytes(b"\xff\xff")
    project.check()
    project.rename("Bad.md", "Worse.md")
    project.check()
    project.write({"Bad.md": "good"})
    assert linked(project.check(), "Reader") == {"Bad"}


def test_a_file_that_never_was_a_note_and_is_gone_is_no_finding_any_more(begin: Begin) -> None:
    project = begin({"A.md": "text"})
    project.write({"map.canvas": "no canvas"})
    assert [one.code for one in project.ingest().findings] == ["F06"]
    project.remove("map.canvas")
    assert not project.ingest().findings
