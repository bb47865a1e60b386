"""Explain to a reader why a triple holds: its derivation, with the ontology's axioms and the lines of the notes."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pyoxigraph as ox

from kg.config import Config, resource
from kg.core.errors import KgError
from kg.core.files import read_text
from kg.core.findings import Finding
from kg.core.limits import limited
from kg.core.sandbox import without_network
from kg.mapping.link_resolution import Index
from kg.mapping.ontology import Ontology, files_of, load_ontology, local_name, read_turtle
from kg.mapping.provenance import Finder, Origin, Origins, Place
from kg.mapping.statements import Reader
from kg.notes.canvas import CanvasSource
from kg.notes.vault import read_note
from kg.rdf.iris import Names
from kg.rdf.vocabulary import INFERRED_GRAPH, ONTOLOGY_GRAPH, TYPE
from kg.reasoning.axiom_text import AxiomText
from kg.reasoning.derivation import Contradiction, Derivations, DerivationStep
from kg.reasoning.inference import Reasoning
from kg.reasoning.rule_cache import cached_rules
from kg.reasoning.rule_meanings import MEANINGS
from kg.reasoning.unfolding import is_nameless
from kg.store.ingest_state import IngestState
from kg.store.lookup import Lookup
from kg.store.store import Published, Store

_LINE, _SOME = 100, 3

T = TypeVar("T")


class SourceLine(NamedTuple):
    """The line of a statement: the path of a note or an ontology file, the position in it, and the text of the line."""

    path: str
    line: int
    column: int
    text: str
    remark: str = ""
    """An explanation that the line alone does not give."""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"

    def as_json(self) -> dict[str, Any]:
        """Return the line as a JSON object."""
        row = {"path": self.path, "line": self.line, "column": self.column, "text": self.text}
        return row | ({"remark": self.remark} if self.remark else {})


@dataclass(frozen=True)
class Explanation:
    """A triple, and why it holds: the lines that state it, or the rule and the premises from which it follows."""

    triple: ox.Triple
    words: tuple[str, str, str]
    """The names of its terms."""
    stated: tuple[SourceLine, ...] = ()
    rule: str = ""
    meaning: str = ""
    """The meaning of the rule in general."""
    axioms: tuple[str, ...] = ()
    """The axioms that the rule comes from, in Turtle."""
    grounds: tuple[SourceLine, ...] = ()
    """The lines of these axioms, or of the rule's file."""
    premises: tuple["Explanation", ...] = field(default=(), repr=False)

    @property
    def leaves(self) -> Iterator["Explanation"]:
        """The explanations of the asserted triples that it rests on."""
        if not self.rule:
            yield self
        for premise in self.premises:
            yield from premise.leaves


class Explainer:
    """Explains the triples of a vault's store."""

    def __init__(
        self, config: Config, found: Published, ontology: Ontology | None = None, ledger: IngestState | None = None
    ) -> None:
        self.config = config
        self.store: Store = found.store
        self.ontology: Ontology = ontology or load_ontology(config)
        self.names = Names(config.base)
        self.naming = Lookup(self.store, self.ontology, self.names, {**self._prefixes(), **self.ontology.prefixes})
        self.derivations = Derivations(self.store, Reasoning(self.ontology, cached_rules(found), config.limits))
        self._ledger, self._folder = ledger, found.folder

    @cached_property
    def ledger(self) -> IngestState | None:
        """The recorded state of the notes."""
        return self._ledger or IngestState.read(self._folder)

    # ---- questions ---------------------------------------------------------------------------------------------------

    def why(self, subject: str, predicate: str, obj: str) -> list[Explanation]:
        """Explain the triples that three names denote. Raises NotFound, KgError."""
        return self._apart(lambda: self._explained(self.naming.triples(subject, predicate, obj)))

    def everything(self, name: str) -> list[Explanation]:
        """Explain all triples that were inferred about a thing. Raises NotFound, KgError."""
        node = self.naming.thing(name)
        return self._apart(lambda: self._explained(self.naming.about(node, INFERRED_GRAPH)))

    def _apart(self, work: Callable[[], T]) -> T:
        """Run a function within the vault's limits and without network: it runs the queries of rule files."""
        reasoning = self.derivations.reasoning

        def limited_work() -> T:
            with limited(reasoning.at_work, reasoning.limits):
                return work()

        return without_network(limited_work)

    def _explained(self, triples: Iterable[ox.Triple]) -> list[Explanation]:
        return self.explained([self._derived(triple) for triple in triples])

    def _derived(self, triple: ox.Triple) -> DerivationStep:
        step = self.derivations.of(triple)
        if step is None:
            sentence = " ".join(self._words(triple))
            raise KgError(f"“{sentence}” was inferred, but by rules that have changed since, or by owlrl alone")
        return step

    def explained(self, steps: Iterable[DerivationStep]) -> list[Explanation]:
        """Explain derivations, with the lines of their asserted triples."""
        steps = list(steps)
        places = self.placed(triple for step in steps for triple in step.asserted)
        return [self._explanation(step, places) for step in steps]

    def _explanation(self, step: DerivationStep, places: Mapping[ox.Triple, tuple[SourceLine, ...]]) -> Explanation:
        made: dict[int, Explanation] = {}
        for part in reversed(list(step.steps())):
            if id(part) not in made:
                premises = tuple(made[id(premise)] for premise in part.premises)
                made[id(part)] = self._one(part, premises, places)
        return made[id(step)]

    def _one(
        self,
        step: DerivationStep,
        premises: tuple[Explanation, ...],
        places: Mapping[ox.Triple, tuple[SourceLine, ...]],
    ) -> Explanation:
        words = self._words(step.conclusion)
        if step.rule is None:
            return Explanation(step.conclusion, words, places.get(step.conclusion, ()))
        axioms, grounds = self._because(step.rule.axioms), self._grounds(step.rule.names, step.rule.axioms)
        rule_meaning = meaning(step.rule.names) or self._says(step.rule.names)
        return Explanation(step.conclusion, words, (), step.rule.name, rule_meaning, axioms, grounds, premises)

    def _words(self, triple: ox.Triple) -> tuple[str, str, str]:
        called = self.naming.called
        subject, predicate, obj = called(triple.subject), called(triple.predicate), called(triple.object)
        if triple.predicate == TYPE and obj[:1].upper() in {"A", "E", "I", "O", "U"}:
            predicate = "is an"
        return subject, predicate, obj

    # ---- the ontology ------------------------------------------------------------------------------------------------

    def _because(self, axioms: tuple[ox.Triple, ...]) -> tuple[str, ...]:
        """Return axioms in Turtle, with nameless expressions written where they are used."""
        return tuple(dict.fromkeys(AxiomText(axioms, self.naming.curie).sentences()))

    def _grounds(self, names: tuple[str, ...], axioms: tuple[ox.Triple, ...]) -> tuple[SourceLine, ...]:
        lines = [line for name in names if (line := self._rule_file(name))]
        lines += [line for axiom in axioms if not is_nameless(axiom.subject) for line in self._places_of_axiom(axiom)]
        return tuple(dict.fromkeys(lines))

    def _rule_file(self, name: str) -> SourceLine | None:
        for folder in self._folders:
            file = folder / "rules" / f"{name}.rq"
            if name in self.ontology.rules and file.is_file():
                return SourceLine(self._short(file), 1, 1, read_text(file).split("\n", 1)[0])
        return None

    def _says(self, names: tuple[str, ...]) -> str:
        """Return the descriptions of rules: the comments in the first lines of their files."""
        first = (self.ontology.rules.get(name, "").lstrip().split("\n", 1)[0] for name in names)
        return "; ".join(text.lstrip("# ").rstrip(". ") for text in first if text.startswith("#"))

    @cached_property
    def _folders(self) -> list[Path]:
        return [*self.config.ontology[::-1], resource("ontology").resolve()]

    def _prefixes(self) -> dict[str, str]:
        """Return the prefixes that the ontology's files declare."""
        prefixes: dict[str, str] = {}
        for folder in self._folders:
            for file in files_of(folder):
                prefixes |= read_turtle(file).prefixes
        return prefixes

    @cached_property
    def _files(self) -> list[tuple[Path, list[str], frozenset[ox.Triple]]]:
        files = []
        for folder in self._folders:
            for file in files_of(folder):
                text, triples, _ = read_turtle(file)
                files.append((file, text.split("\n"), frozenset(triples)))
        return files

    def _places_of_axiom(self, axiom: ox.Triple) -> Iterator[SourceLine]:
        """The line of the ontology's file where the statements about an axiom's subject begin."""
        name = re.escape(local_name(axiom.subject.value)) if isinstance(axiom.subject, ox.NamedNode) else ""
        begins = re.compile(rf"(?:[\w.-]*:|<[^>\s]*[#/]){name}>?(?=\s)")
        for file, lines, triples in self._files:
            is_stated = axiom in triples or (is_nameless(axiom.object) and _says(axiom, triples))
            for number, line in enumerate(lines, 1) if is_stated else ():
                if begins.match(line):
                    yield SourceLine(self._short(file), number, 1, line.strip()[:_LINE])
                    return

    def _short(self, path: Path) -> str:
        """Return a path relative to the project's folder, or to the ontology that comes with kg."""
        for root, start in ((self.config.root, ""), (resource("ontology").resolve(), "ontology/")):
            if path.is_relative_to(root):
                return f"{start}{path.relative_to(root).as_posix()}"
        return str(path)

    # ---- the notes ---------------------------------------------------------------------------------------------------

    @cached_property
    def _origins(self) -> Origins:
        entries = self.ledger.entries if self.ledger else {}
        return Origins(self.store.find, {self.names.path(path): path for path in entries})

    def path_of(self, node: ox.NamedNode) -> str:
        """Return the path of the note that describes a thing; empty if none does."""
        return self._origins.own(node)

    def placed(self, triples: Iterable[ox.Triple]) -> dict[ox.Triple, tuple[SourceLine, ...]]:
        """Return the lines of notes, or of the ontology, that state triples; inferred triples have none."""
        wanted: dict[str, set[Origin]] = defaultdict(set)
        origins = {triple: self._origins.of_triple(triple) for triple in dict.fromkeys(triples)}
        for origin in (origin for row in origins.values() for origin in row):
            wanted[origin.path].add(origin)
        places: dict[Origin, SourceLine] = {}
        for path, origins_of_note in wanted.items():
            places |= self._lines(path, frozenset(origins_of_note))
        stated = {}
        for triple, row in origins.items():
            lines = [places[origin] for origin in row if origin in places]
            stated[triple] = tuple(sorted(lines) or self._of_ontology(triple))
        return stated

    def _of_ontology(self, triple: ox.Triple) -> Iterator[SourceLine]:
        graph = ONTOLOGY_GRAPH
        if self.store.has(triple.subject, triple.predicate, triple.object, graph):
            yield from self._places_of_axiom(triple)

    @cached_property
    def _reader(self) -> Reader:
        assert self.ledger is not None
        cards = [entry.card for entry in self.ledger.entries.values()]
        index = Index.of(cards, self.ledger.attachments, self.names, ignored=self.ledger.ignored)
        return Reader(index, self.ontology, self.config.default_class)

    def _lines(self, path: str, wanted: frozenset[Origin]) -> dict[Origin, SourceLine]:
        """Return the lines in which a note states triples, or a remark if the note has changed since the ingest."""
        note, _ = read_note(path, self.config.vault / path, self.config.max_bytes)
        entry = self.ledger.entries.get(path) if self.ledger else None
        if note is None or entry is None or note.digest != entry.digest:
            return {
                origin: SourceLine(path, 1, 1, "", "the file has changed since: run `kg ingest`") for origin in wanted
            }
        places = Finder(self._reader, {path: wanted}).find(note)
        source = note.source.file if isinstance(note.source, CanvasSource) else note.source
        lines = source.text.split("\n")
        return {origin: self._line(origin, place, lines) for origin, place in places.items()}

    def _line(self, origin: Origin, place: Place, lines: list[str]) -> SourceLine:
        text = _around(lines[place.line - 1], place.column) if place.line <= len(lines) else ""
        whole = (place.line, place.column) == (1, 1)
        default = self.ontology.class_named(self.config.default_class)
        remark = ""
        if whole and origin.predicate == str(TYPE) and origin.object == f"<{default}>":
            remark = f"no type is named, so it is a {self.config.default_class}"
        elif whole:
            remark = "the file itself"
        return SourceLine(origin.path, place.line, place.column, text, remark)

    # ---- contradictions ----------------------------------------------------------------------------------------------

    def findings(self) -> dict[Finding, str]:
        """Return the contradictions between notes, each at the line that contradicts, with the IRI of the thing.

        Raises TimedOut, OutOfMemory.
        """
        return self._apart(self._findings)

    def _findings(self) -> dict[Finding, str]:
        rows = self.derivations.contradictions()
        steps = {fact: self.derivations.of(fact) or DerivationStep(fact) for row in rows for fact in row.facts}
        places = self.placed(triple for step in steps.values() for triple in step.asserted)
        plainest: dict[object, Contradiction] = {}
        for row in sorted(rows, key=lambda row: (sum(steps[fact].size for fact in row.facts), *map(str, row.facts))):
            leaves = frozenset(triple for fact in row.facts for triple in steps[fact].asserted)
            plainest.setdefault((row.rule.names, leaves), row)  # equal things share a contradiction: keep the plainest
        findings = [(self._finding(row, steps, places), str(row.facts[0].subject)) for row in plainest.values()]
        return {finding: thing for finding, thing in findings if finding}

    def _finding(
        self,
        row: Contradiction,
        steps: Mapping[ox.Triple, DerivationStep],
        places: Mapping[ox.Triple, tuple[SourceLine, ...]],
    ) -> Finding | None:
        lines: dict[SourceLine, tuple[object, ...]] = {}
        for fact in row.facts:
            own = self._origins.own(fact.subject)
            for line in (line for triple in steps[fact].asserted for line in places.get(triple, ())):
                lines[line] = (line.path != own, line.path, line.line, line.column)
        if not lines:
            return None
        # A thing's own note counts as intended, and in that note the earlier line. The finding is at the other line.
        culprit = max(lines, key=lines.__getitem__)
        others = [str(line) for line in sorted(lines) if line != culprit]
        statements = " and ".join(f"“{' '.join(self._words(fact))}”" for fact in row.facts)
        axioms = "; ".join(self._because(row.rule.axioms)) or meaning(row.rule.names)
        elsewhere = f"; see {', '.join(others[:_SOME])}" if others else ""
        message = f"{statements} cannot {'both ' if len(row.facts) == 2 else ''}hold: {axioms}{elsewhere}"
        return Finding(culprit.path, culprit.line, culprit.column, culprit.line, culprit.column, _code(row), message)


def _around(line: str, column: int) -> str:
    """Return a line, or the part of a long line around a column."""
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
    """Return the meanings of the specification's rules, in words."""
    return "; ".join(dict.fromkeys(MEANINGS[name] for name in names if name in MEANINGS))


def _says(axiom: ox.Triple, triples: frozenset[ox.Triple]) -> bool:
    """Whether a file has a triple with an axiom's subject and predicate and a nameless object."""
    rows = (t for t in triples if t.subject == axiom.subject and t.predicate == axiom.predicate)
    return any(isinstance(row.object, ox.BlankNode) for row in rows)
