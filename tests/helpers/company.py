"""The notes of a company that does not exist, as many as are asked for, of every kind that the ontology knows.

What they say is made up by rule, and so that each query of the library has something to answer: concepts under concepts
and tags under tags, outcomes and outputs that lead to each other or to nothing, works and who wrote them (now and then two
notes disagree), tasks, dates, embeds, web pages, circles, names that two things bear, notes that are wanted, notes that
nobody links to.
"""

import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from kg.config import Config
from kg.sparql.library import NamedQuery, library
from kg.sparql.parameters import Binder, Term

KINDS = ("concept", "concept", "concept", "concept", "outcome", "output", "book", "author", "journal", "plain")
"""What ten notes in a row are."""
AREAS = ("product", "product/discovery", "product/delivery", "lean", "lean/flow", "people", "people/hiring", "money")
WORDS = (
    "a customer value small test week release question answer idea queue team learns waits decides shows finds "
    "“why” café → 漢字 naïve revenue churn flow rota log demo survey draft price"
)
WIDE = ("", "", "", " é", "", "", " 漢字", "", "", "", " → 😀")
"""How the names of notes end."""
ASKED: dict[str, list[dict[str, str]]] = {
    "ancestors": [{"concept": "Concept 1"}, {"concept": "Concept 321"}, {"concept": "#lean/flow"}],
    "contradictions": [{}, {"property": "author"}, {"property": "confidence"}],
    "definitions": [{}, {"thing": "Concept 11"}],
    "descendants": [{"concept": "Concept 1"}, {"concept": "#product"}, {"concept": "#only"}],
    "likely-links": [{"note": "Concept 11"}],
    "outline": [{"note": "Concept 11"}],
    "overdue-tasks": [{"on": "2026-01-01"}],
    "paths": [{"from": "Concept 11", "to": "Concept 1", "steps": "4"}, {"from": "Concept 11", "to": "Output 35"}],
    "places-that-link": [{"thing": "Concept 11"}, {"thing": "Wanted 5"}, {"thing": "Book 16"}],
    "resources-by-author": [{}, {"by": "Writer A8"}],
    "shared": [{"one": "Concept 11", "other": "Concept 22"}],
    "siblings": [{"concept": "Concept 11"}, {"concept": "#lean/flow"}],
    "stale-notes": [{"before": "2026-01-01"}, {"before": "2026-01-01", "property": "reviewed"}],
    "tag-overlap": [{}, {"at_least": "40"}],
    "things": [{"class": name} for name in ("Outcome", "Tag", "Task", "Resource")],
    "timeline": [{}, {"from": "2025-01-01", "until": "2025-02-01"}],
    "values": [{"property": "confidence"}, {"property": "author"}],
    "who-says-so": [{"thing": "Concept 11"}, {"thing": "Output 35"}],
}
"""What the queries of the library are told here; those that are not named are asked once, and told nothing."""


class Question(NamedTuple):
    """A query of the library, what it is told, and the terms that this means."""

    query: NamedQuery
    given: Mapping[str, str]
    params: Mapping[str, str | Term]


def questions(config: Config) -> Iterator[Question]:
    """All that is asked of the notes of a company that are in a store."""
    binder = Binder(config)
    for query in library(config).values():
        for given in ASKED.get(query.name, [{}]):
            yield Question(query, given, binder.bind(query.header.params, given))


class Company:
    """The notes of a company of so many."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.words = WORDS.split()
        self.chance = random.Random(11)

    def write(self, folder: Path) -> Path:
        """Write them all into a folder, which is made; the folder."""
        for n in range(self.number):
            path = folder / self.path(n)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(getattr(self, f"_{KINDS[n % 10]}")(n), encoding="utf-8")
        for n in range(0, self.number, 100):
            (folder / f"flow {n}.png").write_bytes(b"")
        return folder

    def path(self, n: int) -> str:
        """Where the note number `n` is, from the folder of the vault."""
        return f"{KINDS[n % 10]}s/{n // 500}/{self.name(n)}.md"

    def name(self, n: int) -> str:
        """What the note number `n` is called; some in letters that few programs expect."""
        return f"{KINDS[n % 10].title()} {n}{WIDE[n % len(WIDE)]}"

    def _any(self, *kinds: str, missing: float = 0.0) -> str:
        """The name of a note of some kind, or of one that nobody wrote."""
        if self.chance.random() < missing:
            return f"Wanted {self.chance.randrange(self.number // 40 + 1)}"
        places = [place for place, kind in enumerate(KINDS) if kind in kinds]
        place = self.chance.choice(places)
        ten = self.chance.randrange((self.number - place + 9) // 10)
        return self.name(10 * ten + place)

    def _prose(self, words: int, links: int) -> str:
        """Sentences with links to notes of any kind, some of them missing."""
        text = [self.chance.choice(self.words) for _ in range(words)]
        for _ in range(links):
            text.insert(self.chance.randrange(words), f"[[{self._any('concept', 'outcome', 'output', missing=0.05)}]]")
        return " ".join(text) + "."

    def _date(self) -> str:
        return f"202{self.chance.randrange(4, 7)}-{self.chance.randrange(1, 13):02}-{self.chance.randrange(1, 29):02}"

    def _work(self, n: int) -> str:
        """A line that names a work and its author; of one in twenty, notes name two authors."""
        author = self.chance.choice("AB") if n % 20 == 0 else "A"
        return f"- [The work {n} - Writer {author}{n % 97}](https://site{n % 31}.example/{n})"

    def _concept(self, n: int) -> str:
        up = f"\nbroader: '[[{self.name(above)}]]'" if (above := self._above(n)) is not None else ""
        front = f"---\ntags: [Concept, {self.chance.choice(AREAS)}, only/{n // 3}]\naliases: [Term {n % 4500}]{up}"
        front += f"\nreviewed: {self._date()}\nconfidence: {self.chance.choice(('low', 'high'))}\n---\n"
        parts = [front, f"# Definition\n{self._prose(12, 1)}\n" if n % 7 else "", f"# Why\n{self._prose(60, 4)}\n"]
        if n % 3:
            parts.append(f"# Outcomes\n- [[{self._any('outcome')}]]\n- People of {n % 1500} wait less\n")
        if n % 3 or n % 9 == 0:
            parts.append(f"# Outputs\n- [[{self._any('output')}]]\n- A page about {n}\n")
        if n % 4:
            parts.append(f"# Resources\n{self._work(self.chance.randrange(self.number // 5 + 1))}\n")
        if n % 8 > 3:
            parts.append(f"- [[{self._any('book')}]]\n- Title of {n % 77} - Writer A{n % 13}\n")
        return "\n".join(parts)

    def _above(self, n: int) -> int | None:
        """The concept above a concept: a tree, with a circle among its first."""
        above = n // 10 if n >= 10 else {0: 1, 1: 0}.get(n)
        while above is not None and KINDS[above % 10] != "concept":
            above -= 1
        return above

    def _outcome(self, n: int) -> str:
        through = f"\nachieved through:: [[{self._any('output')}]]\n" if n % 30 else ""
        return f"---\ntype: Outcome\nbaseline: {n % 83}\n---\n{self._prose(30, 2)}\n{through}\nConfidence:: high\n"

    def _output(self, n: int) -> str:
        tasks = f"- [x] Ask ✅ {self._date()}\n- [ ] Ship part {n % 9} 📅 {self._date()}\n- [-] Drop 📅 2025-01-02\n"
        return (
            f"---\ntype: Output\nshipped: {str(n % 3 == 0).lower()}\nreleased: {self._date()}\n---\n"
            f"{self._prose(30, 2)}\n\n# To do\n{tasks}"
        )

    def _book(self, n: int) -> str:
        by = f"[[{self._any('author')}]]"
        front = f'---\ntype: Resource\nauthor: ["{by}", Writer A{n % 97}]\nyear: {1990 + n % 36}\n---\n'
        return f"{front}{self._prose(40, 2)}\n\n> {self._prose(9, 0)}\n\n^quote\n"

    def _author(self, n: int) -> str:
        return f"---\ntype: Author\naliases: [A. {n % 700}]\n---\n{self._prose(20, 1)}\n"

    def _journal(self, n: int) -> str:
        shown = f"![[{self._any('output', missing=0.1)}]]\n\n![[flow {n // 100 * 100}.png]]\n"
        tasks = (
            f"- [ ] Write to {n} 📅 {self._date()}\n- [/] Read [[{self._any('book')}#^quote]] [due:: {self._date()}]\n"
        )
        return f"---\ndate: {self._date()}\nmood: {n % 5}\n---\n# Morning\n{self._prose(60, 3)}\n\n{shown}\n# Later\n{tasks}"

    def _plain(self, n: int) -> str:
        return f"{self._prose(25, 0)}\n" if n % 50 == 9 else f"{self._prose(120 + n % 300, n % 4)} #loose/{n % 400}\n"
