"""The closure of facts under rules, in memory: join each new fact with the present facts until none is new.

Semi-naive evaluation (Abiteboul, Hull and Vianu, Foundations of Databases, section 13.1), a fact at a time. Two kinds
of rules are not matched like others, since that would cost a higher power than the size of their output.

The pairs of a transitive property are kept closed: a new pair joins everything that leads to it with everything that
it leads to (Italiano 1986, Amortized efficiency of a path retrieval data structure). The pairs that this adds need not
be joined again. For `owl:sameAs`, equal things form a group, and a fact about a member is copied to all members
(eq-rep-s, eq-rep-o).
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence

from kg.rdf.vocabulary import SAME_AS, TYPE
from kg.reasoning.facts import Changing, MemoryFacts
from kg.reasoning.rules import Fire, Match, Numbering, Numbers, Rule, Running, Term, triggers

_NONE: frozenset[int] = frozenset()
_PIECE = 200_000
Accept = Callable[[Match], bool]


class Closure:
    """Facts that grow until the rules add nothing.

    `new` holds the facts that the rules added, in order; if there is a `sink`, it receives them in chunks.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        number: Numbering,
        accept: Accept | None = None,
        facts: Changing | None = None,
        sink: Callable[[list[Numbers]], None] | None = None,
    ) -> None:
        self.number = number
        self._sink = sink
        self.facts: Changing = MemoryFacts() if facts is None else facts
        self.new: list[Numbers] = []
        self._accept = accept
        self._type, self._same = number(TYPE), number(SAME_AS)
        self._queue: deque[Numbers] = deque()
        self._closing = {number(rule.concludes): rule for rule in rules if is_transitivity(rule) and rule.concludes}
        self._groups: dict[int, set[int]] = {}
        self.knows_equality = any(rule.concludes == SAME_AS for rule in rules)
        kept = [Match(rule, number, self.facts) for rule in rules if not is_transitivity(rule)]
        self._by_predicate: dict[int, list[Fire]] = defaultdict(list)
        self._by_class: dict[int, list[Fire]] = defaultdict(list)
        for predicate, fixed, fire in triggers(kept, self._emitter):
            if predicate == self._type and fixed is not None:
                self._by_class[fixed].append(fire)
            else:
                self._by_predicate[predicate].append(fire)
        self._unconditional = [match for match in kept if not match.atoms]

    def _emitter(self, match: Match) -> Callable[[], None]:
        """Return a function that queues a match's conclusion."""
        assert match.head is not None
        assert match.rule.concludes is not None
        start, end = match.head
        predicate = self.number(match.rule.concludes)
        row, has, enqueue, same = match.registers, self.facts.has, self._queue.append, self._same
        accept = self._accept if match.rule.conditions else None

        def emit() -> None:
            subject, obj = row[start], row[end]
            # RDF allows no literal as a subject; that a thing equals itself is trivial.
            if subject < 0 or (predicate == same and (obj < 0 or subject == obj)) or has(predicate, subject, obj):
                return
            if accept is None or accept(match):
                enqueue((subject, predicate, obj))

        return emit

    def expect_equality(self) -> None:
        """Expect facts that equate things, even if no rule concludes such facts."""
        self.knows_equality = True

    def run(self, facts: Iterable[Numbers]) -> None:
        """Add facts, and everything that follows from them and the present facts."""
        later = []
        for fact in facts:
            if self.facts.add(*fact):
                self._fire(fact)
                if self.knows_equality or fact[1] in self._closing:
                    later.append(fact)
        # Only after all facts are added: a fact that this derives must not be one that is still to be added.
        for fact in later:
            self._spread(fact)
            self._pour_much()
        for match in self._unconditional:
            self._emitter(match)()
        self._drain()

    def follow(self, come: Iterable[Numbers], back: Iterable[Numbers]) -> None:
        """Derive consequences of facts that are already stored: `come` are new, `back` were withdrawn and restored.

        The caller has closed the transitive properties over `back`.
        """
        for fact in back:
            self._fire(fact)
        for fact in come:
            self._fire(fact)
            if fact[1] in self._closing:
                self._close(*fact)
        self._drain()

    def _drain(self) -> None:
        queue = self._queue
        while queue:
            fact = queue.popleft()
            if self.facts.add(*fact):
                self.new.append(fact)
                self._fire(fact)
                self._spread(fact)
                self._pour_much()
        if self._sink:
            self._sink(self.new)
            self.new = []

    def _pour_much(self) -> None:
        if self._sink and len(self.new) > _PIECE:
            self._sink(self.new)
            self.new = []

    def _spread(self, fact: Numbers) -> None:
        """Add the facts that transitivity and equality derive from a fact."""
        subject, predicate, obj = fact
        if predicate in self._closing:
            self._close(subject, predicate, obj)
        if self.knows_equality:
            if predicate == self._same:
                self._join(subject, obj)
            elif self._groups:
                self._copy(fact)

    def _fire(self, fact: Numbers) -> None:
        subject, predicate, obj = fact
        for fire in self._by_predicate.get(predicate, ()):
            fire(subject, obj)
        if predicate == self._type:
            for fire in self._by_class.get(obj, ()):
                fire(subject, obj)

    def _known(self, fact: Numbers) -> None:
        """Add a fact from which transitivity and equality derive nothing more."""
        if self.facts.add(*fact):
            self.new.append(fact)
            self._fire(fact)

    # ---- transitive properties --------------------------------------------------------------------------------

    def _close(self, subject: int, predicate: int, obj: int) -> None:
        """Join everything that leads to a new pair of a transitive property with everything that it leads to."""
        Running.rule = self._closing[predicate]
        facts = self.facts
        ends = {obj, *facts.objects(predicate, obj)}
        for start in (subject, *facts.subjects(predicate, subject)):
            more = ends - set(facts.objects(predicate, start)) if len(ends) > 1 or start != subject else _NONE
            for end in more:
                fact = start, predicate, end
                self._known(fact)
                if self._groups:
                    self._copy(fact)

    # ---- equality --------------------------------------------------------------------------------------------------

    def _join(self, a: int, b: int) -> None:
        """Merge the groups of two things, and copy the facts about each to the other."""
        first, second = self._groups.get(a, {a}), self._groups.get(b, {b})
        if first is second or a == b:
            return
        both = first | second
        for member in both:
            self._groups[member] = both
        for start in sorted(both):
            for end in sorted(both - {start}):
                self._known((start, self._same, end))
        for thing, group in ((a, second), (b, first)):
            self._copy_all(thing, sorted(group - {thing}))

    def _copy_all(self, here: int, equals: list[int]) -> None:
        """Copy the facts about a thing to others."""
        enqueue = self._queue.append
        for predicate in self.facts.predicates():
            if predicate == self._same:
                continue
            for obj in list(self.facts.objects(predicate, here)):
                for equal in equals:
                    enqueue((equal, predicate, obj))
            for subject in list(self.facts.subjects(predicate, here)):
                for equal in equals:
                    enqueue((subject, predicate, equal))

    def _copy(self, fact: Numbers) -> None:
        """Copy a fact to all things that equal its subject or its object."""
        subject, predicate, obj = fact
        subjects, objects = self._groups.get(subject), self._groups.get(obj)
        if predicate == self._same or not (subjects or objects):
            return
        for start in sorted(subjects or {subject}):
            for end in sorted(objects or {obj}):
                self._known((start, predicate, end))


def is_transitivity(rule: Rule) -> bool:
    """Whether a rule states that a property is transitive, and nothing else."""
    return rule.names == ("prp-trp",)


def transitive(rules: Iterable[Rule]) -> set[Term]:
    """Return the properties that the rules close transitively."""
    return {rule.concludes for rule in rules if is_transitivity(rule) and rule.concludes}
