"""Content negotiation, as RFC 9110 has it (section 12.5.1)."""

import pytest

from kg.server.answers import GRAPHS
from kg.server.negotiation import Offer, chosen, prefers_html

OFFERS = (
    Offer("json", ("application/sparql-results+json", "application/json")),
    Offer("xml", ("application/xml",)),
    Offer("csv", ("text/csv",)),
)


@pytest.mark.parametrize(("accept", "name", "media_type"), [
    (None, "json", "application/sparql-results+json"), ("", "json", "application/sparql-results+json"),
    ("*/*", "json", "application/sparql-results+json"), ("text/*", "csv", "text/csv"), ("application/*", "json", "application/sparql-results+json"),
    ("application/json", "json", "application/json"), ("APPLICATION/XML", "xml", "application/xml"),
    ("text/csv;q=0.9, application/xml;q=0.8", "csv", "text/csv"), ("text/csv;q=0.8, application/xml;q=0.9", "xml", "application/xml"),
    ("text/csv, application/xml", "xml", "application/xml"), ("*/*;q=0.1, text/csv;q=0.2", "csv", "text/csv"),
    ("text/csv; charset=utf-8; q=0.5, application/xml; q=0.4", "csv", "text/csv"), ("application/*;q=0.5, application/xml;q=0", "json", "application/sparql-results+json"),
    ("application/sparql-results+json;q=0, application/xml;q=0, */*", "csv", "text/csv"), ("nonsense, text/csv", "csv", "text/csv"),
    ("text/csv;q=2, application/xml", "xml", "application/xml"), ("text/csv;q=nan, application/xml", "xml", "application/xml"),
    (",,;q=1,text/csv", "csv", "text/csv"), ("text/html, */*;q=0.8", "json", "application/sparql-results+json"),
])  # fmt: skip
def test_the_best_offer(accept: str | None, name: str, media_type: str) -> None:
    choice = chosen(accept, OFFERS)
    assert choice is not None
    assert (choice[0].name, choice[1]) == (name, media_type)


@pytest.mark.parametrize(
    "accept",
    ["text/html", "image/*", "*/*;q=0", "text/csv;q=0, text/html", "nonsense", "/", "text/", "*/csv", "text/csv;q=-1"],
)
def test_no_offer(accept: str) -> None:
    assert chosen(accept, OFFERS) is None


def test_browsers_prefer_pages_and_readers_of_rdf_do_not() -> None:
    assert prefers_html("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", GRAPHS)
    for accept in (
        "*/*",
        None,
        "",
        "text/turtle, text/html;q=0.1, */*;q=0.5",
        "application/n-quads,application/trig;q=0.95,text/html;q=0.2,*/*;q=0.1",
    ):
        assert not prefers_html(accept, GRAPHS)
