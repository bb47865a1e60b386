"""Compile rule files: a SPARQL CONSTRUCT of triple patterns, paths, unions and filters becomes rules.

The triples of any other file (with NOT EXISTS, OPTIONAL, BIND, a count …) depend on the whole dataset, so it stays a
query. rdflib parses the texts. That takes longer than an edit may, so its result is cached.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import chain, count, product
from typing import Any, NamedTuple, cast

import pyoxigraph as ox

from kg.core.errors import OntologyError, TimedOut, first_line
from kg.core.limits import Limits, limited
from kg.core.sandbox import without_network
from kg.rdf.rdflib_terms import rdflib_silent
from kg.rdf.sparql_syntax import tokens, without_escapes
from kg.reasoning.rules import Atom, Condition, Path, PathStep, Rule, Term

_BY_CHANCE = {"RAND", "NOW", "UUID", "STRUUID", "BNODE"}


class Construct(NamedTuple):
    """A compiled rule file: its rules or, if rules cannot express it, no rules and the patterns that it reads."""

    rules: tuple[Rule, ...]
    is_query: bool
    """Whether only a query over the whole dataset yields its triples."""
    heads: tuple[Atom, ...] = ()
    """The triple patterns of its template."""
    patterns: tuple[Atom, ...] = ()
    """The triple patterns of its WHERE clause that a fact can match."""


class _NotExpressible(Exception):
    """Rules cannot express the rule file."""


def constructs(
    texts: Mapping[str, str],
    prefixes: Mapping[str, str],
    remembered: str | None = None,
    limits: Limits | None = None,
) -> tuple[dict[str, Construct], str]:
    """Compile rule files; return the results by file name, and the same as text for the cache.

    Raises OntologyError, and TimedOut or OutOfMemory if a rule exceeds the limits.
    """
    compiled = _remembered(remembered, texts, prefixes)
    if compiled is None:
        compiled = {}
        for name, text in texts.items():
            with limited(display_name(name), limits):
                compiled[name] = _construct(name, text, tuple(prefixes.items()))
    table = {"texts": dict(texts), "prefixes": dict(prefixes), "rules": {n: _written(c) for n, c in compiled.items()}}
    return compiled, json.dumps(table)


def display_name(name: str) -> str:
    """Return the name of a rule file for a sentence."""
    return f"the rule {name} (rules/{name}.rq)"


@lru_cache(maxsize=100)
def _construct(name: str, text: str, declared: tuple[tuple[str, str], ...]) -> Construct:
    """Compile a rule file; a long process compiles the same text once."""
    prefixes = dict(declared)
    _check(name, text, prefixes)
    try:
        head, where = _parsed(text, prefixes)
    except TimedOut:
        raise
    except Exception:  # noqa: BLE001 - pyparsing's, and rdflib's plain ones: a text that only Oxigraph parses is a query
        return Construct((), True)
    patterns = tuple(chain.from_iterable(_shown(where)))
    try:
        conditions = tuple(_filters(text)) if _has_filters(where) else ()
        bodies = list(_bodies(where))
        heads = [atom for triple in head for atom in _atoms([triple])]
        rules = tuple(_rule(name, body, atom, conditions) for body in bodies for atom in heads)
    except _NotExpressible:
        return Construct((), True, tuple(chain.from_iterable(_sayable(head))), patterns)
    return Construct(rules, False)


def select_of(text: str) -> str:
    """Return the SELECT query of a rule's pattern."""
    rows = list(tokens(text))
    start = next(index for index, token in enumerate(rows) if token.text.upper() == "CONSTRUCT")
    if rows[start + 1].kind != "open":  # CONSTRUCT WHERE { … }
        return f"{text[: rows[start].start]} SELECT * {text[rows[start].end :]}"
    return f"{text[: rows[start].start]} SELECT * {text[_end(rows, start + 1) :]}"


def _check(name: str, text: str, prefixes: Mapping[str, str]) -> None:
    """Check that a text is a CONSTRUCT query. Raises OntologyError."""
    try:
        is_construct = without_network(lambda: _is_construct(text, prefixes))
    except SyntaxError as error:
        reason = first_line(error)
        raise OntologyError(f"{display_name(name)} is not SPARQL: {reason}") from error
    except PermissionError as error:
        raise service_refused(name) from error
    except (ValueError, RuntimeError, OSError) as error:  # an unknown function, for example
        raise OntologyError(f"{display_name(name)} cannot be run: {error}") from error
    if not is_construct:
        raise OntologyError(f"{display_name(name)} must be a CONSTRUCT query")


def _is_construct(text: str, prefixes: Mapping[str, str]) -> bool:
    """Whether a text is a query with a template for triples: a DESCRIBE returns triples, too."""
    has_template = any(token.text.upper() == "CONSTRUCT" for token in tokens(text) if token.kind == "word")
    return isinstance(ox.Store().query(text, prefixes=dict(prefixes)), ox.QueryTriples) and has_template


def service_refused(name: str) -> OntologyError:
    """The error for a rule file that calls another server, which the closed network refused."""
    return OntologyError(f"{display_name(name)} asks another server with SERVICE, which a rule must not do")


def _parsed(text: str, prefixes: Mapping[str, str]) -> tuple[list[Any], Any]:
    """Return the template of a rule and its pattern, in rdflib's algebra."""
    from rdflib.plugins.sparql.algebra import translateQuery
    from rdflib.plugins.sparql.parser import parseQuery

    declared = "".join(f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in prefixes.items())
    with rdflib_silent():
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
    """The triple patterns of a query outside negations, as far as rules can express them."""
    for rows in _triples(pattern):
        yield from _sayable(rows)


def _sayable(triples: Iterable[Any]) -> Iterator[list[Atom]]:
    """The triple patterns of a query that rules can express, including variables as properties."""
    for triple in triples:
        try:
            yield list(_atoms([triple], variables=True))
        except _NotExpressible:
            continue


def _has_filters(pattern: Any) -> bool:
    return pattern.name == "Filter" or any(
        _has_filters(pattern[part]) for part in ("p", "p1", "p2") if isinstance(pattern.get(part), dict)
    )


def _bodies(pattern: Any, *, inside: bool = False) -> Iterator[tuple[Atom, ...]]:
    """The alternatives of a pattern. Filters are read from the text, so they must apply to the whole pattern."""
    if pattern.name == "BGP":
        yield tuple(_atoms(pattern.triples))
    elif pattern.name == "Join":
        yield from (left + right for left, right in product(*(_bodies(pattern[p], inside=True) for p in ("p1", "p2"))))
    elif pattern.name == "Union":
        if any(map(_has_filters, (pattern.p1, pattern.p2))):
            raise _NotExpressible
        yield from _bodies(pattern.p1, inside=True)
        yield from _bodies(pattern.p2, inside=True)
    elif pattern.name == "Filter" and not inside:
        yield from _bodies(pattern.p, inside=True)
    else:
        raise _NotExpressible


def _filters(text: str) -> Iterator[Condition]:
    """The filter expressions of a text."""
    rows = list(tokens(text))
    begin = next((token.start for token in rows if token.text.upper() == "CONSTRUCT"), 0)
    for index, token in enumerate(rows):
        if token.kind == "word" and token.text.upper() in {"EXISTS", *_BY_CHANCE}:
            raise _NotExpressible
        if token.kind == "word" and token.text.upper() == "FILTER":
            yield Condition(text[:begin], text[rows[index + 1].start : _end(rows, index + 1)])


def _end(rows: list[Any], index: int) -> int:
    """Return the end of the brackets that open at a token or after it."""
    depth = 0
    for token in rows[index:]:
        depth += (token.kind == "open") - (token.kind == "close")
        if depth == 0 and token.kind == "close":
            return int(token.end)
    raise _NotExpressible


def _rule(name: str, body: tuple[Atom, ...], head: Atom, conditions: tuple[Condition, ...]) -> Rule:
    """Build a rule. Raises _Beyond if its head has an unbound variable, or a possibly empty path no bound end."""
    bound = {t for a in body for t in (a.subject, a.object) if not _may_be_empty(a)}
    ends = {t for a in body for t in (a.subject, a.object) if _may_be_empty(a) and isinstance(t, ox.Variable)}
    needed = {t for t in (head.subject, head.object) if isinstance(t, ox.Variable)}
    joined = all(a.subject in bound or a.object in bound for a in body if _may_be_empty(a))
    if isinstance(head.predicate, Path) or not joined or not needed <= bound | ends:
        raise _NotExpressible
    return Rule((name,), body, head, (), conditions)


def _may_be_empty(atom: Atom) -> bool:
    """Whether a path may be empty, so that it also joins each thing with itself."""
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
    if isinstance(term, rdflib.BNode):  # in a pattern, a blank node is an unnamed variable
        return ox.Variable(f"blank_{re.sub(r'[^A-Za-z0-9]', '_', str(term))}")
    if isinstance(term, rdflib.URIRef):
        return _named(term)
    try:
        return _parse_term(term.n3())
    except (ValueError, SyntaxError):  # only Oxigraph understands it
        raise _NotExpressible from None


def _named(iri: str) -> ox.NamedNode:
    try:
        return ox.NamedNode(without_escapes(iri))
    except ValueError:  # only Oxigraph understands it
        raise _NotExpressible from None


def _predicate(term: Any) -> ox.NamedNode | Path:
    import rdflib
    from rdflib.paths import Path as RdflibPath

    if isinstance(term, rdflib.URIRef):
        return _named(term)
    if isinstance(term, RdflibPath):
        steps: list[PathStep] = []
        numbers = count(1)
        end = _automaton(term, 0, steps, numbers)
        return _without_empty_steps(steps, end)
    raise _NotExpressible


_EMPTY = ox.NamedNode("urn:empty")


def _automaton(path: Any, start: int, steps: list[PathStep], numbers: Iterator[int], *, backwards: bool = False) -> int:
    """Add the steps of a path from a state; return its end state (Thompson's construction)."""
    import rdflib
    from rdflib import paths

    end = next(numbers)
    if isinstance(path, rdflib.URIRef):
        steps.append(PathStep(start, _named(path), backwards, end))
    elif isinstance(path, paths.SequencePath):
        state = start
        for part in reversed(path.args) if backwards else path.args:
            state = _automaton(part, state, steps, numbers, backwards=backwards)
        steps.append(PathStep(state, _EMPTY, False, end))
    elif isinstance(path, paths.AlternativePath):
        for part in path.args:
            steps.append(PathStep(_automaton(part, start, steps, numbers, backwards=backwards), _EMPTY, False, end))
    elif isinstance(path, paths.InvPath):
        steps.append(PathStep(_automaton(path.arg, start, steps, numbers, backwards=not backwards), _EMPTY, False, end))
    elif isinstance(path, paths.MulPath):
        inside = next(numbers)
        steps.append(PathStep(start, _EMPTY, False, inside))
        last = _automaton(path.path, inside, steps, numbers, backwards=backwards)
        steps.append(PathStep(last, _EMPTY, False, end))
        if path.mod in {"*", "?"}:
            steps.append(PathStep(inside, _EMPTY, False, end))
        if path.mod in {"*", "+"}:
            steps.append(PathStep(last, _EMPTY, False, inside))
    else:
        raise _NotExpressible
    return end


def _without_empty_steps(steps: list[PathStep], end: int) -> Path:
    """Return the automaton without its empty steps."""
    reach: dict[int, set[int]] = {}
    states = {0, end} | {state for step in steps for state in (step.start, step.end)}
    for state in states:
        reached, stack = {state}, [state]
        while stack:
            current = stack.pop()
            more = {s.end for s in steps if s.start == current and s.property == _EMPTY} - reached
            reached |= more
            stack += more
        reach[state] = reached
    kept = {0} | {step.end for step in steps if step.property != _EMPTY}
    real = [step for step in steps if step.property != _EMPTY]
    joined = {
        PathStep(s, step.property, step.backwards, step.end) for s in kept for step in real if step.start in reach[s]
    }
    return Path(tuple(sorted(joined, key=str)), frozenset(s for s in kept if end in reach[s]))


# ---- the cache -------------------------------------------------------------------------------------------------------


def _remembered(text: str | None, texts: Mapping[str, str], prefixes: Mapping[str, str]) -> dict[str, Construct] | None:
    """Return the cached rules, or None if they are of other texts or prefixes."""
    try:
        table = json.loads(text or "{}")
        if table.get("texts") != dict(texts) or table.get("prefixes") != dict(prefixes):
            return None
        return {name: _read(name, row) for name, row in table["rules"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, SyntaxError, RecursionError):
        return None


def _written(construct: Construct) -> list[Any]:
    rules = [
        [list(map(_row, r.body)), r.head and _row(r.head), [list(c) for c in r.conditions if isinstance(c, Condition)]]
        for r in construct.rules
    ]
    return [rules, construct.is_query, list(map(_row, construct.heads)), list(map(_row, construct.patterns))]


def _row(atom: Atom) -> list[Any]:
    p = atom.predicate
    if not isinstance(p, Path):
        return [str(atom.subject), str(p), str(atom.object)]
    steps = [[step.start, str(step.property), step.backwards, step.end] for step in p.steps]
    return [str(atom.subject), [steps, sorted(p.ends)], str(atom.object)]


def _read(name: str, row: list[Any]) -> Construct:
    rules, is_query, heads, patterns = row
    compiled = tuple(
        Rule((name,), tuple(map(_atom, body)), _atom(head), (), tuple(Condition(*condition) for condition in c))
        for body, head, c in rules
    )
    return Construct(compiled, is_query, tuple(map(_atom, heads)), tuple(map(_atom, patterns)))


def _atom(row: list[Any]) -> Atom:
    subject, path, obj = row
    if isinstance(path, str):
        return Atom(*map(_parse_term, (subject, path, obj)))
    steps = tuple(PathStep(start, ox.NamedNode(p[1:-1]), back, end) for start, p, back, end in path[0])
    return Atom(_parse_term(subject), Path(steps, frozenset(path[1])), _parse_term(obj))


def _parse_term(text: str) -> Term:
    if text.startswith("?"):
        return ox.Variable(text[1:])
    (quad,) = ox.parse(f"<urn:s> <urn:p> {text} .", ox.RdfFormat.TURTLE)
    return cast("Term", quad.object)
