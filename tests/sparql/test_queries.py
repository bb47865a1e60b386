"""The library of queries, on notes/, and asking from Python."""

import datetime
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pyoxigraph as ox
import pytest

import kg
from helpers.vaults import NOTES, ROOT, ingest, write_vault
from kg.config import Config, load
from kg.rdf.sparql_syntax import check, tokens
from kg.rendering.query_results import write
from kg.sparql.binding import bind
from kg.sparql.library import Header, library
from kg.sparql.parameters import Binder, Parameter

LIBRARY = sorted(file.stem for file in (ROOT / "queries").glob("*.rq"))


def _config(store: kg.Store) -> Config:
    return replace(load(NOTES), store=store.path)


def _ask(store: kg.Store, name: str, **given: str) -> list[dict[str, object]]:
    config = _config(store)
    named = library(config)[name]
    return kg.query(store, named.text, Binder(config).bind(named.header.params, given)).rows


@pytest.mark.parametrize("name", LIBRARY)
def test_each_says_what_it_answers(notes_store: kg.Store, name: str) -> None:
    header = library(_config(notes_store))[name].header
    assert header.title and not header.title.endswith(".")
    assert header.description.endswith((".", "?"))
    assert all(param.says for param in header.params)


@pytest.mark.parametrize("name", LIBRARY)
def test_each_has_an_order_of_its_own_that_is_total(name: str) -> None:
    text = (ROOT / "queries" / f"{name}.rq").read_text(encoding="utf-8")
    assert "\nORDER BY " in text


def test_queries_of_the_tests_folder_are_none_of_the_library(notes_store: kg.Store) -> None:
    assert set(library(_config(notes_store))) == set(LIBRARY)
    assert len(LIBRARY) > 25


def test_paths_are_those_that_a_search_finds(notes_store: kg.Store) -> None:
    links: dict[str, set[str]] = {}
    rows = kg.query(notes_store, "SELECT ?a ?b { ?x kg:linksTo ?y . ?x skos:prefLabel ?a . ?y skos:prefLabel ?b }").rows
    for row in rows:
        links.setdefault(row["a"], set()).add(row["b"])

    def search(path: tuple[str, ...], end: str, steps: int) -> Iterator[tuple[str, ...]]:
        if path[-1] == end:
            yield path
        elif steps:
            for step in links.get(path[-1], set()) - set(path):
                yield from search((*path, step), end, steps - 1)

    for start, end in (
        ("Start here", "Revenue"),
        ("lean", "Psychological safety"),
        ("culture", "Double-loop learning"),
    ):
        for steps in (1, 2, 3, 4):
            wanted = sorted((len(path) - 1, " -> ".join(path)) for path in search((start,), end, steps))
            found = _ask(notes_store, "paths", **{"from": start, "to": end, "steps": str(steps)})
            assert [(row["length"], row["path"]) for row in found] == wanted
    assert not _ask(notes_store, "paths", **{"from": "lean", "to": "lean"})


MESSY = {
    "A.md": "---\nup: '[[B]]'\nowner: Jo\n---\n# Outputs\n- Handbook\n# Resources\n- One Book - Ann Lee\n- One book - Ann Lee\n",
    "B.md": "---\nup: '[[C]]'\naliases: [Bee]\n---\nSee ![[Nowhere]] and ![[Nowhere]] and [[E]].",
    "C.md": "---\nup: '[[A]]'\ndue: 2026-03-01\n---\n![[picture.png]]",
    "D.md": "up:: [[A]]\n\n[[A]] [[A]] [a](A.md)",
    "E.md": "No links.",
    "picture.png": "",
}


@pytest.fixture(scope="module")
def messy(tmp_path_factory: pytest.TempPathFactory) -> kg.Store:
    """A vault with what notes/ has not: a circle, an embed of nothing, a dead end, a concept with outputs alone."""
    folder = tmp_path_factory.mktemp("messy")
    vault = folder / "vault"
    vault.mkdir()
    write_vault(vault, MESSY)
    return ingest(vault, folder / "store").store


def _rows(store: kg.Store, name: str, **given: str) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in _ask(store, name, **given)]


def test_a_circle_is_found_and_ends(messy: kg.Store) -> None:
    assert _rows(messy, "broader-circles") == [("A", "B"), ("B", "C"), ("C", "A")]
    assert _rows(messy, "ancestors", concept="D") == [("A", "C"), ("A", "D"), ("B", "A"), ("C", "B")]
    assert _rows(messy, "siblings", concept="D") == [("C", "A")]


def test_who_says_less_contradicts_nobody(write: Callable[[dict[str, str]], Path], tmp_path: Path) -> None:
    store = ingest(
        write(
            {
                "Ann Lee.md": "---\ntype: Author\n---\n",
                "Bo Day.md": "---\ntype: Author\n---\n",
                "Both.md": "---\ntype: Resource\nauthor: ['[[Ann Lee]]', '[[Bo Day]]']\n---\n",
                "One.md": "# Resources\n- [[Both]] - Ann Lee\n- [Page - Ann Lee](https://example.org/p)\n",
                "Other.md": "# Resources\n- [[Both]] - Bo Day\n- [Page - Cy Fox](https://example.org/p)\n",
                "Third.md": "# Resources\n- [Page](https://example.org/p)\n- [Page - Ann Lee](https://example.org/p)\n",
            }
        ),
        tmp_path / "store",
    ).store
    said = "One.md: Ann Lee; Other.md: Cy Fox; Third.md: Ann Lee"
    assert _rows(store, "contradictions") == [("Page", "creator", said)]
    assert _rows(store, "contradictions", property="author") == [("Page", "creator", said)]
    assert _rows(store, "contradictions", property="definition") == []


def test_what_stands_twice_in_one_note_counts_once(messy: kg.Store) -> None:
    assert _rows(messy, "missing-notes") == [("Nowhere", 1, "B")]
    assert ("B.md", "Nowhere", "missing") in _rows(messy, "embedded")
    assert ("A", 2) in _rows(messy, "most-linked")


def test_dead_ends_and_orphans_are_two_things(messy: kg.Store) -> None:
    assert _rows(messy, "dead-ends") == [("E.md", 1)]
    assert _rows(messy, "orphans") == []
    assert _rows(messy, "entry-points") == [("D.md", 1)]


def test_works_of_one_title_are_one_source(messy: kg.Store) -> None:
    assert _rows(messy, "single-source") == [("A", "One Book")]
    assert _rows(messy, "single-work-authors") == [("Ann Lee", "One Book", 1)]
    assert [row[1:] for row in _rows(messy, "resources-by-author")] == [("One Book", "A")]


def test_concepts_without_outcomes(messy: kg.Store) -> None:
    assert _rows(messy, "concepts-without-outcomes") == [("A", 1)]


def test_names_are_one_whatever_their_case(messy: kg.Store) -> None:
    assert [row[0] for row in _rows(messy, "same-name")] == ["One Book"]


# ---- parameters ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "given", "term"),
    [
        ("text", "7", '"7"'),
        ("text", '"quoted"', r'"\"quoted\""'),
        ("note", "Income", "<https://notes.example/Concepts/Revenue>"),
        ("note", "Concepts/Revenue.md", "<https://notes.example/Concepts/Revenue>"),
        ("note", "#People", "<https://notes.example/#tag/people>"),
        ("note", "kg:Concept", "<https://w3id.org/concept-notes#Concept>"),
        ("note", "Start here#Where to begin", "<https://notes.example/Start%20here#Where%20to%20begin>"),
        ("iri", "n:Revenue", "<https://notes.example/Revenue>"),
        ("iri", "<urn:x>", "<urn:x>"),
        ("class", "deliverables", "<https://w3id.org/concept-notes#Output>"),
        ("property", "written by", "<http://purl.org/dc/terms/creator>"),
        ("property", "Reading Status", "<https://notes.example/#property/reading-status>"),
        ("integer", " -3 ", '"-3"^^<http://www.w3.org/2001/XMLSchema#integer>'),
        ("number", "3", '"3"^^<http://www.w3.org/2001/XMLSchema#integer>'),
        ("number", "2.50", '"2.50"^^<http://www.w3.org/2001/XMLSchema#decimal>'),
        ("decimal", "1e3", '"1e3"^^<http://www.w3.org/2001/XMLSchema#double>'),
        ("boolean", "Yes", '"true"^^<http://www.w3.org/2001/XMLSchema#boolean>'),
        ("date", "2026-02-28", '"2026-02-28"^^<http://www.w3.org/2001/XMLSchema#date>'),
        ("dateTime", "2026-02-28T09:30", '"2026-02-28T09:30:00"^^<http://www.w3.org/2001/XMLSchema#dateTime>'),
    ],
)
def test_a_value_becomes_the_term_of_its_type(notes_store: kg.Store, kind: str, given: str, term: str) -> None:
    found = Binder(_config(notes_store)).bind([Parameter("x", kind)], {"x": given})["x"]
    assert found == next(ox.parse(f"<urn:s> <urn:p> {term} .", ox.RdfFormat.N_TRIPLES)).object


@pytest.mark.parametrize(
    ("kind", "given", "says"),
    [
        ("integer", "2.5", "a whole number, not “2.5”"),
        ("integer", "1" * 30, "a whole number"),
        ("number", "soon", "a number"),
        ("boolean", "perhaps", "yes or no"),
        ("date", "2026-02-30", "a date like"),
        ("date", "20260228", "a date like"),
        ("dateTime", "2026-02-28", "a time like"),
        ("iri", "no iri", "an IRI"),
        ("note", "Inspired", "names 2 things.*give one of these names"),
        ("note", "Revenu", "did you mean “Revenue”"),
        ("note", "n:Concepts/Revenu", "nothing is known of n:Concepts/Revenu; did you mean n:Concepts/Revenue?"),
        (
            "note",
            "<https://notes.example/Concepts/Revenu>",
            "nothing is known of .*; did you mean <https://notes.example/Concepts/Revenue>",
        ),
        ("note", "n:Nothing/like/it/at/all", "nothing is known of n:Nothing/like/it/at/all$"),
        ("note", "https://example.org/elsewhere", "nothing is known of https://example.org/elsewhere$"),
        ("note", "kg:Outcom", "nothing is known of kg:Outcom; did you mean kg:Outcome"),
        ("note", "<no iri>", "“<no iri>” is not a valid IRI"),
        ("note", "https://example.org/a b", "is not a valid IRI"),
        ("note", "\udcff", "no note or thing is named “\udcff”$"),
        ("text", "\udcff", "a text, not “\udcff”"),
        ("iri", "<no iri>", "an IRI, whole or with a known prefix, not “<no iri>”"),
        ("class", "kg:Outcom", "no class is named “kg:Outcom”"),
        ("property", "kg:achievedThrugh", "no property is named"),
        ("class", "Outcom", "did you mean “Outcome”"),
        ("property", "creater", "did you mean “creator”"),
    ],
)
def test_a_value_of_another_type_is_an_error(notes_store: kg.Store, kind: str, given: str, says: str) -> None:
    with pytest.raises(kg.KgError, match=f"the parameter x.*{says}"):
        Binder(_config(notes_store)).bind([Parameter("x", kind)], {"x": given})


def test_a_parameter_has_a_default_or_is_left_out_or_is_wanted(notes_store: kg.Store) -> None:
    binder = Binder(_config(notes_store))
    params = Header.of("# param a: integer = 3\n# param b?: text\nSELECT ?a ?b {}").params
    assert [(name, str(term)) for name, term in binder.bind(params, {"c": "left"}).items()] == [
        ("c", "left"),
        ("a", '"3"^^<http://www.w3.org/2001/XMLSchema#integer>'),
    ]
    with pytest.raises(kg.KgError, match=r"needs the parameter d, a date.* \(the day\)"):
        binder.bind(Header.of("# param d: date -- the day\nSELECT ?d {}").params, {})


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("# param x: colour", ":1: “colour” is not a parameter type"),
        ("# Words.\n\n# param z: text", r":3: the query has no variable \?z"),
        ("# param x: text\n# param x: text", ":2: the parameter x is declared twice"),
        ("# param x?: text = a", ":1: the parameter x has a default"),
        ("# param x:", ":1: not a parameter"),
    ],
)
def test_a_header_that_cannot_be_read_says_where(header: str, says: str) -> None:
    with pytest.raises(kg.KgError, match=f"^q.rq{says}"):
        Header.of(f"{header}\nSELECT ?x {{}}", "q.rq")


def test_a_header_without_a_title_is_called_by_its_first_line() -> None:
    header = Header.of("# Everything that is.\n# And more.\n#\nSELECT * {}")
    assert (header.title, header.description, header.params) == (
        "Everything that is",
        "Everything that is. And more.",
        (),
    )
    assert Header.of("SELECT * { } # title: none") == Header()


def test_a_web_page_that_notes_link_to_is_a_value(notes_store: kg.Store) -> None:
    rows = kg.query(notes_store, "SELECT ?page { ?n kg:linksTo ?page FILTER(!STRSTARTS(STR(?page), STR(n:))) }").rows
    page = sorted(row["page"] for row in rows)[0]
    assert str(Binder(_config(notes_store)).term(Parameter("x", "note"), page)) == f"<{page}>"


def test_only_a_server_elsewhere_takes_an_iri_without_a_look_into_the_store(tmp_path: Path) -> None:
    config = load(cwd=tmp_path)
    there = Binder(config, elsewhere=True)
    assert str(there.term(Parameter("x", "note"), "n:A")) == "<https://notes.example/A>"
    assert str(there.term(Parameter("x", "class"), "kg:A")) == "<https://w3id.org/concept-notes#A>"
    assert str(there.term(Parameter("x", "property"), "<urn:p>")) == "<urn:p>"
    assert str(Binder(config).term(Parameter("x", "iri"), "n:A")) == "<https://notes.example/A>"
    for binder, given in ((there, "A"), (Binder(config), "n:A")):
        with pytest.raises(kg.StoreError):
            binder.term(Parameter("x", "note"), given)


# ---- from Python ---------------------------------------------------------------------------------------------------------


def test_a_query_of_the_library_is_asked_by_its_name_with_its_types(notes_store: kg.Store) -> None:
    expected = _ask(notes_store, "outline", note="Revenue")
    assert expected
    revenue = "https://notes.example/Concepts/Revenue"
    for given in ("Revenue", "Concepts/Revenue.md", "n:Concepts/Revenue", ox.NamedNode(revenue)):
        assert kg.query(notes_store, "outline", {"note": given}).rows == expected
    assert kg.query(str(notes_store.path), "outline.rq", {"note": "Revenue"}).rows == expected
    text = (ROOT / "queries" / "outline.rq").read_text()
    assert kg.query(notes_store, text, {"note": "Revenue"}).rows == expected
    assert kg.query(notes_store, str(ROOT / "queries" / "outline.rq"), {"note": "Revenue"}).rows == expected


def test_values_of_python_are_what_they_would_be_when_typed(notes_store: kg.Store) -> None:
    given = {"i": 3, "n": Decimal("2.5"), "b": True, "d": datetime.date(2026, 1, 31), "t": "7"}
    header = "".join(
        f"# param {name}: {kind}\n"
        for name, kind in zip("inbdt", ["integer", "number", "boolean", "date", "text"], strict=True)
    )
    assert kg.query(notes_store, f"{header}SELECT ?i ?n ?b ?d ?t {{}}", given).rows == [given]
    assert kg.query(notes_store, "SELECT ?i ?b {}", {"i": 3, "b": False}).rows == [{"i": 3, "b": False}]


def test_from_python_the_same_goes_wrong_as_at_the_prompt(notes_store: kg.Store) -> None:
    for question, params, kind, says in (
        ("outlin", {}, kg.NotFound, "did you mean outline"),
        ("outline", {}, kg.KgError, "needs the parameter note"),
        ("outline", {"note": "Revenu"}, kg.NotFound, "did you mean “Revenue”"),
        ("outline", {"nota": "x", "note": "Revenue"}, kg.KgError, r"no variable \?nota"),
        ("no/such.rq", {}, kg.KgError, "cannot be read"),
        ("# param x: colour\nSELECT ?x {}", {}, kg.KgError, "^query:1: “colour” is not a parameter type"),
        ("no query at all", {}, kg.QuerySyntaxError, "not valid SPARQL"),
        ("", {}, kg.QuerySyntaxError, "empty"),
    ):
        with pytest.raises(kind, match=says):
            kg.query(notes_store, question, params)


def test_rows_are_python_values(notes_store: kg.Store) -> None:
    (row,) = kg.query(
        notes_store, 'SELECT ("x" AS ?s) (1 AS ?i) (1.5 AS ?d) (true AS ?b) ("2024-02-03"^^xsd:date AS ?t) {}'
    )
    assert row == {"s": "x", "i": 1, "d": Decimal("1.5"), "b": True, "t": datetime.date(2024, 2, 3)}


NUMBERS = {
    '"NaN"^^xsd:double': "NaN",
    '"INF"^^xsd:float': "INF",
    '"-INF"^^xsd:double': "-INF",
    "1e300*1e300": "INF",
    "0e0/0e0": "NaN",
    f'"{"9" * 5000}"^^xsd:integer': "9" * 5000,
    f'"{"9" * 5000}"^^xsd:decimal': "9" * 5000,
    f'"{"9" * 400}.5"^^xsd:decimal': "9" * 400 + ".5",
    '"Infinity"^^xsd:decimal': "Infinity",
    '"sNaN"^^xsd:decimal': "sNaN",
    '"1e400"^^xsd:decimal': "1e400",
    '"1_000"^^xsd:integer': "1_000",
    "9007199254740993": 9007199254740993,
    "2.50": 2.5,
    "2.0": 2,
    "1e3": 1000.0,
}


@pytest.mark.parametrize("number", NUMBERS)
def test_json_lines_are_json_whatever_the_number(notes_store: kg.Store, number: str) -> None:
    out = io.BytesIO()
    write(kg.query(notes_store, f"SELECT ({number} AS ?n) {{}}"), out, "jsonl")
    assert json.loads(out.getvalue(), parse_constant=pytest.fail) == {"n": NUMBERS[number]}


def test_graphs_and_frames(notes_store: kg.Store) -> None:
    answer = kg.query(notes_store, "CONSTRUCT { ?o kg:contributesTo ?c } WHERE { ?o kg:contributesTo ?c }")
    assert len(answer.to_rdflib()) == 8
    frame = kg.query(
        notes_store, "SELECT ?title { ?c a kg:Concept ; skos:prefLabel ?title } ORDER BY ?title"
    ).to_dataframe()
    assert list(frame.columns) == ["title"]
    assert "Revenue" in set(frame["title"])
    assert len(notes_store.to_rdflib("https://notes.example/Concepts/Revenue.md")) > 10


def test_a_reader_keeps_its_answers_while_another_ingest_is_published(tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    vault.mkdir()
    (vault / "A.md").write_text("one")
    before = ingest(vault, tmp_path / "store").store
    (vault / "B.md").write_text("two")
    after = ingest(vault, tmp_path / "store").store
    count = "SELECT (COUNT(?n) AS ?notes) { ?n a kg:Note }"
    assert [kg.query(store, count).rows[0]["notes"] for store in (before, after)] == [1, 2]
    assert len(list((tmp_path / "store").glob("gen-*"))) == 2


def test_a_second_writer_is_told_who_the_first_is(tmp_path: Path) -> None:
    from kg.store.builder import building

    (tmp_path / "vault").mkdir()
    with (
        building(tmp_path / "store", {}, "kg ingest vault"),
        pytest.raises(kg.StoreError, match=r"`kg ingest vault` \(process"),
    ):
        ingest(tmp_path / "vault", tmp_path / "store")


def test_what_a_killed_writer_left_is_removed_and_nothing_of_it_seen(tmp_path: Path) -> None:
    from kg.store.builder import building

    vault = tmp_path / "vault"
    vault.mkdir()
    (vault / "A.md").write_text("one")
    store = ingest(vault, tmp_path / "store").path
    (store / "gen-7" / "db").mkdir(parents=True)
    with pytest.raises(RuntimeError), building(store, {}, "test") as builder:
        builder.load([("<urn:g>", [("<urn:s>", "<urn:p>", "<urn:o>")])])
        raise RuntimeError
    assert [folder.name for folder in store.glob("gen-*")] == ["gen-1"]
    assert not kg.query(kg.Store(store), "ASK { <urn:s> ?p ?o }").boolean


@pytest.mark.parametrize("damage", ["current", "gen-1/manifest.json", "gen-1/db/CURRENT"])
def test_a_damaged_store_says_so_and_is_built_anew(tmp_path: Path, damage: str) -> None:
    vault = tmp_path / "vault"
    vault.mkdir()
    (vault / "A.md").write_text("one")
    store = ingest(vault, tmp_path / "store").path
    (store / damage).write_text("gen-9" if damage == "current" else "{")
    with pytest.raises(kg.StoreError, match=r"damaged.*kg ingest --full"):
        kg.Store(store)
    assert kg.query(ingest(vault, store, full=True).store, "ASK { n:A ?p ?o }").boolean


def test_parameters_are_terms() -> None:
    prefixes = {"ex": "https://example.org/"}
    text = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"
    assert bind(text, {"s": "ex:a"}, prefixes) == (
        "CONSTRUCT { ?s ?p ?o } WHERE { BIND(<https://example.org/a> AS ?s) ?s ?p ?o }"
    )
    values = {
        "7": '"7"^^',
        "1.5": '"1.5"^^',
        "true": '"true"^^',
        "<urn:x>": "<urn:x>",
        '"7"': '"7" AS',
        'a" }': r'"a\" }"',
    }
    for given, term in values.items():
        assert f"{{ BIND({term}" in bind("SELECT * { ?s ?p ?o }", {"s": given}, prefixes)


def test_tokens_know_strings_from_names() -> None:
    text = "SELECT * { ?s ?p \"SERVICE {\" # SERVICE\n FILTER(?a < 3) <http://x#SERVICE> '''a'b}''' ex:SERVICE }"
    assert [token.text for token in tokens(text) if token.kind == "word"] == ["SELECT", "FILTER"]
    check(text)


def test_what_is_written_as_an_iri_and_is_none_is_no_text() -> None:
    with pytest.raises(kg.KgError, match="“<a b>” is not a valid IRI; write a text like"):
        bind("SELECT * { ?s ?p ?o }", {"o": "<a b>"}, {})
    with pytest.raises(kg.KgError, match="“\udcff” is no text in UTF-8"):
        bind("SELECT * { ?s ?p ?o }", {"o": "\udcff"}, {})
    assert 'BIND("<a b>" AS ?o)' in bind("SELECT * { ?s ?p ?o }", {"o": '"<a b>"'}, {})


def test_a_deep_query_is_refused() -> None:
    with pytest.raises(kg.QuerySyntaxError, match="200 nested brackets"):
        check(f"ASK {{ FILTER({'(' * 5000}1{')' * 5000}) }}")
