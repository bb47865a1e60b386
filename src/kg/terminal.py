"""What all commands share: the options that each takes, what they say on stderr, and which settings are meant."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kg.guard import owns_process
from kg.sandbox import close_network

if TYPE_CHECKING:
    from kg.config import Config
    from kg.findings import Finding
    from kg.vault import Progress

Command = Callable[..., Any]


class Options:
    """What every command takes: where the store is, how much is said, and whether in colour."""

    def __init__(self, store: Path | None, quiet: bool, verbose: bool, no_color: bool) -> None:
        self.store = store
        self.quiet = quiet
        self.verbose = verbose
        self.color = False if no_color or os.environ.get("NO_COLOR") else None

    def say(self, text: str = "", **style: Any) -> None:
        """A message for people, on stderr."""
        if not self.quiet:
            click.secho(text, err=True, color=self.color, **style)


def common(command: Command) -> Command:
    """Give a command the options that all have, as its first argument."""

    def with_options(*, store: Path | None, quiet: bool, verbose: bool, no_color: bool, **rest: Any) -> Any:
        needs_network = rest.get("endpoint") or rest.get("allow_service")
        if owns_process() and not needs_network:
            close_network()
        return command(Options(store, quiet, verbose, no_color), **rest)

    with_options.__doc__ = command.__doc__
    with_options.__name__ = command.__name__
    with_options.__click_params__ = getattr(command, "__click_params__", [])  # type: ignore[attr-defined]
    for option in (
        click.option("--no-color", is_flag=True, help="No colours; the variable NO_COLOR does the same."),
        click.option("-v", "--verbose", is_flag=True, help="Say more."),
        click.option("-q", "--quiet", is_flag=True, help="Say nothing but what was asked for, and errors."),
        click.option("--store", type=click.Path(path_type=Path), metavar="DIR", help="Where the store is."),
    ):
        with_options = option(with_options)
    return with_options


def time_limit(says: str, **more: Any) -> Callable[[Command], Command]:
    """The option `--timeout SECONDS`."""
    seconds = click.FloatRange(min=0, min_open=True)
    return click.option("--timeout", type=seconds, metavar="SECONDS", help=says, **more)


def asked_config(options: Options, vault: Path | None) -> "Config":
    """The settings for asking the store, of a named vault or of the project here."""
    from kg.config import find_store, load

    return load(vault, store=options.store) if vault else find_store(store=options.store)


def vault_config(options: Options, vault: Path | None) -> "Config":
    """The settings of the vault that is meant: the one named, else that of the project, else that of the store."""
    from dataclasses import replace

    from kg.config import find_store, load
    from kg.store import manifest

    if vault is not None:
        return load(vault, store=options.store)
    config = find_store(store=options.store)
    published = manifest(config.store) if options.store else None
    read_from = Path(str(published.summary.get("vault", ""))) if published else None
    return replace(load(read_from), store=config.store) if read_from and read_from.is_dir() else config


def say_findings(options: Options, findings: Sequence["Finding"]) -> None:
    """Findings on stderr: remarks only where more is to be said."""
    colors = {"error": "red", "warning": "yellow", "info": None}
    for finding in findings:
        if finding.severity == "error":
            click.secho(str(finding), err=True, color=options.color, fg=colors["error"])
        elif finding.severity == "warning" or options.verbose:
            options.say(str(finding), fg=colors[finding.severity])
    silent = sum(finding.severity == "info" for finding in findings)
    if silent and not options.verbose:
        options.say(f"{silent} {plural(silent, 'remark')} not shown (-v shows them)", dim=True)


def plural(number: int, noun: str) -> str:
    """An English noun for so many."""
    return noun if number == 1 else f"{noun}s"


def short(path: Path) -> str:
    """A path as it is from here, where that is shorter."""
    relative = os.path.relpath(path)
    return relative if len(relative) < len(str(path)) else str(path)


@contextmanager
def progress(options: Options) -> "Iterator[Progress | None]":
    """A progress bar on stderr, where somebody looks at it."""
    if options.quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, no_color=options.color is False)
    columns = (TextColumn("{task.description:<10}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task("", total=1)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)
