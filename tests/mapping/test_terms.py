"""Whatever a note says, its terms are ones that the store takes; an address that is none is a finding at its line."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from helpers.vaults import Write
from kg.cli.commands import kg as cli
from kg.config import load
from kg.core.errors import ConfigError
from kg.rdf.terms import SKOS
from kg.store.store import Store


def run(vault: Path, command: str, *arguments: str) -> Result:
    return CliRunner().invoke(cli, [command, str(vault), "--store", str(vault.parent / "store"), *arguments])


def found(vault: Path, code: str) -> list[str]:
    """The findings of a code."""
    done = run(vault, "validate", "--severity", "info")
    assert done.exit_code in {0, 1}, done.output
    lines = (line.removeprefix(f"{vault}/") for line in done.stdout.splitlines())
    return [line for line in lines if line.endswith(f"[{code}]")]


WRONG = ("http://[00]/a", "xx://[1::2::3]", "http://[12345::]/", "http://a.example:x/", "http://[fe80::1%25eth0]/", "ftp://a@b@c/")  # fmt: skip
PLACES = {
    "a link": "Text, [a page]({}).\n",
    "an image": "\n![a picture]({})\n",
    "an autolink": "Text, <{}>.\n",
    "an item with an author": "\n- [a page]({}) - Ann Lee\n",
    "an item of a class": "# Outcomes\n\n- [a]({})\n",
    "an inline field": "Source:: [a]({})\n",
    "a property": '---\nsource: "{}"\n---\nText.\n',
    "a nested property": '---\nmore: [a, {{deep: "{}"}}]\n---\nText.\n',
    "an author": '---\nauthor: "{}"\n---\nText.\n',
    "a wikilink": "Text.\n\n[[{}]]\n",
    "a table": "| a |\n| - |\n| <{}> |\n",
}


@pytest.mark.slow
def test_an_address_that_is_none_is_a_finding(write: Write) -> None:
    """In every place where an address can stand; nothing is stated of it, and all else is read."""
    notes = {f"{place} {n}.md": text.format(url) for place, text in PLACES.items() for n, url in enumerate(WRONG)}
    vault = write({**notes, "other.md": "[kept](https://[2001:db8::1]:8443/b)\n"})
    assert run(vault, "ingest").exit_code == 0
    findings = found(vault, "L25")
    for path, text in notes.items():
        url = next(url for url in WRONG if url in text)
        line = text.count("\n", 0, text.index(url)) + 1
        (finding,) = [one for one in findings if one.startswith(f"{path}:")]
        assert finding.startswith(f"{path}:{line}:"), finding
        assert f": warning: “{url[:-1]}" in finding and "” is not a valid web address" in finding
    quads = Store(vault.parent / "store").nquads()
    assert not any("no-address" in quad for quad in quads)
    assert any("<https://[2001:db8::1]:8443/b>" in quad for quad in quads)
    titles = [quad for quad in quads if f"<{SKOS}prefLabel>" in quad and quad.endswith(".md> .")]
    assert {path.removesuffix(".md") for path in notes} <= {quad.split('"')[1] for quad in titles}


def test_an_id_that_is_no_iri_is_a_finding(write: Write) -> None:
    vault = write({"n.md": "---\nid: http://a.example:x/\n---\n", "other.md": "[[n]]\n"})
    assert run(vault, "ingest").exit_code == 0
    assert found(vault, "L25") == ["n.md:2:5: warning: the id “http://a.example:x/” is not a valid IRI [L25]"]
    assert '<https://notes.example/n> <https://notes.example/#property/id> "http://a.example:x/"' in "".join(
        Store(vault.parent / "store").nquads()
    )


def test_a_canvas_may_hold_what_is_no_address(write: Write) -> None:
    nodes = ('{"id":"a","type":"link","url":"http://[00]/"}', '{"id":"b","type":"link","url":"\\ud800x://a"}',
             '{"id":"c","type":"file","file":"\\ud800.md"}', '{"id":"d","type":"text","text":"<http://[0]/>"}')  # fmt: skip
    edge = '{"id":"e","fromNode":"a","toNode":"c","label":"\\udc00"}'
    vault = write({"c.canvas": f'{{"nodes":[{",".join(nodes)}],"edges":[{edge}]}}', "n.md": "[[c.canvas]]\n"})
    assert run(vault, "ingest").exit_code == 0
    assert len(found(vault, "L25")) == 3


@pytest.mark.parametrize("base", ["http://[00]/", "http://a b/", "https://a.example/\u2028/", "x://[::/"])
def test_a_base_that_is_no_iri_is_refused(write: Write, base: str) -> None:
    vault = write({"n.md": "Text.\n", "kg.toml": f'base = "{base}"\n'})
    with pytest.raises(ConfigError, match="“base” must be an absolute IRI"):
        load(vault, cwd=vault)
