"""The closure of facts under rules, in memory: each new fact is joined with those that are there, until none is new.

Semi-naive evaluation (Abiteboul, Hull and Vianu, Foundations of Databases, section 13.1), a fact at a time. Two rules
have ways of their own, since matching them like others costs a power more than what they give:

- A transitive property's pairs are kept closed. A new pair joins all that leads to it with all that it leads to
  (Italiano 1986, Amortized efficiency of a path retrieval data structure); what it so adds need not be joined again.
- `owl:sameAs`: things that are one are kept as a group; a fact about one is copied for all (eq-rep-s, eq-rep-o).
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence

from kg.facts import Changing, Memory
from kg.profile import SAME_AS
from kg.rules import Fire, Match, Numbering, Numbers, Rule, Running, Term, triggers
from kg.unfolding import TYPE

_NONE: frozenset[int] = frozenset()
_PIECE = 200_000
Accept = Callable[[Match], bool]


class Closure:
    """Facts that grow until the rules add nothing.

    `new` are those that they added, in the order they came; where there is a `sink`, they go there in pieces.
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
        self.facts: Changing = Memory() if facts is None else facts
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
        """What puts a match's conclusion into the queue."""
        assert match.head is not None
        assert match.rule.concludes is not None
        start, end = match.head
        predicate = self.number(match.rule.concludes)
        row, has, put, same = match.registers, self.facts.has, self._queue.append, self._same
        accept = self._accept if match.rule.conditions else None

        def emit() -> None:
            subject, obj = row[start], row[end]
            # A literal is no subject in RDF; that a thing is itself is no news.
            if subject < 0 or (predicate == same and (obj < 0 or subject == obj)) or has(predicate, subject, obj):
                return
            if accept is None or accept(match):
                put((subject, predicate, obj))

        return emit

    def expect_equality(self) -> None:
        """Facts may say that things are the same, even where no rule does."""
        self.knows_equality = True

    def run(self, given: Iterable[Numbers]) -> None:
        """Take in facts, and all that follows from them and those that are there."""
        later = []
        for fact in given:
            if self.facts.add(*fact):
                self._fire(fact)
                if self.knows_equality or fact[1] in self._closing:
                    later.append(fact)
        # Only when all are there: what these add at once must not be what is still to be given.
        for fact in later:
            self._spread(fact)
            self._pour_much()
        for match in self._unconditional:
            self._emitter(match)()
        self._drain()

    def follow(self, come: Iterable[Numbers], back: Iterable[Numbers]) -> None:
        """Take in what follows from facts that are there already: such as came, and such as are there again.

        What a transitive property needs of those that are there again has been seen to.
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
        """What a fact adds as a pair of a transitive property, or as one about things that are the same."""
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
        """Take in a fact of which neither the closing of a property nor a group of equals makes more."""
        if self.facts.add(*fact):
            self.new.append(fact)
            self._fire(fact)

    # ---- transitive properties --------------------------------------------------------------------------------

    def _close(self, subject: int, predicate: int, obj: int) -> None:
        """Join what leads to a new pair of a transitive property with what the pair leads to."""
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

    def _join(self, one: int, other: int) -> None:
        """Make one group of two, and copy what is known of each for the other."""
        first, second = self._groups.get(one, {one}), self._groups.get(other, {other})
        if first is second or one == other:
            return
        both = first | second
        for member in both:
            self._groups[member] = both
        for start in sorted(both):
            for end in sorted(both - {start}):
                self._known((start, self._same, end))
        for here, there in ((one, second), (other, first)):
            self._copy_all(here, sorted(there - {here}))

    def _copy_all(self, here: int, others: list[int]) -> None:
        """Say of others what is known of a thing."""
        put = self._queue.append
        for predicate in self.facts.predicates():
            if predicate == self._same:
                continue
            for obj in list(self.facts.objects(predicate, here)):
                for other in others:
                    put((other, predicate, obj))
            for subject in list(self.facts.subjects(predicate, here)):
                for other in others:
                    put((subject, predicate, other))

    def _copy(self, fact: Numbers) -> None:
        """Say a fact of all that are one with its subject, and of its object."""
        subject, predicate, obj = fact
        subjects, objects = self._groups.get(subject), self._groups.get(obj)
        if predicate == self._same or not (subjects or objects):
            return
        for start in sorted(subjects or {subject}):
            for end in sorted(objects or {obj}):
                self._known((start, predicate, end))


def is_transitivity(rule: Rule) -> bool:
    """Whether a rule says that a property is transitive, and no more."""
    return rule.names == ("prp-trp",)


def transitive(rules: Iterable[Rule]) -> set[Term]:
    """The properties that rules close."""
    return {rule.concludes for rule in rules if is_transitivity(rule) and rule.concludes}
