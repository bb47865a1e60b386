"""`kg diff`: what a change of the notes means."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kg.cli.options import Options, common, gathered, progress, store_config, tell
from kg.cli.reports import OutputOptions, ReportTarget, output_options
from kg.config import find, load
from kg.core.errors import KgError
from kg.core.files import exists, is_folder

if TYPE_CHECKING:
    from kg.comparison.difference import ComparedParts, Difference
    from kg.config import Config
    from kg.notes.vault import Progress
    from kg.rendering.difference_report import Sign
    from kg.rendering.differences import DifferenceFormat, DifferenceWriter, Paint


@dataclass(frozen=True)
class DiffOptions:
    """What is compared, and what the exit code says."""

    asserted: bool
    findings: bool
    answers: bool
    library: bool | None
    stat: bool
    exit_code: bool

    def reports(self, output: OutputOptions) -> "dict[str, DifferenceFormat]":
        """The formats by name; with `--stat`, the text is that of the totals."""
        from kg.rendering.differences import REPORTS

        return {"text": REPORTS["stat"]} if self.stat and not output.formats else REPORTS

    def parts(self, paths: Sequence[str] = ()) -> "ComparedParts":
        """What to compare."""
        from kg.comparison.difference import ComparedParts

        is_stat = self.stat and self.asserted
        return ComparedParts(
            not self.asserted,
            self.findings and not is_stat,
            self.answers and not is_stat,
            self.library if not self.stat or self.library else False,
            tuple(paths),
        )


diff_options = gathered(
    "choice",
    DiffOptions,
    click.option("--asserted", is_flag=True, help="Leave out what follows by inference."),
    click.option("--findings/--no-findings", default=True, help="Compare what kg validate reports (by default)."),
    click.option("--answers/--no-answers", default=True, help="Compare the answers of questions (by default)."),
    click.option(
        "--library/--no-library",
        default=None,
        help="Ask all queries of the library, or none; by default those that need little time.",
    ),
    click.option("--stat", is_flag=True, help="Print only the totals, note by note."),
    click.option("--exit-code", is_flag=True, help="Exit with 1 if anything differs."),
)
"""Adds the options of a comparison to a command, which gets them as `choice`."""


@click.command()
@click.argument("revisions", nargs=-1, metavar="[REV1 [REV2]] [PATH]...")
@diff_options
@click.option(
    "--no-index", is_flag=True, help="Compare two files or folders by themselves, as git difftool gives them."
)
@click.option("--textconv", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Print what one note says, for git's driver diff.kg.textconv.")  # fmt: skip
@output_options("text, md, html, json, nquads, sparql or github")
@common
def diff(
    options: Options,
    revisions: tuple[str, ...],
    choice: DiffOptions,
    no_index: bool,
    textconv: Path | None,
    output: OutputOptions,
) -> None:
    """Report what a change of the notes means.

    Compares two commits of the vault's git repository; REV is a branch, a tag, a hash or a date. REV2 is by default the
    files as they are, and REV1 is HEAD. PATH is a file or folder of the vault: only the facts and findings there are
    reported. Moved notes and wrapped lines change no fact. nquads and sparql hold the change of the whole dataset.
    """
    if textconv:
        _say_facts(textconv)
        return
    targets = output.targets(choice.reports(output))
    if no_index:
        _report_files(options, revisions, choice, output, targets)
        return
    config = store_config(options)
    names, paths = _arguments(config, revisions)
    with progress(options) as bar:
        difference = _difference(config, names, paths, choice, bar)
    report(options, choice, output, targets, difference)


def report(
    options: Options,
    choice: DiffOptions,
    output: OutputOptions,
    targets: "Sequence[ReportTarget[DifferenceWriter]]",
    difference: "Difference",
) -> None:
    """Write the reports; exit with 1 if that was asked for and anything differs."""
    for target in targets:
        with target.out() as out:
            target.row.write(difference, out, _paint(options, target.file))
    if choice.exit_code and difference and not output.exit_zero:
        sys.exit(1)


def _report_files(
    options: Options,
    names: Sequence[str],
    choice: DiffOptions,
    output: OutputOptions,
    targets: "Sequence[ReportTarget[DifferenceWriter]]",
) -> None:
    """Report on two files or folders, with the ontology of the project around the working directory, if any."""
    from kg.comparison.no_index import compared, reason_not_to_compare

    if len(names) != 2:
        raise click.UsageError("with --no-index, name two files or two folders.")
    before, after = map(Path, names)
    if reason := reason_not_to_compare(before, after):
        options.say(reason)
        return
    here = Path.cwd()
    with compared(before, after, load(cwd=here) if find(here) else None) as difference:
        report(options, choice, output, targets, difference)


def _say_facts(file: Path) -> None:
    """Print what a note says by itself, a line for each fact, in an order that depends on nothing else."""
    from kg.comparison.one_note import facts_of

    for sentence in facts_of(file):
        tell(sentence)


def _arguments(config: "Config", words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The revisions and the paths: a word is a path if a file or folder of the vault has it, as in git."""
    names: list[str] = []
    paths: list[str] = []
    for word in words:
        place = Path.cwd() / word
        if ((len(names) == 2 or exists(place)) and word not in {".", ".."}) or paths:
            paths.append(_inside(config, word, place))
        else:
            names.append(word)
    if len(names) > 2:
        raise click.UsageError("name at most two revisions; the rest are paths.")
    return names or ["HEAD"], paths


def _inside(config: "Config", word: str, place: Path) -> str:
    """A path of the vault, with a trailing `/` if it is a folder. Raises KgError."""
    real = place.resolve()
    if not real.is_relative_to(config.vault):
        raise KgError(f"{word} is neither a commit nor a file or folder of the vault")
    path = real.relative_to(config.vault).as_posix()
    return f"{path}/" if is_folder(real) else path


def _difference(
    config: "Config", names: Sequence[str], paths: Sequence[str], choice: DiffOptions, bar: "Progress | None"
) -> "Difference":
    from kg.comparison.commits import state_at, state_now
    from kg.comparison.difference import compare

    before = state_at(config, names[0], bar)
    after = state_at(config, names[1], bar) if len(names) > 1 else state_now(config, bar)
    for path in paths:
        if not any(before.has(path) or after.has(path) for path in (path, f"{path.rstrip('/')}/")):
            raise KgError(f"{path} is neither a commit nor a file or folder of the vault")
    return compare(before, after, choice.parts(paths))


def _paint(options: Options, file: Path | None) -> "Paint":
    """Colours for a terminal."""
    colors = {"+": "green", "-": "red", "~": "yellow"}
    is_shown = file is None and options.color is not False and sys.stdout.isatty()

    def paint(sign: "Sign", text: str) -> str:
        return click.style(text, fg=colors.get(sign)) if is_shown else text

    return paint
