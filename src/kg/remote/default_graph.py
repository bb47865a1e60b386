"""Query rewriting for a server without a default graph: a named graph takes its role.

The SPARQL protocol can name that graph in a request (`default-graph-uri`). A conforming server then has no named
graphs, and no GRAPH clause matches. So the whole pattern goes into a GRAPH clause for that graph; a nested GRAPH clause
keeps its graph.
"""

from itertools import count, pairwise

from kg.rdf.sparql_syntax import pattern_span, tokens

_MODIFIERS = {"SELECT", "DISTINCT", "REDUCED"}


def within(text: str, graph: str) -> str | None:
    """Put the whole pattern of a query into a GRAPH clause for a graph, `<iri>`; return None if that is impossible.

    It is impossible if the query names its graphs, is a DESCRIBE query, or has only a template, which allows no GRAPH.
    """
    span = pattern_span(text)
    if not span:
        return None
    start, end = span
    before = [token.text.upper() for token in tokens(text) if token.kind in {"word", "open"} and token.end < start]
    if {"FROM", "DESCRIBE"} & set(before) or ("CONSTRUCT" in before and "{" not in before):
        return None
    return f"{text[:start]} GRAPH {graph} {{{text[start:end]}\n}} {text[end:]}"


def graphs_by_variables(text: str) -> str:
    """Replace each graph name in a GRAPH clause by a variable that is bound to the name.

    With a default graph in the request, Virtuoso still matches all named graphs for a variable, but none for a name. A
    query that selects all variables (`*`) stays unchanged.
    """
    words = list(tokens(text))
    if any(first.text.upper() in _MODIFIERS and second.text == "*" for first, second in pairwise(words)):
        return text
    used, names = {token.text[1:] for token in words if token.kind == "variable"}, (f"graph{n}" for n in count())
    pieces, copied = [], 0
    for word, graph, brace in zip(words, words[1:], words[2:], strict=False):
        if word.text.upper() == "GRAPH" and graph.kind in {"iri", "name"} and brace.text == "{":
            name = next(name for name in names if name not in used)
            pieces.append(f"{text[copied : word.start]}BIND({graph.text} AS ?{name}) GRAPH ?{name} ")
            copied = brace.start
    return "".join(pieces) + text[copied:]
