"""`kg validate`: report problems in the notes."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from kg.cli.ingest import SHOWN
from kg.cli.options import Options, common, plural, progress, text_out, time_limit, vault_config
from kg.core.errors import KgError
from kg.core.escaping import printable
from kg.core.files import exists, short

if TYPE_CHECKING:
    from kg.config import Config
    from kg.validation.validator import Only, Validation


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(readable=False, path_type=Path))
@click.option(
    "-f",
    "--format",
    "format_",
    metavar="FORMAT",
    default="text",
    help="Write text, json, sarif, github, junit or turtle.",
)
@click.option(
    "--only", type=click.Choice(["links", "shapes"]), help="Check only links and properties, or only the shapes."
)
@click.option(
    "--severity",
    type=click.Choice(["error", "warning", "info"]),
    help="Report findings of at least this severity, and exit with 1 for them. Default: report errors and warnings.",
)
@click.option(
    "--statistics", is_flag=True, help="Add counts of links by class, which sum to the total, and of findings by code."
)
@click.option(
    "--baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the findings to FILE; if FILE exists, report only new findings, and which ones have gone.",
)
@time_limit("Stop checking the shapes after this many seconds, with exit code 4.")
@common
def validate(
    options: Options,
    paths: tuple[Path, ...],
    format_: str,
    only: str | None,
    severity: str | None,
    statistics: bool,
    baseline: Path | None,
    timeout: float | None,
) -> None:
    """Report problems in the notes, with file, line and column.

    Checks links, properties and shapes in the notes as they are now; to check the shapes, first brings the store up to
    date, as `kg ingest` does. PATH is a vault, or a file or folder in one: the whole vault is read, and the findings
    there are reported. The default is the vault of kg.toml, of the store, or this folder. Exits with 1 if there is an
    error, or a finding that --severity selects.
    """
    from kg.notes.vault import Vault
    from kg.rendering.findings import REPORTS, ReportStyle
    from kg.validation.validator import validate as run

    if format_ not in REPORTS:
        raise click.BadParameter(f"{format_!r} is not one of {', '.join(REPORTS)}.", param_hint="'-f' / '--format'")
    config, within = _located(options, paths)
    least: Any = severity or "warning"
    with progress(options) as bar:
        validation = run(
            Vault(config=config),
            within=within,
            only=cast("Only | None", only),
            severity=least,
            seconds=timeout,
            progress=bar,
        )
    for sentence in validation.unread:
        options.say(sentence, fg="yellow")
    if baseline:
        validation = _against_baseline(options, baseline, validation)
    report_style = ReportStyle(
        statistics,
        _paint(options),
        _in_repository(config.vault),
        _in_repository(config.root),
        lambda finding: finding.severity == "error" or severity is not None,
        {**config.all_prefixes},
    )
    with text_out(styled=format_ == "text") as stdout:
        REPORTS[format_].write(validation, stdout, report_style)
    if validation.hidden:
        hidden = f"{validation.hidden:,} less severe {plural(validation.hidden, 'finding')}"
        options.say(f"{hidden} not shown (--severity info shows all)", dim=True)
    if any(report_style.fails(finding) for finding in validation.findings):
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
    return places[0].config, [] if is_whole else [place.path for place in places]


def _against_baseline(options: Options, file: Path, validation: "Validation") -> "Validation":
    """Return the findings that are not in the baseline; if it does not exist, write all findings to it."""
    from dataclasses import replace

    from kg.validation import baseline

    if not os.path.lexists(file):
        baseline.write(file, validation.findings)
        number = len(validation.findings)
        options.say(f"{number:,} {plural(number, 'finding')} written to {file}; later runs report only new findings")
        return replace(validation, findings=())
    compared = baseline.compare(file, validation.findings)
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


def _paint(options: Options) -> Callable[[str, str], str]:
    """A function that colours a text by severity; without colours if stdout is not a terminal."""
    if options.color is False or not sys.stdout.isatty():
        return lambda severity, text: text
    colors = {"error": "red", "warning": "yellow", "info": None}
    return lambda severity, text: click.style(text, fg=colors[severity])
