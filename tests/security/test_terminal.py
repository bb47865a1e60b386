"""Nothing that comes from a vault, a query or a command line can steer the terminal that shows it."""

import json
import os
import pty
import re
import tempfile
import unicodedata
from pathlib import Path

import pytest

from helpers.forking import begun, forked
from kg.cli.options import _STYLES, _as_data, _guarded, _ShownBytes
from kg.core.escaping import printable, printable_lines

EVIL = "\x1b]0;x\x07\x1b[2J\x9b2J\x7f\u202egnp\u2066\u200f\x08\r\ufeff\x1b[8m\x1b]8;;https://evil.example/\x1b\\"
"""Set the title, clear the screen in 7 and in 8 bits, turn directions round, go back, hide, link."""
TURTLE = "".join(f"\\u{ord(ch):04X}" for ch in EVIL)
IRI = "%1B]0;x%07\u202e\x9b"
COMMENT = EVIL.replace("\r", "")
NAME = EVIL.replace("/", "_")
BAR = re.compile(r"\x1b\[\?25[lh]|\x1b\[2K|\x1b\[1A|\r(?=\x1b)")
OWN = re.compile(r"\x1b\[[0-9;]*m|\x1b\]8;[^\x1b\x07]*;[^\x1b\x07]*\x1b\\")


def steering(text: str) -> set[str]:
    """What of an output would steer a terminal, less kg's own colours and links."""
    assert "\x1b[8m" not in text
    assert "evil.example/\x1b" not in text
    text = OWN.sub("", BAR.sub("", text.replace("\r\n", "\n")))
    return {ch for ch in text if unicodedata.category(ch) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and ch not in "\n\t"}


def in_terminal(*words: str | bytes, cwd: Path, typed: bytes = b"") -> tuple[int, str]:
    """The exit code, and all that a terminal is sent for stdout and stderr."""
    ours, theirs = pty.openpty()
    with tempfile.TemporaryFile() as given:
        given.write(typed)
        given.seek(0)
        process = begun(words, (given.fileno(), theirs, theirs), cwd)
    os.close(theirs)
    said = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:
            break
        if not part:
            break
        said += part
    os.close(ours)
    process.join(60)
    assert process.exitcode is not None
    return process.exitcode, said.decode("utf-8", "replace")


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vault in which everything that has a name has this one."""
    folder = tmp_path_factory.mktemp("hostile")
    quoted = json.dumps(EVIL)
    (folder / f"{NAME}.md").write_text(
        f"---\nid: https://e.example/{IRI}\naliases: [{quoted}]\n{quoted}: {quoted}\ntags: [{quoted}]\nlost: [\n---\n",
        encoding="utf-8",
    )
    note = (
        f"---\naliases: [{quoted}]\n{quoted}: {quoted}\ntype: {quoted}\n---\n# {EVIL}\n#evil{EVIL} [[{NAME}]] [[{EVIL}]] [[{EVIL}#x]]"
        f" [[Two#{EVIL}]] ![[{EVIL}.png]]\n\n[x](https://e.example/{EVIL}) {EVIL} {EVIL}:: {EVIL}\n\n# Outcomes\n- One {EVIL}\n"
        f"- Two {EVIL}\n# Outputs\n- [[Two]] {EVIL}\n"
    )
    (folder / "One.md").write_text(note, encoding="utf-8")
    (folder / "Two.md").write_text(f"# Outcomes\n- One {EVIL}\n[[One]]\n", encoding="utf-8")
    os.mkfifo(folder / f"{NAME} pipe.md")
    (folder / f"{NAME}").mkdir()
    (folder / f"{NAME}" / ".gitignore").write_text(f"[{EVIL}\n")
    os.mkfifo(os.fsencode(folder) + b"/\xff\x1b.md")
    (folder / "Map.canvas").write_text(json.dumps({"nodes": [{"id": EVIL, "type": "text", "text": EVIL}]}))
    (folder / "ontology" / "rules").mkdir(parents=True)
    (folder / "ontology" / "mine.ttl").write_text(
        f"""@prefix ex: <https://ex.example/> . @prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix sh: <http://www.w3.org/ns/shacl#> .
        @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix kg: <https://w3id.org/concept-notes#> .
        ex:Risk a owl:Class ; rdfs:label "{TURTLE}" ; rdfs:comment "{TURTLE}" .
        ex:Shape a sh:NodeShape ; sh:targetClass kg:Outcome ; sh:name "{TURTLE}" ;
          sh:property [ sh:path ex:risk ; sh:minCount 1 ; sh:message "{TURTLE}" ; sh:name "{TURTLE}" ] .
        """
    )
    (folder / "ontology" / "rules" / f"{NAME}.rq").write_text(
        f"# {COMMENT}\nCONSTRUCT {{ ?a kg:mentions ?a }} WHERE {{ ?a a kg:Outcome }}"
    )
    (folder / "queries" / "tests").mkdir(parents=True)
    (folder / "queries" / f"{NAME}.rq").write_text(
        f"# {COMMENT}\n# x: {COMMENT}\nSELECT ?s WHERE {{ ?s a kg:Outcome }}"
    )
    (folder / "queries" / "tests" / f"{NAME}.rq").write_text(
        f"# {COMMENT}\nSELECT ?s ?l WHERE {{ ?s skos:prefLabel ?l }}"
    )
    (folder / "queries" / "tests" / f"{NAME}.csv").write_text(f"s,l\nx,{EVIL}\n")
    (folder / "kg.toml").write_text("")
    code, said = in_terminal("ingest", "-q", cwd=folder)
    assert code == 1, printable(said)  # properties that are no YAML
    return folder


LABELS = "SELECT ?s ?p ?o { ?s ?p ?o }"
COMMANDS: list[tuple[str, ...]] = [
    ("ingest", "--full", "-v"),
    ("ingest", "--json"),
    ("ingest", "--dry-run"),
    ("doctor",),
    ("doctor", "--json"),
    ("infer",),
    *(("validate", "--severity", "info", "--statistics", "-f", one) for one in ("text", "json", "sarif", "github", "junit", "turtle")),
    ("validate", EVIL),
    *(("validate", "--severity", "info", "--limit", "9", "--group-by", one) for one in ("file", "code", "target")),
    ("validate", "--select", EVIL),
    ("validate", "-f", f"{EVIL}={EVIL}"),
    ("explain", EVIL),
    ("explain",),
    ("why", "One", "--all"),
    ("why", "One", "--all", "-f", "md"),
    ("why", "One", "--all", "-f", "json"),
    ("why", EVIL, "kg:linksTo", EVIL),
    *(("query", LABELS, "-f", one) for one in ("table", "csv", "tsv", "json", "jsonl", "xml", "md")),
    *(("query", "CONSTRUCT WHERE { ?s ?p ?o }", "-f", one) for one in ("table", "turtle", "ntriples", "jsonld")),
    ("query", LABELS),
    ("query", "DESCRIBE n:One"),
    ("query",),
    ("query", EVIL),
    ("query", f"SELECT ?s {{ ?s ?p '{EVIL}' . {EVIL} }}"),
    ("query", f"SELECT ?s {{ ?s ?p <http://e/{EVIL}> }}"),
    ("query", LABELS, "--explain"),
    ("query", LABELS, "--param", f"{EVIL}={EVIL}"),
    ("query", LABELS, "--endpoint", f"http://127.0.0.1:9/{EVIL}"),
    ("query", LABELS, "-f", EVIL),
    ("query", EVIL, EVIL),
    ("query", "outline", "One", EVIL),
    ("query", f"TABLE {EVIL} FROM #x"),
    ("query", f'TABLE file.name WHERE file.name = "{EVIL}"'),
    *(("list", "Note", "--columns", "tags,links,aliases", "-f", one) for one in ("table", "csv", "json", "md")),
    ("list", "Note", "--columns", EVIL),
    ("list", "Note", "--where", f"name={EVIL}"),
    ("list", "Note", "--where", f"{EVIL}"),
    ("list", "Note", "--group-by", "tags"),
    ("list", EVIL),
    ("list", f"#{EVIL}"),
    ("list",),
    ("help", EVIL),
    ("completion", EVIL),
    *(("search", "one", "-f", one) for one in ("text", "json", "jsonl", "csv", "md")),
    ("search", EVIL),
    *(("show", "One", "--all", "-f", one) for one in ("text", "json", "md")),
    ("show", EVIL),
    ("show", NAME),
    ("stats", "-v"),
    ("stats", "--json"),
    *(("analyze", one) for one in ("centrality", "communities", "gaps", "duplicates", "components", "suggest")),
    ("analyze", "path", "One", EVIL),
    ("analyze", EVIL),
    *(("export", "-f", one) for one in ("nquads", "trig", "turtle", "graphml", "gexf", "dot", "mermaid", "csv", EVIL)),
    ("export", "--private", EVIL, "-f", "turtle"),
    ("test",),
    ("test", EVIL),
    ("push", EVIL),
    ("serve", EVIL),
    ("serve", "--host", EVIL),
    ("pull", EVIL),
    ("init", EVIL.replace("/", "") + "new"),
    (EVIL,),
    (f"--{EVIL}",),
    ("ingest", f"--{EVIL}"),
    ("ingest", EVIL),
    ("ingest", "--store", EVIL, EVIL),
    ("query", "ASK {}", "--timeout", EVIL),
    ("stats", "--store", f"/nowhere/{EVIL}"),
    ("infer", "--engine", EVIL),
]  # fmt: skip


def kinds(words: tuple[str, ...]) -> set[str]:
    """The command, and the format that it is asked for."""
    return {words[0], words[-1] if "-f" in words else ""}


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: printable(" ".join(words))[:60])
@pytest.mark.sample(by=kinds)
def test_no_command_lets_anything_steer_a_terminal(vault: Path, words: tuple[str, ...]) -> None:
    code, said = in_terminal(*words, cwd=vault)
    assert steering(said) == set(), printable(said)
    assert "internal error" not in said, said
    assert code in {0, 1, 2, 3}


DATA = {
    "json",
    "sarif",
    "junit",
    "turtle",
    "csv",
    "tsv",
    "jsonl",
    "xml",
    "ntriples",
    "jsonld",
    "nquads",
    "trig",
    "graphml",
    "gexf",
}
FOR_PEOPLE = [words for words in COMMANDS if not DATA.intersection(words) and "--json" not in words]


@pytest.mark.parametrize("words", FOR_PEOPLE, ids=lambda words: printable(" ".join(words))[:60])
@pytest.mark.sample(by=lambda words: {words[0]})
def test_what_is_for_people_is_escaped_in_a_pipe_too(vault: Path, words: tuple[str, ...]) -> None:
    done = forked(words, vault)
    assert steering(done.stderr.decode("utf-8")) == set()
    is_data = words[0] in {"export", "analyze", "list"} or (
        words[0] == "query" and "table" not in words and "-f" not in words and len(words) > 1
    )
    assert is_data or steering(done.stdout.decode("utf-8")) == set()


@pytest.mark.slow
def test_nor_does_the_shell(vault: Path) -> None:
    typed = f"{LABELS}\n\n.prefixes\n\n.queries\n\n.{EVIL}\n\n.format {EVIL}\n\nSELECT {EVIL}\n\n".encode()
    code, said = in_terminal("shell", cwd=vault, typed=typed)
    assert steering(said) == set(), printable(said)
    assert code == 0


def test_settings_and_what_is_wrong_in_them(tmp_path: Path) -> None:
    (tmp_path / "One.md").write_text("")
    for toml in (
        f'"{TURTLE}" = 1',
        f'default_class = "{TURTLE}"',
        f'[prefixes]\n"{TURTLE}" = "x"',
        f'ignore = ["[{TURTLE}"]',
        f'base = "{TURTLE}"',
    ):
        (tmp_path / "kg.toml").write_text(toml)
        code, said = in_terminal("ingest", cwd=tmp_path)
        assert code == 2
        assert steering(said) == set(), printable(said)


def test_data_in_a_pipe_is_as_it_is(vault: Path) -> None:
    done = forked(["query", "SELECT ?l { ?s skos:prefLabel ?l }", "-f", "csv"], vault)
    assert done.returncode == 0
    assert "\x9b".encode() in done.stdout or b"\x1b" in done.stdout


def test_messages_in_a_pipe_are_escaped(tmp_path: Path) -> None:
    done = forked(["ingest", EVIL], tmp_path)
    assert done.returncode == 2
    assert b"\\x1b]0;x\\x07" in done.stderr
    assert steering(done.stderr.decode()) == set()


def test_lines_and_tabs_stay_in_what_is_escaped() -> None:
    assert printable_lines("a\n\tb\x1b\u2028") == "a\n\tb\\x1b\\u2028"
    assert printable("a\n\tb") == "a\\n\\tb"


def test_data_is_escaped_as_its_formats_do() -> None:
    assert json.loads(_as_data('"\x9b\u202e\x7f"')) == "\x9b\u202e\x7f"
    assert _as_data("a\r\nb\r") == "a\nb\\u000d"


class _Kept:
    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None: ...


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_a_character_may_come_in_parts(size: int) -> None:
    kept = _Kept()
    shown = _ShownBytes(kept)  # type: ignore[arg-type]
    data = "ä\r\n\x9b\u202e\U000e0001\r".encode() + b"\xff"
    for at in range(0, len(data), size):
        shown.write(data[at : at + size])
    shown.end()
    assert kept.text == "ä\n\\u009b\\u202e\\U000e0001\\u000d\\udcff"


def test_the_net_lets_colours_and_links_through() -> None:
    kept = _Kept()
    net = _guarded(kept, _STYLES)  # type: ignore[arg-type]
    own = "\x1b[1;31mred\x1b[0m \x1b]8;id=1;obsidian://open?path=a\x1b\\name\x1b]8;;\x1b\\\n"
    net.write(f"{own}\x1b[2J\x9b\r")
    assert kept.text == f"{own}\\x1b[2J\\x9b\\r"
