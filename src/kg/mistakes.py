"""What a query may have meant: terms that occur nowhere, and what they are probably a slip of.

A typing error in a property's name is no error in SPARQL: the query just matches nothing. So where an answer is empty,
or a term in a namespace of the vault is unheard of, that is said.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import pyoxigraph as ox

from kg.syntax import Token, tokens
from kg.terms import ONTOLOGY, RDF, RDFS, SKOS, XSD, encode_path, prefixed

if TYPE_CHECKING:
    from kg.naming import Asked

_TYPE = ox.NamedNode(RDF + "type")
_PREFERRED, _ALTERNATIVE = (ox.NamedNode(SKOS + name) for name in ("prefLabel", "altLabel"))
_LABEL = ox.NamedNode(RDFS + "label")
_DEFAULT = ox.DefaultGraph()
_ONTOLOGY = ox.NamedNode(ONTOLOGY[1:-1])
_LOCAL = re.compile(r"\w[\w-]*\Z")
_NEAR = 70
_SOME = 3
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f"}


class Written(NamedTuple):
    """A term that a query matches, with how it is written there."""

    text: str
    term: ox.NamedNode | ox.Literal
    is_class: bool
    """Whether it stands after `a`."""


def unheard_of(
    text: str,
    store: "Asked",
    prefixes: Mapping[str, str],
    is_empty: Callable[[], bool],
    given: Iterable[object] = (),
) -> list[str]:
    """Sentences on the terms of a query, and on the IRIs given to it, that occur nowhere, or nowhere in the notes.

    Whether the answer is empty is asked only where there is something to say. Where it is not, only what is very like
    a known term is told of.
    """
    unknown: list[tuple[str, bool]] = []
    for one in dict.fromkeys([*_matched(text, prefixes), *_given(given, prefixes)]):
        if next(_occurrences(store, one.term), None) is None:
            like = _near(one, store, prefixes)
            unknown.append((f"{one.text} occurs nowhere{f'; did you mean {like}?' if like else ''}", bool(like)))
        elif isinstance(one.term, ox.NamedNode) and _only_declared(store, one):
            said = f"nothing is a {one.text} yet" if one.is_class else f"{one.text} is declared, but nothing states it"
            unknown.append((said, False))
    empty = bool(unknown) and is_empty()
    return [sentence for sentence, likely in unknown if empty or likely][:_SOME]


def _given(values: Iterable[object], prefixes: Mapping[str, str]) -> Iterator[Written]:
    """The IRIs among what parameters are bound to; other values need not occur to be compared with what does."""
    for node in values:
        if isinstance(node, ox.NamedNode):
            prefix, local = prefixed(node.value, prefixes)
            yield Written(f"<{local}>" if prefix is None else f"{prefix}:{local}", node, is_class=False)


def _occurrences(store: "Asked", term: ox.NamedNode | ox.Literal) -> Iterator[ox.Quad]:
    yield from store.find(None, None, term, None)
    if isinstance(term, ox.NamedNode):
        yield from store.find(term, None, None, None)
        yield from store.find(None, term, None, None)
        yield from store.find(None, None, None, term)


def _only_declared(store: "Asked", one: Written) -> bool:
    """Whether a class or property of the ontology is used by nothing outside it, and does not describe it either."""
    declared = one.term != _ONTOLOGY and any(True for _ in store.find(one.term, _TYPE, None, _ONTOLOGY))
    if not declared or any(True for _ in store.find(None, one.term, None, _ONTOLOGY)):
        return False
    predicate, obj = (_TYPE, one.term) if one.is_class else (one.term, None)
    uses = store.find(None, predicate, obj, _DEFAULT)  # the first that the ontology does not say is enough
    return all(_is_told(store, quad) for quad in uses)


def _is_told(store: "Asked", quad: ox.Quad) -> bool:
    """Whether the ontology says this."""
    return next(store.find(quad.subject, quad.predicate, quad.object, _ONTOLOGY), None) is not None


def _matched(text: str, prefixes: Mapping[str, str]) -> Iterator[Written]:
    """The IRIs that a query uses and the texts that its patterns match; not what it makes, nor what functions take."""
    declared, skipped = dict(prefixes), _template(text)
    found = list(tokens(text))
    depth = 0
    for number, token in enumerate(found):
        before = found[number - 1] if number else None
        after = found[number + 1] if number + 1 < len(found) else None
        if token.text in "()" and token.kind in {"open", "close"}:
            depth += 1 if token.text == "(" else -1
        if before and before.text.upper() in {"PREFIX", "BASE"}:
            if token.kind == "name" and after:
                declared[token.text[:-1]] = after.text[1:-1]
            continue
        if number > 1 and found[number - 2].text.upper() == "PREFIX":
            continue
        called = after is not None and after.text == "(" and after.start == token.end
        if token.start in skipped or called or text[: token.start].endswith("^^"):
            continue
        term = _term(token, declared, text, literal=depth == 0)
        if term is not None and not (isinstance(term, ox.NamedNode) and term.value.startswith(XSD)):
            yield Written(token.text, term, before is not None and before.text == "a")


def _template(text: str) -> range:
    """Where what a CONSTRUCT makes is written."""
    depth, start = 0, None
    constructs = False
    for token in tokens(text):
        if token.kind == "word" and depth == 0:
            if token.text.upper() == "WHERE":
                break
            constructs = constructs or token.text.upper() == "CONSTRUCT"
        if token.text == "{":
            start = token.start if depth == 0 and constructs and start is None else start
            depth += 1
        elif token.text == "}":
            depth -= 1
            if depth == 0 and start is not None:
                return range(start, token.end)
    return range(0)


def _term(token: Token, prefixes: Mapping[str, str], text: str, *, literal: bool) -> ox.NamedNode | ox.Literal | None:
    try:
        if token.kind == "iri":
            return ox.NamedNode(token.text[1:-1])
        if token.kind == "name":
            prefix, _, local = token.text.partition(":")
            known = prefix in prefixes and prefix != "_"
            return ox.NamedNode(prefixes[prefix] + local.replace("\\", "")) if known else None
    except ValueError:
        return None
    if token.kind == "string" and literal and not text[token.end :].startswith(("@", "^^")):
        return ox.Literal(_unescaped(token.text.strip(token.text[0])))
    return None


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    pieces = iter(text.split("\\"))
    out = next(pieces)
    for piece in pieces:
        out += _ESCAPES.get(piece[:1], piece[:1]) + piece[1:]
    return out


def _near(one: Written, store: "Asked", prefixes: Mapping[str, str]) -> str | None:
    """What is known that is most like a term, as a query would write it."""
    if isinstance(one.term, ox.Literal):
        labels = [quad.object for p in (_PREFERRED, _ALTERNATIVE) for quad in store.find(None, p, None, _DEFAULT)]
        found = near(one.term.value, {label.value for label in labels if isinstance(label, ox.Literal)})
        return f'"{found}"' if found else None
    prefix, _, local = one.text.partition(":")
    space = prefixes.get(prefix)
    if space is None or one.text.startswith("<"):
        return None
    found = near(local, set(_names(store, space, one.is_class)))
    return f"{prefix}:{found}" if found else _elsewhere(local, prefixes, store)


def _elsewhere(local: str, prefixes: Mapping[str, str], store: "Asked") -> str | None:
    """The same name with another prefix."""
    for prefix, space in prefixes.items():
        term = ox.NamedNode(space + encode_path(local))
        if next(_occurrences(store, term), None) is not None:
            return f"{prefix}:{local}"
    return None


def _names(store: "Asked", space: str, is_class: bool) -> Iterator[str]:
    """The names in a namespace: of classes where one is looked for, else of all that is declared and of notes."""
    predicates: Sequence[ox.NamedNode] = (_LABEL,) if is_class else (_LABEL, _PREFERRED)
    for predicate in predicates:
        for quad in store.find(None, predicate, None, _DEFAULT):
            found = quad.subject.value if isinstance(quad.subject, ox.NamedNode) else ""
            if found.startswith(space) and _LOCAL.match(found, len(space)):
                yield found[len(space) :]


def near(text: str, known: Iterable[str]) -> str | None:
    """The one of the known names that a text is probably a slip of."""
    from rapidfuzz import process

    found = process.extractOne(text, sorted(known), score_cutoff=_NEAR, processor=str.casefold)
    return str(found[0]) if found else None
