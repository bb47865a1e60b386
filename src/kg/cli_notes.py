"""The commands that read notes and say what follows and what is wrong: init, ingest, doctor, infer, why, validate."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from kg.errors import KgError, StoreError
from kg.findings import printable
from kg.source import is_there
from kg.terminal import (
    Options,
    asked_config,
    common,
    complain,
    emit,
    plural,
    progress,
    say_findings,
    short,
    tell,
    text_out,
    time_limit,
    vault_config,
)

if TYPE_CHECKING:
    from kg.config import Config
    from kg.inference import Inference
    from kg.ingestion import Report
    from kg.validation import Validation

_SOME = 5


@click.command()
@click.argument("folder", metavar="[DIR]", type=click.Path(file_okay=False, path_type=Path), default=Path())
@common
def init(options: Options, folder: Path) -> None:
    """Set up a project: kg.toml, ontology/, queries/ and an example note.

    Nothing that is there is ever overwritten. In a folder that holds notes already, those are the vault and no
    example is added.
    """
    from kg.starter import write_starter

    for path, written in write_starter(folder):
        options.say(f"{'wrote ' if written else 'kept  '} {path}")
    options.say("Next: kg ingest" if folder == Path() else f"Next: cd {folder} && kg ingest")


@click.command()
@click.argument("vault", required=False, type=click.Path(readable=False, path_type=Path))
@click.option("--full", is_flag=True, help="Build the store anew, even where nothing has changed.")
@click.option("--dry-run", is_flag=True, help="Say what would change, note by note, and write nothing.")
@click.option("--watch", is_flag=True, help="Go on: ingest again whenever notes change, until Ctrl-C.")
@click.option("--no-infer", is_flag=True, help="Only what the notes say; nothing that follows from it.")
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
    """Read the notes of VAULT into the store, only what changed, and infer what follows.

    VAULT is the folder of notes; without it, the one that kg.toml names, or this folder. Exits with 1 where a
    file could not be read as it should; what was read of it last stays.
    """
    from kg.config import load
    from kg.store import manifest

    config = load(vault, store=options.store)
    if dry_run:
        _preview(options, config, inference=not no_infer)
        return
    first = manifest(config.store) is None
    report = _ingest_once(options, config, full=full, inference=not no_infer, as_json=as_json)
    if first and not config.base_is_set:
        options.say(
            f"hint: “base” is unset, so IRIs begin with {config.base}; set your own in kg.toml (kg init writes one)",
            dim=True,
        )
    if watch:
        _watch(options, vault, inference=not no_infer, as_json=as_json)
    failing = {"error", "warning"} if strict else {"error"}
    if any(finding.severity in failing for finding in report.findings):
        sys.exit(1)


def _ingest_once(
    options: Options, config: "Config", *, full: bool, inference: bool, as_json: bool, watching: bool = False
) -> "Report":
    """Ingest and say what came of it; a watch says nothing where nothing did."""
    from kg.ingestion import ingest as run
    from kg.vault import Vault

    with progress(options) as bar:
        report = run(Vault(config=config), full=full, inference=inference, progress=bar)
    if watching and not report.changed:
        return report
    say_findings(options, report.findings)
    if as_json:
        emit(json.dumps(report.as_json(), ensure_ascii=False) + "\n")
    else:
        _say_report(options, report)
    return report


def _preview(options: Options, config: "Config", *, inference: bool) -> None:
    """What would change, a note a line."""
    from kg.ingestion import preview
    from kg.vault import Vault

    changes = preview(Vault(config=config), inference=inference)
    if not changes:
        options.say("Nothing has changed.")
        return
    if changes.everything:
        options.say(f"All notes are read anew: {changes.everything}.")
    for word in ("added", "changed", "removed", "affected"):
        for path in getattr(changes, word):
            tell(printable(f"{word:<8}  {path}"))


def _watch(options: Options, vault: Path | None, *, inference: bool, as_json: bool) -> None:
    """Ingest after each burst of changes; a failing ingest says so, leaves the last state, and the watch goes on."""
    from kg.config import load
    from kg.watching import Inputs, rounds

    config, said = load(vault, store=options.store), ""
    inputs = Inputs.of(config, Path.cwd())
    options.say(f"watching {short(config.vault)} (Ctrl-C ends it)", dim=True)
    while True:
        missed = True  # something may have changed before this watch began
        for changed in rounds(inputs):
            if not (changed or missed):
                continue
            missed, before = False, inputs
            try:
                config = load(vault, store=options.store)
                inputs = Inputs.of(config, Path.cwd())
                _ingest_once(options, config, full=False, inference=inference, as_json=as_json, watching=True)
                said = ""
            except KgError as error:
                missed = isinstance(error, StoreError)  # another process writes: once more when it is done
                if said != str(error):  # once is enough while a drive is away
                    complain(f"{error}; the last good state stays")
                said = str(error)
            sys.stdout.flush()
            if inputs != before:
                break


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@common
def doctor(options: Options, as_json: bool) -> None:
    """Check the store: its counts and digests against its manifest, and against the notes.

    Reads every quad, so that damage anywhere shows. Exits with 1 where the store is not up to date with the notes,
    with 3 where it is damaged; `kg ingest --full` always mends it, since the notes are the truth.
    """
    from kg.doctor import examine
    from kg.vault import Vault

    found = examine(Vault(config=vault_config(options, None)))
    if as_json:
        emit(json.dumps([row._asdict() for row in found], ensure_ascii=False) + "\n")
    else:
        for row in found:
            tell(f"{'ok  ' if row.ok else 'BAD '}  {row.what}: {row.says}", fg=None if row.ok else "red")
    if any(not row.ok and row.damaged for row in found):
        raise StoreError("the store is damaged: run `kg ingest --full` to build it anew from the notes")
    if not all(row.ok for row in found):
        sys.exit(1)


@click.command()
@click.argument("vault", required=False, type=click.Path(readable=False, path_type=Path))
@click.option(
    "--engine",
    type=click.Choice(["rules", "owlrl"]),
    help="What infers: kg's rules, or owlrl, which is slow. Without it owlrl is taken for what the rules cannot say.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with the figures.")
@common
def infer(options: Options, vault: Path | None, engine: str | None, as_json: bool) -> None:
    """Infer everything anew that follows from what the store asserts.

    `kg ingest` does that at its end; this is for rules and axioms that are being written. Exits with 1 where what
    notes say contradicts the ontology.
    """
    from kg.explanation import Explainer
    from kg.ingestion import infer_again
    from kg.store import published

    config = asked_config(options, vault)
    done = infer_again(config, cast("Any", engine))
    found = published(config.store)
    contradictions = sorted(Explainer(config, found).findings()) if found else []
    say_findings(options, contradictions)
    inference = done.inference
    if as_json:
        row = {
            "inferred": inference.triples,
            "triples": done.triples,
            "engine": inference.engine,
            "because": list(inference.because),
            "ignored": list(inference.ignored),
            "contradictions": len(contradictions),
            "seconds": done.seconds,
        }
        emit(json.dumps(row, ensure_ascii=False) + "\n")
    else:
        _say_inference(options, inference)
        options.say(f"inferred {inference.triples:,} of {done.triples:,} triples ({done.seconds:.2f} s)")
    if done.is_stale:
        options.say("hint: the ontology has changed since the notes were read: kg ingest reads them by it", dim=True)
    if contradictions:
        sys.exit(1)


def _say_inference(options: Options, done: "Inference") -> None:
    """By what was inferred, where that is not kg's rules, and what of the ontology was not used."""
    if done.engine == "owlrl":
        options.say(f"{'engine':<8} owlrl{', for ' if done.because else ''}{', '.join(done.because)}")
    if done.ignored:
        options.say(f"hint: nothing follows from {', '.join(done.ignored)}: not in OWL 2 RL", dim=True)


@click.command()
@click.argument("subject", metavar="S")
@click.argument("predicate", required=False, metavar="[P")
@click.argument("obj", required=False, metavar="O]")
@click.option("--all", "everything", is_flag=True, help="Explain all that was inferred of S.")
@click.option(
    "-f", "--format", "format_", type=click.Choice(["text", "json", "md"]), default="text", help="How it is written."
)
@common
def why(options: Options, subject: str, predicate: str | None, obj: str | None, everything: bool, format_: str) -> None:
    """Say why a triple holds: the rules, and the lines of the notes that it rests on.

    S, P and O are names, as notes and the ontology have them, CURIEs (kg:Outcome) or IRIs; P can be `a`. Of the ways
    in which a triple follows the one of the fewest steps is told. An asserted triple just shows its lines.
    Exits with 1 where it does not hold.
    """
    from kg.config import find_store
    from kg.explanation import Explainer
    from kg.proofs import FORMATS
    from kg.store import Published

    if everything == (predicate is not None) or (predicate is None) != (obj is None):
        raise click.UsageError("Give a triple, S P O, or one thing with --all.")
    config = find_store(store=options.store)
    explainer = Explainer(config, Published(config.store))
    if predicate is not None and obj is not None:
        explained = explainer.why(subject, predicate, obj)
    else:
        explained = explainer.everything(subject)
        if not explained:
            options.say(f"Nothing was inferred of “{subject}”.")
    color = options.color is not False if sys.stdout.isatty() else None
    emit(FORMATS[format_](explained, color), styled=format_ == "text", color=bool(color))


def _say_report(options: Options, report: "Report") -> None:
    summary = report.summary
    if not report.changed:
        notes = summary["notes"]
        held = f"{notes:,} {plural(notes, 'note')}, {summary['triples']:,} triples"
        options.say(f"Nothing has changed: {held} ({summary['seconds']:.2f} s)")
        return
    if not report.changes.everything:
        _say_changes(options, report)
    links: dict[str, int] = summary["links"]
    parts = ", ".join(f"{number:,} {kind}" for kind, number in links.items())
    said = ", ".join(
        (f"{summary['asserted']:,} asserted", f"{summary['inferred']:,} inferred", f"{summary['ontology']:,} ontology")
    )
    rows = [
        ("notes", f"{summary['notes']:,}", ""),
        ("triples", f"{summary['triples']:,}", said),
        ("links", f"{sum(links.values()):,}", parts),
        ("missing", f"{summary['missing']:,}", _wanted(summary["wanted"])),
    ]
    width = max(len(number) for _, number, _ in rows)
    for name, number, detail in rows:
        options.say(printable(f"{name:<8} {number:>{width}}  {detail}".rstrip()))
    if report.inference:
        _say_inference(options, report.inference)
    options.say(f"{'store':<8} {short(report.path)} ({summary['seconds']:.2f} s)")


def _say_changes(options: Options, report: "Report") -> None:
    """How many notes were read, and how many others their change touched."""
    changes = report.changes
    said = [
        f"{len(getattr(changes, word)):,} {word}" for word in ("added", "changed", "removed") if getattr(changes, word)
    ]
    if changes.affected:
        said.append(f"{len(changes.affected):,} {'other' if len(changes.affected) == 1 else 'others'} affected")
    options.say(f"changed  {', '.join(said)}")


def _wanted(wanted: list[list[Any]]) -> str:
    """The missing notes that most notes want."""
    shown = [f"{label} ({number})" if number > 1 else str(label) for label, number in wanted[:4]]
    return f"notes still to be written: {', '.join(shown)}{' …' if len(wanted) > 4 else ''}" if shown else ""


@click.command()
@click.argument("vault", required=False, type=click.Path(readable=False, path_type=Path))
@click.option(
    "-f", "--format", "format_", metavar="FORMAT", default="text", help="text, json, sarif, github, junit or turtle."
)
@click.option("--only", type=click.Choice(["links", "shapes"]), help="Only links and properties, or only the shapes.")
@click.option(
    "--severity",
    type=click.Choice(["error", "warning", "info"]),
    help="Report what is at least so severe, and exit with 1 for it; without it errors and warnings are reported.",
)
@click.option("--statistics", is_flag=True, help="Add links by class, which sum to the total, and findings by code.")
@click.option(
    "--baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write what is there to FILE; where FILE is there, report only what is new, and say what has gone.",
)
@time_limit("Stop the shapes after this long, with exit code 4.")
@common
def validate(
    options: Options,
    vault: Path | None,
    format_: str,
    only: str | None,
    severity: str | None,
    statistics: bool,
    baseline: Path | None,
    timeout: float | None,
) -> None:
    """Say what is wrong in the notes, at file, line and column: links, properties, and what the shapes expect.

    The notes are taken as they are now: for the shapes the store is brought up to date first, as `kg ingest` does.
    VAULT is the folder of notes; without it, the one of kg.toml, of the store, or this folder. Exits with 1 where
    there is an error, or what --severity names.
    """
    from kg.reports import REPORTS, Manner
    from kg.validation import validate as run
    from kg.vault import Vault

    if format_ not in REPORTS:
        raise click.BadParameter(f"{format_!r} is not one of {', '.join(REPORTS)}.", param_hint="'-f' / '--format'")
    config = vault_config(options, vault)
    least: Any = severity or "warning"
    with progress(options) as bar:
        found = run(Vault(config=config), only=only, severity=least, seconds=timeout, progress=bar)  # type: ignore[arg-type]
    if baseline:
        found = _beside(options, baseline, found)
    manner = Manner(
        statistics,
        _paint(options),
        _in_repository(config.vault),
        lambda one: one.severity == "error" or severity is not None,
        {**config.all_prefixes},
    )
    with text_out(styled=format_ == "text") as stdout:
        REPORTS[format_].write(found, stdout, manner)
    if found.hidden:
        less = f"{found.hidden:,} less severe {plural(found.hidden, 'finding')}"
        options.say(f"{less} not shown (--severity info shows all)", dim=True)
    if any(manner.fails(one) for one in found.findings):
        sys.exit(1)


def _beside(options: Options, file: Path, found: "Validation") -> "Validation":
    """The findings that a baseline does not have; all of them go into one that is not there yet."""
    from dataclasses import replace

    from kg import baseline

    if not os.path.lexists(file):
        baseline.write(file, found.findings)
        number = len(found.findings)
        options.say(f"{number:,} {plural(number, 'finding')} written to {file}: from now on only new ones are reported")
        return replace(found, findings=())
    compared = baseline.compare(file, found.findings)
    if compared.known:
        options.say(f"{compared.known:,} {plural(compared.known, 'finding')} of the baseline still there", dim=True)
    if compared.gone:
        options.say(f"{len(compared.gone):,} {'has' if len(compared.gone) == 1 else 'have'} gone since:")
        for line in compared.gone[: None if options.verbose else _SOME]:
            options.say(f"  {printable(line)}", dim=True)
        if len(compared.gone) > _SOME and not options.verbose:
            options.say(f"  … and {len(compared.gone) - _SOME:,} more (-v shows them)", dim=True)
    return replace(found, findings=compared.new)


def _in_repository(vault: Path) -> str:
    """Where a vault lies in its repository, else from here, else on the disk; with a `/` at its end."""
    here = next((folder for folder in (vault, *vault.parents) if is_there(folder / ".git")), Path.cwd())
    inside = vault.relative_to(here).as_posix() if vault.is_relative_to(here) else vault.as_posix()
    return "" if inside == "." else f"{inside}/"


def _paint(options: Options) -> Callable[[str, str], str]:
    """Severities in colour, where somebody looks."""
    if options.color is False or not sys.stdout.isatty():
        return lambda severity, text: text
    colors = {"error": "red", "warning": "yellow", "info": None}
    return lambda severity, text: click.style(text, fg=colors[severity])
