"""Nothing in a vault is ever run: every command, in a folder that holds modules of every name, programs and git's settings.

Whatever is run leaves its name in a file. Each command must answer as it does in the same folder without all that.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path

import click
import pytest

from helpers.serving import Request, serving
from helpers.vaults import ROOT, write_vault
from kg.cli.commands import kg as cli

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the programs that must not run are scripts of sh")

NOTES = {
    "A.md": "---\ntype: Concept\nrelated: '[[B]]'\n---\n# A\n\nSee [[B#Why]] and #tag/one.\n\n# Outcomes\n- [[B]]\n- Faster\n",
    "B.md": "---\ntype: Outcome\n---\n# B\n\n# Why\nText, [[A|again]] and [[Gone]].\n",
    "Ask.md": "# Ask\n\n```sparql\nASK { ?s kg:linksTo ?o }\n```\n\nyes\n",
    # What is not for kg is not read, so that both folders have the same files for it.
    "kg.toml": 'base = "https://notes.example/"\nignore = ["*", "!A.md", "!B.md", "!Ask.md"]\n',
    "queries/own.rq": "# title: Own\nSELECT * { ?s kg:linksTo ?o } ORDER BY ?s ?o\n",
    "ontology/own.ttl": "@prefix owl: <http://www.w3.org/2002/07/owl#> .\n<http://e.example/Risk> a owl:Class .\n",
}
SERVER = "http://127.0.0.1:{port}/query"
COMMANDS: dict[str, list[list[str]]] = {
    "init": [["new"]],
    "ingest": [[], ["--full"], ["--dry-run"], ["--json"]],
    "doctor": [[]],
    "infer": [[]],
    "why": [["A", "kg:linksTo", "B"], ["B"]],
    "validate": [[], ["-f", "sarif"], ["-f", "turtle"], ["--only", "links"], ["A.md", "--select", "S"]],
    "explain": [["S02"], []],
    "query": [["own"], [], ["ASK { ?s ?p ?o }"], ["own", "--explain"], ["own", "-f", "table"], ["outline", "A"], ["TABLE related FROM #tag"]],
    "list": [["Outcome"], [], ["Concept", "--columns", "related,tags", "--where", "related", "-f", "table"]],
    "shell": [[]],
    "search": [["Text"]],
    "show": [["A"]],
    "stats": [[], ["--json"], ["--at", "HEAD"]],
    "diff": [["--stat"], [], ["-f", "html"], ["--textconv", "A.md"], ["--no-index", os.devnull, "A.md"]],
    "whatif": [["--without", "B"], ["--want", "A", "related", "B"], ["--mend", "L01", "A.md"]],
    "when": [["A", "kg:linksTo", "B"]],
    "blame": [["A"]],
    "export": [["-f", name, "-o", f"out.{name}"] for name in ("nquads", "html", "svg", "png", "gexf", "graphml", "parquet", "owl")],
    "test": [[]],
    "push": [[SERVER]],
    "serve": [["--host", "192.0.2.1"]],
    "lsp": [[]],
    "mcp": [[]],
    "pull": [[SERVER]],
    "completion": [["bash"], ["zsh"], ["fish"]],
    "help": [["query"], []],
    "analyze": [["history"], ["suggest"]],
}  # fmt: skip
"""Each command with the arguments of a few runs, of which `make test` has the first."""
ABOUT = {"similar": ["A"], "path": ["A", "B"], "neighbours": ["A"]}


def commands(*, all_of_them: bool) -> list[list[str]]:
    """Every command that there is; a new one without arguments above fails here."""
    context = click.Context(cli)
    assert set(cli.list_commands(context)) == set(COMMANDS), "a command is missing in COMMANDS"
    rows = [[name, *arguments] for name in COMMANDS for arguments in COMMANDS[name][: None if all_of_them else 1]]
    if all_of_them:
        analyses = cli.get_command(context, "analyze")
        assert isinstance(analyses, click.Group)
        rows += [["analyze", name, *ABOUT.get(name, [])] for name in analyses.commands]
    return rows


# ---- two folders: one as it should be, one with all that must not run ---------------------------------------------------


@dataclass(frozen=True)
class Folders:
    """A vault, the same with hostile files, and the file in which whatever runs leaves its name."""

    clean: Path
    hostile: Path
    ran: Path
    address: str


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folders]:
    base = tmp_path_factory.mktemp("vaults")
    clean, hostile = base / "clean", base / "hostile"
    write_vault(clean, NOTES)
    _commit(clean)
    shutil.copytree(clean, hostile)
    for make in (_modules, _programs, _repository):
        make(hostile, base / "ran")
    with serving(_answer) as (address, _):
        made = Folders(clean, hostile, base / "ran", address)
        for folder in (clean, hostile):
            done = run(made, folder, ["ingest", "-q"])
            assert done.returncode in {0, 1}, done.stderr
        yield made


def _answer(request: Request) -> None:
    if "CONSTRUCT" in request.body:
        request.answer(200, "<http://e.example/a> <http://e.example/b> 1 .\n", "text/turtle")
    else:
        request.answer(500, "not today")


def _commit(folder: Path) -> None:
    """A repository with a commit, as far as git is there."""
    if shutil.which("git") is None:
        return
    environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    for who in ("AUTHOR", "COMMITTER"):
        environment |= {
            f"GIT_{who}_NAME": "A",
            f"GIT_{who}_EMAIL": "a@e.example",
            f"GIT_{who}_DATE": "2024-01-01T12:00:00Z",
        }
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "All"]):
        subprocess.run(["git", "-C", str(folder), *words], env=environment, check=True, capture_output=True)


def module_names() -> set[str]:
    """Every name that could be imported: Python's library, and all that is installed beside kg."""
    return {name for name in sys.stdlib_module_names | packages_distributions().keys() if name.isidentifier()} - {"kg"}


def _modules(folder: Path, ran: Path) -> None:
    """Modules and packages of all names, and what Python runs when it starts."""
    code = f"with open({str(ran)!r}, 'a') as file: file.write('module ' + __name__ + '\\n')\nraise RuntimeError('hostile')\n"
    for name in (*module_names(), "sitecustomize", "usercustomize", "startup"):
        (folder / f"{name}.py").write_text(code)
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "__init__.py").write_text(code)
    for place in (folder, folder / "lib", folder / "site-packages"):
        place.mkdir(exist_ok=True)
        (place / "evil.pth").write_text("import startup\n")
    (folder / "pyvenv.cfg").write_text("home = .\ninclude-system-site-packages = true\n")
    (folder / "python311._pth").write_text(".\nimport site\n")


def _script(place: Path, ran: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"#!/bin/sh\necho 'program {place.name}' >> '{ran}'\nexit 97\n")
    place.chmod(0o755)


PROGRAMS = (
    "git",
    "less",
    "more",
    "cat",
    "python",
    "python3",
    "sh",
    "vi",
    "kg",
    "oxigraph",
    "dot",
    "xdg-open",
    "ldconfig",
    "gcc",
    "uname",
)


def _programs(folder: Path, ran: Path) -> None:
    """Programs of names that might be looked for, in the vault itself and in a folder of it."""
    for name in (*PROGRAMS, "evil"):
        if not (folder / name).is_dir():
            _script(folder / name, ran)
        _script(folder / "bin" / name, ran)


def _repository(folder: Path, ran: Path) -> None:
    """Settings of git that name programs, wherever one can be named."""
    git = folder / ".git"
    if not git.is_dir():
        return
    evil = folder / "bin" / "evil"
    for name in (
        "pre-commit",
        "post-checkout",
        "fsmonitor-watchman",
        "reference-transaction",
        "post-index-change",
        "pre-auto-gc",
    ):
        _script(git / "hooks" / name, ran)
    aliases = "".join(
        f"\t{name} = !{evil}\n" for name in ("rev-parse", "rev-list", "cat-file", "log", "ls-tree", "show", "status")
    )
    with (git / "config").open("a") as config:
        config.write(
            f"[core]\n\tfsmonitor = {evil}\n\tpager = {evil}\n\tsshCommand = {evil}\n\thooksPath = {git / 'hooks'}\n\teditor = {evil}\n"
            f"\taskPass = {evil}\n\tgitProxy = {evil}\n\talternateRefsCommand = {evil}\n[alias]\n{aliases}"
            f"[diff]\n\texternal = {evil}\n[diff \"x\"]\n\ttextconv = {evil}\n\tcommand = {evil}\n"
            f"[filter \"x\"]\n\tclean = {evil}\n\tsmudge = {evil}\n\tprocess = {evil}\n\trequired = true\n[merge \"x\"]\n\tdriver = {evil}\n"
            f"[pager]\n\trev-list = {evil}\n\tlog = {evil}\n[log]\n\tshowSignature = true\n[gpg]\n\tprogram = {evil}\n[gpg \"ssh\"]\n\tprogram = {evil}\n"
            f"[credential]\n\thelper = !{evil}\n[uploadpack]\n\tpackObjectsHook = {evil}\n[protocol]\n\tallow = always\n[protocol \"ext\"]\n\tallow = always\n"
            f"[remote \"origin\"]\n\turl = ext::{evil}\n\tuploadpack = {evil}\n\tpromisor = true\n\tpartialclonefilter = blob:none\n[include]\n\tpath = {folder / 'evil.cfg'}\n"
        )  # fmt: skip
    (folder / "evil.cfg").write_text(f"[core]\n\tpager = {evil}\n\tfsmonitor = {evil}\n")
    (folder / ".gitattributes").write_text("* filter=x diff=x merge=x text=auto\n")


# ---- running -------------------------------------------------------------------------------------------------------------


def run(
    folders: Folders, folder: Path, words: list[str], *, module: bool = False, path: str | None = None
) -> subprocess.CompletedProcess[str]:
    """`kg` or `python -m kg` as a user calls it who stands in a folder; pagers and editors are programs of that folder."""
    script = shutil.which("kg", path=str(Path(sys.executable).parent))
    assert script, "kg is not installed beside this Python"
    evil = str(folder / "bin" / "evil")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "KG_", "PYTHON"))}
    environment |= {
        "PYTHONPATH": str(ROOT / "src"),
        "PYTHONSTARTUP": str(folder / "startup.py"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    environment |= dict.fromkeys(
        ("PAGER", "GIT_PAGER", "MANPAGER", "EDITOR", "VISUAL", "GIT_EDITOR", "BROWSER", "GIT_ASKPASS"), evil
    )
    environment |= {
        "GIT_SSH_COMMAND": evil,
        "GIT_EXTERNAL_DIFF": evil,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    if path is not None:
        environment["PATH"] = path
    shown = [word.replace(SERVER, folders.address) for word in words]
    return subprocess.run(
        [sys.executable, "-m", "kg", *shown] if module else [sys.executable, script, *shown],
        cwd=folder,
        env=environment,
        input="ASK { ?s ?p ?o }\n\n" if words[0] == "shell" else "",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def same(folders: Folders, words: list[str], *, module: bool = False, path: str | None = None) -> None:
    """Run a command in both folders: nothing of the vault has run, and what is said is the same."""
    folders.ran.unlink(missing_ok=True)
    hostile = run(folders, folders.hostile, words, module=module, path=path)
    assert not folders.ran.exists(), f"it ran {folders.ran.read_text().split()}: {hostile.stderr}"
    clean = run(folders, folders.clean, words, module=module)
    assert plain(folders, hostile.stdout).splitlines() == plain(folders, clean.stdout).splitlines(), hostile.stderr
    assert hostile.returncode == clean.returncode
    assert plain(folders, hostile.stderr) == plain(folders, clean.stderr)


def plain(folders: Folders, text: str) -> str:
    """What is said, less what differs between two folders and two runs."""
    text = re.sub(rf"{re.escape(str(folders.clean.parent))}/(clean|hostile)", "VAULT", text)
    return re.sub(
        r'[\d.,]+ (m?s|[kM]?B)\b|"(seconds|generation|bytes)": [\d.]+|generation \d+|\d{4}-\d\d-\d\d[T ]\d\d:\d\d[\d:.+Z]*',
        "",
        text,
    )


# ---- the tests -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", commands(all_of_them=False), ids=" ".join)
@pytest.mark.sample(4)
def test_nothing_in_the_working_directory_runs(folders: Folders, words: list[str]) -> None:
    same(folders, words)


@pytest.mark.slow
@pytest.mark.parametrize("words", [["test"]], ids=" ".join)
def test_nothing_in_the_working_directory_runs_where_kg_is_run_as_a_module(folders: Folders, words: list[str]) -> None:
    with _without_pythons_own(folders):
        same(folders, words, module=True)


@contextmanager
def _without_pythons_own(folders: Folders) -> Iterator[None]:
    """Without modules of the names that `python -m` itself imports from the working directory before kg's first line.

    No program can help that; `python -P -m kg` does.
    """
    words = [sys.executable, "-I", "-c", "import runpy, sys; print(*sys.modules)"]
    loaded = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    places = [folders.hostile / name for name in {name.partition(".")[0] for name in loaded}]
    places = [place for place in places if (place / "__init__.py").is_file()]
    for place in places:
        place.rename(place.with_name(f"not-{place.name}"))
        place.with_suffix(".py").rename(place.with_name(f"not-{place.name}.py"))
    try:
        yield
    finally:
        for place in places:
            place.with_name(f"not-{place.name}").rename(place)
            place.with_name(f"not-{place.name}.py").rename(place.with_suffix(".py"))


def test_nothing_in_the_working_directory_runs_where_python_is_told_so(folders: Folders) -> None:
    folders.ran.unlink(missing_ok=True)
    words = [sys.executable, "-P", "-m", "kg", "stats"]
    done = subprocess.run(
        words, cwd=folders.hostile, env={"PYTHONPATH": str(ROOT / "src")}, capture_output=True, check=False
    )
    assert (done.returncode, folders.ran.exists()) == (0, False)


@pytest.mark.slow
def test_a_package_of_the_name_kg_does_not_run(folders: Folders) -> None:
    """As a cloned repository may hold one: the processes that kg starts take the installed one."""
    package = folders.hostile / "kg"
    before = package.read_bytes() if package.is_file() else None
    package.unlink(missing_ok=True)
    package.mkdir()
    (package / "__init__.py").write_bytes((folders.hostile / "bisect.py").read_bytes())
    (folders.hostile / "kg.py").write_bytes((folders.hostile / "bisect.py").read_bytes())
    try:
        same(folders, ["validate"])
    finally:
        shutil.rmtree(package)
        (folders.hostile / "kg.py").unlink()
        if before is not None:
            package.write_bytes(before)
            package.chmod(0o755)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@pytest.mark.parametrize("entry", ["", ".", "bin", "./bin"])
@pytest.mark.sample(2)
def test_no_program_is_looked_for_in_the_working_directory(folders: Folders, entry: str) -> None:
    """Even where PATH has an entry that means it."""
    for path in (f"{entry}{os.pathsep}{os.environ['PATH']}", f"{os.environ['PATH']}{os.pathsep}{entry}"):
        same(folders, ["analyze", "history"], path=path)


def test_the_hostile_files_would_run(folders: Folders) -> None:
    """The control: a Python that stands in the folder runs them, and so does git."""
    environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    for command in ([sys.executable, "-c", "import bisect, rdflib"], ["git", "status"], ["./bin/less"]):
        if shutil.which(command[0], path=f"{os.environ['PATH']}:{folders.hostile}") is None:
            continue
        folders.ran.unlink(missing_ok=True)
        subprocess.run(command, cwd=folders.hostile, env=environment, capture_output=True, check=False)
        assert folders.ran.exists(), command
    folders.ran.unlink(missing_ok=True)


@pytest.mark.slow
@pytest.mark.parametrize("words", commands(all_of_them=True), ids=" ".join)
def test_nothing_in_the_working_directory_runs_at_length(folders: Folders, words: list[str]) -> None:
    same(folders, words)
    with _without_pythons_own(folders):
        same(folders, words, module=True)


@pytest.mark.slow
def test_nothing_runs_where_many_notes_are_read_by_several_processes(folders: Folders) -> None:
    for folder in (folders.clean, folders.hostile):
        for number in range(1200):
            (folder / "many").mkdir(exist_ok=True)
            (folder / "many" / f"n{number}.md").write_text(f"# n{number}\n[[A]]\n")
        (folder / "kg.toml").write_text(NOTES["kg.toml"].replace('"!A.md"', '"!A.md", "!many", "!many/*.md"'))
    for words in (["ingest", "--full"], ["validate", "--only", "links"], ["analyze", "unlinked"], ["search", "n7"]):
        same(folders, words)
