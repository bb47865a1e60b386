"""The entry point of `kg`: find the command, run it, and turn errors into messages and exit codes.

The other modules of this package define the commands. Each command imports heavy libraries inside its function, so that
`kg --help` answers at once.
"""

import os
import sys
from typing import NoReturn

import click

from kg.core.errors import INTERRUPTED, KgError, StoreError, first_line
from kg.core.version import __version__

_COMMANDS = (
    "init", "ingest", "doctor", "infer", "why", "validate", "query", "shell", "search", "show", "stats",
    "analyze", "export", "test", "push", "pull",
)  # fmt: skip
"""The commands, in the order of use."""
_WITHOUT_INPUT: tuple[list[str], ...] = ([], ["--version"], ["--help"], ["-h"])
_BEGIN = "\b\nTo begin:\n  kg init            set up a project in this folder\n  kg ingest notes/   read the notes"
_ASK = "\n  kg query           list the queries\n  kg query NAME      answer one"


class _Commands(click.Group):
    """A group that imports the module of a command on demand, so that a query does not wait for the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands, in the order of use."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, or None."""
        return _command(cmd_name)


def _command(name: str) -> click.Command | None:  # noqa: PLR0912 - one case per command
    command: click.Command
    match name:
        case "init":
            from kg.cli.init import init as command
        case "ingest":
            from kg.cli.ingest import ingest as command
        case "doctor":
            from kg.cli.ingest import doctor as command
        case "infer":
            from kg.cli.infer import infer as command
        case "why":
            from kg.cli.infer import why as command
        case "validate":
            from kg.cli.validate import validate as command
        case "query":
            from kg.cli.query import query as command
        case "shell":
            from kg.cli.shell import shell as command
        case "search":
            from kg.cli.search import search as command
        case "show":
            from kg.cli.show import show as command
        case "stats":
            from kg.cli.show import stats as command
        case "analyze":
            from kg.cli.explore import analyze as command
        case "export":
            from kg.cli.export import export as command
        case "test":
            from kg.cli.competency import test as command
        case "push":
            from kg.cli.remote import push as command
        case "pull":
            from kg.cli.remote import pull as command
        case _:
            return None
    return command


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_BEGIN + _ASK,
)
@click.version_option(__version__, prog_name="kg", message="%(prog)s %(version)s")
def kg() -> None:
    """Turn a folder of Markdown concept notes into a knowledge graph and query it."""


def main() -> NoReturn:
    """Run `kg` and exit; every error becomes one sentence and an exit code.

    The command runs in a separate process (see `core.supervision`), so that no input can crash this one. The version
    and the help of `kg` itself need none.
    """
    try:
        if sys.argv[1:] in _WITHOUT_INPUT:
            code = run()
        else:
            from kg.core.quiet import silence_libraries
            from kg.core.supervision import supervised

            silence_libraries()
            code = supervised(run)
    except KgError as error:
        _complain(str(error))
        code = error.exit_code
    except KeyboardInterrupt:
        code = INTERRUPTED
    sys.exit(code)


def run() -> int:
    """Run the command in this process and return its exit code."""
    if sys.stdout.isatty() or sys.stderr.isatty():
        from kg.cli.options import guard_terminals

        guard_terminals()
    try:
        kg.main(standalone_mode=False)
        sys.stdout.flush()
    except SystemExit as end:
        return _exited(end)
    except (click.exceptions.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except click.ClickException as error:
        from kg.cli.options import complain_of_usage

        complain_of_usage(error)
        return error.exit_code
    except BrokenPipeError:
        # The reader closed the pipe: discard the rest of the buffer.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KgError as error:
        _complain(str(error))
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the last place that can report it
        return _failed(error)
    return 0


def _exited(end: SystemExit) -> int:
    """Return the exit code of a command that raised SystemExit."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return end.code if isinstance(end.code, int) else int(end.code is not None)


def _failed(error: Exception) -> int:
    """Report an unexpected error and return the exit code."""
    if isinstance(error, MemoryError):
        from kg.core.limits import out_of_memory

        error = out_of_memory()
        _complain(str(error))
        return error.exit_code
    if str(error).startswith("Corruption"):  # Oxigraph finds a damaged block only on reading it
        message = f"the store is damaged ({first_line(error)}): run `kg ingest --full` to rebuild it"
        _complain(message)
        return StoreError.exit_code
    if {"-v", "--verbose"} & set(sys.argv):
        import traceback

        traceback.print_exception(error)
        return KgError.exit_code
    if isinstance(error, OSError) and error.filename and error.strerror:  # for example a folder without permission
        _complain(f"{os.fsdecode(error.filename)}: {error.strerror}")
        return KgError.exit_code
    _complain(f"internal error: {type(error).__name__}: {error} (-v shows where; please report it)")
    return KgError.exit_code


def _complain(text: str) -> None:
    from kg.cli.options import complain

    complain(text)
