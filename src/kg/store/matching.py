"""Match the quads of a database: the one place that calls Oxigraph's `quads_for_pattern`.

Oxigraph 0.5 finds a pattern's quads on disk as a range of keys, and sets the end of that range too far if the last byte
of the pattern's key is 0xFF. That happens if the pattern ends with a literal that is stored by value: for 255, it also
returns the quads of 256 to 510, and for -1 those of any decimal. SPARQL compares the terms again, except at the end of
a property path (docs/asking.md, “A known limit”).
"""

from collections.abc import Iterator

import pyoxigraph as ox

from kg.rdf.canonical import canonical
from kg.rdf.vocabulary import GraphName, Term


def matching(
    database: ox.Store,
    subject: ox.NamedNode | ox.BlankNode | ox.Triple | None,
    predicate: ox.NamedNode | None,
    obj: Term | None,
    graph: GraphName | None,
) -> Iterator[ox.Quad]:
    """Return the quads that match a pattern, in no particular order; None matches any term.

    Raises OSError or RuntimeError if a block of the database is damaged.
    """
    quads = database.quads_for_pattern(subject, predicate, obj, graph)
    if not isinstance(obj, ox.Literal):
        return quads
    return (quad for quad in quads if quad.object == obj or quad.object == canonical(obj))
