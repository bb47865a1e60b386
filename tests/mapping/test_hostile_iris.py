"""Addresses and names that are no IRIs: every term is one that RDF takes."""

import json
from pathlib import Path

import pyoxigraph as ox
import pytest

from helpers.hostile import opened, write_many
from kg.ingestion.pipeline import ingest


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/x y",
        "http://a.example/<>",
        "http://a.example/%zz",
        'http://a.example/"{}|\\^`',
        "http://a.example/[x]",
        "http://a.example/#a#b",
        "http://a.example/\u202e",
        "http://[::1",
        "http://a b/",
        "http://@@/",
        "http://",
        "http:",
        "javascript:alert(1)",
        "data:text/html,<script>",
        "http://a.example:99999999/",
        pytest.param("http://a.example:\u0663/"),
        "a:b:c",
        "%",
        "\\",
        "http://a.example/\x7f",
    ],
)
@pytest.mark.sample(5)
def test_no_address_stops_an_ingest(vault: Path, url: str) -> None:
    (vault / "Links.md").write_text(
        f"---\nsource: \"{url}\"\nid: '{url}'\n---\n{url}\n[x](<{url}>) <{url}> [[{url}]] ![[{url}]] [source:: {url}]\n\n# {url}\n",
        encoding="utf-8",
    )
    report = ingest(opened(vault))
    assert report.summary["notes"] == 2
    assert len(report.store) > 0


EVIL = (
    "a b", "<", ">", '"', "{}", "|", "\\", "^", "`", "%zz", "%", "[ ]", "a> <p> <o> . <x", "\x00", "\x7f", "\u00a0", "\u2028", "\u202e", "\ufffe", "\U0010ffff", "\ud800",
    "/etc/passwd", "../../x", "//host/x", "http:", "http://", "javascript:x", "_:b", "?x", "#", "##", "~2", "'''", "\\u0041", "\\U00110000", "${x}", "%s", "{0}", "a" * 5_000,
)  # fmt: skip


@pytest.mark.parametrize("evil", EVIL, ids=lambda text: repr(text[:16]))
@pytest.mark.sample(10)
def test_what_a_note_says_never_breaks_a_term(vault: Path, evil: str) -> None:
    raw = evil.encode("utf-8", "surrogatepass") if evil != "\ud800" else b"\\ud800"
    said = raw.decode("utf-8")
    quoted = json.dumps(said, ensure_ascii=False)
    text = (
        f"---\nid: {quoted}\naliases: [{quoted}]\ntype: {quoted}\ntags: [{quoted}]\nauthor: {quoted}\n{quoted}: {quoted}\nbroader: {quoted}\n---\n"
        f"# {said}\n\n[[{said}]] [[Good#{said}]] [[Good#^{said}]] ![[{said}.png]] [x](<{said}>) #{said} #a/{said} [{said}:: {said}] by #{said} ^{said}\n\n"
        f"# Resources\n\n- {said} - {said}\n- [{said}](https://a.example/{said})\n\n# Outcomes\n\n- {said}\n"
    )
    (vault / "Evil.md").write_bytes(text.encode("utf-8"))
    report = ingest(opened(vault))
    assert report.summary["notes"] == 2
    lines = report.store.nquads()
    quads = list(ox.parse("\n".join(lines), ox.RdfFormat.N_QUADS))
    assert len(quads) == len(lines)
    for quad in quads:
        assert not any(isinstance(term, ox.BlankNode) for term in quad)
        assert "\0" not in str(quad)


def test_every_line_of_a_hostile_vault_is_valid_n_quads(vault: Path) -> None:
    write_many(
        vault,
        lambda number: f'---\nid: \'x y<{number}>\'\n---\n# <a> "b" \\ {{c}}\n[[<d> {number}]] #e{number} <f>:: "g"\n',
    )
    lines = ingest(opened(vault)).store.nquads()
    assert len(list(ox.parse("\n".join(lines), ox.RdfFormat.N_QUADS))) == len(lines)
