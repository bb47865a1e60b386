"""The command line: words in, one library call, words out, an exit code.

The commands stand in rooms of their own, `cli_notes`, `cli_ask` and others; their heavy imports stand inside the
command that needs them, so that `kg --help` answers at once.
"""

import os
import sys
from importlib import import_module
from typing import NoReturn

import click

from kg import __version__
from kg.errors import INTERRUPTED, KgError, StoreError, first_line
from kg.guard import out_of_memory, supervised

_ROOMS = {
    "cli_notes": ("init", "ingest", "doctor", "infer", "why", "validate"),
    "cli_ask": ("query", "shell"),
    "cli_look": ("search", "show", "stats"),
    "cli_explore": ("analyze",),
    "cli_export": ("export",),
    "cli_test": ("test",),
    "cli_away": ("push", "pull"),
}
_ROOM_OF = {command: room for room, commands in _ROOMS.items() for command in commands}
_BEGIN = "\b\nTo begin:\n  kg init            set up a project in this folder\n  kg ingest notes/   read the notes"
_ASK = "\n  kg query           list the questions that are there\n  kg query NAME      answer one"


class _Commands(click.Group):
    """The commands, each in a room that is loaded when it is called: a question does not wait for the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names, in the order of use."""
        return list(_ROOM_OF)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command by its name."""
        room = _ROOM_OF.get(cmd_name)
        return getattr(import_module(f"kg.{room}"), cmd_name) if room else None


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_BEGIN + _ASK,
)
@click.version_option(__version__, prog_name="kg", message="%(prog)s %(version)s")
def kg() -> None:
    """Turn a folder of Markdown concept notes into a knowledge graph, and ask it."""


def main() -> NoReturn:
    """The entry point: every error is one sentence and an exit code.

    The command runs in a process of its own (see `guard`), so that nothing that it reads can take this one down.
    """
    try:
        code = supervised(run)
    except KgError as error:
        _complain(str(error))
        code = error.exit_code
    except KeyboardInterrupt:
        code = INTERRUPTED
    sys.exit(code)


def run() -> int:
    """Run the command in this process; its exit code."""
    if sys.stdout.isatty() or sys.stderr.isatty():
        from kg.terminal import steady

        steady()
    try:
        kg.main(standalone_mode=False)
        sys.stdout.flush()
    except SystemExit as end:
        return _exited(end)
    except (click.exceptions.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except click.ClickException as error:
        from kg.terminal import complain_of_usage

        complain_of_usage(error)
        return error.exit_code
    except BrokenPipeError:
        # Whoever read us has seen enough; what is left in the buffer has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KgError as error:
        _complain(str(error))
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the last place where anything can be said of it
        return _failed(error)
    return 0


def _exited(end: SystemExit) -> int:
    """The code that a command ended itself with."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return end.code if isinstance(end.code, int) else int(end.code is not None)


def _failed(error: Exception) -> int:
    """Say what nobody foresaw; the exit code."""
    if isinstance(error, MemoryError):
        error = out_of_memory()
        _complain(str(error))
        return error.exit_code
    if str(error).startswith("Corruption"):  # Oxigraph tells of a damaged block whenever that is read
        said = f"the store is damaged ({first_line(error)}): run `kg ingest --full` to build it anew"
        _complain(said)
        return StoreError.exit_code
    if {"-v", "--verbose"} & set(sys.argv):
        import traceback

        traceback.print_exception(error)
        return KgError.exit_code
    if isinstance(error, OSError) and error.filename and error.strerror:  # a folder without permission, say
        _complain(f"{os.fsdecode(error.filename)}: {error.strerror}")
        return KgError.exit_code
    _complain(f"internal error: {type(error).__name__}: {error} (-v shows where; please report it)")
    return KgError.exit_code


def _complain(text: str) -> None:
    from kg.terminal import complain  # `kg --version` has nothing to complain of

    complain(text)
