"""Rules, as patterns of triples over a set of facts, and their matching.

Terms are numbers in this module, so that a rule runs the same over facts in memory and over a store; literals are
negative. Each variable and each constant of a rule has a register; matching fills in the registers of the variables.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import ClassVar, NamedTuple, Protocol

import pyoxigraph as ox

Ground = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
Term = Ground | ox.Variable
Numbers = tuple[int, int, int]
"""A fact: the numbers of its subject, predicate and object."""


_VARIABLE = re.compile(r"\?\w+")
Then = Callable[[], None]
Fire = Callable[[int, int], None]
"""A function of the subject and the object of a fact."""


class PathStep(NamedTuple):
    """A transition from a state of a path to another, along a property or against it."""

    start: int
    property: ox.NamedNode
    backwards: bool
    end: int


class Path(NamedTuple):
    """A property path as an automaton that begins in state 0."""

    steps: tuple[PathStep, ...]
    ends: frozenset[int]

    @property
    def properties(self) -> frozenset[ox.NamedNode]:
        """The properties of all steps."""
        return frozenset(step.property for step in self.steps)


class Atom(NamedTuple):
    """A triple pattern, or a pattern of two nodes that a path joins."""

    subject: Term
    predicate: Term | Path
    object: Term


class RuleCondition(Protocol):
    """A condition on the terms of a rule's variables."""

    def holds(self, meant: Mapping[ox.Variable, Ground], answers: Callable[[str], bool], /) -> bool:
        """Whether it is true; `answers` tells whether a SELECT query has a solution."""

    def renamed(self, names: Mapping[Term, Term], /) -> "RuleCondition":
        """Return the condition with other names of variables."""


class Condition(NamedTuple):
    """A SPARQL expression that must be true, with the prefixes that it uses."""

    prologue: str
    expression: str

    def query(self, meant: Mapping[ox.Variable, Ground]) -> str:
        """Return a query that has a solution if the expression is true of the terms of the variables.

        The terms are in the text, since Oxigraph 0.5 takes substituted 2001 and 2001.0 for different values.
        """
        terms = " ".join(map(str, meant.values()))
        values = f"VALUES ({' '.join(map(str, meant))}) {{ ({terms}) }}"
        return f"{self.prologue}\nSELECT * {{ {values} FILTER({self.expression}) }}"

    def holds(self, meant: Mapping[ox.Variable, Ground], answers: Callable[[str], bool]) -> bool:
        """Whether the expression is true of the terms of the variables."""
        return answers(self.query(meant))

    def renamed(self, names: Mapping[Term, Term]) -> "Condition":
        """Return the condition with other names of variables."""
        new = {f"?{old.value}": str(now) for old, now in names.items() if isinstance(old, ox.Variable)}
        return self._replace(expression=_VARIABLE.sub(lambda match: new.get(match[0], match[0]), self.expression))


class Rule(NamedTuple):
    """If the body holds, so does the head; if there is no head, the body must not hold."""

    names: tuple[str, ...]
    """The rules of the specification that it combines, or the name of a rule file."""
    body: tuple[Atom, ...]
    head: Atom | None
    axioms: tuple[ox.Triple, ...] = ()
    """The axioms of the ontology that it comes from."""
    conditions: tuple[RuleCondition, ...] = ()
    """The conditions on its variables."""

    @property
    def name(self) -> str:
        """The names as a single text."""
        return " + ".join(dict.fromkeys(self.names))

    @property
    def properties(self) -> frozenset[Term]:
        """The properties in the body."""
        rows = (a.predicate.properties if isinstance(a.predicate, Path) else {a.predicate} for a in self.body)
        return frozenset(p for row in rows for p in row)

    @property
    def concludes(self) -> Term | None:
        """The property of the head, or None."""
        return self.head.predicate if self.head and not isinstance(self.head.predicate, Path) else None


class Facts(Protocol):
    """Facts that can be looked up."""

    def objects(self, predicate: int, subject: int) -> Collection[int]:
        """Return the objects of a property for a subject."""

    def subjects(self, predicate: int, obj: int) -> Collection[int]:
        """Return the subjects of a property for an object."""

    def pairs(self, predicate: int) -> Iterable[tuple[int, int]]:
        """The pairs of subject and object of a property."""

    def has(self, predicate: int, subject: int, obj: int) -> bool:
        """Whether a fact is present."""


class Numbering:
    """The numbers of terms, assigned at first use."""

    def __init__(self) -> None:
        self._numbers: dict[Ground, int] = {}
        self._resources: list[Ground] = []
        self._literals: list[Ground] = [ox.Literal("")]

    def __call__(self, term: Term) -> int:
        """Return the number of a term; assign a new number if it has none."""
        assert not isinstance(term, ox.Variable)
        number = self._numbers.get(term)
        if number is None:
            is_literal = isinstance(term, ox.Literal)
            row = self._literals if is_literal else self._resources
            number = self._numbers[term] = -len(row) if is_literal else len(row)
            row.append(term)
        return number

    def term(self, number: int) -> Ground:
        """Return the term of a number."""
        return self._literals[-number] if number < 0 else self._resources[number]

    def triple(self, fact: Numbers) -> ox.Triple:
        """Convert a fact to a triple."""
        subject, predicate, obj = map(self.term, fact)
        assert not isinstance(subject, ox.Literal)
        assert isinstance(predicate, ox.NamedNode)
        return ox.Triple(subject, predicate, obj)

    def fact(self, triple: ox.Triple) -> Numbers:
        """Convert a triple to a fact."""
        return self(triple.subject), self(triple.predicate), self(triple.object)


class Walker:
    """A path over numbered terms, to walk over facts."""

    def __init__(self, path: Path, number: Numbering) -> None:
        self.ends = path.ends
        self.onward: dict[int, list[tuple[int, bool, int]]] = defaultdict(list)
        self.back: dict[int, list[tuple[int, bool, int]]] = defaultdict(list)
        self.steps = [(step.start, number(step.property), step.backwards, step.end) for step in path.steps]
        for start, predicate, backwards, end in self.steps:
            self.onward[start].append((predicate, backwards, end))
            self.back[end].append((predicate, not backwards, start))

    def objects(self, facts: Facts, node: int, state: int = 0) -> set[int]:
        """Return the nodes that the path leads to from a node."""
        return {node for node, state in _walk(facts, self.onward, [(node, state)]) if state in self.ends}

    def subjects(self, facts: Facts, node: int, state: int | None = None) -> set[int]:
        """Return the nodes from which the path leads to a node."""
        starts = [(node, end) for end in self.ends] if state is None else [(node, state)]
        return {node for node, state in _walk(facts, self.back, starts) if state == 0}

    def begun(self, facts: Facts, node: int, state: int) -> set[int]:
        """Return the nodes that the path, begun at a node, reaches in a state."""
        return {other for other, at in _walk(facts, self.onward, [(node, 0)]) if at == state}

    def ending(self, facts: Facts, node: int, state: int) -> set[int]:
        """Return the nodes from which the path, continued in a state, leads to a node."""
        starts = [(node, end) for end in self.ends]
        return {other for other, at in _walk(facts, self.back, starts) if at == state}

    def steps_between(self, facts: Facts, start: int, end: int) -> list[Numbers] | None:
        """Return the facts along a shortest way from a node to another; None if there is no way."""
        reached: dict[tuple[int, int], tuple[tuple[int, int], Numbers] | None] = {(start, 0): None}
        for current in (row := [(start, 0)]):
            if current[0] == end and current[1] in self.ends:
                return list(_way_back(reached, current))
            for predicate, backwards, state in self.onward.get(current[1], ()):
                nodes = facts.subjects(predicate, current[0]) if backwards else facts.objects(predicate, current[0])
                for node in sorted(nodes):
                    if (node, state) not in reached:
                        fact = (node, predicate, current[0]) if backwards else (current[0], predicate, node)
                        reached[node, state] = current, fact
                        row.append((node, state))
        return None


def _way_back(
    reached: Mapping[tuple[int, int], tuple[tuple[int, int], Numbers] | None], here: tuple[int, int]
) -> Iterator[Numbers]:
    facts = []
    while (before := reached[here]) is not None:
        here, fact = before
        facts.append(fact)
    yield from reversed(facts)


def _walk(
    facts: Facts, steps: Mapping[int, list[tuple[int, bool, int]]], starts: list[tuple[int, int]]
) -> set[tuple[int, int]]:
    seen = set(starts)
    stack = list(seen)
    while stack:
        node, state = stack.pop()
        for predicate, backwards, end in steps.get(state, ()):
            for neighbour in facts.subjects(predicate, node) if backwards else facts.objects(predicate, node):
                if (neighbour, end) not in seen:
                    seen.add((neighbour, end))
                    stack.append((neighbour, end))
    return seen


Slot = int


class Running:
    """The rule that this process is matching, so that an error can name the rule that takes too long."""

    rule: ClassVar["Rule | None"] = None


class Match:
    """Matches a rule's body, starting from the variables that are filled in; `then` is called at each match."""

    def __init__(self, rule: Rule, number: Numbering, facts: Facts) -> None:
        self.rule = rule
        self.facts = facts
        self.registers: list[int] = []
        self._slots: dict[Term, Slot] = {}
        self._number = number
        self.atoms = [
            (self.slot(a.subject), a.predicate if isinstance(a.predicate, Path) else number(a.predicate),
             self.slot(a.object)) for a in rule.body
        ]  # fmt: skip
        self.head = rule.head and (self.slot(rule.head.subject), self.slot(rule.head.object))
        self.constants = {slot for term, slot in self._slots.items() if not isinstance(term, ox.Variable)}
        self.walkers = {path: Walker(path, number) for _, path, _ in self.atoms if isinstance(path, Path)}

    def slot(self, term: Term) -> Slot:
        """Return the register of a term."""
        if term not in self._slots:
            self._slots[term] = len(self.registers)
            self.registers.append(0 if isinstance(term, ox.Variable) else self._number(term))
        return self._slots[term]

    @property
    def variables(self) -> Iterator[tuple[ox.Variable, Slot]]:
        """The variables with their registers."""
        return ((term, slot) for term, slot in self._slots.items() if isinstance(term, ox.Variable))

    def plan(self, known: Iterable[Slot], then: Then, without: int | None = None) -> Then:
        """Return a function that finds all matches of the body, except the atom `without`, from known registers."""
        bound = {*known, *self.constants}
        remaining = [atom for index, atom in enumerate(self.atoms) if index != without]
        steps: list[tuple[str, tuple[Slot, int | Path, Slot]]] = []
        while remaining:
            atom = min(remaining, key=lambda candidate: _cost(candidate, bound, self.constants))
            remaining.remove(atom)
            start, _, end = atom
            steps.append((("free", "to start", "to end", "both")[(start in bound) * 2 + (end in bound)], atom))
            bound |= {start, end}
        for kind, atom in reversed(steps):
            then = self._step(kind, atom, then)
        return then

    def _step(self, kind: str, atom: tuple[Slot, int | Path, Slot], then: Then) -> Then:
        start, predicate, end = atom
        if isinstance(predicate, Path):
            return self._path_step(kind, start, self.walkers[predicate], end, then)
        facts, row = self.facts, self.registers
        has, objects, subjects, pairs = facts.has, facts.objects, facts.subjects, facts.pairs

        def both() -> None:
            if has(predicate, row[start], row[end]):
                then()

        def to_end() -> None:
            for node in objects(predicate, row[start]):
                row[end] = node
                then()

        def to_start() -> None:
            for node in subjects(predicate, row[end]):
                row[start] = node
                then()

        def free() -> None:
            for first, last in pairs(predicate):
                row[end] = last
                row[start] = first
                if row[end] == last:  # the same variable at both ends
                    then()

        return {"both": both, "to end": to_end, "to start": to_start, "free": free}[kind]

    def _path_step(self, kind: str, start: Slot, walker: Walker, end: Slot, then: Then) -> Then:
        facts, row = self.facts, self.registers

        def both() -> None:
            if row[end] in walker.objects(facts, row[start]):
                then()

        def to_end() -> None:
            for reached in walker.objects(facts, row[start]):
                row[end] = reached
                then()

        def to_start() -> None:
            for reached in walker.subjects(facts, row[end]):
                row[start] = reached
                then()

        def free() -> None:
            firsts = [step for step in walker.steps if step[0] == 0]
            nodes = {pair[backwards] for _, predicate, backwards, _ in firsts for pair in facts.pairs(predicate)}
            for node in nodes:
                row[start] = node
                to_end()

        return {"both": both, "to end": to_end, "to start": to_start, "free": free}[kind]

    def of_head(self, then: Then) -> Fire:
        """Return a function that finds the matches that conclude a fact, from its subject and object."""
        assert self.head is not None
        return self._filled(*self.head, self.plan(self.head, then))

    def of_atom(self, index: int, then: Then) -> Iterator[tuple[int, Fire]]:
        """The functions that find the matches of a new fact as an atom, by the properties that it may have."""
        start, predicate, end = self.atoms[index]
        run = self._filled(start, end, self.plan((start, end), then, without=index))
        if not isinstance(predicate, Path):
            yield predicate, run
            return
        walker = self.walkers[predicate]
        for step in walker.steps:
            yield step[1], self._through(walker, step, run)

    def _through(self, walker: Walker, step: tuple[int, int, bool, int], run: Fire) -> Fire:
        """Return a function that runs on all pairs that a path joins through a step of it."""
        before, _, backwards, after = step
        facts = self.facts

        def fire(subject: int, obj: int) -> None:
            near, far = (obj, subject) if backwards else (subject, obj)
            ends = walker.objects(facts, far, after)
            for start in walker.subjects(facts, near, before) if ends else ():
                for end in ends:
                    run(start, end)

        return fire

    def _filled(self, start: Slot, end: Slot, run: Then) -> Fire:
        """Return a function that fills in the two ends of an atom and, if they fit, calls `run`."""
        row, fixed, rule = self.registers, self.constants, self.rule
        is_fixed_start, is_fixed_end = start in fixed, end in fixed

        def fire(subject: int, obj: int) -> None:
            if (is_fixed_start and row[start] != subject) or (is_fixed_end and row[end] != obj):
                return
            row[start] = subject
            row[end] = obj
            if row[start] == subject:
                Running.rule = rule
                run()

        return fire

    def body(self) -> list[Numbers]:
        """Return the facts of the match in the registers; for a path, those of its shortest way."""
        facts: list[Numbers] = []
        for start, predicate, end in self.atoms:
            first, last = self.registers[start], self.registers[end]
            if isinstance(predicate, Path):
                facts += self.walkers[predicate].steps_between(self.facts, first, last) or ()
            else:
                facts.append((first, predicate, last))
        return facts


def _cost(atom: tuple[Slot, int | Path, Slot], bound: set[Slot], fixed: set[Slot]) -> tuple[int, bool]:
    """The search effort for an atom, by its bound ends: both, a variable, only a constant (a class, say), none."""
    bound_ends = [slot for slot in (atom[0], atom[2]) if slot in bound]
    rank = 0 if len(bound_ends) == 2 else 1 if any(slot not in fixed for slot in bound_ends) else 2 if bound_ends else 3
    return rank, isinstance(atom[1], Path)


def triggers(matches: Sequence[Match], then: Callable[[Match], Then]) -> Iterator[tuple[int, int | None, Fire]]:
    """For each atom of each rule: the predicate of matching facts, their object if fixed, the function to call."""
    for match in matches:
        for index, (_, predicate, end) in enumerate(match.atoms):
            fixed = match.registers[end] if end in match.constants and not isinstance(predicate, Path) else None
            for number, run in match.of_atom(index, then(match)):
                yield number, fixed, run
