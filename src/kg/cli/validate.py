"""`kg validate`: report problems in the notes."""

import os
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kg.cli.ingest import SHOWN
from kg.cli.options import (
    Options,
    as_of,
    common,
    gathered,
    in_color,
    plural,
    progress,
    separated,
    time_limit,
    vault_config,
)
from kg.cli.reports import OutputOptions, output_options
from kg.core.errors import KgError
from kg.core.escaping import printable
from kg.core.files import exists, short

if TYPE_CHECKING:
    from kg.config import Config, Located
    from kg.core.finding_rules import FindingRules
    from kg.core.findings import Finding, Paint, Severity
    from kg.rendering.findings import GroupBy, ReportStyle
    from kg.validation.baseline import Only
    from kg.validation.validator import Validation


@dataclass(frozen=True)
class FindingOptions:
    """The options that say which findings are reported."""

    only: "Only | None"
    severity: "Severity | None"
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    baseline: Path | None

    def rules(self, config: "Config") -> "FindingRules":
        """The rules of kg.toml and the command line. Raises ConfigError for an unknown code."""
        from kg.validation.codes import check_selectors

        rules = config.findings.chosen(separated(*self.select), separated(*self.ignore))
        check_selectors(rules, config)
        return rules

    def fails(self, finding: "Finding") -> bool:
        """Whether a finding makes the run fail."""
        return finding.severity == "error" or self.severity is not None


@dataclass(frozen=True)
class ReportOptions:
    """The options that say what a report has besides the findings, and how many of them."""

    statistics: bool
    group_by: "GroupBy | None"
    limit: int | None


_FINDING_OPTIONS = (
    click.option(
        "--only", type=click.Choice(["links", "shapes"]), help="Check only links and properties, or only the shapes."
    ),
    click.option(
        "--severity",
        type=click.Choice(["error", "warning", "info"]),
        help="Report findings of at least this severity, and exit with 1 for them. Default: errors and warnings.",
    ),
    click.option("--select", multiple=True, metavar="CODES", help="Report only these codes or prefixes: L01,S or ALL."),
    click.option("--ignore", multiple=True, metavar="CODES", help="Leave out these codes or prefixes."),
    click.option(
        "--baseline",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Write the findings to FILE; if FILE exists, report only new findings, and which ones have gone.",
    ),
)
_REPORT_OPTIONS = (
    click.option(
        "--statistics",
        is_flag=True,
        help="Add counts of links by class, which sum to the total, and of findings by code.",
    ),
    click.option(
        "--group-by",
        type=click.Choice(["file", "code", "target"]),
        help="Group the findings by file, code, or the note or thing that they name.",
    ),
    click.option(
        "--limit", type=click.IntRange(min=0), metavar="N", help="Report only the first N findings; count the others."
    ),
)


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(readable=False, path_type=Path))
@output_options("text, json, sarif, github, junit or turtle")
@gathered("report", ReportOptions, *_REPORT_OPTIONS)
@gathered("choice", FindingOptions, *_FINDING_OPTIONS)
@time_limit("Stop checking the shapes after this many seconds, with exit code 4.")
@as_of
@common
def validate(
    options: Options,
    paths: tuple[Path, ...],
    output: OutputOptions,
    choice: FindingOptions,
    report: ReportOptions,
    timeout: float | None,
) -> None:
    """Report problems in the notes, with file, line and column.

    Checks links, properties and shapes in the notes as they are now; to check the shapes, first brings the store up to
    date, as `kg ingest` does. PATH is a vault, or a file or folder in one: the whole vault is read, and the findings
    there are reported. The default is the vault of kg.toml, of the store, or this folder. Exits with 1 if there is an
    error, or a finding that --severity selects.
    """
    from kg.notes.vault import Vault
    from kg.rendering.findings import REPORTS
    from kg.validation.validator import validate as run

    targets = output.targets(REPORTS)
    config, within = _located(options, paths)
    rules, least = choice.rules(config), choice.severity or "warning"
    vault = Vault(config=config)
    with progress(options) as bar:
        validation = run(
            vault, within=within, rules=rules, only=choice.only, severity=least, seconds=timeout, progress=bar
        )
    for sentence in validation.unread:
        options.say(sentence, fg="yellow")
    if choice.baseline:
        validation = _against_baseline(options, choice.baseline, validation)
    style = _style(options, config, validation, choice, report)
    for target in targets:
        with target.out() as out:
            shown = _first(validation, style, report.limit if target.is_main else None)
            target.row.write(shown, out, replace(style, paint=_paint(options, target.file)))
    _say_summary(options, validation, report.limit)
    if not output.exit_zero and any(choice.fails(finding) for finding in validation.findings):
        sys.exit(1)


def _located(options: Options, paths: Sequence[Path]) -> tuple["Config", list[Path]]:
    """The settings of the vault that the paths belong to, and the paths, unless one is the vault. Raises KgError."""
    from kg.config import locate

    if not paths:
        return vault_config(options), []
    places = [locate(path, store=options.store) for path in paths]
    vaults = sorted({place.config.vault for place in places})
    if len(vaults) > 1:
        names = ", ".join(map(short, vaults))
        raise KgError(f"the paths belong to several vaults ({names}): validate one vault at a time")
    is_whole = not all(place.is_part for place in places)
    if options.revision:
        return _as_it_was(options, [] if is_whole else places)
    return places[0].config, [] if is_whole else [place.path for place in places]


def _as_it_was(options: Options, places: "Sequence[Located]") -> tuple["Config", list[Path]]:
    """The settings of the vault as of `--at`, and the places there."""
    config = vault_config(options)
    inside = [place for place in places if place.path.is_relative_to(place.config.vault)]
    if len(inside) < len(places):
        raise KgError("with --at, name files and folders of the vault")
    return config, [config.vault / place.path.relative_to(place.config.vault) for place in inside]


def _style(
    options: Options, config: "Config", validation: "Validation", choice: FindingOptions, report: ReportOptions
) -> "ReportStyle":
    from kg.rendering.findings import Groups, ReportStyle

    return ReportStyle(
        validation if report.statistics else None,
        shown=lambda finding: (
            finding.path if options.revision else short(config.file_of(finding, validation.of_project))
        ),
        groups=Groups.of(validation, report.group_by) if report.group_by else None,
        folder=_in_repository(config.vault),
        project=_in_repository(config.root),
        fails=choice.fails,
        prefixes={**config.all_prefixes},
    )


def _first(validation: "Validation", style: "ReportStyle", limit: int | None) -> "Validation":
    """The validation with its findings group by group, and only the first of them."""
    findings = style.groups.in_order(validation.findings) if style.groups else validation.findings
    return replace(validation, findings=findings[:limit])


def _paint(options: Options, file: Path | None) -> "Paint":
    """A function that colours a severity; without colours in a file, or if stdout is not a terminal."""
    is_plain = file or options.color is False or not sys.stdout.isatty()
    return (lambda severity, text: text) if is_plain else in_color


def _say_summary(options: Options, validation: "Validation", limit: int | None) -> None:
    """Print the numbers of findings: those reported, those beyond the limit, and those left out."""
    numbers = Counter(finding.severity for finding in validation.findings)
    files = len({finding.path for finding in validation.findings})
    counts = ", ".join(f"{n:,} {plural(n, _NOUNS[severity])}" for severity in _NOUNS if (n := numbers[severity]))
    parts = [f"{counts} in {files:,} {plural(files, 'file')}" if counts else "nothing to report"]
    if limit is not None and len(validation.findings) > limit:
        parts.append(f"{len(validation.findings) - limit:,} more than --limit shows")
    if validation.suppressed:
        parts.append(f"{len(validation.suppressed):,} suppressed in the notes")
    if validation.hidden:
        hidden = f"{validation.hidden:,} less severe {plural(validation.hidden, 'finding')}"
        parts.append(f"{hidden} not shown (--severity info shows all)")
    options.say("; ".join(parts), dim=True)


_NOUNS: "dict[Severity, str]" = {"error": "error", "warning": "warning", "info": "remark"}


def _against_baseline(options: Options, file: Path, validation: "Validation") -> "Validation":
    """Return the findings that are not in the baseline; if it does not exist, write all findings to it."""
    from kg.validation import baseline

    if not os.path.lexists(file):
        baseline.write(file, validation.findings)
        number = len(validation.findings)
        options.say(f"{number:,} {plural(number, 'finding')} written to {file}; later runs report only new findings")
        return replace(validation, findings=())
    compared = baseline.compare(file, validation.findings, validation.elsewhere)
    if compared.known:
        options.say(f"{compared.known:,} {plural(compared.known, 'finding')} already in the baseline", dim=True)
    if compared.gone:
        options.say(f"{len(compared.gone):,} {'has' if len(compared.gone) == 1 else 'have'} gone since:")
        for line in compared.gone[: None if options.verbose else SHOWN]:
            options.say(f"  {printable(line)}", dim=True)
        if len(compared.gone) > SHOWN and not options.verbose:
            options.say(f"  … and {len(compared.gone) - SHOWN:,} more (-v shows them)", dim=True)
    return replace(validation, findings=compared.new)


def _in_repository(folder: Path) -> str:
    """The path of a folder with a final `/`: relative to its repository or the working directory, else absolute."""
    root = next((around for around in (folder, *folder.parents) if exists(around / ".git")), Path.cwd())
    inside = folder.relative_to(root).as_posix() if folder.is_relative_to(root) else folder.as_posix()
    return "" if inside == "." else f"{inside}/"
