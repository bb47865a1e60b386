"""RDF terms as N-Triples text, and the namespaces of the vocabulary.

A term is its N-Triples text (`<https://…>`, `"…"^^<…>`): cheap to make, to compare and to write, and the same on every
machine. Every IRI from outside is either percent-encoded in `iris` (paths, names, fragments) or checked by the store's
own parser (addresses).
"""

import re

from kg.core.text import SURROGATE

XSD = "http://www.w3.org/2001/XMLSchema#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
OWL = "http://www.w3.org/2002/07/owl#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
SH = "http://www.w3.org/ns/shacl#"
KG = "https://w3id.org/concept-notes#"

RDF_TYPE = f"<{RDF}type>"
INFERRED = f"<{KG}inferred>"
ONTOLOGY = f"<{KG}ontology>"
METRICS = f"<{KG}metrics>"
IP_LITERAL = re.compile(r"((?:[^@\[\]]*@)?)(\[[0-9A-Za-z:._~!$&'()*+,;=-]+\](?::[0-9]*)?)\Z")
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\0": "\ufffd"})
NON_BYTE_SURROGATE = re.compile("[\ud800-\udc7f\udd00-\udfff]")


def iri(value: str) -> str:
    """An IRI as a term; the caller ensures that it is valid."""
    return f"<{value}>"


def literal(text: str, datatype: str = "") -> str:
    """A literal as a term; `datatype` is the local name of an XSD datatype, empty for a plain string."""
    if not text.isascii():
        text = SURROGATE.sub("\ufffd", text)
    quoted = f'"{text.translate(_ESCAPES)}"'
    return f"{quoted}^^<{XSD}{datatype}>" if datatype else quoted


Row = tuple[str, str, str]
