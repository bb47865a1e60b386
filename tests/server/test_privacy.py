"""`--private-tag`: the private notes are in no answer, page, file, header or description."""

import re
from html import unescape
from pathlib import Path
from urllib.parse import quote

import pytest

from helpers.clients import ingested, serving

CANARY = "zinnober"
NOTES = {
    "Open.md": f"# Open\n\nSee [[{CANARY}]] and [[{CANARY} wanted]], and read {CANARY} twice.\n",
    f"{CANARY}.md": f"---\ntags: [private]\nrating: 5\n---\n# {CANARY}\n\n{CANARY} utters [[Missing {CANARY}]]. ![[{CANARY}.png]]\n",
    f"{CANARY}.png": CANARY,
}
EVERYTHING = "SELECT * { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }"
NOTE = f"https://notes.example/{CANARY}"


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    return ingested(tmp_path, NOTES)


def test_the_canary_is_nowhere(vault: Path) -> None:
    addresses = [
        "/", "/sparql", "/.well-known/void", "/store", "/store?default", f"/store?graph={quote(NOTE)}.md", "/store/Open.md",
        f"/store/{CANARY}.md", f"/files/{CANARY}.png", f"/files/{CANARY}.md", "/sparql?query=" + quote(EVERYTHING),
        "/sparql?query=" + quote(f"SELECT ?s {{ ?s ?p <{NOTE}> }}"),
        "/sparql?query=" + quote('SELECT (kg:textContext(n:Open, "read twice") AS ?line) {}'),
        "/sparql?query=" + quote('SELECT (kg:textScore(n:Open, "zinnober") AS ?score) {}'),
        "/query?query=" + quote(EVERYTHING), "/query?query=" + quote("SELECT ?s { ?s kg:linksTo ?o }"), "/query/orphans",
        "/query?query=" + quote('SELECT (kg:textContext(n:Open, "read twice") AS ?line) {}'), "/query/things?class=Note",
        "/table", "/table?columns=note,links,backlinks,rating", "/table?format=csv", "/api/vocabulary",
    ]  # fmt: skip
    with serving(vault, private_tags=("private",)) as client:
        for address in addresses:
            answer = client.get(address, headers={"Accept": "*/*"})
            said = answer.text + str(answer.headers)
            assert CANARY not in said.replace(address, "").replace(NOTE, ""), address
        private = 'SELECT (kg:textContext(?note, "utters") AS ?line) { VALUES ?note { n:zinnober } }'
        assert client.get("/sparql", params={"query": private}).status_code == 403


def test_the_canary_is_on_no_page(vault: Path) -> None:
    """Follow every link from the first page, and look for the canary by every way that an address can name it."""
    waiting = ["/", "/list", f"/search?q={CANARY}", f"/api/names?q={CANARY}", f"/thing?name={CANARY}", "/thing/Open"]
    waiting += [f"/thing/{CANARY}", f"/thing?iri={quote(NOTE)}", f"/list?folder={CANARY}", f"/list?class={CANARY}"]
    seen = set[str]()
    with serving(vault, private_tags=("private",)) as client:
        while waiting and len(seen) < 200:
            address = waiting.pop()
            if address in seen:
                continue
            seen.add(address)
            answer = client.get(address)
            assert answer.status_code < 500, (address, answer.text)
            said = unescape(answer.text) + str(answer.headers)
            assert CANARY not in said or CANARY in address, address
            assert "utters" not in said and "rating" not in said, address
            if "html" in answer.headers["Content-Type"]:
                waiting += [unescape(link) for link in re.findall(r'<a[^>]*\shref="(/[^"#]*)', answer.text)]
    assert len(seen) > 10


def test_without_the_option_the_notes_are_served(vault: Path) -> None:
    with serving(vault) as client:
        assert CANARY in client.get("/sparql", params={"query": EVERYTHING}).text
