"""`kg ingest` and `kg doctor`: bring the store up to date, and check it."""

import shutil
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kg.cli.options import Options, common, complain, emit, plural, progress, say_findings, tell, vault_config
from kg.core.errors import StoreError
from kg.core.escaping import printable
from kg.core.files import short
from kg.core.json_text import json_text

if TYPE_CHECKING:
    from kg.config import Config
    from kg.ingestion.report import Report
    from kg.ingestion.snapshot import Held


SHOWN = 5


@click.command()
@click.argument("vault", required=False, type=click.Path(readable=False, path_type=Path))
@click.option("--full", is_flag=True, help="Rebuild the store even if nothing changed.")
@click.option("--dry-run", is_flag=True, help="Show what would change, note by note; write nothing.")
@click.option("--watch", is_flag=True, help="Keep running and ingest again on every change, until Ctrl-C.")
@click.option("--no-infer", is_flag=True, help="Store only what the notes state; infer nothing.")
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with the figures.")
@common
def ingest(
    options: Options,
    vault: Path | None,
    full: bool,
    dry_run: bool,
    watch: bool,
    no_infer: bool,
    strict: bool,
    as_json: bool,
) -> None:
    """Read changed notes into the store and infer what follows.

    VAULT is the folder of notes; by default, the vault in kg.toml, or this folder. Exits with 1 if a file could not be
    read properly; the store then keeps what was last read from it.
    """
    from kg.config import load

    config = load(vault, store=options.store)
    if dry_run:
        _preview(options, config, inference=not no_infer)
        return
    report = _ingest_once(options, config, full=full, inference=not no_infer, as_json=as_json)
    if watch:
        _watch(options, vault, inference=not no_infer, as_json=as_json)
    failing = {"error", "warning"} if strict else {"error"}
    if any(finding.severity in failing for finding in report.findings):
        sys.exit(1)


def _ingest_once(
    options: Options,
    config: "Config",
    *,
    full: bool,
    inference: bool,
    as_json: bool,
    held: "Held | None" = None,
    watching: bool = False,
) -> "Report":
    """Ingest and print the report; with `watching`, only if something changed."""
    from kg.ingestion.pipeline import ingest as run
    from kg.notes.vault import Vault
    from kg.validation.suppression import reported

    with progress(options) as bar:
        report = run(Vault(config=config), full=full, inference=inference, progress=bar, held=held)
    if watching and not report.changed:
        return report
    report = replace(report, findings=reported(config, report.findings))
    say_findings(options, config, report.findings)
    if as_json:
        emit(json_text(report.as_json()) + "\n")
    else:
        _say_report(options, report)
    return report


def _preview(options: Options, config: "Config", *, inference: bool) -> None:
    """Print what would change, one line per note."""
    from kg.ingestion.pipeline import preview
    from kg.notes.vault import Vault

    changes = preview(Vault(config=config), inference=inference)
    if not changes:
        options.say("Nothing has changed.")
        return
    if changes.everything:
        options.say(f"All notes are read again: {changes.everything}.")
    for word in ("added", "changed", "removed", "affected"):
        for path in getattr(changes, word):
            tell(printable(f"{word:<8}  {path}"))


def _watch(options: Options, vault: Path | None, *, inference: bool, as_json: bool) -> None:
    """Ingest after each burst of changes. If an ingest fails, report it, keep the last state and continue."""
    from kg.config import load
    from kg.ingestion.following import follow

    def ingest(config: "Config", held: "Held | None") -> "Report":
        return _ingest_once(options, config, full=False, inference=inference, as_json=as_json, held=held, watching=True)

    settings, last_error = partial(load, vault, store=options.store), ""
    options.say(f"watching {short(settings().vault)} (Ctrl-C ends it)", dim=True)
    for report, error in (found[1:] for found in follow(settings, ingest, Path.cwd())):
        if error and last_error != str(error):  # report a missing drive only once
            complain(f"{error}; the last good state stays")
        if error or report:
            last_error = str(error or "")
            sys.stdout.flush()


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@common
def doctor(options: Options, as_json: bool) -> None:
    """Check the store against its manifest and the notes.

    Compares counts and digests. Reads every quad, so that damage anywhere shows. Exits with 1 if the store is not up to
    date with the notes, with 3 if it is damaged; `kg ingest --full` always repairs it from the notes.
    """
    from kg.ingestion.doctor import examine
    from kg.notes.vault import Vault

    checks = examine(Vault(config=vault_config(options)))
    if as_json:
        emit(json_text([check._asdict() for check in checks]) + "\n")
    else:
        for check in checks:
            tell(f"{'ok  ' if check.ok else 'BAD '}  {check.what}: {check.says}", fg=None if check.ok else "red")
    if any(not check.ok and check.damaged for check in checks):
        raise StoreError("the store is damaged: run `kg ingest --full` to rebuild it from the notes")
    if not all(check.ok for check in checks):
        sys.exit(1)


def _say_report(options: Options, report: "Report") -> None:
    summary = report.summary
    if not report.changed:
        notes = summary["notes"]
        total = f"{notes:,} {plural(notes, 'note')}, {summary['triples']:,} triples"
        options.say(f"Nothing has changed: {total} ({summary['seconds']:.2f} s)")
        return
    if not report.changes.everything:
        _say_changes(options, report)
    links: dict[str, int] = summary["links"]
    by_class = ", ".join(f"{number:,} {kind}" for kind, number in links.items())
    by_origin = ", ".join(
        (f"{summary['asserted']:,} asserted", f"{summary['inferred']:,} inferred", f"{summary['ontology']:,} ontology")
    )
    rows = [
        ("notes", f"{summary['notes']:,}", ""),
        ("triples", f"{summary['triples']:,}", by_origin),
        ("links", f"{sum(links.values()):,}", by_class),
        ("missing", f"{summary['missing']:,}", _wanted(summary["wanted"], _room())),
    ]
    width = max(len(number) for _, number, _ in rows)
    for name, number, detail in rows:
        options.say(printable(f"{name:<8} {number:>{width}}  {detail}".rstrip()))
    if report.inference:
        from kg.cli.infer import say_inference

        say_inference(options, report.inference)
    options.say(f"{'store':<8} {short(report.path)} ({summary['seconds']:.2f} s)")


def _say_changes(options: Options, report: "Report") -> None:
    """Print how many notes changed, and how many others that affects."""
    changes = report.changes
    counts = [
        f"{len(getattr(changes, word)):,} {word}" for word in ("added", "changed", "removed") if getattr(changes, word)
    ]
    if changes.affected:
        counts.append(f"{len(changes.affected):,} {'other' if len(changes.affected) == 1 else 'others'} affected")
    options.say(f"changed  {', '.join(counts)}")


def _room() -> int:
    """The columns that a terminal leaves for names of missing notes; many, if messages go elsewhere."""
    taken = len("triples  1,000,000  notes still to be written: ")
    return max(shutil.get_terminal_size().columns - taken, 20) if sys.stderr.isatty() else 1_000


def _wanted(wanted: list[list[Any]], room: int) -> str:
    """A list of the missing notes that most notes link to: at most four, as many as fit, and at least one."""
    names = [f"{label} ({number})" if number > 1 else str(label) for label, number in wanted[:4]]
    while len(names) > 1 and len(", ".join(names)) + 2 > room:
        names.pop()
    shown = ", ".join(names)
    end = " …" if len(wanted) > len(names) else ""
    said = f"{shown[: room - 1]}…" if len(shown + end) > room else shown + end
    return f"notes still to be written: {said}" if names else ""
