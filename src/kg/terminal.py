"""What all commands share: the options that each takes, what they say on stderr, and which settings are meant."""

import codecs
import io
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TextIO, cast

import click

from kg.findings import escaped, printable, steers
from kg.guard import owns_process
from kg.sandbox import close_network
from kg.source import is_folder

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
            click.secho(escaped(text), err=True, color=self.color, **style)


# ---- the doors: whatever is printed goes through one of these --------------------------------------------------------


def complain(text: str) -> None:
    """Say on stderr what cannot be done."""
    click.echo(f"kg: {escaped(text)}", err=True)


def complain_of_usage(error: click.ClickException) -> None:
    """Say on stderr what is wrong with the command line, as click says it."""
    said = io.StringIO()
    error.show(file=said)
    click.echo(escaped(said.getvalue()), err=True, nl=False)


def tell(text: str, **style: Any) -> None:
    """A line or more on stdout, for people."""
    click.secho(escaped(text), **style)


def emit(text: str, *, styled: bool = False, color: bool | None = None) -> None:
    """A text on stdout: data as it is, unless a terminal shows it; or one that has styles and is escaped already."""
    is_shown = sys.stdout.isatty() and not styled
    click.echo(_as_data(text) if is_shown else text, nl=False, color=color)


@contextmanager
def text_out(*, styled: bool = False) -> Iterator[TextIO]:
    """Stdout to write text to: data as it is, unless a terminal shows it; or what has styles and is escaped already."""
    yield cast("TextIO", _Escaping(sys.stdout, _as_data)) if sys.stdout.isatty() and not styled else sys.stdout
    sys.stdout.flush()  # what is said on stderr comes after it, in a log that holds both


@contextmanager
def raw_out(*, styled: bool = False) -> Iterator[IO[bytes]]:
    """Stdout to write bytes to, likewise."""
    if not sys.stdout.isatty() or styled:
        yield sys.stdout.buffer
    else:
        shown = _ShownBytes(sys.stdout)
        yield cast("IO[bytes]", shown)
        shown.end()
    sys.stdout.flush()


def _as_data(text: str) -> str:
    """Data as a terminal can show it: what would steer it as JSON and Turtle write such a character."""
    if text.isprintable():
        return text
    return "".join(_code(ch) if steers(ch) and ch not in "\n\t" else ch for ch in text.replace("\r\n", "\n"))


def _code(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


class _Escaping:
    """A stream to a terminal, of which every text is escaped on the way."""

    def __init__(self, stream: TextIO, escape: Callable[[str], str]) -> None:
        self._stream, self._escape = stream, escape

    def write(self, text: str) -> int:
        """Write, escaped."""
        self._stream.write(self._escape(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _ShownBytes(io.RawIOBase):
    """A stream of data in bytes that a terminal shows. A character may come in parts."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._held = ""

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, data: Any) -> int:
        """Write; what may go on in the next part is held back."""
        text = self._held + self._decoder.decode(bytes(data))
        self._held = "\r" if text.endswith("\r") else ""  # its line feed may come
        self._stream.write(_as_data(text.removesuffix(self._held)))
        return len(data)

    def flush(self) -> None:
        """Send on what was written."""
        self._stream.flush()

    def end(self) -> None:
        """Write what was held back."""
        self._stream.write(_as_data(self._held + self._decoder.decode(b"", final=True)))


_STYLES = re.compile(r"(\x1b\[[0-9;]*m|\x1b\]8;[!-:<-~]*;[!-~]*\x1b\\|[\n\t])")
"""Colours, and links as terminals know them."""
_BAR = re.compile(r"(\x1b\[[0-9;]*[mAGJK]|\x1b\[\?25[hl]|[\r\n\t])")
"""What a progress bar is drawn with."""


def _but(own: re.Pattern[str], text: str) -> str:
    """A text with everything escaped but what kg itself steers a terminal with."""
    if text.isprintable():
        return text
    return "".join(part if number % 2 else printable(part) for number, part in enumerate(own.split(text)))


def _net(stream: TextIO, own: re.Pattern[str]) -> _Escaping:
    """A terminal that can be told colours and nothing else, whoever writes to it."""
    return _Escaping(stream, partial(_but, own))


def steady() -> None:
    """Put a net below the doors: from now on no text can steer the terminals that stdout and stderr are."""
    for name, own in (("stdout", _STYLES), ("stderr", _BAR)):
        stream = getattr(sys, name)
        if stream is not None and stream.isatty() and not isinstance(stream, _Escaping):
            setattr(sys, name, _net(stream, own))


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
    return replace(load(read_from), store=config.store) if read_from and is_folder(read_from) else config


def say_findings(options: Options, findings: Sequence["Finding"]) -> None:
    """Findings on stderr: remarks only where more is to be said."""
    colors = {"error": "red", "warning": "yellow", "info": None}
    for finding in findings:
        if finding.severity == "error":
            click.secho(escaped(str(finding)), err=True, color=options.color, fg=colors["error"])
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
        yield lambda what, done, total: bar.update(task, description=printable(what), completed=done, total=total)
