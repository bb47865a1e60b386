"""The text of notes on pages: as it is written, and harmless whatever it contains."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import kg
from helpers.clients import ingested, serving

NOTES = {
    "Plain.md": """---
type: Outcome
aliases: [Simple]
due: 2026-06-30
---
# First
*em* **strong** ~~del~~ ==mark== `code` [web](https://example.org/) <https://example.org/two> #area/one

- [ ] open
- [x] done

| a | b |
| --- | ---: |
| 1 | 2 |

> [!warning]- Careful
> Inside.

```python
print("x < y")
```

$\\frac{a}{b}$ and $$x^2$$

See [[Other]], [[Other#Part|there]], [[Gone]], ![[map.png]], ![[Other]] and [the file](data.csv).[^1]

[^1]: A footnote.
""",
    "Ünder/100 % sure, or not? (a+b).md": "A name. See [[100 % sure, or not? (a+b)#x]].\n# A & b? #\nText.\n",
    "Other.md": "# Part\nThe other *text*. See [[Plain]].\n",
    "map.png": "not a picture",
    "data.csv": "a,b\n",
    "Hostile.md": """# <img src=x onerror=alert(1)>
<script>alert(1)</script><style>body{display:none}</style><iframe src="https://evil.example/"></iframe>
<a href="javascript:alert(1)">one</a> <a href="data:text/html,x">two</a> [three](javascript:alert(1)) [[x|<b onclick=alert(1)>]]
<img src="https://evil.example/pixel.png"> <img src="//evil.example/x"> ![x](https://evil.example/y.png)
<svg onload=alert(1)><script>alert(1)</script></svg> <math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>
<div style="position:fixed" id="main" class="top">fake</div> <form action="https://evil.example/"><input name=q></form>
</article></main></body> <!-- <script>alert(1)</script> --> <p onmouseover=alert(1)>text</p>
<b>bold</b> <details open><summary>s</summary>t</details> <meta http-equiv=refresh content="0;url=https://evil.example/">

```"><script>alert(1)</script>
code</pre><script>alert(1)</script>
```

> [!"><script>alert(1)</script>] title

$\\href{javascript:alert(1)}{x}$ $\\text{<script>alert(1)</script>}$
""",
    "Bomb.md": "$" + "{" * 1_500 + "x" + "}" * 1_500 + "$\n\n$" + "\\frac{a}{" * 200 + "b" + "}" * 200 + "$\n",
    "Circle.md": "Here ![[Circle]] and ![[Round]]\n",
    "Round.md": "There ![[Circle]]\n",
}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A server of the notes."""
    with serving(ingested(tmp_path_factory.mktemp("pages"), NOTES)) as client:
        yield client


def text_of(pages: TestClient, path: str) -> str:
    """The text of a note's page."""
    answer = pages.get(path)
    assert answer.status_code == 200
    return answer.text.partition('<div class="text">')[2].partition('<section id="backlinks">')[0]


def test_a_note_is_shown_as_it_is_written(pages: TestClient) -> None:
    text = text_of(pages, "/thing/Plain")
    for piece in (
        '<h2 id="text-First">First</h2>',
        "<em>em</em> <strong>strong</strong> <del>del</del> <mark>mark</mark> <code>code</code>",
        '<a class="out" href="https://example.org/" rel="noopener noreferrer">web</a>',
        '<span class="box">☐</span><span class="hidden">to do</span> open',
        '<span class="box">☑</span><span class="hidden">done</span> done',
        '<th class="to-right">b</th>',
        '<details class="callout callout-warning"><summary>Careful</summary>',
        '<pre class="code"><code><span class="c-nb">print</span>',
        "<mfrac>",
        '<math display="block"',
        '<a class="resolved" href="/thing/Other" rel="noopener noreferrer">Other</a>',
        '<a class="resolved" href="/thing/Other?part=Part" rel="noopener noreferrer">there</a>',
        'class="missing"',
        '<img src="/files/map.png" alt="map.png" loading="lazy"',
        '<div class="embedded">',
        '<a class="file" href="/files/data.csv" rel="noopener noreferrer">the file</a>',
        '<div class="footnote"><sup>1</sup> ',
    ):
        assert piece in text, piece


def test_a_hostile_note_does_no_harm(pages: TestClient) -> None:
    html = pages.get("/thing/Hostile").text
    text = text_of(pages, "/thing/Hostile")
    elements = set(re.findall(r"<([a-zA-Z]+)", text))
    assert not elements & {
        "script",
        "style",
        "iframe",
        "form",
        "input",
        "meta",
        "svg",
        "object",
        "embed",
        "main",
        "body",
    }
    assert not re.search(r"<[^>]*\s(?:on\w+|style|id=.main)\s*=", text)
    addresses = re.findall(r'\s(?:href|src)="([^"]*)"', text)
    assert all(address.startswith(("/", "https://evil.example/y.png")) for address in addresses), addresses
    assert not re.search(r"<img[^>]*evil", text)
    assert 'class="top"' not in text
    assert "<b>bold</b>" in text and "<summary>s</summary>" in text
    assert html.count("<main") == html.count("</main>") == 1


def test_a_formula_that_is_a_bomb_is_shown_as_it_is_written(pages: TestClient) -> None:
    assert '<code class="math' in text_of(pages, "/thing/Bomb")


def test_notes_that_embed_each_other_end(pages: TestClient) -> None:
    assert text_of(pages, "/thing/Circle").count('class="embedded"') < 10


def test_what_was_inferred_has_its_reason_below_it(pages: TestClient) -> None:
    html = pages.get("/thing/Plain").text
    assert "<dt>due</dt>" in html and "Plain.md:4" in html
    assert '<a class="chip kind-1" href="/list?class=Outcome">Outcome</a>' in html


def test_backlinks_have_their_sentence(pages: TestClient) -> None:
    html = pages.get("/thing/Plain").text.partition('id="backlinks"')[2]
    assert "See Plain." in html and "Other.md:2" in html


@pytest.mark.parametrize("address", ["/thing?name=Simple", "/thing?iri=https://notes.example/Plain", "/thing/Plain"])
def test_a_thing_is_found_by_name_iri_and_path(pages: TestClient, address: str) -> None:
    assert "<h1>Plain</h1>" in pages.get(address).text


def test_every_link_of_a_page_leads_somewhere(pages: TestClient) -> None:
    seen, waiting = set[str](), ["/", "/list"]
    while waiting:
        address = waiting.pop()
        if address in seen or len(seen) > 150:
            continue
        seen.add(address)
        answer = pages.get(address)
        assert answer.status_code == 200, address
        if "html" in answer.headers["Content-Type"]:
            found = re.findall(r'<a[^>]*\shref="(/[^"#]*)', answer.text)
            waiting += [unescape(link) for link in found if not link.startswith("/files/")]
    assert any("100%20%25%20sure" in address for address in seen)


@pytest.mark.parametrize(
    ("address", "status"),
    [("/thing?name=Nobody", 404), ("/thing/No/such", 404), ("/thing", 404), ("/list?class=Nothing", 404),
     ("/list?has=x", 404), ("/list?has=due%3Dnever", 404), ("/static/0/site.css", 404), ("/static/0/..%2Fx.css", 404)],
)  # fmt: skip
def test_what_is_not_there_is_said(pages: TestClient, address: str, status: int) -> None:
    answer = pages.get(address)
    assert answer.status_code == status and "Traceback" not in answer.text


def test_a_list_is_narrowed_down_by_its_links(pages: TestClient) -> None:
    html = pages.get("/list?class=Outcome").text
    assert 'href="/thing/Plain"' in html and 'href="/thing/Other"' not in html.partition("<aside")[0]
    address = re.search(r'href="(/list\?class=Outcome&amp;has=[^"]*due[^"]*)"', html)
    assert address is None or pages.get(address[1].replace("&amp;", "&")).status_code == 200
    tagged = pages.get("/list?has=tagged%3D%23area%2Fone").text
    assert 'href="/thing/Plain"' in tagged


def test_a_search_finds_names_and_places(pages: TestClient) -> None:
    html = pages.get("/search?q=simple").text
    assert "By name" in html and 'href="/thing/Plain"' in html
    assert "<mark>" in pages.get("/search?q=text").text
    assert "<script>" not in pages.get("/search?q=%3Cscript%3Ealert(1)%3C/script%3E").text.partition("<main")[2]


def test_a_page_is_not_sent_twice(pages: TestClient) -> None:
    first = pages.get("/thing/Plain")
    again = pages.get("/thing/Plain", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_files_of_the_pages_can_be_kept(pages: TestClient) -> None:
    home = pages.get("/").text
    for address in re.findall(r'(?:href|src)="(/static/[^"]*)"', home):
        answer = pages.get(address)
        assert answer.status_code == 200 and "immutable" in answer.headers["Cache-Control"]


def test_names_are_suggested_as_someone_types(pages: TestClient) -> None:
    rows = pages.get("/api/names", params={"q": "sim"}).json()["names"]
    assert rows[0]["name"] == "Plain" and rows[0]["also"] == "Simple" and rows[0]["page"] == "/thing/Plain"


def test_the_built_files_are_those_of_the_sources() -> None:
    from hashlib import sha256

    folder = Path(kg.__file__).parent / "server" / "web"
    for line in (folder / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert sha256((folder / name).read_bytes()).hexdigest() == digest, f"{name}: cd web && node build.mjs"
