"""No note stops another: what the store refuses is narrowed to the note that says it, whose last good state stays.

Nothing that a note can say today is refused. So a door is opened here that lets a bad term through: a link to
`https://bad.example/` becomes an IRI with a space in it.
"""

from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest

import kg
import kg.mapping.link_resolution
from helpers.vaults import Write, ingest
from kg.core.errors import TermRefused
from kg.ingestion import emitter
from kg.ingestion import refused_notes as refusals
from kg.mapping import link_resolution
from kg.notes.vault import Vault
from kg.rdf import iris, terms
from kg.store import store
from kg.store.builder import Builder, building
from kg.validation.validator import validate

BAD = "[x](https://bad.example/)"
OTHERS = {f"o{number}.md": f"[[n]] [[o{number + 1}]] #t/{number}\n" for number in range(12)}

TERMS = {
    "a space": "http://bad example/",
    "an end": "http://bad.example/> <a:p> <a:o> .",
    "a line end": "http://bad.example/\n<a:s",
    "half a character": "http://bad.example/\ud800",
    "nothing": "",
}


@pytest.fixture(params=TERMS.values(), ids=[*TERMS])
def opened(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The door lets a bad term through."""
    checked = iris.encode_url

    def unchecked(url: str) -> str | None:
        return request.param if url == "https://bad.example/" else checked(url)

    monkeypatch.setattr(link_resolution, "encode_url", unchecked)
    yield request.param


def quads(report: kg.Report) -> list[str]:
    return report.store.nquads()


def of_note(report: kg.Report, path: str) -> set[str]:
    return {quad for quad in quads(report) if quad.endswith(f"<https://notes.example/{path}> .")}


def refused(report: kg.Report) -> list[tuple[str, int, int]]:
    return [(one.path, one.line, one.column) for one in report.findings if one.code == "F08"]


@pytest.mark.usefixtures("opened")
@pytest.mark.sample(2)
def test_a_new_note_is_left_out_and_named(write: Write, tmp_path: Path) -> None:
    vault = write({**OTHERS, "n.md": f"# One\n\nFine.\n\n- and {BAD}\n"})
    report = ingest(vault, tmp_path / "store")
    assert refused(report) == [("n.md", 5, 7)]
    assert "the store refuses “<https://notes.example/n" in report.findings[0].message
    assert not of_note(report, "n.md")
    assert all(of_note(report, path) for path in OTHERS)
    without = tmp_path / "without"
    (vault / "n.md").unlink()
    assert quads(ingest(vault, without)) == quads(report)


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize("full", [True, False])
@pytest.mark.sample(1)
def test_the_last_good_state_stays(write: Write, tmp_path: Path, full: bool) -> None:
    vault = write({**OTHERS, "n.md": "---\naliases: [first]\n---\n# Before\n\nGood. #tag\n", "p.md": "[[n#Before]]\n"})
    before = {path: of_note(ingest(vault, tmp_path / "store"), path) for path in ("n.md", "o1.md")}
    (vault / "n.md").write_text(f"# After\n\n{BAD} #other\n")
    (vault / "o1.md").write_text("[[n#Before]] [[n#After]]\n")
    report = ingest(vault, tmp_path / "store", full=full)
    assert refused(report) == [("n.md", 3, 1)]
    assert of_note(report, "n.md") == before["n.md"]
    assert of_note(report, "o1.md") not in ({}, before["o1.md"])
    anew = ingest(vault, tmp_path / "store", full=True)
    assert (quads(anew), anew.findings) == (quads(report), report.findings)
    again = ingest(vault, tmp_path / "store")
    assert (again.changed, again.findings) == (False, report.findings)
    (vault / "n.md").write_text("# Mended\n")
    mended = ingest(vault, tmp_path / "store", full=full)
    assert not refused(mended)
    assert quads(mended) == quads(ingest(vault, tmp_path / "anew"))


@pytest.mark.slow
@pytest.mark.usefixtures("opened")
@pytest.mark.sample(2)
def test_a_note_may_be_refused_because_another_changed(write: Write, tmp_path: Path) -> None:
    """`[[m]]` means a missing note first, then one whose `id` the store refuses, then one without."""
    vault = write({**OTHERS, "n.md": "[[m]] and more\n"})
    ingest(vault, tmp_path / "store")
    reports = []
    for text in ("Text.\n", f"{BAD}\n", "# Fine\n"):
        (vault / "m.md").write_text(text)
        reports.append(ingest(vault, tmp_path / "store"))
        assert quads(ingest(vault, tmp_path / "store", full=True)) == quads(reports[-1])
    assert [bool(refused(report)) for report in reports] == [False, True, False]


def bad_name(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """A note gets a name that the store refuses."""
    checked = iris.Names.entity
    monkeypatch.setattr(iris.Names, "entity", lambda self, of, front=None: "http://bad example/" if of == path else checked(self, of, front))  # fmt: skip


@pytest.mark.slow
def test_who_links_to_a_note_with_a_bad_name_is_not_refused(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    vault = write({**OTHERS, "n.md": "[[m]] and more\n\n# Outcomes\n\n- [[m]]\n"})
    before = quads(ingest(vault, tmp_path / "store"))
    bad_name(monkeypatch, "m.md")
    (vault / "m.md").write_text("Text.\n")
    report = ingest(vault, tmp_path / "store")
    assert refused(report) == [("m.md", 1, 1)]
    assert quads(report) == before
    full = ingest(vault, tmp_path / "store", full=True)
    assert (quads(full), full.findings) == (before, report.findings)
    anew = ingest(vault, tmp_path / "anew")
    assert (quads(anew), anew.findings) == (before, report.findings)
    monkeypatch.undo()
    assert not refused(ingest(vault, tmp_path / "store", full=True))


@pytest.mark.usefixtures("opened")
@pytest.mark.sample(2)
def test_many_bad_notes_are_all_named_at_once(write: Write, tmp_path: Path) -> None:
    vault = write({**OTHERS, **{f"b{number}.md": f"{BAD}\n" for number in range(5)}})
    report = ingest(vault, tmp_path / "store")
    assert [path for path, _, _ in refused(report)] == [f"b{number}.md" for number in range(5)]
    assert all(of_note(report, path) for path in OTHERS)


@pytest.mark.usefixtures("opened")
@pytest.mark.sample(2)
def test_a_validation_names_it_too(write: Write) -> None:
    vault = write({**OTHERS, "n.md": f"{BAD}\n"})
    found = validate(vault)
    assert [one.path for one in found.findings if one.code == "F08"] == ["n.md"]


def test_a_label_may_be_refused(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kg.store import ingest_state as ledger

    checked = terms.literal
    bad = lambda text, datatype="": '"bad' if text == "worst" else checked(text, datatype)  # noqa: E731
    for room in (ledger, refusals):
        monkeypatch.setattr(room, "literal", bad)
    vault = write({**OTHERS, "n.md": "text\n\n#fine #worst\n"})
    report = ingest(vault, tmp_path / "store")
    assert refused(report) == [("n.md", 3, 7)]
    (vault / "n.md").write_text("#fine\n")
    good = ingest(vault, tmp_path / "store")
    (vault / "n.md").write_text("#fine\n\n#worst\n")
    report = ingest(vault, tmp_path / "store")
    assert refused(report) == [("n.md", 3, 1)]
    assert quads(report) == quads(good)


@pytest.mark.slow
def test_what_several_processes_write_is_narrowed(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """Each of two processes writes files of its own: one is refused, and with it all that was loaded."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1})
    monkeypatch.setattr(emitter, "_READY", 100_000)
    bad_name(monkeypatch, "m450.md")
    vault = write({f"m{number}.md": f"[[m{number + 1}]]\n" for number in range(900)})
    report = ingest(vault, tmp_path / "store")
    assert refused(report) == [("m450.md", 1, 1)]
    assert report.summary["notes"] == 899
    assert of_note(report, "m449.md")


# ---- the loader by itself --------------------------------------------------------------------------------------------

GOOD = ("<a:s>", "<a:p>", '"o"')


def test_a_load_is_refused_whole(tmp_path: Path) -> None:
    with (
        pytest.raises(TermRefused, match="refuses a term"),
        building(tmp_path, {}, "test") as builder,
    ):
        builder.load([("<a:g>", [GOOD, ("<a b>", "<a:p>", "<a:o>")])])
    assert store.published(tmp_path) is None


@pytest.mark.parametrize("number", [3, 30_000])
def test_what_follows_and_is_refused_is_left_out(tmp_path: Path, number: int) -> None:
    rows = [f"<a:s{n}> <a:p> <a:o>" for n in range(number)]
    rows[number // 2] = "<http://[00]/> <a:p> <a:o>"
    with building(tmp_path, {}, "test") as builder:
        builder.load([("<a:g>", [GOOD])])
        with builder.loading():
            builder.put_inferred(rows)
        builder.count_inferred(number)
        assert list(builder.left_out) == ["<http://[00]/> <a:p> <a:o>"]
        assert "Invalid host IP" in builder.left_out["<http://[00]/> <a:p> <a:o>"]
        assert builder.counts()[terms.INFERRED] == number - 1
        builder.publish({}, {})


def test_what_is_left_out_of_what_follows_is_said(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = Builder.put_inferred
    monkeypatch.setattr(Builder, "put_inferred", lambda self, rows: put(self, [*rows, "<a b> <a:p> <a:o>"]))
    vault = write({**OTHERS, "n.md": "Text.\n"})
    report = ingest(vault, tmp_path / "store")
    again = ingest(vault, tmp_path / "store")
    for one in (report, again):
        assert [(f.code, f.severity) for f in one.findings] == [("O02", "warning")]
        assert "<a b> <a:p> <a:o> is left out: " in one.findings[0].message
        assert "left_out" not in one.as_json()


@pytest.mark.parametrize("line", ["<a:s> <a:p> <a:o> <a:g> .", '<a:s> <a:p> "\u2028" .'])
def test_a_good_line_is_taken(line: str) -> None:
    assert refusals.why_refused(line) == ""
    assert len(list(ox.parse(line, ox.RdfFormat.N_QUADS))) == 1


@pytest.mark.parametrize("line", ["", "<a:s> <a:p> .", "<a:s> <a:p> <a:o> <a:g> .\n<a:s> <a:p> <a:o> .", '<a:s> <a:p> "\ud800" .'])  # fmt: skip
def test_a_bad_line_has_a_reason(line: str) -> None:
    assert refusals.why_refused(line)


def test_vaults_of_nothing_but_bad_notes(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_resolution, "encode_url", lambda url: "a b")
    report = kg.ingest(Vault(write({"n.md": f"{BAD}\n"})))
    assert refused(report) == [("n.md", 1, 1)]
    assert report.summary["notes"] == 0
