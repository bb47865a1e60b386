"""The standard streams are UTF-8, whatever the terminal's code page."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.commanding import run

NOTE = "---\ntype: Outcome\n---\n# 日本語 🎉\n\nSee [[b – c]] and #тег.\n"


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vault")
    (folder / "日本語 🎉.md").write_text(NOTE, encoding="utf-8")
    assert run("ingest", "-q", cwd=folder).returncode == 0
    return folder


def _in_code_page(page: str, folder: Path, *arguments: str, stdin: str = "") -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "kg", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONIOENCODING": page},
        input=stdin.encode(),
        capture_output=True,
        check=False,
    )
    return done.stdout.decode(), done.stderr.decode()


def test_names_of_any_script_pass_a_code_page(vault: Path) -> None:
    question = "SELECT ?l { ?s skos:prefLabel ?l FILTER(?l = '日本語 🎉') }"
    assert _in_code_page("cp1252", vault, "query", "-f", "tsv", "-", stdin=question) == ('?l\n"日本語 🎉"\n', "")


@pytest.mark.slow
@pytest.mark.parametrize("page", ["cp1252", "ascii", "cp932", "latin-1:strict"])
@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("show", "日本語 🎉"), "日本語 🎉\n"),
        (("show", "日本"), "“日本語 🎉”"),
        (("search", "日本語"), "日本語 🎉.md:4:"),
        (("validate",), "there is no note “b – c”"),
        (("validate", "--format", "json"), "日本語 🎉.md"),
        (("analyze", "centrality"), "日本語 🎉"),
        (("export", "-f", "dot"), "日本語 🎉"),
        (("export", "-f", "turtle"), "日本語 🎉"),
        (("why", "日本語 🎉", "kg:linksTo", "b – c"), "“日本語 🎉” links to “b – c”"),
        (("ingest", "--full"), "notes still to be written: b – c"),
        (("query", "SELECT ?t { ?s kg:tagged ?t }"), "тег"),
        (("query", "SELECT ?ü {"), "ü"),
    ],
)
def test_every_command_speaks_utf8(vault: Path, page: str, arguments: tuple[str, ...], shown: str) -> None:
    out, err = _in_code_page(page, vault, *arguments)
    assert shown in out + err
    assert "internal error" not in err
