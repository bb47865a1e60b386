"""A rule's file, a SPARQL CONSTRUCT, as rules: as far as it is patterns of triples, paths, unions and filters.

What another one adds (with NOT EXISTS, OPTIONAL, BIND, a count …) follows only from a look at everything: it stays a
query. rdflib's parser says what a text means; since that takes longer than an edit may, what it says is remembered.
"""

import contextlib
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, count, product
from typing import Any, NamedTuple, cast

import pyoxigraph as ox

from kg.errors import OntologyError, TimedOut, first_line
from kg.guard import Limits, limited
from kg.rules import Atom, Condition, Path, Rule, Step, Term
from kg.sandbox import without_network
from kg.syntax import tokens, without_escapes

FILE = "rules.json"
_BY_CHANCE = {"RAND", "NOW", "UUID", "STRUUID", "BNODE"}


class Construct(NamedTuple):
    """What a rule's file means: rules, or where it is more than these can say, none, and what it looks at."""

    rules: tuple[Rule, ...]
    is_query: bool
    """Whether only a query over everything gives what it adds."""
    heads: tuple[Atom, ...] = ()
    """What it makes."""
    patterns: tuple[Atom, ...] = ()
    """What of its pattern a fact can show."""


class _Beyond(Exception):
    """A rule's file says more than rules can."""


def constructs(
    texts: Mapping[str, str],
    prefixes: Mapping[str, str],
    remembered: str | None = None,
    limits: Limits | None = None,
) -> tuple[dict[str, Construct], str]:
    """What the rules' files mean, by their names, and this as text, to be remembered.

    Raises OntologyError, and TimedOut or OutOfMemory where a rule goes over the limits.
    """
    known = _remembered(remembered, texts, prefixes)
    if known is None:
        known = {}
        for name, text in texts.items():
            with limited(called(name), limits):
                known[name] = _construct(name, text, prefixes)
    table = {"texts": dict(texts), "prefixes": dict(prefixes), "rules": {n: _written(c) for n, c in known.items()}}
    return known, json.dumps(table)


def called(name: str) -> str:
    """What a rule's file is called in a sentence."""
    return f"the rule {name} (rules/{name}.rq)"


def _construct(name: str, text: str, prefixes: Mapping[str, str]) -> Construct:
    _check(name, text, prefixes)
    try:
        head, where = _parsed(text, prefixes)
    except TimedOut:
        raise
    except Exception:  # noqa: BLE001 - pyparsing's, and rdflib's plain ones: what only Oxigraph understands is a query
        return Construct((), True)
    shown = tuple(chain.from_iterable(_shown(where)))
    try:
        conditions = tuple(_filters(text)) if _has_filters(where) else ()
        bodies = list(_bodies(where))
        heads = [atom for triple in head for atom in _atoms([triple])]
        rules = tuple(_rule(name, body, atom, conditions) for body in bodies for atom in heads)
    except _Beyond:
        return Construct((), True, tuple(chain.from_iterable(_sayable(head))), shown)
    return Construct(rules, False)


def select_of(text: str) -> str:
    """The query of what a rule's pattern matches."""
    rows = list(tokens(text))
    start = next(index for index, token in enumerate(rows) if token.text.upper() == "CONSTRUCT")
    if rows[start + 1].kind != "open":  # CONSTRUCT WHERE { … }
        return f"{text[: rows[start].start]} SELECT * {text[rows[start].end :]}"
    return f"{text[: rows[start].start]} SELECT * {text[_end(rows, start + 1) :]}"


def _check(name: str, text: str, prefixes: Mapping[str, str]) -> None:
    """Refuse what is no CONSTRUCT. Raises OntologyError."""
    try:
        is_construct = without_network(lambda: _is_construct(text, prefixes))
    except SyntaxError as error:
        reason = first_line(error)
        raise OntologyError(f"{called(name)} is not SPARQL: {reason}") from error
    except PermissionError as error:
        raise calls_out(name) from error
    except (ValueError, RuntimeError, OSError) as error:  # a function that is not known, say
        raise OntologyError(f"{called(name)} cannot be run: {error}") from error
    if not is_construct:
        raise OntologyError(f"{called(name)} must be a CONSTRUCT query")


def _is_construct(text: str, prefixes: Mapping[str, str]) -> bool:
    """Whether a text is a query that makes triples by a template: a DESCRIBE makes triples, too."""
    has_template = any(token.text.upper() == "CONSTRUCT" for token in tokens(text) if token.kind == "word")
    return isinstance(ox.Store().query(text, prefixes=dict(prefixes)), ox.QueryTriples) and has_template


def calls_out(name: str) -> OntologyError:
    """That a rule's file asks another server, which the closed network refused."""
    return OntologyError(f"{called(name)} asks another server by SERVICE, which no rule may")


def _parsed(text: str, prefixes: Mapping[str, str]) -> tuple[list[Any], Any]:
    """The triples that a rule makes, and its pattern, as rdflib's algebra has it."""
    from rdflib.plugins.sparql.algebra import translateQuery
    from rdflib.plugins.sparql.parser import parseQuery

    declared = "".join(f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in prefixes.items())
    with contextlib.redirect_stderr(io.StringIO()):  # what rdflib thinks of IRIs
        query = translateQuery(parseQuery(declared + text)).algebra
    pattern = query.p
    while pattern.name in {"Project", "SelectQuery"}:
        pattern = pattern.p
    template = query.template if query.template is not None else [t for rows in _triples(pattern) for t in rows]
    return list(template), pattern


def _triples(pattern: Any) -> Iterator[list[Any]]:
    if pattern.name == "BGP":
        yield list(pattern.triples)
    for part in ("p", "p1", "p2"):
        if isinstance(pattern.get(part), dict):
            yield from _triples(pattern[part])


def _shown(pattern: Any) -> Iterator[list[Atom]]:
    """The patterns of triples of a query that are no negation, as far as rules can say them."""
    for rows in _triples(pattern):
        yield from _sayable(rows)


def _sayable(triples: Iterable[Any]) -> Iterator[list[Atom]]:
    """Those of a query's triples that rules can say, with variables as properties too."""
    for triple in triples:
        try:
            yield list(_atoms([triple], variables=True))
        except _Beyond:
            continue


def _has_filters(pattern: Any) -> bool:
    return pattern.name == "Filter" or any(
        _has_filters(pattern[part]) for part in ("p", "p1", "p2") if isinstance(pattern.get(part), dict)
    )


def _bodies(pattern: Any, *, inside: bool = False) -> Iterator[tuple[Atom, ...]]:
    """The ways in which a pattern can hold. Filters are read from the text, so they must be those of the whole."""
    if pattern.name == "BGP":
        yield tuple(_atoms(pattern.triples))
    elif pattern.name == "Join":
        yield from (one + other for one, other in product(*(_bodies(pattern[p], inside=True) for p in ("p1", "p2"))))
    elif pattern.name == "Union":
        if any(map(_has_filters, (pattern.p1, pattern.p2))):
            raise _Beyond
        yield from _bodies(pattern.p1, inside=True)
        yield from _bodies(pattern.p2, inside=True)
    elif pattern.name == "Filter" and not inside:
        yield from _bodies(pattern.p, inside=True)
    else:
        raise _Beyond


def _filters(text: str) -> Iterator[Condition]:
    """The expressions of a text's filters."""
    rows = list(tokens(text))
    begin = next((token.start for token in rows if token.text.upper() == "CONSTRUCT"), 0)
    for index, token in enumerate(rows):
        if token.kind == "word" and token.text.upper() in {"EXISTS", *_BY_CHANCE}:
            raise _Beyond
        if token.kind == "word" and token.text.upper() == "FILTER":
            yield Condition(text[:begin], text[rows[index + 1].start : _end(rows, index + 1)])


def _end(rows: list[Any], index: int) -> int:
    """Where the brackets close that open at a token or behind it."""
    depth = 0
    for token in rows[index:]:
        depth += (token.kind == "open") - (token.kind == "close")
        if depth == 0 and token.kind == "close":
            return int(token.end)
    raise _Beyond


def _rule(name: str, body: tuple[Atom, ...], head: Atom, conditions: tuple[Condition, ...]) -> Rule:
    """A rule, whose head and whose paths of no length have what they need."""
    bound = {t for a in body for t in (a.subject, a.object) if not _may_be_empty(a)}
    ends = {t for a in body for t in (a.subject, a.object) if _may_be_empty(a) and isinstance(t, ox.Variable)}
    needed = {t for t in (head.subject, head.object) if isinstance(t, ox.Variable)}
    joined = all(a.subject in bound or a.object in bound for a in body if _may_be_empty(a))
    if isinstance(head.predicate, Path) or not joined or not needed <= bound | ends:
        raise _Beyond
    return Rule((name,), body, head, (), conditions)


def _may_be_empty(atom: Atom) -> bool:
    """Whether a path joins each thing with itself too."""
    return isinstance(atom.predicate, Path) and 0 in atom.predicate.ends


def _atoms(triples: Iterable[Any], *, variables: bool = False) -> Iterator[Atom]:
    import rdflib

    for subject, predicate, obj in triples:
        is_variable = variables and isinstance(predicate, rdflib.Variable)
        yield Atom(_term(subject), _term(predicate) if is_variable else _predicate(predicate), _term(obj))


def _term(term: Any) -> Term:
    import rdflib

    if isinstance(term, rdflib.Variable):
        return ox.Variable(str(term))
    if isinstance(term, rdflib.BNode):  # in a pattern it is a variable that nobody asks for
        return ox.Variable(f"blank_{re.sub(r'[^A-Za-z0-9]', '_', str(term))}")
    if isinstance(term, rdflib.URIRef):
        return _named(term)
    try:
        return _parse_term(term.n3())
    except (ValueError, SyntaxError):  # what only Oxigraph understands
        raise _Beyond from None


def _named(iri: str) -> ox.NamedNode:
    try:
        return ox.NamedNode(without_escapes(iri))
    except ValueError:  # what only Oxigraph understands
        raise _Beyond from None


def _predicate(term: Any) -> ox.NamedNode | Path:
    import rdflib
    from rdflib.paths import Path as RdflibPath

    if isinstance(term, rdflib.URIRef):
        return _named(term)
    if isinstance(term, RdflibPath):
        steps: list[Step] = []
        numbers = count(1)
        end = _automaton(term, 0, steps, numbers)
        return _without_empty_steps(steps, end)
    raise _Beyond


_EMPTY = ox.NamedNode("urn:empty")


def _automaton(path: Any, start: int, steps: list[Step], numbers: Iterator[int], *, backwards: bool = False) -> int:
    """Add a path's steps from a state; the state in which it ends (Thompson's construction)."""
    import rdflib
    from rdflib import paths

    end = next(numbers)
    if isinstance(path, rdflib.URIRef):
        steps.append(Step(start, _named(path), backwards, end))
    elif isinstance(path, paths.SequencePath):
        here = start
        for part in reversed(path.args) if backwards else path.args:
            here = _automaton(part, here, steps, numbers, backwards=backwards)
        steps.append(Step(here, _EMPTY, False, end))
    elif isinstance(path, paths.AlternativePath):
        for part in path.args:
            steps.append(Step(_automaton(part, start, steps, numbers, backwards=backwards), _EMPTY, False, end))
    elif isinstance(path, paths.InvPath):
        steps.append(Step(_automaton(path.arg, start, steps, numbers, backwards=not backwards), _EMPTY, False, end))
    elif isinstance(path, paths.MulPath):
        inside = next(numbers)
        steps.append(Step(start, _EMPTY, False, inside))
        last = _automaton(path.path, inside, steps, numbers, backwards=backwards)
        steps.append(Step(last, _EMPTY, False, end))
        if path.mod in {"*", "?"}:
            steps.append(Step(inside, _EMPTY, False, end))
        if path.mod in {"*", "+"}:
            steps.append(Step(last, _EMPTY, False, inside))
    else:
        raise _Beyond
    return end


def _without_empty_steps(steps: list[Step], end: int) -> Path:
    """The automaton with each empty step taken at once."""
    reach: dict[int, set[int]] = {}
    states = {0, end} | {state for step in steps for state in (step.start, step.end)}
    for state in states:
        found, stack = {state}, [state]
        while stack:
            here = stack.pop()
            more = {s.end for s in steps if s.start == here and s.property == _EMPTY} - found
            found |= more
            stack += more
        reach[state] = found
    kept = {0} | {step.end for step in steps if step.property != _EMPTY}
    real = [step for step in steps if step.property != _EMPTY]
    joined = {Step(s, step.property, step.backwards, step.end) for s in kept for step in real if step.start in reach[s]}
    return Path(tuple(sorted(joined, key=str)), frozenset(s for s in kept if end in reach[s]))


# ---- remembering ------------------------------------------------------------------------------------------------


def _remembered(text: str | None, texts: Mapping[str, str], prefixes: Mapping[str, str]) -> dict[str, Construct] | None:
    """What was remembered, where it is of the same texts."""
    try:
        table = json.loads(text or "{}")
        if table.get("texts") != dict(texts) or table.get("prefixes") != dict(prefixes):
            return None
        return {name: _read(name, row) for name, row in table["rules"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, SyntaxError, RecursionError):
        return None


def _written(construct: Construct) -> list[Any]:
    rules = [[list(map(_row, r.body)), r.head and _row(r.head), list(map(list, r.conditions))] for r in construct.rules]
    return [rules, construct.is_query, list(map(_row, construct.heads)), list(map(_row, construct.patterns))]


def _row(atom: Atom) -> list[Any]:
    p = atom.predicate
    if not isinstance(p, Path):
        return [str(atom.subject), str(p), str(atom.object)]
    steps = [[step.start, str(step.property), step.backwards, step.end] for step in p.steps]
    return [str(atom.subject), [steps, sorted(p.ends)], str(atom.object)]


def _read(name: str, row: list[Any]) -> Construct:
    rules, is_query, heads, patterns = row
    found = tuple(
        Rule((name,), tuple(map(_atom, body)), _atom(head), (), tuple(Condition(*one) for one in c))
        for body, head, c in rules
    )
    return Construct(found, is_query, tuple(map(_atom, heads)), tuple(map(_atom, patterns)))


def _atom(row: list[Any]) -> Atom:
    subject, path, obj = row
    if isinstance(path, str):
        return Atom(*map(_parse_term, (subject, path, obj)))
    steps = tuple(Step(start, ox.NamedNode(p[1:-1]), back, end) for start, p, back, end in path[0])
    return Atom(_parse_term(subject), Path(steps, frozenset(path[1])), _parse_term(obj))


def _parse_term(text: str) -> Term:
    if text.startswith("?"):
        return ox.Variable(text[1:])
    (quad,) = ox.parse(f"<urn:s> <urn:p> {text} .", ox.RdfFormat.TURTLE)
    return cast("Term", quad.object)
