"""Shared by all commands: the common options, output to stdout and stderr, and the choice of settings."""

import codecs
import io
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from functools import partial, reduce, wraps
from pathlib import Path
from time import perf_counter
from typing import IO, TYPE_CHECKING, Any, TextIO, cast

import click

from kg.core.escaping import printable, printable_lines, steers
from kg.core.files import is_folder, short
from kg.core.sandbox import close_network
from kg.core.supervision import owns_process

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from kg.config import Config
    from kg.core.findings import Finding, Severity
    from kg.notes.vault import Progress


Command = Callable[..., Any]


class Options:
    """The common options: the store's folder, how much to print, and whether to use colours."""

    def __init__(self, store: Path | None, quiet: bool, verbose: bool, no_color: bool) -> None:
        self.store = store
        self.quiet = quiet
        self.verbose = verbose
        self.color = False if no_color or os.environ.get("NO_COLOR") else None
        context = click.get_current_context(silent=True)
        self.revision: str = context.meta.get(_REVISION, "") if context else ""
        """The commit or date of `--at`; empty for the vault as it is now."""
        self.as_it_was: Config | None = None
        """The settings of that commit, once they are known."""
        self.closing: list[str] = []
        """Hints to print at the end, if the command does not fail: its error says more."""

    def say(self, text: str = "", **style: Any) -> None:
        """Print a message on stderr, unless `--quiet` is set."""
        if not self.quiet:
            click.secho(printable_lines(text), err=True, color=self.color, **style)


# ---- output: everything that is printed goes through one of these functions ------------------------------------------


def complain(text: str) -> None:
    """Print an error on stderr."""
    click.echo(f"kg: {printable_lines(text)}", err=True)


def complain_of_usage(error: click.ClickException) -> None:
    """Print a usage error on stderr, in click's words."""
    message = io.StringIO()
    error.show(file=message)
    click.echo(printable_lines(message.getvalue()), err=True, nl=False)


def tell(text: str, **style: Any) -> None:
    """Print human-readable text on stdout."""
    click.secho(printable_lines(text), **style)


def emit(text: str, *, styled: bool = False, color: bool | None = None) -> None:
    """Print a text on stdout, escaped if stdout is a terminal; `styled` text is already escaped."""
    is_shown = sys.stdout.isatty() and not styled
    click.echo(_as_data(text) if is_shown else text, nl=False, color=color)


@contextmanager
def text_out(*, styled: bool = False) -> Iterator[TextIO]:
    """Stdout as a text stream that escapes data for a terminal; `styled` text is already escaped."""
    yield cast("TextIO", _Escaping(sys.stdout, _as_data)) if sys.stdout.isatty() and not styled else sys.stdout
    sys.stdout.flush()  # so that messages on stderr follow it in a log of both streams


@contextmanager
def raw_out(*, styled: bool = False) -> Iterator[IO[bytes]]:
    """Stdout as a byte stream that escapes data for a terminal; `styled` data is already escaped."""
    if not sys.stdout.isatty() or styled:
        yield sys.stdout.buffer
    else:
        shown = _ShownBytes(sys.stdout)
        yield cast("IO[bytes]", shown)
        shown.end()
    sys.stdout.flush()


def _as_data(text: str) -> str:
    """Escape the characters that could control a terminal, as JSON and Turtle do."""
    if text.isprintable():
        return text
    return "".join(_code(ch) if steers(ch) and ch not in "\n\t" else ch for ch in text.replace("\r\n", "\n"))


def _code(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


class _Escaping:
    """A stream to a terminal that escapes every text."""

    def __init__(self, stream: TextIO, escape: Callable[[str], str]) -> None:
        self._stream, self._escape = stream, escape

    def write(self, text: str) -> int:
        """Write a text, escaped."""
        self._stream.write(self._escape(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each line."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _ShownBytes(io.RawIOBase):
    """A byte stream to a terminal. The bytes of a character may arrive in parts."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._held = ""

    def writable(self) -> bool:
        """Whether the stream accepts data: always."""
        return True

    def write(self, data: Any) -> int:
        """Write data; hold back an end that the next part may continue."""
        text = self._held + self._decoder.decode(bytes(data))
        self._held = "\r" if text.endswith("\r") else ""  # a line feed may follow
        self._stream.write(_as_data(text.removesuffix(self._held)))
        return len(data)

    def flush(self) -> None:
        """Flush the terminal."""
        self._stream.flush()

    def end(self) -> None:
        """Write the text that was held back."""
        self._stream.write(_as_data(self._held + self._decoder.decode(b"", final=True)))


_STYLES = re.compile(r"(\x1b\[[0-9;]*m|\x1b\]8;[!-:<-~]*;[!-~]*\x1b\\|[\n\t])")
"""The control sequences allowed on stdout: colours, hyperlinks, line feeds and tabs."""
_BAR = re.compile(r"(\x1b\[[0-9;]*[mAGJK]|\x1b\[\?25[hl]|[\r\n\t])")
"""The control sequences allowed on stderr: those that draw a progress bar."""


def _escape_except(own: re.Pattern[str], text: str) -> str:
    """Escape a text, except for the control sequences that kg itself writes."""
    if text.isprintable():
        return text
    return "".join(part if number % 2 else printable(part) for number, part in enumerate(own.split(text)))


def _guarded(stream: TextIO, own: re.Pattern[str]) -> _Escaping:
    """Wrap a terminal so that only kg's own control sequences reach it, whoever writes."""
    return _Escaping(stream, partial(_escape_except, own))


def guard_terminals() -> None:
    """Wrap stdout and stderr if they are terminals: a safety net for text that bypasses the output functions."""
    for name, own in (("stdout", _STYLES), ("stderr", _BAR)):
        stream = getattr(sys, name)
        if stream is not None and stream.isatty() and not isinstance(stream, _Escaping):
            setattr(sys, name, _guarded(stream, own))


def common(command: Command) -> Command:
    """Add the common options to a command, which gets them as `Options` in its first argument."""

    @wraps(command)
    def with_options(*, store: Path | None, quiet: bool, verbose: bool, no_color: bool, **rest: Any) -> Any:
        listens = "address" in rest or rest.get("tcp") is not None
        needs_network = rest.get("endpoint") or rest.get("allow_service") or listens
        if owns_process() and not needs_network:
            close_network()
        options = Options(store, quiet, verbose, no_color)
        try:
            return command(options, **rest)
        except Exception:
            options.closing.clear()
            raise
        finally:
            for hint in options.closing:
                options.say(hint, fg="yellow")

    for option in (
        click.option("--no-color", is_flag=True, help="Disable colours, like the variable NO_COLOR."),
        click.option("-v", "--verbose", is_flag=True, help="Print more."),
        click.option("-q", "--quiet", is_flag=True, help="Print only results and errors."),
        click.option("--store", type=click.Path(path_type=Path), metavar="DIR", help="Use the store in DIR."),
    ):
        with_options = option(with_options)
    return with_options


def gathered(
    name: str, kind: "type[DataclassInstance]", *options: Callable[[Command], Command]
) -> Callable[[Command], Command]:
    """Options that a command gets as one value, a dataclass with a field for each."""
    keys = [field.name for field in fields(kind)]

    def decorate(command: Command) -> Command:
        @wraps(command)
        def with_value(*words: Any, **given: Any) -> Any:
            value = kind(**{key: given.pop(key) for key in keys})
            return command(*words, **given, **{name: value})

        return reduce(lambda done, option: option(done), reversed(options), cast("Command", with_value))

    return decorate


_REVISION = "kg.revision"


def _keep_revision(context: click.Context, option: click.Parameter, value: str | None) -> None:
    context.meta[_REVISION] = value or ""


as_of = click.option(
    "--at",
    metavar="REV|DATE",
    expose_value=False,
    callback=_keep_revision,
    help="Use the graph as it was at a git commit or date.",
)
"""The option that a command's settings are those of an earlier commit (see `vault_config`)."""


def time_limit(says: str, **more: Any) -> Callable[[Command], Command]:
    """The option `--timeout SECONDS`."""
    seconds = click.FloatRange(min=0, min_open=True)
    return click.option("--timeout", type=seconds, metavar="SECONDS", help=says, **more)


def size_limit(says: str, **more: Any) -> Callable[[Command], Command]:
    """The option `--memory SIZE`."""
    return click.option("--memory", callback=_size, metavar="SIZE", help=says, **more)


def _size(context: click.Context, option: click.Parameter, text: str | None) -> int | None:
    """Parse a number of bytes: 2G, 500M, 1000000. Raises BadParameter."""
    if text is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", text.strip(), re.I)
    if not match or float(match[1]) == 0:
        raise click.BadParameter(f"{text!r} is not a size like 2G or 500M.")
    return int(float(match[1]) * 1000 ** " kmgt".index(match[2].lower() or " "))


def chosen_config(options: Options, vault: Path | None) -> "Config":
    """The settings for querying the store of a vault, or of the project at the working directory."""
    from kg.config import find_store, load

    return load(vault, store=options.store) if vault else find_store(store=options.store)


def store_config(options: Options) -> "Config":
    """The settings of the project with the store in `--store`, or with that of `--at`."""
    from kg.config import find_store

    config = find_store(store=options.store)
    return _as_it_was(options, config) if options.revision else config


def _as_it_was(options: Options, config: "Config") -> "Config":
    """The settings of the vault as of `--at`, whose store is made if it is not there yet."""
    from kg.revisions.revision import revision

    if options.as_it_was is None:
        with progress(options) as bar:
            found = revision(config, options.revision, bar)
        commit = found.commit
        options.say(f"as of {commit.time:%Y-%m-%d} {commit.hash[:7]} {printable(commit.subject)}", dim=True)
        options.as_it_was = found.config
    return options.as_it_was


def vault_config(options: Options) -> "Config":
    """The settings of the vault of the store in `--store`, else of the project; with `--at`, as they were."""
    from kg.config import find_store, recorded
    from kg.store.store import manifest

    if options.revision:
        return store_config(options)
    config = find_store(store=options.store)
    published = manifest(config.store) if options.store else None
    read_from = Path(str(published.summary.get("vault", ""))) if published else None
    return recorded(read_from, config.store) if read_from and is_folder(read_from) else config


_COLORS = {"error": "red", "warning": "yellow", "info": None}


def in_color(severity: "Severity", text: str) -> str:
    """A text in the colour of a severity."""
    return click.style(text, fg=_COLORS[severity])


def say_findings(options: Options, config: "Config", findings: Sequence["Finding"]) -> None:
    """Print findings on stderr, with paths from the working directory; remarks only with `--verbose`."""
    for finding in findings:
        line = finding.text(short(config.file_of(finding)), in_color)
        if finding.severity == "error" or (not options.quiet and (finding.severity == "warning" or options.verbose)):
            click.echo(line, err=True, color=options.color)
    silent = sum(finding.severity == "info" for finding in findings)
    if silent and not options.verbose:
        options.say(f"{silent} {plural(silent, 'remark')} not shown (-v shows them)", dim=True)


def separated(*texts: str) -> list[str]:
    """The names between commas."""
    return [name.strip() for text in texts for name in text.split(",") if name.strip()]


def plural(number: int, noun: str) -> str:
    """A noun in the singular or plural, as the number requires."""
    return noun if number == 1 else f"{noun}s"


@contextmanager
def progress(options: Options) -> "Iterator[Progress | None]":
    """A progress bar if stderr is a terminal, else lines; with `--verbose` the seconds of each stage. None if quiet."""
    with _bar(options) as bar:
        stages = _Stages(bar) if options.verbose else None
        yield stages or bar
    if stages:
        options.say(stages.text(), dim=True)


class _Stages:
    """Takes the time of the stages of a command from the reports of its progress."""

    def __init__(self, bar: "Progress | None") -> None:
        self._bar = bar
        self._seconds: dict[str, float] = {}
        self._stage, self._since = "listing", perf_counter()

    def __call__(self, what: str, done: int, total: int) -> None:
        if what != self._stage:
            self._end()
            self._stage = what
        if self._bar:
            self._bar(what, done, total)

    def _end(self) -> None:
        now = perf_counter()
        self._seconds[self._stage] = self._seconds.get(self._stage, 0.0) + now - self._since
        self._since = now

    def text(self) -> str:
        """The stages with their seconds."""
        self._end()
        return f"stages   {', '.join(f'{stage} {seconds:.2f} s' for stage, seconds in self._seconds.items())}"


_PATIENCE = 10.0
"""The seconds between the lines that say, without a terminal, what a long command does."""


def _lines(options: Options) -> "Progress":
    """A line on stderr for each ten seconds of work: in a log, a long command is not silent."""
    last = perf_counter()

    def report(what: str, done: int, total: int) -> None:
        nonlocal last
        if perf_counter() - last > _PATIENCE:
            last = perf_counter()
            options.say(f"{what} {_count(done, total)}".rstrip() + " …", dim=True)

    return report


def _count(done: int, total: int) -> str:
    """How far a stage is; empty if it does not count."""
    return f"{done:,}/{total:,}" if total > 1 else ""


@contextmanager
def _bar(options: Options) -> "Iterator[Progress | None]":
    """A progress bar if stderr is a terminal; otherwise lines. A stage that does not count has a bar that moves."""
    if options.quiet or not sys.stderr.isatty():
        yield None if options.quiet else _lines(options)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, no_color=options.color is False)
    columns = (TextColumn("{task.description:<10}"), BarColumn(), TextColumn("{task.fields[count]}"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task("", total=None, count="")

        def report(what: str, done: int, total: int) -> None:
            bar.tasks[0].total = total if total > 1 else None  # `update` takes None as no change
            bar.update(task, description=printable(what), completed=done, count=_count(done, total))

        yield report
