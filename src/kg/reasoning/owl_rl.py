"""OWL 2 RL: turn the axioms of an ontology into rules, named as in the specification (section 4.3).

Rules about class expressions, which have no name in RDF, are combined until they mention named terms alone.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import pyoxigraph as ox

from kg.rdf.terms import OWL, RDF, RDFS, XSD
from kg.rdf.vocabulary import DIFFERENT_FROM, NOTHING, SAME_AS, THING, TYPE
from kg.reasoning.datatypes import with_conditions
from kg.reasoning.exclusions import FEW, Excluded, Exclusion, all_different, exclusions, is_mark
from kg.reasoning.rules import Atom, Condition, Ground, Rule, Term
from kg.reasoning.unfolding import is_nameless, without_nameless

_X, _Y, _Z = (ox.Variable(name) for name in "xyz")
_NOT_IN_RL = (
    *(OWL + name for name in ("minCardinality", "cardinality", "minQualifiedCardinality", "qualifiedCardinality")),
    *(OWL + name for name in ("hasSelf", "disjointUnionOf", "datatypeComplementOf", "withRestrictions")),
)
_TYPES_NOT_IN_RL = (OWL + "ReflexiveProperty",)
_AXIOMS = frozenset(
    [RDFS + name for name in ("subClassOf", "subPropertyOf", "domain", "range")]
    + [OWL + name for name in (
        "equivalentClass", "equivalentProperty", "inverseOf", "propertyChainAxiom", "hasKey", "disjointWith",
        "propertyDisjointWith", "intersectionOf", "unionOf", "complementOf", "oneOf", "onProperty", "onClass",
        "someValuesFrom", "allValuesFrom", "hasValue", "maxCardinality", "maxQualifiedCardinality", "members",
        "distinctMembers", "sourceIndividual", "assertionProperty", "targetIndividual", "targetValue",
    )]
    + [RDF + "first", RDF + "rest", *_NOT_IN_RL]
)  # fmt: skip
_CHARACTERISTICS = frozenset(
    OWL + name
    for name in (
        "FunctionalProperty", "InverseFunctionalProperty", "SymmetricProperty", "AsymmetricProperty",
        "IrreflexiveProperty", "TransitiveProperty", "AllDisjointClasses", "AllDisjointProperties", "AllDifferent",
        "NegativePropertyAssertion",
    )
)  # fmt: skip
_DATATYPES = {RDFS + "Literal", RDF + "PlainLiteral", RDF + "langString", RDF + "XMLLiteral"}
_PROPERTIES = (OWL + "ObjectProperty", OWL + "DatatypeProperty", RDF + "Property")
_TYPES = _CHARACTERISTICS | {OWL + "Class", RDFS + "Class", RDFS + "Datatype", *_PROPERTIES, *_TYPES_NOT_IN_RL}


@dataclass(frozen=True)
class Profile:
    """The rules of an ontology."""

    rules: tuple[Rule, ...]
    constraints: tuple[Rule, ...]
    """The rules without a head: their bodies must not hold."""
    exclusions: tuple[Exclusion, ...]
    """The long lists of which no two members may hold of the same things."""
    beyond: tuple[str, ...]
    """The names of the constructs that these rules cannot express, but owlrl can."""
    ignored: tuple[str, ...]
    """The names of the constructs outside OWL 2 RL, from which nothing follows."""

    @property
    def knows_equality(self) -> bool:
        """Whether a rule may conclude that two things are the same."""
        return any(rule.head and rule.head.predicate == SAME_AS for rule in self.rules)


def is_axiom(triple: ox.Triple) -> bool:
    """Whether a triple belongs to an axiom, from which rules are made, and is not a fact about a single thing."""
    predicate, obj = triple.predicate.value, triple.object
    if predicate == RDF + "type":
        return is_nameless(obj) or (isinstance(obj, ox.NamedNode) and obj.value in _TYPES)
    return predicate in _AXIOMS


def axiom_patterns() -> list[tuple[ox.NamedNode, ox.NamedNode | None]]:
    """Return the predicates of axioms and, for `rdf:type`, the objects, without nameless classes."""
    return [(ox.NamedNode(p), None) for p in sorted(_AXIOMS)] + [(TYPE, ox.NamedNode(c)) for c in sorted(_TYPES)]


def profile(triples: Iterable[ox.Triple]) -> Profile:
    """Return the rules of the axioms among triples."""
    axioms = _Axioms(triples)
    lists = list(axioms.long_lists())
    raw = [*axioms.rules(), *(rule for number, row in enumerate(lists) for rule in row.rules(number))]
    named, too_many = without_nameless(raw)
    named = [_without_thing(rule) for rule in with_conditions(named, axioms.is_datatype)]
    beyond = dict.fromkeys([*too_many, *("owl:Thing as a condition" for rule in named if any(map(_of_all, rule.body)))])
    once = {(rule.head, frozenset(rule.body), rule.conditions): rule for rule in reversed(named)}.values()
    rules = tuple(rule for rule in reversed(once) if rule.head and rule.head not in rule.body and not is_mark(rule))
    constraints = tuple(rule for rule in reversed(once) if rule.head is None)
    excluded = tuple(exclusions(lists, filter(is_mark, named)))
    return Profile(rules, constraints, excluded, tuple(beyond), axioms.ignored())


def _of_all(atom: Atom) -> bool:
    return atom.predicate == TYPE and atom.object == THING


def _without_thing(rule: Rule) -> Rule:
    """Return a rule without the condition that a term is an owl:Thing, if another condition binds the term."""
    rest = [atom for atom in rule.body if not _of_all(atom)]
    bound = {term for atom in rest for term in (atom.subject, atom.object)}
    body = tuple(
        a for a in rule.body if not (_of_all(a) and (a.subject in bound or isinstance(a.subject, ox.NamedNode)))
    )
    return rule if body == rule.body else rule._replace(body=body)


def _rule(name: str, head: Atom | None, *body: Atom, axioms: Sequence[ox.Triple]) -> Rule:
    return Rule((name,), body, head, tuple(axioms))


def _clash(rule: Rule) -> Rule:
    """Return the constraint of a rule that equates two values: a literal must not equal a different value."""
    return rule._replace(head=None, conditions=(Condition("", "isLiteral(?y) && COALESCE(?y != ?z, true)"),))


def _is_a(term: Term, class_: Ground) -> Atom:
    return Atom(term, TYPE, class_)


@dataclass
class _Axioms:
    """The axioms of an ontology, by predicate."""

    triples: Iterable[ox.Triple] = field(repr=False)
    by: dict[str, list[ox.Triple]] = field(default_factory=lambda: defaultdict(list), repr=False)
    types: dict[str, list[ox.Triple]] = field(default_factory=lambda: defaultdict(list), repr=False)

    def __post_init__(self) -> None:
        for triple in self.triples:
            self.by[triple.predicate.value].append(triple)
            if triple.predicate == TYPE and isinstance(triple.object, ox.NamedNode):
                self.types[triple.object.value].append(triple)
        self._of = {
            name: _grouped(self.by[OWL + name]) for name in ("onProperty", "onClass", "members", "distinctMembers")
        }
        self._datatypes = {t.subject for t in self.types.get(RDFS + "Datatype", ())}
        self._first: dict[Ground, ox.Triple] = {t.subject: t for t in self.by[RDF + "first"]}
        self._rest: dict[Ground, ox.Triple] = {t.subject: t for t in self.by[RDF + "rest"]}

    def ignored(self) -> tuple[str, ...]:
        """Return the constructs from which nothing follows in this profile."""
        names = [name for name in _NOT_IN_RL if self.by.get(name)]
        names += [name for name in _TYPES_NOT_IN_RL if self.types.get(name)]
        return tuple("owl:" + name.removeprefix(OWL) for name in names)

    def is_datatype(self, term: object) -> bool:
        """Whether a term is a datatype of literals."""
        if not isinstance(term, ox.NamedNode):
            return False
        return term in self._datatypes or term.value.startswith(XSD) or term.value in _DATATYPES

    def rules(self) -> Iterator[Rule]:
        """All rules, including those that mention nameless classes and properties."""
        yield from self._of_properties()
        yield from self._of_chains_and_keys()
        yield from self._of_classes()
        yield from self._of_restrictions()
        yield from self._of_cardinalities()
        yield from self._of_difference()
        yield from self._of_schema()
        for triple in self.by[RDF + "type"]:
            if is_nameless(triple.object):  # only the ontology can type a thing by a nameless class
                yield _rule("asserted", Atom(triple.subject, TYPE, triple.object), axioms=(triple,))

    def owl(self, name: str) -> list[ox.Triple]:
        """Return the axioms of an OWL predicate, without those between a term and itself."""
        return [triple for triple in self.by[OWL + name] if triple.subject != triple.object]

    def list(self, node: Ground) -> tuple[list[Ground], list[ox.Triple]]:
        """Return the members of a list, and the triples that state them."""
        cells: dict[Ground, tuple[ox.Triple, ox.Triple]] = {}
        while node in self._first and node in self._rest and node not in cells:
            cells[node] = self._first[node], self._rest[node]
            node = cells[node][1].object
        return [first.object for first, _ in cells.values()], [triple for cell in cells.values() for triple in cell]

    # ---- properties --------------------------------------------------------------------------------------------

    def _of_properties(self) -> Iterator[Rule]:
        for name, (predicate, make) in _BETWEEN.items():
            for t in self.by[predicate]:
                if t.subject != t.object or predicate == OWL + "inverseOf":
                    yield _rule(name, *make(t.subject, t.object), axioms=(t,))
        for name, (type_, of_subject) in _CHARACTERS.items():
            for t in self.types[type_]:
                made = _rule(name, *of_subject(t.subject), axioms=(t,))
                yield made
                if name == "prp-fp":
                    yield _clash(made)
        for t in self.owl("sameAs"):
            # Two names of a property (eq-rep-p); the closure replaces other equal things in the facts.
            yield _rule("eq-rep-p", *_implies(t.subject, t.object), axioms=(t,))
            yield _rule("eq-rep-p", *_implies(t.object, t.subject), axioms=(t,))
        for t in self.types[OWL + "AllDisjointProperties"]:
            for members in self._of["members"].get(t.subject, ()):
                properties, because = self.list(members.object)
                for first, second in combinations(properties, 2) if len(properties) <= FEW else ():
                    yield _rule(
                        "prp-adp", None, Atom(_X, first, _Y), Atom(_X, second, _Y), axioms=(t, members, *because)
                    )

    def _of_chains_and_keys(self) -> Iterator[Rule]:
        for t in self.by[OWL + "propertyChainAxiom"]:
            chain, because = self.list(t.object)
            nodes = [ox.Variable(f"x{index}") for index in range(len(chain) + 1)]
            body = [Atom(nodes[n], p, nodes[n + 1]) for n, p in enumerate(chain)]
            if body:
                head = Atom(nodes[0], t.subject, nodes[-1])
                yield _rule("prp-spo2", head, *body, axioms=(t, *because))
        for t in self.by[OWL + "hasKey"]:
            keys, because = self.list(t.object)
            body = [_is_a(_X, t.subject), _is_a(_Y, t.subject)]
            for n, key in enumerate(keys):
                value = ox.Variable(f"z{n}")
                body += [Atom(_X, key, value), Atom(_Y, key, value)]
            if keys:
                yield _rule("prp-key", Atom(_X, SAME_AS, _Y), *body, axioms=(t, *because))

    # ---- classes -----------------------------------------------------------------------------------------------

    def _of_classes(self) -> Iterator[Rule]:
        for t in self.by[OWL + "intersectionOf"]:
            members, because = self.list(t.object)
            axioms = (t, *because)
            if members:
                yield _rule("cls-int1", _is_a(_X, t.subject), *(_is_a(_X, m) for m in members), axioms=axioms)
            for member in members:
                yield _rule("cls-int2", _is_a(_X, member), _is_a(_X, t.subject), axioms=axioms)
        for t in self.by[OWL + "unionOf"]:
            members, because = self.list(t.object)
            for member in members:
                yield _rule("cls-uni", _is_a(_X, t.subject), _is_a(_X, member), axioms=(t, *because))
        for t in self.by[OWL + "oneOf"]:
            members, because = self.list(t.object)
            for member in members:
                yield _rule("cls-oo", _is_a(member, t.subject), axioms=(t, *because))
        for t in self.owl("complementOf"):
            yield _rule("cls-com", None, _is_a(_X, t.subject), _is_a(_X, t.object), axioms=(t,))
        for t in self.owl("disjointWith"):
            yield _rule("cax-dw", None, _is_a(_X, t.subject), _is_a(_X, t.object), axioms=(t,))
        for t in self.types[OWL + "AllDisjointClasses"]:
            for row in self._of["members"].get(t.subject, ()):
                members, because = self.list(row.object)
                for first, second in combinations(members, 2) if len(members) <= FEW else ():
                    yield _rule("cax-adc", None, _is_a(_X, first), _is_a(_X, second), axioms=(t, row, *because))
        yield _rule("cls-nothing2", None, _is_a(_X, NOTHING), axioms=())

    def _restrictions(self, name: str) -> Iterator["Restriction"]:
        """The class, property and filler of each restriction of a kind, and the triples that state it."""
        for t in self.by[OWL + name]:
            for on in self._of["onProperty"].get(t.subject, ()):
                yield t.subject, on.object, t.object, (t, on)

    def _of_restrictions(self) -> Iterator[Rule]:
        for class_, p, filler, axioms in self._restrictions("someValuesFrom"):
            if filler == THING:
                yield _rule("cls-svf2", _is_a(_X, class_), Atom(_X, p, _Y), axioms=axioms)
            else:
                yield _rule("cls-svf1", _is_a(_X, class_), Atom(_X, p, _Y), _is_a(_Y, filler), axioms=axioms)
        for class_, p, filler, axioms in self._restrictions("allValuesFrom"):
            yield _rule("cls-avf", _is_a(_Y, filler), _is_a(_X, class_), Atom(_X, p, _Y), axioms=axioms)
        for class_, p, value, axioms in self._restrictions("hasValue"):
            yield _rule("cls-hv1", Atom(_X, p, value), _is_a(_X, class_), axioms=axioms)
            yield _rule("cls-hv2", _is_a(_X, class_), Atom(_X, p, value), axioms=axioms)

    def _of_cardinalities(self) -> Iterator[Rule]:
        for class_, p, limit, axioms in self._restrictions("maxCardinality"):
            body = (_is_a(_X, class_), Atom(_X, p, _Y))
            if _is_number(limit, 0):
                yield _rule("cls-maxc1", None, *body, axioms=axioms)
            elif _is_number(limit, 1):
                made = _rule("cls-maxc2", Atom(_Y, SAME_AS, _Z), *body, Atom(_X, p, _Z), axioms=axioms)
                yield from (made, _clash(made))
        for class_, p, limit, axioms in self._restrictions("maxQualifiedCardinality"):
            for on in self._of["onClass"].get(class_, ()):
                any_ = on.object == THING
                types_y = () if any_ else (_is_a(_Y, on.object),)
                types_z = () if any_ else (_is_a(_Z, on.object),)
                body = (_is_a(_X, class_), Atom(_X, p, _Y))
                if _is_number(limit, 0):
                    yield _rule("cls-maxqc2" if any_ else "cls-maxqc1", None, *body, *types_y, axioms=(*axioms, on))
                elif _is_number(limit, 1):
                    name, head = "cls-maxqc4" if any_ else "cls-maxqc3", Atom(_Y, SAME_AS, _Z)
                    yield _rule(name, head, *body, *types_y, Atom(_X, p, _Z), *types_z, axioms=(*axioms, on))

    # ---- differences and negative assertions -------------------------------------------------------------------------

    def _of_difference(self) -> Iterator[Rule]:
        yield _rule("eq-diff1", None, Atom(_X, DIFFERENT_FROM, _Y), Atom(_X, SAME_AS, _Y), axioms=())
        for t in self.types[OWL + "AllDifferent"]:
            for name, rows in (("eq-diff2", self._of["members"]), ("eq-diff3", self._of["distinctMembers"])):
                for row in rows.get(t.subject, ()):
                    members, because = self.list(row.object)
                    if len(members) > FEW:
                        yield all_different(Excluded(name, tuple(members), (t, row, *because)))
                        continue
                    for first, second in combinations(members, 2):
                        yield _rule(name, None, Atom(first, SAME_AS, second), axioms=(t, row, *because))
        source, of = _grouped(self.by[OWL + "sourceIndividual"]), _grouped(self.by[OWL + "assertionProperty"])
        for name, kind in (("prp-npa1", "targetIndividual"), ("prp-npa2", "targetValue")):
            for t in self.by[OWL + kind]:
                for start in source.get(t.subject, ()):
                    for p in of.get(t.subject, ()):
                        fact = Atom(start.object, p.object, t.object)
                        yield _rule(name, None, fact, axioms=(start, p, t))

    def long_lists(self) -> Iterator[Excluded]:
        """The long lists of disjoint classes and properties."""
        for name, type_ in (("cax-adc", "AllDisjointClasses"), ("prp-adp", "AllDisjointProperties")):
            for t in self.types[OWL + type_]:
                for row in self._of["members"].get(t.subject, ()):
                    members, because = self.list(row.object)
                    if len(members) > FEW:
                        yield Excluded(name, tuple(members), (t, row, *because))

    # ---- the hierarchy of restrictions -------------------------------------------------------------------------------

    def _of_schema(self) -> Iterator[Rule]:
        """Rules from a restriction to a broader restriction, by axioms alone (scm-hv, scm-svf1/2, scm-avf1/2)."""
        above, properties = _Order(self._class_order()), _Order(self._property_order())
        declared: set[Ground] = {t.subject for name in (OWL, RDFS) for t in self.types[name + "Class"]}
        is_property: set[Ground] = {t.subject for name in _PROPERTIES for t in self.types[name]}
        kinds = {name: list(self._restrictions(name)) for name in ("hasValue", "someValuesFrom", "allValuesFrom")}
        pairs: set[tuple[Ground, Ground]] = set()
        grown = True
        while grown:
            grown = False
            for name, c1, c2, axioms in _below(kinds, above, properties, declared, is_property):
                if (c1, c2) not in pairs and c1 != c2:
                    pairs.add((c1, c2))
                    above.add(c1, c2, axioms)
                    grown = True
                    yield _rule(name, _is_a(_X, c2), _is_a(_X, c1), axioms=axioms)

    def _class_order(self) -> Iterator[tuple[Ground, Ground, tuple[ox.Triple, ...]]]:
        for t in self.by[RDFS + "subClassOf"]:
            yield t.subject, t.object, (t,)
        for t in self.by[OWL + "equivalentClass"]:
            yield t.subject, t.object, (t,)
            yield t.object, t.subject, (t,)
        for name in ("intersectionOf", "unionOf"):
            for t in self.by[OWL + name]:
                members, because = self.list(t.object)
                for member in members:
                    pair = (t.subject, member) if name == "intersectionOf" else (member, t.subject)
                    yield *pair, (t, *because)

    def _property_order(self) -> Iterator[tuple[Ground, Ground, tuple[ox.Triple, ...]]]:
        for t in self.by[RDFS + "subPropertyOf"]:
            yield t.subject, t.object, (t,)
        for t in self.by[OWL + "equivalentProperty"]:
            yield t.subject, t.object, (t,)
            yield t.object, t.subject, (t,)


Restriction = tuple[Ground, Ground, Ground, tuple[ox.Triple, ...]]


class _Order:
    """A hierarchy of terms, with the axioms that state it."""

    def __init__(self, pairs: Iterable[tuple[Ground, Ground, tuple[ox.Triple, ...]]]) -> None:
        self._up: dict[Ground, dict[Ground, tuple[ox.Triple, ...]]] = defaultdict(dict)
        for low, high, axioms in pairs:
            self.add(low, high, axioms)

    def add(self, low: Ground, high: Ground, axioms: tuple[ox.Triple, ...]) -> None:
        """Add that a term is directly below another."""
        self._up[low].setdefault(high, axioms)

    def above(self, low: Ground) -> dict[Ground, tuple[ox.Triple, ...]]:
        """Return all terms above a term, with the axioms on the way; the term itself only if axioms lead back to it."""
        higher: dict[Ground, tuple[ox.Triple, ...]] = {}
        row: list[tuple[Ground, tuple[ox.Triple, ...]]] = [(low, ())]
        for term, way in row:
            for high, axioms in self._up.get(term, {}).items():
                if high not in higher:
                    higher[high] = (*way, *axioms)
                    row.append((high, higher[high]))
        return higher


def _below(
    kinds: Mapping[str, list[Restriction]],
    classes: _Order,
    properties: _Order,
    declared: set[Ground],
    named: set[Ground],
) -> Iterator[tuple[str, Ground, Ground, tuple[ox.Triple, ...]]]:
    """The restrictions that are below others of their kind because their filler or their property is."""
    for kind, of_filler, of_property in (
        ("hasValue", "", "scm-hv"),
        ("someValuesFrom", "scm-svf1", "scm-svf2"),
        ("allValuesFrom", "scm-avf1", "scm-avf2"),
    ):
        if len(kinds[kind]) < 2:
            continue
        for c1, p1, filler, because in kinds[kind]:
            fillers, above = classes.above(filler), properties.above(p1)
            if filler in declared:
                fillers[filler] = ()
            if p1 in named:
                above[p1] = ()
            for c2, p2, filler2, why in kinds[kind]:
                if c1 == c2:
                    continue
                if of_filler and p1 == p2 and filler2 in fillers:
                    yield of_filler, c1, c2, (*because, *why, *fillers[filler2])
                if filler == filler2 and p2 in above:
                    pair = (c2, c1) if kind == "allValuesFrom" else (c1, c2)
                    yield of_property, *pair, (*because, *why, *above[p2])


def _grouped(triples: Iterable[ox.Triple]) -> dict[object, list[ox.Triple]]:
    groups: dict[object, list[ox.Triple]] = defaultdict(list)
    for triple in triples:
        groups[triple.subject].append(triple)
    return groups


def _is_number(term: Ground, number: int) -> bool:
    return isinstance(term, ox.Literal) and term.value.strip().lstrip("+0") in {str(number), "" if not number else "1"}


# ---- rules by kind of axiom ------------------------------------------------------------------------------------------

Made = tuple[Atom | None, *tuple[Atom, ...]]
"""A head and a body."""


def _implies(p: Ground, q: Ground) -> Made:
    return Atom(_X, q, _Y), Atom(_X, p, _Y)


def _inverts(p: Ground, q: Ground) -> Made:
    return Atom(_Y, q, _X), Atom(_X, p, _Y)


def _below_class(c: Ground, d: Ground) -> Made:
    return _is_a(_X, d), _is_a(_X, c)


_BETWEEN: Mapping[str, tuple[str, Callable[..., Made]]] = {
    "cax-sco": (RDFS + "subClassOf", _below_class),
    "cax-eqc1": (OWL + "equivalentClass", _below_class),
    "cax-eqc2": (OWL + "equivalentClass", lambda c, d: _below_class(d, c)),
    "prp-dom": (RDFS + "domain", lambda p, c: (_is_a(_X, c), Atom(_X, p, _Y))),
    "prp-rng": (RDFS + "range", lambda p, c: (_is_a(_Y, c), Atom(_X, p, _Y))),
    "prp-spo1": (RDFS + "subPropertyOf", _implies),
    "prp-eqp1": (OWL + "equivalentProperty", _implies),
    "prp-eqp2": (OWL + "equivalentProperty", lambda p, q: _implies(q, p)),
    "prp-inv1": (OWL + "inverseOf", _inverts),
    "prp-inv2": (OWL + "inverseOf", lambda p, q: _inverts(q, p)),
    "prp-pdw": (OWL + "propertyDisjointWith", lambda p, q: (None, Atom(_X, p, _Y), Atom(_X, q, _Y))),
}
"""The rules of an axiom between two terms."""

_CHARACTERS: Mapping[str, tuple[str, Callable[..., Made]]] = {
    "prp-symp": (OWL + "SymmetricProperty", lambda p: _inverts(p, p)),
    "prp-trp": (OWL + "TransitiveProperty", lambda p: (Atom(_X, p, _Z), Atom(_X, p, _Y), Atom(_Y, p, _Z))),
    "prp-fp": (OWL + "FunctionalProperty", lambda p: (Atom(_Y, SAME_AS, _Z), Atom(_X, p, _Y), Atom(_X, p, _Z))),
    "prp-ifp": (OWL + "InverseFunctionalProperty", lambda p: (Atom(_X, SAME_AS, _Y), Atom(_X, p, _Z), Atom(_Y, p, _Z))),
    "prp-irp": (OWL + "IrreflexiveProperty", lambda p: (None, Atom(_X, p, _X))),
    "prp-asyp": (OWL + "AsymmetricProperty", lambda p: (None, Atom(_X, p, _Y), Atom(_Y, p, _X))),
}
"""The rules of a characteristic of a property."""
