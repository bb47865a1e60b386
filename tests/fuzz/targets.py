"""What is read, and what must hold: every text gives an answer, findings or a KgError, within a time that fits it.

A target is opened once in a folder of its own and then told an input at a time. What it returns is what the input was
like (the codes of findings, the kind of a sentence): an input that is like none before it is kept, to be changed.
"""

import contextlib
import io
import json
import os
import re
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from zlib import crc32

import pyoxigraph as ox

import kg
from fuzz import archive, grammars
from fuzz.grammars import Grammar
from kg.config import Config, load
from kg.core.errors import KgError
from kg.core.findings import Finding
from kg.core.text import Source, UndecodableError
from kg.mapping.ontology import Ontology
from kg.notes.model import Note
from kg.rdf.iris import Names

BASE = "https://notes.example/"
ROOT = Path(__file__).parents[2]
SMALL = {
    "A.md": b"---\ntype: Concept\naliases: [First]\n---\n# A\n\nSee [[B#Why]] and #tag/one.\n\n# Outcomes\n- [[B]]\n- Faster\n",
    "B.md": b"# B\n\n# Why\nText, [[A|again]] and [[Gone]].\n\n# Outputs\n- A page\n",
}
Run = Callable[[bytes], object]


@dataclass(frozen=True)
class Target:
    """What reads inputs."""

    name: str
    grammar: Grammar
    open: Callable[[Path], Run]
    seconds: float = 3.0
    """So much processor time may an input of up to 64 kB take; a second is the aim, machines differ."""
    endless: bool = False
    """Whether an input may mean work without end, which kg does in a process with a time limit."""
    good: Callable[[], Iterable[bytes]] = tuple
    """Inputs to begin with, beside those of the corpus: what lies in this repository, so that no copy of it grows old."""


@cache
def ontology() -> Ontology:
    """The ontology that comes with kg."""
    from kg.mapping.ontology import load_ontology

    return load_ontology(Config(Path(), Path(), Path()))


def check_places(findings: Iterable[Finding], source: Source | None) -> str:
    """Each finding lies in its text; the codes of all."""
    lines = re.split("\r\n|\n|\r", source.text) if source else []
    codes = set()
    for one in findings:
        codes.add(one.code)
        for line, column in ((one.line, one.column), (one.end_line, one.end_column)):
            assert line >= 1 and column >= 1, f"{one.code} at {line}:{column}"
            if source:
                assert line <= len(lines) and column <= len(lines[line - 1]) + 1, f"{one.code} at {line}:{column}"
        assert (one.line, one.column) <= (one.end_line, one.end_column), f"{one.code} ends before it begins"
        str(one).encode()
    return " ".join(sorted(codes))


def check_statements(notes: list[Note]) -> str:
    """What notes state is taken by the store, in every line; the properties that occur."""
    from kg.mapping.link_resolution import Index
    from kg.mapping.statements import Reader

    reader = Reader(Index.of(notes, ["img/é.png", "A.png"], Names(BASE)), ontology(), "Concept")
    predicates = set()
    for note in notes:
        stated = reader.statements(note)
        lines = [f"{row[0]} {row[1]} {row[2]}" for row in stated.rows]
        quads = list(ox.parse(f" <{stated.graph}> .\n".join([*lines, ""]), ox.RdfFormat.N_QUADS))
        assert len(quads) == len(lines), f"{len(lines)} lines are {len(quads)} quads"
        predicates |= {row[1] for row in stated.rows}
    return f"{len(predicates)}"


# ---- notes, front matter, canvases ------------------------------------------------------------------------------------


def _note(note: Note, source: Source | None) -> str:
    from kg.fulltext.indexer import words
    from kg.mapping.link_resolution import Index
    from kg.notes.obsidian_settings import Settings
    from kg.validation.link_checks import Checker

    codes = check_places(note.findings, source)
    said = check_statements([note])
    words(note)
    checked = Checker(Index.of([note], ["A.png"], Names(BASE)), Settings()).check(note)
    return f"{codes} {check_places(checked.findings, source)} {said}"


def notes(folder: Path) -> Run:
    """A Markdown note: read, stated, indexed, its links checked, its text made a tree that JSON holds."""
    from kg.notes.markdown import parse_with_markup
    from kg.notes.text_tree import text_tree

    def run(data: bytes) -> object:
        try:
            note, markup = parse_with_markup("Note one.md", data)
        except UndecodableError as error:
            assert 0 <= error.offset <= len(data)
            return "undecodable"
        tree = text_tree(note, markup, lambda link: {"kind": link.kind})
        assert json.loads(json.dumps(tree.nodes)) == tree.nodes
        assert len(tree.sections) == sum(1 for section in note.root.walk() if section.level)
        return _note(note, note.source)

    return run


def front_matter(folder: Path) -> Run:
    """The properties of a note."""
    from kg.notes.frontmatter import read

    def run(data: bytes) -> object:
        try:
            source = Source.decode(data)
        except UndecodableError:
            return "undecodable"
        found = read("Note.md", source)
        assert 0 <= found.body <= len(source.data)
        for one in found.properties:
            assert 0 <= one.span.start <= one.span.end <= found.body
        return f"{check_places(found.findings, source)} {sorted({one.value.kind for one in found.properties})}"

    return run


def canvases(folder: Path) -> Run:
    """A canvas of Obsidian."""
    from kg.notes.canvas import CanvasError, parse

    def run(data: bytes) -> object:
        try:
            note = parse("A.canvas", data)
            file = Source.decode(data)
        except UndecodableError:
            return "undecodable"
        except CanvasError as error:
            check_places([error.finding], None)
            return error.finding.message
        return _note(note, file)

    return run


# ---- ontologies, rules, shapes ------------------------------------------------------------------------------------------


def ontologies(folder: Path) -> Run:
    """A Turtle file in `ontology/`."""
    from kg.mapping.ontology import load as load_ontology

    prefixes = Config(folder, folder, folder).all_prefixes

    def run(data: bytes) -> object:
        (folder / "own.ttl").write_bytes(data)
        found = load_ontology([folder], prefixes)
        for text in ("Risk", "a", "kg:Concept", "http://e.example/R", "", "é"):
            class_ = found.class_named(text)
            if class_:
                found.tie((class_,), class_), found.byline(class_), found.known_by_name(class_), found.label(class_)
            for prop in found.properties_named(text):
                found.range_known_by_name(prop)
        return f"{len(found.classes)} {len(found.properties)} {check_places(found.findings, None)}"

    return run


def rules(folder: Path) -> Run:
    """A rule in `ontology/rules/`: what it means, remembered and read again."""
    from kg.mapping.ontology import load as load_ontology
    from kg.reasoning.construct_rules import constructs, select_of

    prefixes = Config(folder, folder, folder).all_prefixes
    (folder / "rules").mkdir()

    def run(data: bytes) -> object:
        (folder / "rules" / "r.rq").write_bytes(data)
        found = load_ontology([folder], prefixes)
        meant, remembered = constructs(found.rules, prefixes)
        again, _ = constructs(found.rules, prefixes, remembered)
        assert again == meant, "what is remembered of a rule is not what it means"
        for text in found.rules.values():
            select_of(text)
        return [(len(one.rules), one.is_query, len(one.patterns)) for one in meant.values()]

    return run


def shapes(folder: Path) -> Run:
    """A file of SHACL shapes, and what pySHACL makes of it."""
    from kg.mapping.ontology import load as load_ontology
    from kg.validation import pyshacl_runner as shacl
    from kg.validation.data_graph import DataGraph
    from kg.validation.shape_automaton import Automaton
    from kg.validation.shapes import Shapes

    prefixes = Config(folder, folder, folder).all_prefixes
    store = _ingested(folder)

    def run(data: bytes) -> object:
        (folder / "own.ttl").write_bytes(data)
        found = Shapes.of(load_ontology([folder], prefixes))
        shacl.refuse(found)
        find = DataGraph(store.find, (), BASE)
        focus = {shape: found.focus_nodes(shape, find) for shape in found.aimed}
        seen = Automaton(found).seen_from(focus, find)
        Automaton(found).touched_by(list(seen)[:3], find)
        rows = shacl.engine()(
            ox.serialize(list(seen), format=ox.RdfFormat.N_TRIPLES) or b"",
            ox.serialize(found.aimed_at(focus), format=ox.RdfFormat.N_TRIPLES) or b"",
            found.advanced,
        )
        results = [shacl.Violation.parsed(row) for row in rows]
        shacl.in_turtle(found, results, prefixes)
        return sorted({str(one.component) for one in results})

    return run


def _ingested(folder: Path, files: dict[str, bytes] | None = None) -> kg.Store:
    """The store of a small vault beside the target's own files."""
    vault = folder.parent / f"{folder.name}-vault"
    shutil.rmtree(vault, ignore_errors=True)
    vault.mkdir()
    archive.write(files or SMALL, vault)
    return kg.ingest(kg.Vault(config=load(vault, cwd=vault))).store


# ---- queries ------------------------------------------------------------------------------------------------------------


def queries(folder: Path) -> Run:
    """A query: looked over, rewritten for servers, explained; and answered, in every form, in a process with limits."""
    from kg.cli.prompt import is_complete, piped_queries
    from kg.core.guard import guarded
    from kg.rdf.sparql_syntax import check
    from kg.remote.default_graph import graphs_by_variables, within
    from kg.rendering import query_results as results
    from kg.rendering.tables import Screen, TermNames
    from kg.sparql import algebra, binding
    from kg.sparql import query as sparql
    from kg.sparql.hints import hints_on_unknown_terms

    store = _ingested(folder)
    people = results.People(TermNames(store.prefixes, store), Screen())

    def answer(text: str) -> str:
        kind = sparql.query(store, text, {"z": "Lean"}).kind
        for name, one in results.FORMATS.items():
            if kind in one.kinds:
                results.write(sparql.query(store, text), io.BytesIO(), name, people=people)
        list(hints_on_unknown_terms(text, store, store.prefixes, lambda: sparql.query(store, text).is_nothing, []))
        return kind

    def run(data: bytes) -> object:
        text = data.decode("utf-8", "replace")
        is_complete(text), list(piped_queries(io.StringIO(text)))
        check(text)
        within(text, f"<{BASE}>"), graphs_by_variables(text), binding.used_prefixes(text, store.prefixes)
        binding.bind(text, {"x": "Lean", "y": "1"}, store.prefixes)
        said = guarded(lambda: answer(text), seconds=2, memory=2_000_000_000)
        if len(text) < 2_000:
            algebra.explain(text, store.prefixes)
        return said

    return run


def headers(folder: Path) -> Run:
    """A query's header, and what is given for its parameters, in lines that begin with `#?`."""
    from kg.sparql.binding import bind
    from kg.sparql.library import Header
    from kg.sparql.parameters import Binder

    store = _ingested(folder)
    binder = Binder(load(folder, cwd=folder, store=store.path))

    def run(data: bytes) -> object:
        text = data.decode("utf-8", "replace")
        given = dict(re.findall(r"^#\? *(\w+) *= *(.*)$", text, re.M))
        found = Header.of(text)
        said = [one.type for one in found.params]
        bind(text, binder.bind(found.params, given), store.prefixes)
        return said

    return run


def answers(folder: Path) -> Run:
    """Questions with the answers that are expected."""
    from kg.sparql.competency import Outcome, compare
    from kg.sparql.competency_cases import find_cases

    config = load(folder, cwd=folder)

    def run(data: bytes) -> object:
        shutil.rmtree(folder / "tests", ignore_errors=True)
        archive.write({f"tests/{name}": text for name, text in archive.unpacked(data).items()}, folder)
        (folder / "tests").mkdir(exist_ok=True)
        found = find_cases(config, [folder / "tests"])
        for case in found:
            assert case.line >= 1 and case.column >= 1
            if case.expected:
                compare(case.expected, Outcome("graph", triples=case.expected.triples), False)
        return [(case.expected.kind if case.expected else "", re.sub(r"\W.*", "", case.problem)) for case in found]

    return run


# ---- settings, vaults, stores ---------------------------------------------------------------------------------------------


def settings(folder: Path) -> Run:
    """kg.toml, Obsidian's settings and .gitignore, over a few files."""
    from kg.notes.vault import Vault

    def run(data: bytes) -> object:
        vault = _fresh(folder / "vault")
        archive.write({**SMALL, "a" * 100 + ".md": b"x", "sub/C.md": b"# C\n", **archive.unpacked(data)}, vault)
        config = load(vault, cwd=vault)
        files = Vault(config=config).files()
        return f"{len(files.notes)} {len(files.ignored)} {check_places(files.findings, None)}"

    return run


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def vaults(folder: Path) -> Run:
    """A small vault of any files: ingested, ingested again after an edit, its links validated, its questions read."""
    from kg.sparql.competency_cases import find_cases
    from kg.sparql.library import readable_queries

    def run(data: bytes) -> object:
        vault = _fresh(folder / "vault")
        archive.write({"Good.md": SMALL["A.md"], **archive.unpacked(data)}, vault)
        config = load(vault, cwd=vault, store=_fresh(folder / "store") / "s")
        report = kg.ingest(kg.Vault(config=config))
        (vault / "Good.md").write_bytes(SMALL["B.md"])
        again = kg.ingest(kg.Vault(config=config)).store.nquads()
        if crc32(data) % 4 == 0:  # it takes as long as all else
            full = kg.ingest(kg.Vault(config=config), full=True).store.nquads()
            assert again == full, "an ingest after an edit is not what a full one gives"
        checked = kg.validate(kg.Vault(config=config), only="links")
        find_cases(config, ())
        readable_queries(config)
        return f"{check_places(report.findings, None)} {check_places(checked.findings, None)}"

    return run


def stores(folder: Path) -> Run:
    """A store of which some files hold other bytes, opened by all that opens a store."""
    from kg.ingestion.doctor import examine
    from kg.store.pulled_graphs import Pulled
    from kg.store.store import Store, published
    from kg.validation.cache import ValidationCache

    whole = _whole_store(folder)
    generation = _generation(whole)

    def readers(vault: Path) -> list[Callable[[], object]]:
        store, config = vault / ".kg", load(vault, cwd=vault)
        return [
            lambda: Store(store).nquads(),
            lambda: list(kg.query(Store(store), "SELECT * { ?s kg:linksTo ?o }")),
            lambda: kg.query(store, "outline", {"note": "A"}).rows,
            lambda: kg.network(store),
            lambda: kg.search(store, "Text"),
            lambda: examine(kg.Vault(config=config)),
            lambda: list(Pulled(store).triples()),
            lambda: ValidationCache.read(store),
            lambda: published(store),
        ]

    def run(data: bytes) -> object:
        vault = folder / "vault"
        shutil.rmtree(vault, ignore_errors=True)
        shutil.copytree(whole, vault)
        files = {name.replace("gen-1", generation, 1): text for name, text in archive.unpacked(data).items()}
        archive.write(
            {f".kg/{name}": text.replace(b"gen-1", generation.encode()) for name, text in files.items()}, vault
        )
        return _said([*_some(readers(vault), data), lambda: _ingest_into(vault)])

    return run


def _some(readers: list[Callable[[], object]], data: bytes) -> list[Callable[[], object]]:
    """A few of the readers, other ones for each input, and the same for the same."""
    start = crc32(data) % len(readers)
    return (readers[start:] + readers[:start])[:4]


def _said(reads: Iterable[Callable[[], object]]) -> list[str]:
    """What came of each: an answer, or which KgError."""
    said = []
    for read in reads:
        try:
            read()
            said.append("")
        except KgError as error:
            str(error).encode()
            said.append(f"{type(error).__name__} {re.sub(r'[^a-z ]+', ' ', str(error))[-40:]}")
    return said


def _ingest_into(vault: Path) -> None:
    """An ingest finds out what is wrong with a store, and leaves one that is whole."""
    config = load(vault, cwd=vault)
    kg.ingest(kg.Vault(config=config))
    kg.Store(config.store).nquads()


def _whole_store(folder: Path) -> Path:
    """A vault with a store in which everything was done that leaves a file there."""
    whole = folder / "whole"
    whole.mkdir()
    archive.write(SMALL, whole)
    kg.ingest(kg.Vault(config=load(whole, cwd=whole)))
    kg.search(whole / ".kg", "Text")
    kg.validate(kg.Vault(config=load(whole, cwd=whole)))
    return whole


def _generation(vault: Path) -> str:
    return next((vault / ".kg").glob("gen-*")).name


def _store_files() -> Iterator[bytes]:
    """Each file of a store, small ones whole."""
    with tempfile.TemporaryDirectory() as folder:
        vault = _whole_store(Path(folder))
        for file in sorted((vault / ".kg").rglob("*")):
            if file.is_file() and file.stat().st_size < 40_000:
                name = file.relative_to(vault / ".kg").as_posix().replace(_generation(vault), "gen-1", 1)
                yield b"=== %b\n%b\n" % (name.encode(), file.read_bytes())


# ---- servers ----------------------------------------------------------------------------------------------------------------


def servers(folder: Path) -> Run:
    """What a server answers: to a query, to `kg pull`, to `kg push`."""
    from fuzz.loopback import answering
    from kg.remote import endpoint as remote
    from kg.remote import http_exchange as exchange
    from kg.remote.push import push
    from kg.store.pulled_graphs import Pulled, write

    exchange.RETRIES = 0  # what is tried again is waited for
    server = answering()
    store = _ingested(folder)
    prefixes = store.prefixes

    def asks() -> Iterator[Callable[[], object]]:
        there = remote.Endpoint.at(server.address, seconds=1)
        yield lambda: remote.query(server.address, "SELECT * { ?s ?p ?o }", prefixes, timeout=1).rows
        yield lambda: list(remote.query(server.address, "CONSTRUCT WHERE { ?s ?p ?o }", prefixes, timeout=1).triples())
        yield lambda: remote.query(server.address, "ASK { ?s ?p ?o }", prefixes, timeout=1).boolean
        yield lambda: write(folder / "pulled" / "a.nt", there.triples(None, 1))
        yield lambda: list(Pulled(folder).triples())
        yield lambda: push(store, there)

    def run(data: bytes) -> object:
        files = archive.unpacked(data)
        server.answer = files.get("head", b"200"), files.get("body", b"")
        return _said(asks())

    return run


def _files(pattern: str, head: str = "") -> Callable[[], Iterable[bytes]]:
    """The files of this repository that a pattern matches, each as one input."""

    def read() -> Iterator[bytes]:
        for file in sorted(ROOT.glob(pattern)):
            yield head.encode() + file.read_bytes()[:20_000]

    return read


TARGETS = {
    one.name: one
    for one in (
        Target("notes", grammars.MARKDOWN, notes, good=_files("notes/**/*.md")),
        Target("front-matter", grammars.FRONT_MATTER, front_matter, good=_files("notes/**/*.md")),
        Target("canvases", grammars.CANVAS, canvases),
        Target("ontologies", grammars.TURTLE, ontologies, good=_files("ontology/*.ttl")),
        Target("rules", grammars.RULES, rules, good=_files("ontology/rules/*.rq")),
        Target("shapes", grammars.SHAPES, shapes, seconds=30, endless=True, good=_files("ontology/shapes*.ttl")),
        Target("queries", grammars.SPARQL, queries, seconds=8, good=_files("queries/*.rq")),
        Target("headers", grammars.HEADERS, headers, good=_files("queries/*.rq")),
        Target("answers", grammars.ANSWERS, answers, seconds=12, good=_files("queries/tests/*.md", "=== q.md\n")),
        Target("settings", grammars.SETTINGS, settings),
        Target("vaults", grammars.VAULTS, vaults, seconds=30, endless=True, good=_files("notes/*.md", "=== A.md\n")),
        Target("stores", grammars.STORES, stores, seconds=20, good=_store_files),
        Target("servers", grammars.SERVERS, servers, seconds=20),
    )
}


def _trial(folder: Path) -> Run:
    """What the tests of this folder are made with: it does what the input says."""

    def run(data: bytes) -> object:
        if b"crash" in data:
            os.kill(os.getpid(), signal.SIGSEGV)
        if b"hang" in data:
            threading.Event().wait()
        if b"loop" in data:
            while time.process_time() < 1:
                pass
        if b"refuse" in data:
            raise KgError("refused")
        assert b"wrong" not in data, "this is wrong"
        return data[:1]

    return run


TRIAL = Target("trial", Grammar({"start": ("a", "b", "‹word›c"), "word": ("d", "wrong")}), _trial, seconds=0.2)


def target_of(name: str) -> Target:
    """The target of a name."""
    return {**TARGETS, TRIAL.name: TRIAL}[name]


@contextlib.contextmanager
def silently() -> Iterator[None]:
    """Without what libraries log."""
    import logging

    logging.disable(logging.CRITICAL)
    yield
