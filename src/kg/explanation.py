"""Why a triple holds, for a reader: the derivation, with the ontology's axioms in words and the notes' own lines."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pyoxigraph as ox

from kg.canvas import CanvasSource
from kg.config import Config, resource
from kg.derivation import Contradiction, Derivations, Step
from kg.errors import KgError
from kg.findings import Finding
from kg.guard import limited
from kg.inference import Reasoning
from kg.ingestion import load_ontology, remembered_rules
from kg.ledger import Ledger
from kg.naming import TYPE, Naming
from kg.ontology import Ontology, files_of, local_name, read_turtle
from kg.places import Finder, Origin, Origins, Place
from kg.profile import MEANINGS
from kg.resolve import Index
from kg.sandbox import without_network
from kg.source import read_text
from kg.statements import Reader
from kg.store import Published, Store
from kg.terms import INFERRED, ONTOLOGY, Names
from kg.unfolding import Written, is_nameless
from kg.vault import read_note

_LINE, _SOME = 100, 3

T = TypeVar("T")


class Line(NamedTuple):
    """Where something is stated: a note's or the ontology's path, a place in it, and the words of that line."""

    path: str
    line: int
    column: int
    text: str
    remark: str = ""
    """What has to be known beside the line."""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"

    def as_json(self) -> dict[str, Any]:
        """It for a program."""
        row = {"path": self.path, "line": self.line, "column": self.column, "text": self.text}
        return row | ({"remark": self.remark} if self.remark else {})


@dataclass(frozen=True)
class Explanation:
    """A triple, and why it holds: where it is stated, or the rule and the premises from which it follows."""

    triple: ox.Triple
    words: tuple[str, str, str]
    """Its terms as a reader knows them."""
    stated: tuple[Line, ...] = ()
    rule: str = ""
    meaning: str = ""
    """What the rule says in general."""
    axioms: tuple[str, ...] = ()
    """What the ontology says for which the rule is one, in Turtle."""
    grounds: tuple[Line, ...] = ()
    """Where the ontology says that, or the rule's file."""
    premises: tuple["Explanation", ...] = field(default=(), repr=False)

    @property
    def leaves(self) -> Iterator["Explanation"]:
        """The asserted triples at its end."""
        if not self.rule:
            yield self
        for premise in self.premises:
            yield from premise.leaves


class Explainer:
    """Explains what a vault's store knows."""

    def __init__(
        self, config: Config, found: Published, ontology: Ontology | None = None, ledger: Ledger | None = None
    ) -> None:
        self.config = config
        self.store: Store = found.store
        self.ontology: Ontology = ontology or load_ontology(config)
        self.names = Names(config.base)
        self.naming = Naming(self.store, self.ontology, self.names, {**self._prefixes(), **self.ontology.prefixes})
        self.derivations = Derivations(self.store, Reasoning(self.ontology, remembered_rules(found), config.limits))
        self._ledger, self._folder = ledger, found.folder

    @cached_property
    def ledger(self) -> Ledger | None:
        """What is remembered of the notes."""
        return self._ledger or Ledger.read(self._folder)

    # ---- what is asked ----------------------------------------------------------------------------------------------

    def why(self, subject: str, predicate: str, obj: str) -> list[Explanation]:
        """Why the triples hold that three names mean. Raises NotFound, KgError."""
        return self._apart(lambda: self._explained(self.naming.triples(subject, predicate, obj)))

    def everything(self, name: str) -> list[Explanation]:
        """Why all holds that was inferred of a thing. Raises NotFound, KgError."""
        node = self.naming.thing(name)
        return self._apart(lambda: self._explained(self.naming.about(node, ox.NamedNode(INFERRED[1:-1]))))

    def _apart(self, work: Callable[[], T]) -> T:
        """What some work gives, within the vault's limits and without network: it asks what rules' files say."""
        reasoning = self.derivations.reasoning

        def limited_work() -> T:
            with limited(reasoning.at_work, reasoning.limits):
                return work()

        return without_network(limited_work)

    def _explained(self, triples: Iterable[ox.Triple]) -> list[Explanation]:
        return self.explained([self._derived(triple) for triple in triples])

    def _derived(self, triple: ox.Triple) -> Step:
        step = self.derivations.of(triple)
        if step is None:
            said = " ".join(self._words(triple))
            raise KgError(
                f"“{said}” was inferred, but not by these rules: by rules that have changed, or by owlrl alone"
            )
        return step

    def explained(self, steps: Iterable[Step]) -> list[Explanation]:
        """Derivations with the places of their leaves."""
        steps = list(steps)
        places = self.placed(triple for step in steps for triple in step.asserted)
        return [self._explanation(step, places) for step in steps]

    def _explanation(self, step: Step, places: Mapping[ox.Triple, tuple[Line, ...]]) -> Explanation:
        made: dict[int, Explanation] = {}
        for one in reversed(list(step.steps())):
            if id(one) not in made:
                premises = tuple(made[id(premise)] for premise in one.premises)
                made[id(one)] = self._one(one, premises, places)
        return made[id(step)]

    def _one(
        self, step: Step, premises: tuple[Explanation, ...], places: Mapping[ox.Triple, tuple[Line, ...]]
    ) -> Explanation:
        words = self._words(step.conclusion)
        if step.rule is None:
            return Explanation(step.conclusion, words, places.get(step.conclusion, ()))
        axioms, grounds = self._because(step.rule.axioms), self._grounds(step.rule.names, step.rule.axioms)
        said = meaning(step.rule.names) or self._says(step.rule.names)
        return Explanation(step.conclusion, words, (), step.rule.name, said, axioms, grounds, premises)

    def _words(self, triple: ox.Triple) -> tuple[str, str, str]:
        called = self.naming.called
        subject, predicate, obj = called(triple.subject), called(triple.predicate), called(triple.object)
        if triple.predicate == TYPE and obj[:1].upper() in {"A", "E", "I", "O", "U"}:
            predicate = "is an"
        return subject, predicate, obj

    # ---- what the ontology says -------------------------------------------------------------------------------------

    def _because(self, axioms: tuple[ox.Triple, ...]) -> tuple[str, ...]:
        """Axioms in Turtle, with what has no name written where it is used."""
        return tuple(dict.fromkeys(Written(axioms, self.naming.curie).sentences()))

    def _grounds(self, names: tuple[str, ...], axioms: tuple[ox.Triple, ...]) -> tuple[Line, ...]:
        found = [line for name in names if (line := self._rule_file(name))]
        found += [line for axiom in axioms if not is_nameless(axiom.subject) for line in self._places_of_axiom(axiom)]
        return tuple(dict.fromkeys(found))

    def _rule_file(self, name: str) -> Line | None:
        for folder in self._folders:
            file = folder / "rules" / f"{name}.rq"
            if name in self.ontology.rules and file.is_file():
                return Line(self._short(file), 1, 1, read_text(file).split("\n", 1)[0])
        return None

    def _says(self, names: tuple[str, ...]) -> str:
        """What a rule's file says of itself in its first line."""
        first = (self.ontology.rules.get(name, "").lstrip().split("\n", 1)[0] for name in names)
        return "; ".join(text.lstrip("# ").rstrip(". ") for text in first if text.startswith("#"))

    @cached_property
    def _folders(self) -> list[Path]:
        return [*self.config.ontology[::-1], resource("ontology").resolve()]

    def _prefixes(self) -> dict[str, str]:
        """The prefixes that the ontology's files declare."""
        found: dict[str, str] = {}
        for folder in self._folders:
            for file in files_of(folder):
                found |= read_turtle(file).prefixes
        return found

    @cached_property
    def _files(self) -> list[tuple[Path, list[str], frozenset[ox.Triple]]]:
        found = []
        for folder in self._folders:
            for file in files_of(folder):
                text, triples, _ = read_turtle(file)
                found.append((file, text.split("\n"), frozenset(triples)))
        return found

    def _places_of_axiom(self, axiom: ox.Triple) -> Iterator[Line]:
        """The line of the ontology's file where what is said of an axiom's subject begins."""
        name = re.escape(local_name(axiom.subject.value)) if isinstance(axiom.subject, ox.NamedNode) else ""
        begins = re.compile(rf"(?:[\w.-]*:|<[^>\s]*[#/]){name}>?(?=\s)")
        for file, lines, triples in self._files:
            known = axiom in triples or (is_nameless(axiom.object) and _says(axiom, triples))
            for number, line in enumerate(lines, 1) if known else ():
                if begins.match(line):
                    yield Line(self._short(file), number, 1, line.strip()[:_LINE])
                    return

    def _short(self, path: Path) -> str:
        """A path below the project's folder, or below the ontology that comes with kg."""
        for root, start in ((self.config.root, ""), (resource("ontology").resolve(), "ontology/")):
            if path.is_relative_to(root):
                return f"{start}{path.relative_to(root).as_posix()}"
        return str(path)

    # ---- what the notes say -----------------------------------------------------------------------------------------

    @cached_property
    def _origins(self) -> Origins:
        entries = self.ledger.entries if self.ledger else {}
        return Origins(self.store.find, {self.names.path(path): path for path in entries})

    def path_of(self, node: ox.NamedNode) -> str:
        """The path of the note that describes a thing; empty where none does."""
        return self._origins.own(node)

    def placed(self, triples: Iterable[ox.Triple]) -> dict[ox.Triple, tuple[Line, ...]]:
        """The lines of notes, or of the ontology, that state triples; none for what is inferred."""
        wanted: dict[str, set[Origin]] = defaultdict(set)
        origins = {triple: self._origins.of_triple(triple) for triple in dict.fromkeys(triples)}
        for origin in (origin for row in origins.values() for origin in row):
            wanted[origin.path].add(origin)
        places: dict[Origin, Line] = {}
        for path, some in wanted.items():
            places |= self._lines(path, frozenset(some))
        found = {}
        for triple, row in origins.items():
            lines = [places[origin] for origin in row if origin in places]
            found[triple] = tuple(sorted(lines) or self._of_ontology(triple))
        return found

    def _of_ontology(self, triple: ox.Triple) -> Iterator[Line]:
        graph = ox.NamedNode(ONTOLOGY[1:-1])
        if any(True for _ in self.store.find(triple.subject, triple.predicate, triple.object, graph)):
            yield from self._places_of_axiom(triple)

    @cached_property
    def _reader(self) -> Reader:
        assert self.ledger is not None
        cards = [entry.card for entry in self.ledger.entries.values()]
        index = Index.of(cards, self.ledger.attachments, self.names, ignored=self.ledger.ignored)
        return Reader(index, self.ontology, self.config.default_class)

    def _lines(self, path: str, wanted: frozenset[Origin]) -> dict[Origin, Line]:
        """Where a note states triples; where it has changed since it was read, that it has."""
        note, _ = read_note(path, self.config.vault / path, self.config.max_bytes)
        entry = self.ledger.entries.get(path) if self.ledger else None
        if note is None or entry is None or note.digest != entry.digest:
            return {origin: Line(path, 1, 1, "", "the file has changed since: run `kg ingest`") for origin in wanted}
        found = Finder(self._reader, {path: wanted}).find(note)
        source = note.source.file if isinstance(note.source, CanvasSource) else note.source
        lines = source.text.split("\n")
        return {origin: self._line(origin, place, lines) for origin, place in found.items()}

    def _line(self, origin: Origin, place: Place, lines: list[str]) -> Line:
        text = _around(lines[place.line - 1], place.column) if place.line <= len(lines) else ""
        whole = (place.line, place.column) == (1, 1)
        default = self.ontology.class_named(self.config.default_class)
        remark = ""
        if whole and origin.predicate == str(TYPE) and origin.object == f"<{default}>":
            remark = f"no type is named, so it is a {self.config.default_class}"
        elif whole:
            remark = "the file itself"
        return Line(origin.path, place.line, place.column, text, remark)

    # ---- what must not be -------------------------------------------------------------------------------------------

    def findings(self) -> dict[Finding, str]:
        """The contradictions between what notes say, each where the one that contradicts stands, with the thing.

        Raises TimedOut, OutOfMemory.
        """
        return self._apart(self._findings)

    def _findings(self) -> dict[Finding, str]:
        rows = self.derivations.contradictions()
        steps = {fact: self.derivations.of(fact) or Step(fact) for row in rows for fact in row.facts}
        places = self.placed(triple for step in steps.values() for triple in step.asserted)
        plainest: dict[object, Contradiction] = {}
        for row in sorted(rows, key=lambda row: (sum(steps[fact].size for fact in row.facts), *map(str, row.facts))):
            leaves = frozenset(triple for fact in row.facts for triple in steps[fact].asserted)
            plainest.setdefault((row.rule.names, leaves), row)  # where things are one, each is told of them all
        found = [(self._finding(row, steps, places), str(row.facts[0].subject)) for row in plainest.values()]
        return {finding: thing for finding, thing in found if finding}

    def _finding(
        self, row: Contradiction, steps: Mapping[ox.Triple, Step], places: Mapping[ox.Triple, tuple[Line, ...]]
    ) -> Finding | None:
        lines: dict[Line, tuple[object, ...]] = {}
        for fact in row.facts:
            own = self._origins.own(fact.subject)
            for line in (line for triple in steps[fact].asserted for line in places.get(triple, ())):
                lines[line] = (line.path != own, line.path, line.line, line.column)
        if not lines:
            return None
        # What a thing's own note says of it is taken for meant, and of two places there the first.
        here = max(lines, key=lines.__getitem__)
        others = [str(line) for line in sorted(lines) if line != here]
        said = " and ".join(f"“{' '.join(self._words(fact))}”" for fact in row.facts)
        axioms = "; ".join(self._because(row.rule.axioms)) or meaning(row.rule.names)
        elsewhere = f"; see {', '.join(others[:_SOME])}" if others else ""
        message = f"{said} cannot {'both ' if len(row.facts) == 2 else ''}hold: {axioms}{elsewhere}"
        return Finding(here.path, here.line, here.column, here.line, here.column, _code(row), message)


def _around(line: str, column: int) -> str:
    """A line, or of a long one what stands around a column."""
    start = 0 if len(line) <= _LINE or column < _LINE // 2 else column - _LINE // 3
    text = line[start : start + _LINE].strip()
    return f"{'…' if start else ''}{text}{'…' if len(line) > start + _LINE else ''}"


def _code(row: Contradiction) -> str:
    return next((_CODES[name] for name in reversed(row.rule.names) if name in _CODES), "C05")


_CODES = {
    "cax-dw": "C01",
    "cax-adc": "C01",
    "cls-com": "C01",
    "prp-pdw": "C02",
    "prp-adp": "C02",
    "prp-fp": "C03",
    "cls-maxc2": "C03",
    "eq-diff1": "C04",
    "eq-diff2": "C04",
    "eq-diff3": "C04",
}


def meaning(names: Iterable[str]) -> str:
    """What rules of the specification say, in words."""
    return "; ".join(dict.fromkeys(MEANINGS[name] for name in names if name in MEANINGS))


def _says(axiom: ox.Triple, triples: frozenset[ox.Triple]) -> bool:
    """Whether a file says of an axiom's subject, by its predicate, something that has no name."""
    rows = (t for t in triples if t.subject == axiom.subject and t.predicate == axiom.predicate)
    return any(isinstance(row.object, ox.BlankNode) for row in rows)
