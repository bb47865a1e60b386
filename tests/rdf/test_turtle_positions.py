"""The positions of triples in Turtle: at each, the text is the object that Oxigraph parsed there."""

import pyoxigraph as ox
import pytest

from helpers.vaults import ROOT
from kg.rdf.turtle_positions import offset_in_literal, positions

NIL = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#nil")
HEAD = "@prefix e: <http://e/> . @base <http://base/> .\nPREFIX x: <http://x#>\n"
TEXTS = [
    "e:s e:p [ e:q 1 ; e:r [ e:s 2 , 3 ] ] , ( 1 [ e:t 4 ] ( 5 ) ( ( 6 ) 7 ) ) ; e:z () , ( ( 8 ) ) , ( () 1 ).",
    "[ e:u 1 ] e:v 2 . ( 1 2 ) e:w 3 . () e:w 4 . ( [ e:a 5 ] ( 6 ) ) e:w 7 . [ e:only 8 ] .",
    'e:s e:p ( "a" e:b "c" [ e:q "d" ; e:r "e" ] ) , "f" ; e:q "g" . e:t e:p ( "h"@en-GB "i"^^e:x "j" ) , [ e:q "k" ] .',
    'e:s.t a e:C ; . _:n e:p _:m , <rel>, true,-1.5e3,[] ; e:l """long "quote" ; # no comment\n . \'\'\' """ , \'b\\\' .\' .',
    "# a comment with e:s e:p 1 .\nBASE <http://b/> e:s# c\n e:p# c\n 1 . @prefix y: <http://y/> . y:s y:p\\,q 2 .",
]


def parsed(text: str) -> list[ox.Triple]:
    return [quad.triple for quad in ox.parse(text, ox.RdfFormat.TURTLE, base_iri="http://base/")]


def check(text: str) -> None:
    triples = parsed(text)
    found = positions(text, triples)
    assert found.keys() == set(triples)
    for triple, at in found.items():
        written, obj = text[at.start : at.end], triple.object
        if isinstance(obj, ox.BlankNode):
            assert written[:1] in "[(" or written.startswith("_:") or triple.predicate.value.endswith("rest")
        elif isinstance(obj, ox.NamedNode):
            assert written in {"(", ")", "a"} or obj.value[-1] == written.strip("<>")[-1]
        elif isinstance(obj, ox.Literal):
            assert written.strip("\"'") == obj.value or "\\" in written or written[:3] in {'"""', "'''"}
        subject = text[at.subject : at.subject + 1]
        is_cell = at.subject == at.predicate or triple.subject == NIL
        assert is_cell or (subject in "[(_") == isinstance(triple.subject, ox.BlankNode)


@pytest.mark.parametrize("text", TEXTS)
def test_each_triple_has_its_position(text: str) -> None:
    check(HEAD + text)


def test_the_files_of_this_project() -> None:
    for file in (ROOT / "ontology").glob("*.ttl"):
        check(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "text",
    ["e:s e:p << e:a e:b e:c >> .", "e:s e:p 1 {| e:q 2 |} .", "e:s e:p " + "[ e:p " * 900 + "1" + " ]" * 900 + " ."],
)
def test_a_notation_that_is_not_read_has_no_positions(text: str) -> None:
    assert positions(HEAD + text, parsed(HEAD + text)) == {}


def test_an_offset_in_a_literal_with_escapes() -> None:
    text = HEAD + r'e:s e:p "a\"\u00e9\\\U0001F319b" , """x"y""" .'
    (first, second) = positions(text, parsed(text)).values()
    places = {text[offset_in_literal(text, one, index)] for one, index in ((first, 2), (second, 1))}
    ends = [offset_in_literal(text, one, len(literal.object.value) - 1) for one, literal in
            ((at, triple) for triple, at in positions(text, parsed(text)).items()) if isinstance(literal.object, ox.Literal)]  # fmt: skip
    assert len(places) == 2
    assert sorted(text[end] for end in ends) == ["b", "y"]
