"""What must hold of every note and every vault, whatever stands in them; Hypothesis looks for the one where it does not."""

import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random, SystemRandom
from urllib.parse import unquote

import pyoxigraph as ox
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

import kg
from helpers.drawing import IS_NEW, examples
from helpers.note_parts import blocks_of, lines_of
from helpers.strategies import bodies, notes, plain_notes, vaults
from kg.config import Config
from kg.core.text import Source, Span, UndecodableError, nfc, one_line
from kg.ingestion.pipeline import ingest
from kg.mapping import structural_terms
from kg.mapping.link_resolution import Index
from kg.mapping.ontology import Ontology, load_ontology
from kg.mapping.statements import Reader, Statements
from kg.notes.frontmatter import read
from kg.notes.markdown import parse
from kg.notes.model import Block, Field, Line, Link, Note, Tag, Value
from kg.notes.vault import Vault
from kg.rdf.iris import Names, encode_part, encode_path, encode_url
from kg.rdf.terms import KG, literal
from kg.store.store import Store

# More of them for a long hunt: KG_EXAMPLES=5000 pytest tests/notes/test_properties.py
EXAMPLES = int(os.environ.get("KG_EXAMPLES", "150"))
BASE = "https://notes.example/"
relaxed = settings(deadline=None, suppress_health_check=list(HealthCheck))
thorough = settings(relaxed, max_examples=examples(EXAMPLES))
few = settings(relaxed, max_examples=examples(12))
any_text = st.one_of(notes, st.text(max_size=200))


@cache
def ontology() -> Ontology:
    return load_ontology(Config(Path(), Path(), Path()))


def note_of(text: str, path: str = "Note one.md") -> Note:
    return parse(path, text.encode("utf-8"))


def body_links(note: Note) -> list[Link]:
    return [link for line in lines_of(note) for link in line.links]


def all_tags(note: Note) -> list[Tag]:
    return [tag for line in lines_of(note) for tag in line.tags]


def all_fields(note: Note) -> list[Field]:
    return [field for line in lines_of(note) for field in line.fields]


def all_values(note: Note) -> Iterator[Value]:
    stack = [prop.value for prop in note.properties]
    while stack:
        value = stack.pop()
        yield value
        stack.extend(value.children)


def exact(note: Note, span: Span) -> str:
    """The text of a span, which must lie in the note and not cut a character in two."""
    assert 0 <= span.start <= span.end <= len(note.source.data)
    return note.source.data[span.start : span.end].decode("utf-8", "strict")


# ---- reading never fails ------------------------------------------------------------------------------------------


@pytest.mark.slow
@thorough
@given(any_text)
def test_every_text_is_a_note(text: str) -> None:
    note = note_of(text)
    assert note.source.text == text.removeprefix("\ufeff")


@thorough
@given(
    st.one_of(
        st.binary(max_size=100),
        notes.map(lambda text: text.encode("utf-16")),
        notes.map(lambda text: text.encode("latin-1", "replace")),
    )
)
def test_bytes_are_a_note_or_undecodable(raw: bytes) -> None:
    try:
        parse("x.md", raw)
    except UndecodableError as error:
        assert 0 <= error.offset <= len(raw)


@thorough
@given(notes)
def test_reading_twice_gives_the_same(text: str) -> None:
    assert note_of(text) == note_of(text)


# ---- every position points at its text ------------------------------------------------------------------------------


@thorough
@given(any_text)
@example("a\r\nb\rc\né")
def test_offset_and_position_are_inverse(text: str) -> None:
    source = Source.decode(text.encode("utf-8"))
    offset = 0
    for character in [*source.text, ""]:
        position = source.position(offset)
        assert position.line >= 1
        assert position.column >= 1
        assert source.offset(position) == offset
        offset += len(character.encode("utf-8"))


@thorough
@given(any_text)
def test_a_link_stands_where_it_says(text: str) -> None:
    note = note_of(text)
    for link in body_links(note):
        raw = exact(note, link.span)
        assert link.target
        if link.kind == "wikilink":
            assert raw.startswith("![[" if link.embed else "[[")
            assert raw.endswith("]]")
            assert link.target in raw.replace("\\|", "|")
            assert "\n" not in raw
        elif link.kind == "url":
            assert raw.strip("<>") == link.target
        else:
            assert raw.startswith("![" if link.embed else ("[", "<"))
            assert raw.endswith((")", "]", ">"))


@thorough
@given(any_text)
def test_a_tag_stands_where_it_says(text: str) -> None:
    note = note_of(text)
    for tag in all_tags(note):
        raw = exact(note, tag.span)
        assert raw.startswith("#")
        assert raw[1:].strip("/") == tag.name
        assert not any(ch.isspace() for ch in tag.name)


@thorough
@given(any_text)
def test_a_field_stands_where_it_says(text: str) -> None:
    note = note_of(text)
    for field in all_fields(note):
        raw = exact(note, field.span)
        assert field.text in raw
        assert (field.key in raw and "::" in raw) or raw[0] in "📅🗓📆✅➕🛫⏳⌛"
        for link in field.links:
            assert field.span.start <= link.span.start <= link.span.end <= field.span.end


@thorough
@given(any_text)
@example("a\x1eb\n===")
def test_a_heading_stands_where_it_says(text: str) -> None:
    note = note_of(text)
    data, sections = note.source.data, list(note.root.walk())[1:]
    for section in sections:
        raw = exact(note, section.span)
        before = data[: section.span.start].rstrip(b" ")
        assert not before or before.endswith((b"\n", b"\r"))
        underline = raw.rstrip().replace("\r", "\n").rpartition("\n")[2].strip()
        assert raw.lstrip().startswith("#" * section.level) or set(underline) in ({"="}, {"-"})
        if "%%" not in raw:
            assert section.heading in re.sub(r"\s*(?:\r\n|\n|\r)\s*", " ", raw)
        assert section.title is not None
        assert section.span.start <= section.title.span.start <= section.title.span.end <= section.span.end
    assert [section.order for section in sections] == list(range(1, len(sections) + 1))
    assert [section.span for section in sections] == sorted(section.span for section in sections)


@thorough
@given(any_text)
@example("\n\n> %%\n>  é %%Lean%%\n> %%")
def test_blocks_lie_inside_each_other_in_order(text: str) -> None:
    note = note_of(text)
    for block in blocks_of(note):
        exact(note, block.span)
        inside: list[Block | Line] = [*block.children, *block.lines]
        for inner in inside:
            exact(note, inner.span)
            assert block.span.start <= inner.span.start
            # The parser ends some blocks before the line break, and the last one in them after it.
            assert not note.source.data[block.span.end : inner.span.end].strip()
        starts = [child.span.start for child in block.children]
        assert starts == sorted(starts)
        if block.id:
            assert f"^{block.id}" in note.source.slice(block.span.start, len(note.source.data))
        if block.task:
            assert f"[{block.task}]" in exact(note, block.span)


@thorough
@given(any_text)
@example("> [!note]- T\n> %%\n> [[A]] #a\n> %%")
def test_what_stands_in_a_line_lies_inside_it(text: str) -> None:
    note = note_of(text)
    for line in lines_of(note):
        exact(note, line.span)
        parts: list[Link | Tag | Field] = [*line.links, *line.tags, *line.fields]
        for part in parts:
            assert line.span.start <= part.span.start < part.span.end <= line.span.end
        for piece in line.pieces:
            assert line.span.start <= piece.start <= line.span.end
            assert piece.link is None or piece.link in line.links


@thorough
@given(any_text)
@example("---\nnull: 1\n---\n")
def test_a_property_stands_where_it_says(text: str) -> None:
    note = note_of(text)
    for prop in note.properties:
        raw = exact(note, prop.span)
        assert prop.key == raw or raw[:1] in {'"', "'"} or "\n" in raw
    for value in all_values(note):
        raw = exact(note, value.span)
        if value.kind == "text" and raw[:1] not in {'"', "'", "|", ">"} and "\n" not in raw and "\r" not in raw:
            assert value.text == raw
        for link in value.links:
            inside = exact(note, link.span)
            assert inside.startswith(("[[", "![[")) or inside == raw


@thorough
@given(any_text)
def test_a_finding_points_into_the_note(text: str) -> None:
    note = note_of(text)
    for finding in note.findings:
        assert (
            0
            <= note.source.offset((type(note.source.position(0)))(finding.line, finding.column))
            <= len(note.source.data)
        )
        assert (finding.line, finding.column) <= (finding.end_line, finding.end_column)


@thorough
@given(bodies)
def test_two_sections_never_share_a_path(text: str) -> None:
    paths = [section.parts for section in note_of(text).root.walk()]
    assert max(Counter(paths).values()) == 1


# ---- what must not matter ---------------------------------------------------------------------------------------------


def gist(note: Note) -> dict[str, list[tuple[object, ...]]]:
    """What a note says, by line."""

    def line(span: Span) -> int:
        return note.source.position(span.start).line

    return {
        "links": [(link.kind, link.target, link.embed, line(link.span)) for link in body_links(note)],
        "tags": [(tag.name, line(tag.span)) for tag in all_tags(note)],
        "headings": [(section.parts, section.level, line(section.span)) for section in note.root.walk()],
        "fields": [(field.key, field.text, line(field.span)) for field in all_fields(note)],
        "ids": [(block.id, block.kind) for block in blocks_of(note) if block.id],
        "tasks": [(block.task, line(block.span)) for block in blocks_of(note) if block.task],
        "keys": [(prop.key, prop.value.kind, line(prop.span)) for prop in note.properties],
    }


lf_notes = plain_notes.filter(lambda text: "\r" not in text)


@thorough
@given(lf_notes)
@example("#a\nb\n===")
def test_crlf_does_not_matter(text: str) -> None:
    assert gist(note_of(text.replace("\n", "\r\n"))) == gist(note_of(text))


@thorough
@given(notes)
def test_a_byte_order_mark_does_not_matter(text: str) -> None:
    assume(not text.startswith("\ufeff"))
    raw = text.encode("utf-8")
    assert gist(parse("a.md", b"\xef\xbb\xbf" + raw)) == gist(parse("a.md", raw))


@thorough
@given(notes)
def test_utf_16_does_not_matter(text: str) -> None:
    assume(not text.startswith("\ufeff"))
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        assert gist(parse("a.md", mark + text.encode(encoding))) == gist(note_of(text))


@thorough
@given(lf_notes, st.sampled_from((" ", "  ")))
@example("#a\nb\n===", " ")
def test_white_space_at_the_end_of_a_line_does_not_matter(text: str, space: str) -> None:
    body = read("a.md", Source.decode(text.encode("utf-8"))).body
    front, rest = text.encode()[:body].decode(), text.encode()[body:].decode()
    # After a backslash or an open code span, the end of a line is part of the text.
    assume("\\\n" not in rest)
    spaced = "\n".join(line + space if line.strip() else line for line in rest.split("\n"))
    assume(not rest.endswith("\\"))
    assert gist(note_of(front + spaced)) == gist(note_of(text))


# ---- statements -------------------------------------------------------------------------------------------------------


def read_vault(vault: dict[str, str]) -> list[Note]:
    by_path = {nfc(path): text for path, text in vault.items()}
    return [note_of(text, path) for path, text in by_path.items()]


def stated(vault_notes: list[Note]) -> dict[str, Statements]:
    reader = Reader(Index.of(vault_notes, ["img/é.png", "A.png"], Names(BASE)), ontology(), "Concept")
    return {note.path: reader.statements(note) for note in vault_notes}


def as_nquads(found: Statements) -> str:
    rows = [f"{row.subject} {row.predicate} {row.object} <{found.graph}> .\n" for row in found.rows]
    labels = [f"{row.term} {row.predicate} {literal(row.text)} <{found.graph}> .\n" for row in found.labels]
    return "".join([*rows, *labels])


@pytest.mark.slow
@thorough
@given(vaults, st.randoms(use_true_random=False))
def test_the_order_of_the_files_does_not_matter(vault: dict[str, str], chance: Random) -> None:
    in_order = read_vault(vault)
    shuffled = list(in_order)
    chance.shuffle(shuffled)
    assert stated(in_order) == stated(shuffled)


@pytest.mark.slow
@thorough
@given(vaults)
@example({"A.md": "http://a.example:\u0663/"})
def test_every_term_is_valid_rdf(vault: dict[str, str]) -> None:
    for found in stated(read_vault(vault)).values():
        quads = list(ox.parse(as_nquads(found), ox.RdfFormat.N_QUADS))
        assert len(quads) == len(found.rows) + len(found.labels)
        for quad in quads:
            for term in (quad.subject, quad.predicate, quad.object, quad.graph_name):
                assert not isinstance(term, ox.BlankNode)
                if isinstance(term, ox.NamedNode):
                    ox.NamedNode(term.value)


@pytest.mark.slow
@thorough
@given(vaults)
def test_a_statement_rests_on_a_place_in_its_note(vault: dict[str, str]) -> None:
    vault_notes = read_vault(vault)
    found = stated(vault_notes)
    for note in vault_notes:
        for row in found[note.path].rows:
            assert 0 <= row.at <= len(note.source.data)
        assert sum(found[note.path].links.values()) >= len(body_links(note))


@pytest.mark.slow
@thorough
@given(vaults)
def test_every_term_of_kg_is_declared(vault: dict[str, str]) -> None:
    for found in stated(read_vault(vault)).values():
        for row in found.rows:
            for term in row[:3]:
                assert not term.startswith(f"<{KG}") or term[1:-1] in ontology().terms


def test_every_constant_of_the_reading_is_declared() -> None:
    constants = {
        name: value[1:-1]
        for name, value in vars(structural_terms).items()
        if name.isupper() and isinstance(value, str) and value.startswith(f"<{KG}")
    }
    assert len(constants) > 15
    assert {name: iri for name, iri in constants.items() if iri not in ontology().terms} == {}


# ---- the store --------------------------------------------------------------------------------------------------------


def write(folder: Path, vault: dict[str, str]) -> Vault:
    for path, text in vault.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text.encode("utf-8"))
    return Vault(config=Config(folder, folder, folder / ".kg"))


@pytest.mark.slow
@few
@given(vaults)
def test_two_folders_of_the_same_notes_give_the_same_quads(vault: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        one, two = Path(folder, "one"), Path(folder, "two é", "deeper")
        first = ingest(write(one, vault)).store.nquads()
        second = ingest(write(two, dict(reversed(vault.items())))).store.nquads()
    assert first == second


@few
@given(vaults)
def test_the_default_graph_is_the_union_of_the_named_graphs(vault: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        report = ingest(write(Path(folder), vault))
        quads = list(report.store.quads())
        (row,) = kg.query(report.store, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }")
    default = {quad.triple for quad in quads if quad.graph_name == ox.DefaultGraph()}
    named = {quad.triple for quad in quads if quad.graph_name != ox.DefaultGraph()}
    assert default == named
    assert row["n"] == len(default) == report.summary["triples"]
    inferred = {quad.triple for quad in quads if str(quad.graph_name) == f"<{KG}inferred>"}
    asserted = {
        quad.triple
        for quad in quads
        if quad.graph_name != ox.DefaultGraph() and str(quad.graph_name) != f"<{KG}inferred>"
    }
    assert not inferred & asserted
    assert not any(isinstance(term, ox.BlankNode) for triple in default for term in triple)


@pytest.mark.slow
@few
@given(vaults, vaults)
def test_ingesting_again_equals_ingesting_anew(before: dict[str, str], after: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        vault = write(Path(folder), before)
        ingest(vault)
        for path in before:
            Path(folder, path).unlink()
        vault = write(Path(folder), after)
        again = ingest(vault)
        lines = again.store.nquads()
        anew = Store(ingest(vault, full=True).path).nquads()
    assert lines == anew


# ---- terms ------------------------------------------------------------------------------------------------------------


@thorough
@given(st.text())
def test_a_path_can_be_read_back_from_its_iri(path: str) -> None:
    assert unquote(encode_path(path)) == nfc(path)
    assert unquote(encode_part(path)) == nfc(path)
    assert "/" not in encode_part(path)
    ox.NamedNode(BASE + encode_path(path))
    ox.NamedNode(f"{BASE}#{encode_part(path)}")


@thorough
@given(st.binary(max_size=20))
def test_a_file_name_of_any_bytes_has_an_iri(raw: bytes) -> None:
    name = raw.decode("utf-8", "surrogateescape")
    ox.NamedNode(BASE + encode_path(name))
    assert unquote(encode_path(name), errors="surrogateescape") == nfc(name)


urls = st.one_of(
    st.text(),
    st.builds("{}:{}".format, st.sampled_from(("http", "x", "urn", "mailto", "a+b")), st.text()),
    st.builds(
        "http://{}{}{}".format,
        st.text(st.sampled_from("a@:[]%é.\u06631/?#"), max_size=6),
        st.sampled_from(("", ":80", ":", ":\u0663", ":x", "@h", ":65536")),
        st.text(st.sampled_from("/?#%a[]é\ue000\\^`{| "), max_size=8),
    ),
)


@settings(relaxed, max_examples=examples(400))
@given(urls)
@example("A://[00]")
@example("http://a.example:\u0663/")
def test_a_url_becomes_an_iri_or_nothing(url: str) -> None:
    found = encode_url(url)
    if found is not None:
        (quad,) = ox.parse(f"<{found}> <a:p> <a:o> .", ox.RdfFormat.N_QUADS)
        assert quad.subject.value == found
        assert encode_url(found) == found
        assert found == one_line(found)


def random_address(chance: Random) -> str:
    """An address put together from pieces that addresses are made of, in places where they may not stand, too."""
    pieces = ("[", "]", "::", ":", "1", "00", "ffff", "192.168.0.1", "v1.", "v.", "%", "%25", "%zz", "@", "/", "?", "#", ".", "a", "é", "\u06f1", "\u2028",
              "\u0085", "\ue000", "\ufdd0", "\U000e0001", "\ud800", "\udc80", " ", "\t", "\n", "<", ">", "\"", "\\", "{", "|", "^", "`", "\0", "xn--", "65536", "//")  # fmt: skip
    scheme = chance.choice(
        ("http", "https", "x", "A", "urn", "mailto", "data", "javascript", "file", "a+b-c.d", "1a", "é", "")
    )
    return f"{scheme}{chance.choice((':', '://', '://[', ':[', ''))}{''.join(chance.choices(pieces, k=chance.randrange(9)))}"


def test_what_is_an_iri_here_is_one_to_the_store() -> None:
    """20,000 addresses: those that are kept load as N-Quads, all in one go, and stay as they are."""
    chance = Random(SystemRandom().getrandbits(32) if IS_NEW else 18)
    found = {iri for iri in (encode_url(random_address(chance)) for _ in range(20_000)) if iri is not None}
    assert len(found) > 2_000
    assert any("[" in iri for iri in found)
    store = ox.Store()
    store.bulk_load("".join(f"<{iri}> <a:p> <a:o> .\n" for iri in found).encode(), ox.RdfFormat.N_QUADS)
    assert {quad.subject.value for quad in store} == found
    assert all(encode_url(iri) == iri for iri in found)


@thorough
@given(st.text(st.characters(exclude_categories=())), st.sampled_from((BASE, "urn:x/", "x:/", "http://[::1]:8/é/")))
@example("\ud800", BASE)
@example("a\u2028b\u2029c\x85d\x1ce", BASE)
@example("//[", "x:/")
def test_every_name_is_an_iri(text: str, base: str) -> None:
    names = Names(base)
    entity = names.entity("n.md", text)
    made = [
        entity, names.entity(f"{text}.md"), names.path(text), names.section(entity, (text, text)), names.block(entity, text),
        names.item(entity, entity, text), names.item(names.section(entity, (text,)), entity, text), names.missing(text), names.tag(text),
        names.named(text, text), names.property(text), names.no_address(text),
    ]  # fmt: skip
    for iri in made:
        assert ox.NamedNode(iri).value == iri
        assert len(iri.splitlines()) == 1


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/hosts",
        "http://[::1]/",
        "http://[2001:db8::1]:80/x",
        "file:///C:/x%20y",
        "https://u:p@[::ffff:1.2.3.4]:8/?q#f",
        "http://[v1.a:b]/",
        "http://пример.рф/é",
        "http://%41.b/",
        "urn:isbn:1",
        "mailto:a@b.c",
        "data:text/plain,x",
        "file:///",
        "http:///x",
    ],
)
def test_a_url_that_is_an_iri_stays_one(url: str) -> None:
    assert encode_url(url) == url


@thorough
@given(st.text(st.characters(exclude_categories=())), st.sampled_from(("", "string", "anyURI")))
def test_a_literal_keeps_its_text(text: str, datatype: str) -> None:
    (quad,) = ox.parse(f"<a:s> <a:p> {literal(text, datatype)} .", ox.RdfFormat.N_TRIPLES)
    assert isinstance(quad.object, ox.Literal)
    expected = "".join("\ufffd" if ch == "\0" or "\ud800" <= ch <= "\udfff" else ch for ch in text)
    assert quad.object.value == expected
