"""The same query put otherwise, for a server that has no default graph of its own: a named graph stands for it.

SPARQL's protocol would have the name of that graph sent along (`default-graph-uri`), but where it is, a server that
keeps to the protocol has no named graphs any more, so that no GRAPH finds anything. So the whole pattern is asked of
that graph, and a GRAPH in it of its own.
"""

from itertools import count, pairwise

from kg.syntax import tokens

_MODIFIERS = {"SELECT", "DISTINCT", "REDUCED"}


def pattern_span(text: str) -> tuple[int, int] | None:
    """Where a query's pattern begins and ends, inside its braces; None where it has none."""
    depth, start = 0, -1
    where = construct = template_seen = False
    for token in tokens(text):
        if token.kind == "word" and depth == 0:
            construct = construct or token.text.upper() == "CONSTRUCT"
            where = where or token.text.upper() == "WHERE"
        if token.kind == "open":
            if depth == 0 and token.text == "{" and start < 0:
                start = token.end if where or not construct or template_seen else -1
                template_seen = True
            depth += 1
        elif token.kind == "close":
            depth -= 1
            if depth == 0 and start >= 0:
                return start, token.start
    return None


def within(text: str, graph: str) -> str | None:
    """A query of which the whole pattern is asked of a graph, `<iri>`; None where it cannot be put so.

    That is where the query names its graphs itself, describes, or has but a template, in which GRAPH has no place.
    """
    found = pattern_span(text)
    if not found:
        return None
    start, end = found
    before = [token.text.upper() for token in tokens(text) if token.kind in {"word", "open"} and token.end < start]
    if {"FROM", "DESCRIBE"} & set(before) or ("CONSTRUCT" in before and "{" not in before):
        return None
    return f"{text[:start]} GRAPH {graph} {{{text[start:end]}\n}} {text[end:]}"


def graphs_by_variables(text: str) -> str:
    """A query that names no graph where it says GRAPH, but binds a variable to it.

    Virtuoso, told of a default graph, still has all named graphs for a variable, but none for a name. Where all
    variables are asked for, the query stays as it is.
    """
    found = list(tokens(text))
    if any(one.text.upper() in _MODIFIERS and two.text == "*" for one, two in pairwise(found)):
        return text
    used, names = {token.text[1:] for token in found if token.kind == "variable"}, (f"graph{n}" for n in count())
    pieces, at = [], 0
    for word, graph, brace in zip(found, found[1:], found[2:], strict=False):
        if word.text.upper() == "GRAPH" and graph.kind in {"iri", "name"} and brace.text == "{":
            name = next(name for name in names if name not in used)
            pieces.append(f"{text[at : word.start]}BIND({graph.text} AS ?{name}) GRAPH ?{name} ")
            at = brace.start
    return "".join(pieces) + text[at:]
