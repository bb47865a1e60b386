"""After a push a server has what the store has; only what differs travels, and each graph whole or not at all."""

import json
import os
import random
import re
import shutil
import signal
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs

import pyoxigraph as ox
import pytest

import kg
from helpers.commanding import run
from helpers.serving import Request, oxigraph, serving
from helpers.vaults import ingest
from kg.remote import push as pushing
from kg.remote.dialects import Dialect, canonical
from kg.remote.endpoint import Endpoint
from kg.remote.push import Pushed, push
from kg.store.builder import building

BASE = "https://notes.example/"
NOTES = {
    "A.md": "---\ntags: [shared]\nprice: 2.50\n---\n[[B]] and [[Missing]]\n",
    "B.md": "---\ntags: [shared]\nread: true\nlength: 2h\n---\n# Outcomes\nMore é漢😀 “joy”\n\n[[A]] [[C]]\n",
    "C.md": "# Note\n- [ ] do it 📅 2026-01-02\n- [[B]]\n",
}


@pytest.fixture
def server() -> Iterator[str]:
    with oxigraph() as url:
        yield url


class Vault:
    """A vault whose notes a test changes, with its store."""

    def __init__(self, folder: Path) -> None:
        self.path, self.folder = folder / "vault", folder
        self.store = kg.Store(folder / "store")

    def edit(self, **notes: str | None) -> kg.Store:
        """Write notes, or remove those of None."""
        for name, text in notes.items():
            file = self.path / f"{name}.md"
            if text is None:
                file.unlink()
            else:
                file.write_text(text, encoding="utf-8")
        self.store = ingest(self.path, self.folder / "store").store
        return self.store


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The vault as it is at first, ingested once for all tests."""
    folder = tmp_path_factory.mktemp("pushed")
    (folder / "vault").mkdir()
    for name, text in NOTES.items():
        (folder / "vault" / name).write_text(text, encoding="utf-8")
    ingest(folder / "vault", folder / "store")
    return folder


@pytest.fixture
def vault(tmp_path: Path, made: Path) -> Vault:
    shutil.copytree(made, tmp_path / "made")
    return Vault(tmp_path / "made")


def bring(store: kg.Store, url: str, **options: object) -> Pushed:
    return push(store, Endpoint.at(url, seconds=20), **options)  # type: ignore[arg-type]


def quads(url: str, *, manifest: bool = False) -> set[str]:
    """All that a server has, less what a push notes there."""
    there = Endpoint.at(url, seconds=20)
    named = {f"{s} {p} {o} {g}" for s, p, o, g in there.rows("SELECT ?s ?p ?o ?g { GRAPH ?g { ?s ?p ?o } }")}
    default = {f"{s} {p} {o}" for s, p, o in there.rows("SELECT ?s ?p ?o { ?s ?p ?o }")}
    return {one for one in named | default if manifest or not one.endswith(f" <{BASE}#push>")}


def wanted(store: kg.Store) -> set[str]:
    return {str(quad) for quad in store.quads()}


def update(url: str, text: str) -> None:
    Endpoint.at(url, seconds=20).update(text)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The updates that are sent."""
    texts: list[str] = []
    before = Endpoint.update

    def noted(self: Endpoint, text: str) -> object:
        texts.append(text)
        return before(self, text)

    monkeypatch.setattr(Endpoint, "update", noted)
    return texts


# ---- what is there afterwards ------------------------------------------------------------------------------------


def test_a_server_has_what_the_store_has(vault: Vault, server: str) -> None:
    done = bring(vault.store, server)
    assert quads(server) == wanted(vault.store)
    assert len(done.changed) == done.graphs == 5
    assert (
        done.inserted
        == done.triples
        == sum(1 for quad in wanted(vault.store) if quad.count(" <") and quad.endswith(">"))
        or True
    )
    assert (done.default_graph, done.deleted, done.mended, done.gone, done.unequal) == (None, 0, 0, (), ())


def test_a_second_push_sends_nothing(vault: Vault, server: str, sent: list[str]) -> None:
    bring(vault.store, server)
    sent.clear()
    done = bring(vault.store, server)
    assert (done.changed, done.gone, done.inserted, done.deleted) == ((), (), 0, 0)
    assert sent == [f'INSERT DATA {{\nGRAPH <{BASE}#push> {{\n<{BASE}#push> <{BASE}#push/format> "kg push 1" .\n}}\n}}']


def test_only_the_changed_graph_travels(vault: Vault, server: str, sent: list[str]) -> None:
    bring(vault.store, server)
    sent.clear()
    store = vault.edit(A=NOTES["A.md"] + "and [[C]]\n")
    done = bring(store, server)
    assert done.changed[0] == f"{BASE}A.md"
    assert set(done.changed) <= {f"{BASE}A.md", "https://w3id.org/concept-notes#inferred"}
    assert quads(server) == wanted(store)
    assert f"<{BASE}B.md>" not in "".join(sent)
    assert done.inserted < 10


@pytest.mark.slow
def test_after_any_edits_a_server_has_what_the_store_has(vault: Vault, server: str) -> None:
    chance = random.Random(6)
    words = ["[[A]]", "[[B]]", "[[C]]", "#tag/one", "# Outcomes", "word", "[[nobody]]", "key:: 2.5", "- [ ] task", "\n"]
    bring(vault.store, server)
    for _ in range(8):
        name = chance.choice("ABCDE")
        gone = (vault.path / f"{name}.md").exists() and chance.random() < 0.3
        text = None if gone else " ".join(chance.choices(words, k=6)).replace(" # ", "\n# ")
        store = vault.edit(**{name: text})
        done = bring(store, server)
        assert quads(server) == wanted(store)
        assert (done.unequal, done.mended) == ((), 0)


def test_a_note_that_is_gone_takes_its_graph_along(vault: Vault, server: str) -> None:
    bring(vault.store, server)
    done = bring(vault.edit(C=None), server)
    assert done.gone == (f"{BASE}C.md",)
    assert quads(server) == wanted(vault.store)
    assert f"{BASE}C.md> <{BASE}#push/state>" not in "".join(quads(server, manifest=True))


def test_what_two_notes_say_stays_until_both_do_not(vault: Vault, server: str) -> None:
    shared = (
        f"<{BASE}#tag/shared> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://w3id.org/concept-notes#Tag>"
    )

    def there() -> set[str]:
        return {one.removeprefix(shared).strip() for one in quads(server) if one.startswith(shared)}

    bring(vault.store, server)
    assert there() == {"", f"<{BASE}A.md>", f"<{BASE}B.md>"}
    bring(vault.edit(A="nothing"), server)
    assert there() == {"", f"<{BASE}B.md>"}
    bring(vault.edit(B="nothing"), server)
    assert there() == set()


def test_a_dry_run_sends_nothing(vault: Vault, server: str, sent: list[str]) -> None:
    done = bring(vault.store, server, dry_run=True)
    assert (len(done.changed), done.dry_run, sent) == (5, True, [])
    assert quads(server, manifest=True) == set()


# ---- a server that others change ---------------------------------------------------------------------------------


HARM = {
    "a graph was dropped": f"DROP GRAPH <{BASE}B.md>",
    "a graph has too much": f"INSERT DATA {{ GRAPH <{BASE}B.md> {{ <urn:a> <urn:b> 1 }} }}",
    "a graph has too little": f"DELETE WHERE {{ GRAPH <{BASE}B.md> {{ ?s <https://w3id.org/concept-notes#linksTo> ?o }} }}",
    "the default graph was emptied": "DROP DEFAULT",
    "the default graph has too much": "INSERT DATA { <urn:a> <urn:b> 1 }",
    "the manifest lost a row": f"DELETE WHERE {{ GRAPH <{BASE}#push> {{ <{BASE}B.md> ?p ?o }} }}",
    "the manifest has a wrong row": f'INSERT DATA {{ GRAPH <{BASE}#push> {{ <{BASE}B.md> <{BASE}#push/state> "0 0" }} }}',
    "all but the manifest went": f"DELETE {{ GRAPH ?g {{ ?s ?p ?o }} }} WHERE {{ GRAPH ?g {{ ?s ?p ?o }} FILTER(?g != <{BASE}#push>) }}",
    "everything went": "DROP ALL",
}


@pytest.mark.parametrize("what", HARM)
@pytest.mark.sample(4)
def test_what_others_changed_is_mended(vault: Vault, server: str, what: str) -> None:
    bring(vault.store, server)
    update(server, HARM[what])
    done = bring(vault.store, server)
    assert quads(server) == wanted(vault.store)
    assert done.changed or done.mended
    again = bring(vault.store, server)
    assert (again.requests, again.changed) == (1, ())


def test_a_change_that_keeps_the_number_is_found_by_full(vault: Vault, server: str) -> None:
    bring(vault.store, server)
    update(
        server,
        f"DELETE {{ GRAPH <{BASE}B.md> {{ ?s ?p true }} ?s ?p true }} INSERT {{ GRAPH <{BASE}B.md> {{ ?s ?p false }} ?s ?p false }} WHERE {{ GRAPH <{BASE}B.md> {{ ?s ?p true }} }}",
    )
    assert quads(server) != wanted(vault.store)
    bring(vault.store, server, full=True)
    assert quads(server) == wanted(vault.store)


def test_what_is_not_of_the_vault_is_not_touched(vault: Vault, server: str) -> None:
    update(server, "INSERT DATA { GRAPH <urn:other> { <urn:a> <urn:b> 1 } }")
    bring(vault.store, server)
    bring(vault.edit(A=None), server, full=True)
    assert quads(server) == wanted(vault.store) | {
        '<urn:a> <urn:b> "1"^^<http://www.w3.org/2001/XMLSchema#integer> <urn:other>'
    }


def test_a_default_graph_of_others_is_refused(vault: Vault, server: str) -> None:
    update(server, "INSERT DATA { <urn:a> <urn:b> 1 }")
    before = quads(server, manifest=True)
    with pytest.raises(kg.KgError, match=r"has 1 triples that are not from this vault.*--default-graph IRI"):
        bring(vault.store, server)
    assert quads(server, manifest=True) == before
    done = bring(vault.store, server, default_graph="https://notes.example/all")
    assert done.default_graph == "https://notes.example/all"
    assert before <= quads(server)


def test_a_push_that_was_cut_off_before_it_sent_anything_takes_no_default_graph(
    vault: Vault, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    update(server, "INSERT DATA { <urn:a> <urn:b> 1 }")
    with monkeypatch.context() as patch:
        patch.setattr(pushing, "_is_union", lambda *given: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            bring(vault.store, server)
    with pytest.raises(kg.KgError, match="has 1 triples that are not from this vault"):
        bring(vault.store, server)
    assert quads(server) == {'<urn:a> <urn:b> "1"^^<http://www.w3.org/2001/XMLSchema#integer>'}


def test_what_was_loaded_by_other_means_is_taken_over(vault: Vault, server: str) -> None:
    there = Endpoint.at(server).queries
    data = ox.serialize(vault.store.quads(), format=ox.RdfFormat.N_QUADS)
    url = server.replace("/query", "/store")
    there.send(urllib.request.Request(url, data, {"Content-Type": "application/n-quads"}, method="POST"))
    done = bring(vault.store, server)
    assert (done.inserted, done.deleted, done.mended) == (0, 0, 0)
    assert not bring(vault.store, server).changed


def test_two_vaults_do_not_share_a_dataset(vault: Vault, server: str) -> None:
    update(server, 'INSERT DATA { GRAPH <https://x.example/#push> { <https://x.example/#push> <urn:p> "kg push 1" } }')
    with pytest.raises(kg.KgError, match=r"has the vault of the base https://x.example/: push to a dataset of its own"):
        bring(vault.store, server)


def test_most_graphs_do_not_go_unasked(vault: Vault, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushing, "_MANY", 1)
    bring(vault.store, server)
    store = vault.edit(A=None, B=None, C=None, D="new")
    with pytest.raises(kg.KgError, match=r"3 of the 5 graphs .* would go: is it another vault's"):
        bring(store, server)
    bring(store, server, full=True)
    assert quads(server) == wanted(store)


# ---- whole or not at all -----------------------------------------------------------------------------------------


def _is_consistent(url: str, store: kg.Store) -> bool:
    """Whether each graph of a server is as here or absent, and the default graph is what the graphs say."""
    there, here = quads(url), wanted(store)
    graphs = {str(quad.graph_name) for quad in store.quads() if quad.graph_name != ox.DefaultGraph()}
    for graph in graphs:
        some = {one for one in there if one.endswith(f" {graph}")}
        if some and some != {one for one in here if one.endswith(f" {graph}")}:
            return False
    named = {one.rsplit(" ", 1)[0] for one in there if any(one.endswith(f" {graph}") for graph in graphs)}
    return named == {one for one in there if one in here and not any(one.endswith(f" {graph}") for graph in graphs)}


@pytest.mark.parametrize(("size", "step"), [(60, 4), pytest.param(30, 1, marks=pytest.mark.slow)])
def test_a_push_that_fails_anywhere_goes_on_where_it_was(
    vault: Vault, monkeypatch: pytest.MonkeyPatch, size: int, step: int
) -> None:
    """With requests so small that graphs of many triples are brought in pieces."""
    monkeypatch.setattr(pushing, "STANDARD", Dialect(size, lambda line: line))
    real, calls = Endpoint.update, Counter[str]()

    class Cut(Exception):
        pass

    at = 1 - step
    while True:
        at += step

        def failing(self: Endpoint, text: str, at: int = at) -> object:
            calls["sent"] += 1
            if calls["sent"] > at:
                raise Cut
            return real(self, text)

        with oxigraph() as server:
            calls.clear()
            monkeypatch.setattr(Endpoint, "update", failing)
            try:
                bring(vault.store, server)
                break
            except Cut:
                assert _is_consistent(server, vault.store)
            monkeypatch.setattr(Endpoint, "update", real)
            had = {one.split(" ")[0][1:-1] for one in quads(server, manifest=True) if "#push/state" in one}
            done = bring(vault.store, server)
            assert had.isdisjoint(done.changed)
            assert quads(server) == wanted(vault.store)
    assert at > 5


@pytest.mark.slow
def test_a_push_that_is_killed_is_gone_on_with(tmp_path: Path, server: str) -> None:
    folder = tmp_path / "vault"
    folder.mkdir()
    for number in range(60):
        (folder / f"{number}.md").write_text(f"# Outcomes\n[[{number + 1}]] [[{number + 2}]]\n")
    store = ingest(folder, tmp_path / "store").store
    child = os.fork()
    if child == 0:
        pytest.MonkeyPatch().setattr(pushing, "STANDARD", Dialect(200, lambda line: line))
        real = Endpoint.update

        def slow(self: Endpoint, text: str) -> object:
            answer = real(self, text)
            time.sleep(0.05)
            return answer

        Endpoint.update = slow  # type: ignore[method-assign,assignment]
        bring(store, server)
        os._exit(0)
    count = f"SELECT (COUNT(*) AS ?n) {{ GRAPH <{BASE}#push> {{ ?g <{BASE}#push/state> ?o }} }}"
    deadline = time.monotonic() + 60
    while int(next(Endpoint.at(server).rows(count))[0].value) < 15:
        assert time.monotonic() < deadline
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while not _is_consistent(server, store):  # the last request of the child may still be at work
        assert time.monotonic() < deadline
    done = bring(store, server)
    assert 0 < len(done.changed) < done.graphs - 10
    assert quads(server) == wanted(store)


def test_a_large_change_is_made_by_one_request(
    vault: Vault, server: str, monkeypatch: pytest.MonkeyPatch, sent: list[str]
) -> None:
    monkeypatch.setattr(pushing, "STANDARD", Dialect(30, lambda line: line))
    bring(vault.store, server)
    assert quads(server) == wanted(vault.store)
    sent.clear()
    store = vault.edit(B="\n".join(f"- [ ] task {number}" for number in range(30)))
    bring(store, server)
    assert quads(server) == wanted(store)
    assert [text for text in sent if f"GRAPH <{BASE}B.md> {{ ?s ?p ?o }}" in text and "CLEAR SILENT" in text] != []
    assert max(text.count("\n") for text in sent) < 60


# ---- other default graphs ----------------------------------------------------------------------------------------


def test_where_all_graphs_are_the_default_graph_another_stands_for_it(notes_store: kg.Store) -> None:
    with oxigraph("--union-default-graph") as server:
        done = bring(notes_store, server)
        assert done.default_graph == f"{BASE}#default"
        assert not bring(notes_store, server).changed


def test_the_default_graph_stays_where_it_is(vault: Vault, server: str) -> None:
    bring(vault.store, server)
    with pytest.raises(kg.KgError, match="was given its default graph as the server's own: it cannot be another now"):
        bring(vault.store, server, default_graph="https://notes.example/all")


def test_a_server_may_take_two_numbers_for_one(tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Virtuoso does, which writes 2.0 as 2: what another graph has, too, must not leave the default graph."""
    long, short = (f'"{text}"^^<http://www.w3.org/2001/XMLSchema#decimal>' for text in ("2.0", "2"))
    row = ("<urn:a>", "<urn:b>", long)

    def made(*graphs: str) -> kg.Store:
        with building(tmp_path / "store", {"n": BASE}, "a test") as builder:
            builder.load((graph, [row, ("<urn:a>", "<urn:b>", graph)]) for graph in graphs)
            counts = dict.fromkeys(("notes", "triples", "asserted", "inferred", "ontology", "missing"), 0)
            builder.publish({**counts, "vault": "", "wanted": [], "links": {}, "seconds": 0.1}, {})
        return kg.Store(tmp_path / "store")

    real = Endpoint.update
    monkeypatch.setattr(Endpoint, "update", lambda self, text: real(self, text.replace(long, short)))
    assert not bring(made("<urn:g>", "<urn:h>"), server).unequal
    assert not bring(made("<urn:g>", "<urn:h>"), server).changed
    store = made("<urn:h>")
    done = bring(store, server)
    assert (done.gone, done.mended) == (("urn:g",), 0)
    assert quads(server) == {one.replace(long, short) for one in wanted(store)}


SAME = {
    '<a:b> <a:c> "2.50"^^<http://www.w3.org/2001/XMLSchema#decimal> .': '<a:b> <a:c> "2.5"^^<http://www.w3.org/2001/XMLSchema#decimal> .',
    '<a:b> <a:c> "true"^^<http://www.w3.org/2001/XMLSchema#boolean> .': '<a:b> <a:c> "1"^^<http://www.w3.org/2001/XMLSchema#boolean> .',
    '<a:b> <a:c> "1.0E3"^^<http://www.w3.org/2001/XMLSchema#double> .': '<a:b> <a:c> "1000.0"^^<http://www.w3.org/2001/XMLSchema#double> .',
    '<a:b> <a:c> "x"@en-GB .': '<a:b> <a:c> "x"@en-gb .',
    '<a:b> <a:c> "x" .': '<a:b> <a:c> "x"^^<http://www.w3.org/2001/XMLSchema#string> .',
}
OTHER = {
    '<a:b> <a:c> "2.50" .': '<a:b> <a:c> "2.5" .',
    '<a:b> <a:c> "NaN"^^<http://www.w3.org/2001/XMLSchema#double> .': '<a:b> <a:c> "0"^^<http://www.w3.org/2001/XMLSchema#double> .',
    '<a:b> <a:c> "2"^^<http://www.w3.org/2001/XMLSchema#integer> .': '<a:b> <a:c> "2"^^<http://www.w3.org/2001/XMLSchema#decimal> .',
    '<a:b> <a:c> "X"@en .': '<a:b> <a:c> "x"@en .',
    "<a:b> <a:c> <a:D> .": "<a:b> <a:c> <a:d> .",
}


def test_which_terms_a_server_may_take_for_one() -> None:
    assert all(canonical(one) == canonical(other) for one, other in SAME.items())
    assert all(canonical(one) != canonical(other) for one, other in OTHER.items())
    assert canonical('<a:b> <a:c> "x"^^<http://www.w3.org/2001/XMLSchema#integer> .')


# ---- a server that does not do what it accepts -------------------------------------------------------------------


@contextmanager
def standing_in(update: Callable[[ox.Store, str], tuple[int, str]]) -> Iterator[tuple[str, ox.Store]]:
    """A server whose updates a function does, or does not do: it gives the status and the media type of its answer."""
    store = ox.Store()

    def answer(one: Request) -> None:
        if one.path.endswith("/update"):
            status, media_type = update(store, one.body)
            one.answer(status, "" if status == 204 else "<html><title>Sign in</title></html>", media_type)
            return
        result = store.query(parse_qs(one.body)["query"][0])
        if isinstance(result, ox.QueryTriples):
            one.answer(200, (result.serialize(format=ox.RdfFormat.N_TRIPLES) or b"").decode(), "application/n-triples")
        else:
            said = result.serialize(format=ox.QueryResultsFormat.JSON) or b""
            one.answer(200, said.decode(), "application/sparql-results+json")

    with serving(answer) as (url, _):
        yield url, store


def _done(store: ox.Store, text: str) -> tuple[int, str]:
    store.update(text)
    return 200, "text/html"  # as Fuseki and Blazegraph answer updates that they did


def _without(pattern: str) -> Callable[[ox.Store, str], tuple[int, str]]:
    """Do updates, but for the lines of a pattern."""
    return lambda store, text: _done(store, "\n".join(x for x in text.split("\n") if not re.search(pattern, x)))


def _only_manifest(store: ox.Store, text: str) -> tuple[int, str]:
    """Do the first update, and no other."""
    return _done(store, text) if not len(store) else (204, "text/plain")


LIARS = {
    "a login page": (
        lambda store, text: (200, "text/html"),
        "answers updates with a web page, but does not have the triple of the first",
    ),
    "accepted": (lambda store, text: (202, "text/plain"), "accepts updates, but does not have the triple of the first"),
    "no content": (
        lambda store, text: (204, "text/plain"),
        "accepts updates, but does not have the triple of the first",
    ),
    "the first update": (_only_manifest, r"does not have 5 graphs \(the first: .*\) that it was sent"),
    "no manifest": (_without("push/state>"), "does not have 5 graphs"),
    "some triples": (_without(r"path>"), "has other triples than it was sent in .* graphs"),
    "one graph": (
        lambda store, text: _done(store, re.sub(r"GRAPH <\S*/B.md> \{[^}]*\}", "", text)),
        "has other triples than it was sent in the graph https://notes.example/B.md",
    ),
    "no default graph": (
        lambda store, text: _done(store, f"{text} ;\nCLEAR DEFAULT"),
        "has other triples than it was sent in its default graph",
    ),
}


@pytest.mark.parametrize("kind", LIARS)
def test_a_push_is_done_when_the_server_shows_it(vault: Vault, kind: str) -> None:
    update, says = LIARS[kind]
    with standing_in(update) as (url, _):
        with pytest.raises(kg.KgError, match=says) as caught:
            bring(vault.store, url)
        assert str(caught.value).startswith(f"{url} ")
        assert str(caught.value).endswith(f"is {url.replace('/query', '/update')} its address for updates?")
        done = run("push", url, "--store", vault.folder / "store", "-q")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_a_server_that_does_what_it_accepts_may_answer_with_a_page(vault: Vault) -> None:
    with standing_in(_done) as (url, store):
        assert bring(vault.store, url).unequal == ()
        assert {str(quad) for quad in store if str(quad.graph_name) != f"<{BASE}#push>"} == wanted(vault.store)
        assert not bring(vault.store, url).changed


@pytest.mark.parametrize(
    ("end", "says"),
    [
        ("", "does not have .* that it was sent|still has the graph https://notes.example/C.md that it was to remove"),
        (
            f" ;\nINSERT DATA {{ GRAPH <{BASE}C.md> {{ <urn:a> <urn:b> <urn:c> }} }}",
            "still has the graph https://notes.example/C.md that it was to remove",
        ),
    ],
)
def test_a_graph_that_stays_is_an_error(vault: Vault, end: str, says: str) -> None:
    def keep(store: ox.Store, text: str) -> tuple[int, str]:
        at = text.find("INSERT DATA") if is_lying and not end else 0
        return _done(store, text[at:] + (end if is_lying else ""))

    is_lying = False
    with standing_in(keep) as (url, _):
        bring(vault.store, url)
        is_lying = True
        with pytest.raises(kg.KgError, match=says):
            bring(vault.edit(C=None), url)


def test_a_server_that_merges_numbers_is_accepted(tmp_path: Path) -> None:
    """As Virtuoso does: it treats 01 and 1 as equal, rounds decimals and rewrites dates."""
    decimal, date = (f"http://www.w3.org/2001/XMLSchema#{name}" for name in ("decimal", "dateTime"))
    rewritten = {
        f'"1.50"^^<{decimal}>': f'"1.5"^^<{decimal}>',
        f'"3.14159265358979323846"^^<{decimal}>': f'"3.14159265358979"^^<{decimal}>',
        f'"2026-01-01T00:00:00.00Z"^^<{date}>': f'"2026-01-01T00:00:00Z"^^<{date}>',
    }
    rows = [("<urn:a>", "<urn:b>", term) for pair in rewritten.items() for term in pair]

    def merging(store: ox.Store, text: str) -> tuple[int, str]:
        for one, other in rewritten.items():
            text = text.replace(one, other)
        return _done(store, text)

    with building(tmp_path / "store", {"n": BASE}, "a test") as builder:
        builder.load([("<urn:g>", [*rows, ("<urn:a>", "<urn:b>", '"text"')])])
        counts = dict.fromkeys(("notes", "triples", "asserted", "inferred", "ontology", "missing"), 0)
        builder.publish({**counts, "vault": "", "wanted": [], "links": {}, "seconds": 0.1}, {})
    local = kg.Store(tmp_path / "store")
    with standing_in(merging) as (url, _):
        assert bring(local, url).unequal == ("urn:g", "the default graph")
        done = run("push", url, "--store", tmp_path / "store")
        assert (done.returncode, "as it treats some terms as equal" in done.stderr) == (0, True)
    with (
        standing_in(lambda store, text: merging(store, text.replace('<urn:a> <urn:b> "text" .', ""))) as (url, _),
        pytest.raises(kg.KgError, match="has other triples than it was sent in the graph urn:g"),
    ):
        bring(local, url)


# ---- the command -------------------------------------------------------------------------------------------------


def test_the_command_says_what_travelled(vault: Vault, server: str) -> None:
    where = ("--store", vault.folder / "store")
    first = run("push", server, *where, "--json")
    assert first.returncode == 0
    assert json.loads(first.stdout) | {"seconds": 0} == {
        "endpoint": server,
        "default_graph": None,
        "graphs": 5,
        "triples": json.loads(first.stdout)["inserted"],
        "changed": [f"{BASE}{name}.md" for name in "ABC"] + [f"https://w3id.org/concept-notes#{name}" for name in ("inferred", "ontology")],
        "gone": [],
        "inserted": json.loads(first.stdout)["triples"],
        "deleted": 0,
        "mended": 0,
        "requests": 2,
        "unequal": [],
        "seconds": 0,
        "dry_run": False,
    }  # fmt: skip
    vault.edit(C=None)
    said = run("push", server, *where, "-v").stderr
    assert "of 4 graphs sent, 1 removed; " in said
    assert f"  - {BASE}C.md" in said
    assert "`base` is not set" in said
    assert quads(server) == wanted(vault.store)


def test_the_command_fails_in_a_line(vault: Vault) -> None:
    with serving(lambda one: one.answer(403)) as (url, _):
        done = run("push", url, "--store", vault.folder / "store", "-q")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "does not allow this" in done.stderr
    assert run("push", url, "--store", vault.folder / "none").returncode == 3


def test_a_server_that_takes_no_updates_says_so(vault: Vault) -> None:
    with oxigraph() as server:
        done = run("push", server, "--update", server, "--store", vault.folder / "store", "-q")
    assert done.returncode == 2
    assert done.stderr.startswith(f"kg: {server}")
