"""Asking from the command line: what ends a query, what a query may have meant, and how an answer looks."""

import io
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyoxigraph as ox
import pytest

import kg
from helpers import commanding
from helpers.commanding import as_text
from helpers.forking import begun, forked
from helpers.vaults import NOTES, ROOT, ingest, write_vault
from kg.config import load
from kg.core.errors import QuerySyntaxError, TimedOut
from kg.core.guard import guarded
from kg.core.limits import OutOfMemory
from kg.rdf.sparql_syntax import check
from kg.rendering.query_results import People, write
from kg.rendering.tables import Screen, TermNames, fitting, has_links, table
from kg.sparql.algebra import explain
from kg.sparql.answer import Answer
from kg.sparql.hints import hints_on_unknown_terms
from kg.sparql.library import library

PLENTY = 8_000_000_000
CARTESIAN = "{ ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
posix_only = pytest.mark.skipif(not hasattr(os, "fork"), reason="without fork a limit ends the whole program")


def run(store: kg.Store, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`kg query` of a store, start to finish."""
    env = {key: value for key, value in os.environ.items() if key not in {"COLUMNS", "NO_COLOR"}} | environment
    return as_text(forked(["query", "--store", store.path, *words], environment=env))


# ---- what ends a query ----------------------------------------------------------------------------------------------


@posix_only
def test_what_the_work_gives_and_raises_comes_back() -> None:
    assert guarded(lambda: [1, "a"], seconds=5, memory=PLENTY) == [1, "a"]
    with pytest.raises(QuerySyntaxError) as caught:
        guarded(lambda: check("ASK { " + "(" * 500), seconds=5, memory=PLENTY)
    assert (caught.value.line, caught.value.column) == (1, 206)


@posix_only
def test_time_and_memory_end_the_work_and_nothing_else() -> None:
    begun = time.monotonic()
    with pytest.raises(TimedOut):
        guarded(lambda: time.sleep(60), seconds=0.3, memory=PLENTY)
    assert time.monotonic() - begun < 0.8
    with pytest.raises(OutOfMemory, match="more than 1 GB"):
        guarded(lambda: len(bytearray(2_000_000_000)), seconds=20, memory=1_000_000_000)
    with pytest.raises(OutOfMemory):
        guarded(lambda: os.kill(os.getpid(), signal.SIGKILL), seconds=20, memory=PLENTY)


@posix_only
@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (f"ASK {{ FILTER({'(' * 5000}1{')' * 5000}) }}", 2, "brackets"),
        (f"SELECT * {{ ?s {'/'.join(['kg:linksTo'] * 1000)} ?o }}", 4, "stopped after 1 s"),
        (f"SELECT * {CARTESIAN} ORDER BY ?c ?f", 4, "stopped after 1 s"),
        (f"SELECT (COUNT(*) AS ?n) {CARTESIAN}", 4, "stopped after 1 s"),
    ],
    ids=["brackets", "path", "sort", "count"],
)
@pytest.mark.sample(2)
def test_a_hostile_query_ends_within_its_limit(notes_store: kg.Store, text: str, code: int, said: str) -> None:
    begun = time.monotonic()
    done = run(notes_store, "--timeout", "1", text)
    assert done.returncode == code
    assert said in done.stderr
    assert done.stderr.count("\n") <= 3
    assert "Traceback" not in done.stderr
    assert time.monotonic() - begun < 4  # the start of Python on a busy machine is in it; the limit itself is above
    assert kg.query(notes_store, "ASK { ?n a kg:Note }").boolean


@posix_only
def test_memory_is_limited(notes_store: kg.Store) -> None:
    text = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?c ?f ?i"
    done = run(notes_store, "--memory", "700M", "--timeout", "50", text)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "kg: more than 0.7 GB of memory is needed (--memory, or `max_memory` in kg.toml)\n"


@posix_only
@pytest.mark.slow
def test_ctrl_c_and_the_end_of_kg_end_the_query(notes_store: kg.Store) -> None:
    command = [
        sys.executable,
        "-m",
        "kg",
        "query",
        "--store",
        str(notes_store.path),
        f"SELECT (COUNT(*) AS ?n) {CARTESIAN}",
    ]
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM), (signal.SIGKILL, -signal.SIGKILL)):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        time.sleep(1.2)
        os.kill(process.pid, number)
        begun = time.monotonic()
        _, said = process.communicate(
            timeout=10
        )  # the pipes are closed only when the process that answers has gone too
        assert process.returncode == code
        assert time.monotonic() - begun < 2
        assert b"Traceback" not in said


def test_head_leaves_no_traceback(notes_store: kg.Store) -> None:
    asked = f"{sys.executable} -m kg query --store {notes_store.path} 'SELECT * {{ ?a ?b ?c . ?d ?e ?f }}' | head -1"
    done = subprocess.run(["bash", "-c", asked], text=True, capture_output=True, check=False, timeout=60)
    assert (done.stdout, done.stderr) == ("a,b,c,d,e,f\n", "")


def test_a_file_is_written_whole_or_not_at_all(notes_store: kg.Store, tmp_path: Path) -> None:
    file = tmp_path / "rows.tsv"
    assert run(notes_store, "-o", str(file), "SELECT ?p { ?n kg:path ?p } ORDER BY ?p LIMIT 1").returncode == 0
    assert file.read_text() == '?p\n"Books/Continuous Discovery Habits.md"\n'
    assert run(notes_store, "-o", str(file), "--timeout", "0.5", f"SELECT * {CARTESIAN}").returncode == 4
    assert file.read_text().startswith("?p\n")
    assert [path.name for path in tmp_path.iterdir()] == ["rows.tsv"]
    assert "is not one of" in run(notes_store, "-o", str(tmp_path / "rows.pdf"), "ASK {}").stderr
    assert "cannot be written" in run(notes_store, "-o", str(tmp_path / "no" / "rows.csv"), "ASK {}").stderr


def test_other_servers_are_called_only_when_allowed(notes_store: kg.Store) -> None:
    text = "SELECT * { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }"
    assert "--allow-service" in run(notes_store, text).stderr
    allowed = run(notes_store, "--allow-service", text)
    assert allowed.returncode == 2
    assert "cannot be answered" in allowed.stderr


@pytest.mark.parametrize(
    "text", ["LOAD <http://127.0.0.1:9/>", "PREFIX a: <urn:a> INSERT DATA { a:b a:c a:d }", "CLEAR ALL"]
)
def test_what_would_change_the_graph_is_refused(text: str) -> None:
    with pytest.raises(QuerySyntaxError, match="would change the graph"):
        check(text)


def test_one_note_can_be_asked_alone(notes_store: kg.Store) -> None:
    text = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
    one, two = (
        run(notes_store, *graphs, text).stdout
        for graphs in (["--graph", "Revenue"], ["--graph", "Concepts/Revenue.md"])
    )
    document = ox.NamedNode("https://notes.example/Concepts/Revenue.md")
    assert one == two == f"n\n{sum(1 for _ in notes_store.find(None, None, None, document))}\n"
    assert run(notes_store, "--graph", "north star metric", text).returncode == 1


# ---- what a query may have meant ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "SELECT * { ?s kg:achievedThrugh ?o }",
            ["kg:achievedThrugh occurs nowhere; did you mean kg:achievedThrough?"],
        ),
        ("ASK { ?s a kg:Outcom }", ["kg:Outcom occurs nowhere; did you mean kg:Outcome?"]),
        ("SELECT * { ?s skos:prefLabel 'Revenu' }", ["'Revenu' occurs nowhere; did you mean \"Revenue\"?"]),
        ("SELECT * { ?s kg:prefLabel ?o }", ["kg:prefLabel occurs nowhere; did you mean skos:prefLabel?"]),
        ("SELECT (COUNT(*) AS ?n) { ?s kg:linkTo ?o }", ["kg:linkTo occurs nowhere; did you mean kg:linksTo?"]),
        ("SELECT * { ?s <urn:x:nothing> ?o }", ["<urn:x:nothing> occurs nowhere"]),
        ("SELECT * { ?s kg:linksTo ?o }", []),
        ("SELECT * { ?s kg:linksTo ?o FILTER(?o != 'never') }", []),
        ("CONSTRUCT { ?s <urn:made> ?o } WHERE { ?s kg:linksTo ?o }", []),
        ("PREFIX x: <urn:x#> SELECT * { ?s kg:linksTo ?o OPTIONAL { ?s x:y ?z } }", []),
        ("SELECT * { ?s kg:order '1'^^xsd:int }", []),
    ],
)
def test_terms_that_occur_nowhere(notes_store: kg.Store, text: str, said: list[str]) -> None:
    assert (
        hints_on_unknown_terms(text, notes_store, notes_store.prefixes, lambda: kg.query(notes_store, text).is_nothing)
        == said
    )


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (r'"a \"quoted\""', 'a "quoted"'),
        (r"'it\'s'", "it's"),
        (r"'ends in it\''", "ends in it'"),
        (r'"a\\b"', r"a\b"),
        (r'"caf\u00e9 \U0001F600"', "café 😀"),
        (r'"""a "quoted\""""', 'a "quoted"'),
        ("'''it's'''", "it's"),
    ],
)
def test_a_text_that_occurs_is_no_hint_however_it_is_written(tmp_path: Path, written: str, text: str) -> None:
    (tmp_path / "vault").mkdir()
    (tmp_path / "vault" / "A.md").write_text(
        f"---\naliases: {json.dumps([text], ensure_ascii=False)}\n---\n", encoding="utf-8"
    )
    store = ingest(tmp_path / "vault", tmp_path / "store").store
    question = f"SELECT * {{ ?s skos:altLabel {written} }}"
    assert len(kg.query(store, question).rows) == 1
    assert hints_on_unknown_terms(question, store, store.prefixes, lambda: True) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("kg:Outcom", ["hint: kg:Outcom occurs nowhere; did you mean kg:Outcome?"]),
        ("<urn:x:nothing>", ["hint: <urn:x:nothing> occurs nowhere"]),
        ("n:Concepts/Nothing", ["hint: n:Concepts/Nothing occurs nowhere"]),
        ("kg:Concept", []),
        ("Revenu", ['hint: nothing matches ?s a "Revenu"']),
    ],
)
@pytest.mark.sample(2)
def test_an_iri_that_is_given_and_occurs_nowhere_is_told(notes_store: kg.Store, given: str, said: list[str]) -> None:
    for header in ("", "# param class: iri\n") if ":" in given else ("",):
        done = run(notes_store, f"{header}SELECT ?s {{ ?s a ?class }}", "--param", f"class={given}", "--iris")
        assert (done.returncode, done.stderr.splitlines()) == (0, said)


@pytest.mark.parametrize("given", ["Task", "task", "kg:Task"])
@pytest.mark.sample(1)
def test_a_class_that_no_note_can_name_can_be_asked_for(notes_store: kg.Store, given: str) -> None:
    done = run(notes_store, "things", "--param", f"class={given}")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Send the apology,Journal/2025-10-14.md" in done.stdout.splitlines()


def test_no_such_class_is_told_with_one_like_it(notes_store: kg.Store) -> None:
    done = run(notes_store, "things", "--param", "class=Taks")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "kg: the parameter class: no class is named “Taks”; did you mean “Task”?\n"


def test_an_iri_for_a_note_must_be_in_the_store(notes_store: kg.Store) -> None:
    done = run(notes_store, "outline", "--param", "note=n:Concepts/Revenu")
    assert (done.returncode, done.stdout) == (1, "")
    said = "kg: the parameter note: nothing is known of n:Concepts/Revenu; did you mean n:Concepts/Revenue?\n"
    assert done.stderr == said
    done = run(notes_store, "outline", "--param", "note=<no iri>")
    assert (done.returncode, done.stderr) == (2, "kg: the parameter note: “<no iri>” is not a valid IRI\n")


def test_what_is_declared_and_not_used_is_told(write: Callable[[dict[str, str]], Path], tmp_path: Path) -> None:
    from helpers.vaults import ingest

    store = ingest(write({"A.md": "One."}), tmp_path / "store").store
    said = {"?t a kg:Task": "nothing is a kg:Task yet", "?t kg:due ?d": "kg:due is declared, but nothing states it"}
    for pattern, sentence in said.items():
        assert hints_on_unknown_terms(f"SELECT * {{ {pattern} }}", store, store.prefixes, lambda: True) == [sentence]
    for used in ("?s a ?t FILTER(?t = kg:Concept && ?s = 3)", "VALUES ?t { kg:Concept } ?s a ?t ; kg:path ?t"):
        assert hints_on_unknown_terms(f"SELECT * {{ {used} }}", store, store.prefixes, lambda: True) == []


@pytest.mark.slow
def test_no_query_that_comes_with_kg_is_corrected(tmp_path: Path) -> None:
    """In a vault that lacks all that they ask for; a copy of such a query in the vault's own folder is no other."""
    vault = write_vault(tmp_path / "vault", {"A.md": "Hello\n", "kg.toml": ""})
    shutil.copytree(ROOT / "queries", vault / "queries")
    (vault / "queries" / "mine.rq").write_text("SELECT ?t { ?t a kg:Task }", encoding="utf-8")
    ingest(vault, vault / ".kg")
    values = {"note": "A", "class": "Task", "property": "due"}
    told = {"Task": "hint: nothing is a kg:Task yet\n", "due": "hint: kg:due is declared, but nothing states it\n"}
    for name, query in library(load(vault)).items():
        params = [param for param in query.header.params if param.default is None and not param.optional]
        given = [values[param.type] for param in params]
        done = as_text(forked(["query", name, *given], vault))
        empty = "\n" not in done.stdout.strip()
        title = f"hint: nothing in these notes answers “{query.header.title}”\n"
        said = told["Task"] if name == "mine" else next((told[value] for value in given if value in told), title)
        assert (done.returncode, done.stderr) == (0, said if empty else ""), name


def test_what_describes_the_ontology_is_not_told(notes_store: kg.Store) -> None:
    text = "SELECT * { GRAPH kg:ontology { ?p kg:structural true . ?c kg:byline ?q } ?p skos:prefLabel 'Revenue' }"
    assert hints_on_unknown_terms(text, notes_store, notes_store.prefixes, lambda: True) == []


def test_an_unknown_prefix_names_one_like_it(notes_store: kg.Store) -> None:
    with pytest.raises(QuerySyntaxError, match="did you mean skos:"):
        kg.query(notes_store, "SELECT * { ?s sko:prefLabel ?o }")


# ---- the library of a project ----------------------------------------------------------------------------------------


BROKEN = {
    "colour.rq": b"# title: Of a colour\n# param x: colour\nSELECT ?x {}",
    "twice.rq": b"# Twice.\n# param x: text\n# param x: text\nSELECT ?x {}",
    "bytes.rq": b"# title: Bytes\n# \xff\nSELECT ?x {}",
    "folder.rq": None,
}
SAID = {
    "bytes.rq": ":2: the query is not text in UTF-8",
    "colour.rq": ":2: “colour” is not a parameter type; the types are text, note",
    "folder.rq": " cannot be read: not a regular file",
    "twice.rq": ":3: the parameter x is declared twice",
}


@pytest.fixture
def project(write: Callable[[dict[str, str]], Path]) -> Path:
    """A project with a good query among broken ones."""
    vault = write({"A.md": "One.", "kg.toml": "", "queries/good.rq": "# title: Good\nSELECT ?p { ?n kg:path ?p }"})
    for name, raw in BROKEN.items():
        file = vault / "queries" / name
        file.write_bytes(raw) if raw is not None else file.mkdir()
    assert commanding.run("ingest", cwd=vault).returncode == 0
    return vault


def test_a_broken_query_hides_no_other(project: Path) -> None:
    done = commanding.run("query", cwd=project)
    listed = {line.split()[0] for line in done.stdout.splitlines() if re.match(r"  \S", line)}
    assert {"good", "missing-notes", "orphans"} <= listed
    assert not {"colour", "twice", "bytes", "folder"} & listed
    said = done.stderr.splitlines()
    assert done.returncode == 2
    assert len(said) == len(SAID)
    for line, (name, words) in zip(said, SAID.items(), strict=True):
        assert re.match(rf"kg: .*queries/{re.escape(name)}{re.escape(words)}", line)


def test_another_query_than_the_broken_one_is_asked(project: Path) -> None:
    done = commanding.run("query", "good", cwd=project)
    assert (done.returncode, done.stdout, done.stderr) == (0, "p\nA.md\n", "")
    assert commanding.run("query", "missing-notes", cwd=project).returncode == 0
    done = commanding.run("query", "colour", cwd=project)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("kg: colour.rq:2: “colour” is not a parameter type")
    done = commanding.run("shell", stdin=".queries\n\ngood\n\ntwice\n\n", cwd=project)
    assert done.returncode == 0
    assert "Good" in done.stdout
    assert "A.md" in done.stdout
    assert done.stderr.count("declared twice") == 2


# ---- how an answer looks --------------------------------------------------------------------------------------------


def drawn(names: list[str], rows: list[list[str]], width: int | None) -> list[str]:
    out = io.BytesIO()
    table(names, [[ox.Literal(cell) for cell in row] for row in rows], TermNames({}), Screen(width), out)
    return out.getvalue().decode().splitlines()


@pytest.mark.parametrize("width", [10, 20, 40, 60, 80, 200])
@pytest.mark.parametrize("columns", [1, 2, 5, 12])
def test_a_table_is_never_wider_than_where_it_is_shown(width: int, columns: int) -> None:
    words = ["one", "https://example.org/" + "x" * 50, "漢字仮名交じり文", "a b c d e f g h i j k l m n o p", ""]
    rows = [[words[(row + column) % 5] for column in range(columns)] for row in range(7)]
    from rich.cells import cell_len

    lines = drawn([f"name{n}" for n in range(columns)], rows, width)
    assert max(map(cell_len, lines)) <= width
    shown = re.sub(r"\s", "", "".join(lines))
    assert shown.count("x") >= 50 * sum("x" * 50 in cell for row in rows for cell in row) or width == 10


def test_narrow_columns_become_lists_and_wide_ones_stay() -> None:
    names, row = [f"column {n}" for n in range(8)], ["a value of some length"] * 8
    assert drawn(names, [row], 60)[:2] == ["─── 1 ──", "column 0  a value of some length"]
    assert drawn(names, [row], 250)[0].split("   ")[0].strip() == "column 0"
    assert fitting(["a", "b"], [["x" * 100, "y" * 5]], 40) == [32, 5]


@pytest.mark.parametrize(
    ("rows", "width", "widths"),
    [
        ([["Psychological safety", "a long text of many short words, which goes on and on"]], 40, [19, 18]),
        ([["Gesundheitswesen", "one two three four"], ["x", "five six seven eight"]], 34, [16, 15]),
        ([["responsibilities of", "and word after word after word", "of all"]], 40, [16, 12, 6]),
        ([["short", "x" * 90]], 40, [5, 32]),
        ([["y" * 60, "x" * 90]], 41, [19, 19]),
    ],
)
def test_a_column_is_as_wide_as_its_longest_word(rows: list[list[str]], width: int, widths: list[int]) -> None:
    names = ["a", "b", "c"][: len(rows[0])]
    assert fitting(names, rows, width) == widths
    if "x" not in rows[0][1] and "y" not in rows[0][0]:
        shown = " ".join(drawn(names, rows, width)).split()
        assert all(word in shown for row in rows for cell in row for word in cell.split())


def test_rows_after_the_first_thousand_are_shown_too() -> None:
    lines = drawn(["n"], [[str(n)] for n in range(2_500)], 80)
    assert [line.strip() for line in lines[2:]] == [str(n) for n in range(2_500)]


def test_names_stand_for_iris_unless_iris_are_wanted(notes_store: kg.Store) -> None:
    text = "SELECT ?o ?p { ?o kg:achievedThrough ?p } ORDER BY ?o LIMIT 1"
    named, iris = (run(notes_store, "-f", "table", *more, text).stdout for more in ([], ["--iris"]))
    assert "https://" not in named
    assert iris.count("<https://notes.example/") == 2


def test_nothing_steers_a_terminal() -> None:
    assert TermNames({}).name(ox.Literal("a\x1b[31mb\u202ec\nd\te")) == r"a\x1b[31mb\u202ec ⏎ d e"


@pytest.mark.parametrize(
    ("environment", "can"),
    [({}, False), ({"TERM": "xterm-kitty"}, True), ({"VTE_VERSION": "7200"}, True), ({"VTE_VERSION": "4000"}, False),
     ({"TERM_PROGRAM": "vscode"}, True), ({"TERM_PROGRAM": "vscode", "FORCE_HYPERLINK": "0"}, False),
     ({"FORCE_HYPERLINK": "1"}, True)],
)  # fmt: skip
def test_terminals_that_make_links(environment: dict[str, str], can: bool) -> None:
    assert has_links(environment) is can


def in_terminal(store: kg.Store, **environment: str) -> str:
    """What `kg query` writes to a terminal of 60 columns."""
    import fcntl
    import struct
    import termios

    main, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 60, 0, 0))
    text = "SELECT ?concept ?section { ?concept a kg:Concept ; kg:hasSection ?section } ORDER BY ?section LIMIT 1"
    env = {key: value for key, value in os.environ.items() if key not in {"COLUMNS", "NO_COLOR"}} | environment
    with open(os.devnull, "r+b") as null:
        process = begun(["query", "--store", store.path, text], (null.fileno(), other, null.fileno()), environment=env)
    os.close(other)
    shown = b""
    while True:
        try:
            piece = os.read(main, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    process.join()
    os.close(main)
    return shown.decode()


@posix_only
def test_a_terminal_shows_links_and_no_color_nothing_of_the_kind(notes_store: kg.Store) -> None:
    can = {"TERM": "xterm-kitty"}
    shown = in_terminal(notes_store, **can)
    assert "obsidian://open?path=" in shown
    assert "%23" in shown
    assert max(len(line) for line in in_terminal(notes_store, NO_COLOR="1", **can).splitlines()) <= 60
    assert "\x1b" not in in_terminal(notes_store, NO_COLOR="1", **can)
    assert "\x1b" not in in_terminal(notes_store, TERM="dumb")
    assert "\x1b]8" not in in_terminal(notes_store, TERM="vt100")


def test_links_lead_into_the_vault(notes_store: kg.Store) -> None:
    called = TermNames(notes_store.prefixes, notes_store, NOTES)
    place = called.link(ox.NamedNode("https://notes.example/Concepts/Revenue"))
    assert place == f"obsidian://open?path={'%2F'.join(['', *NOTES.parts[1:], 'Concepts', 'Revenue.md'])}"
    assert called.link(ox.NamedNode("https://example.org/x")) == "https://example.org/x"
    assert called.link(ox.NamedNode("javascript:alert(1)")) is None
    assert called.link(ox.NamedNode("https://notes.example/north%20star%20metric")) is None
    attachment = called.link(ox.NamedNode("https://notes.example/attachments/flow.svg"))
    assert attachment == (NOTES / "attachments" / "flow.svg").as_uri()


def test_xml_has_no_character_that_xml_has_not(notes_store: kg.Store) -> None:
    import xml.etree.ElementTree as ET

    values = " ".join(f'"{text}"' for text in ("a\\uFFFEb", "c\\u0001d", "\\uFFFF", "plain", "\uf8ff\ufeff"))
    found = ox.Store().query(f"SELECT ?v {{ VALUES ?v {{ {values} }} }}")
    out = io.BytesIO()
    write(Answer("select", found, {}), out, "xml", people=People(TermNames({}), Screen()))
    texts = [
        node.text for node in ET.fromstring(out.getvalue()).iter("{http://www.w3.org/2005/sparql-results#}literal")
    ]
    assert texts == ["a\ufffdb", "c\ufffdd", "\ufffd", "plain", "\uf8ff\ufeff"]


def test_an_escaped_name_is_explained_as_it_is_meant(notes_store: kg.Store) -> None:
    said = explain(r"SELECT * { ?s kg:x\(y ?o . ?o kg:x\/\,y* ?p }", notes_store.prefixes, notes_store)
    assert "0  ?s <https://w3id.org/concept-notes#x(y> ?o" in said
