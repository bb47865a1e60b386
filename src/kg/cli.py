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
from kg.errors import INTERRUPTED, KgError, StoreError
from kg.terminal import complain, complain_of_usage, steady

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
    """The entry point: every error is one sentence and an exit code."""
    steady()
    try:
        kg.main(standalone_mode=False)
        sys.stdout.flush()
        sys.exit(0)
    except click.exceptions.Abort:
        sys.exit(INTERRUPTED)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        complain_of_usage(error)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # Whoever read us has seen enough; what Python would still write at exit has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KgError as error:
        complain(str(error))
        sys.exit(error.exit_code)
    except Exception as error:
        if {"-v", "--verbose"} & set(sys.argv):
            raise
        if str(error).startswith("Corruption"):  # Oxigraph tells of a damaged block whenever that is read
            said = f"the store is damaged ({str(error).splitlines()[0]}): run `kg ingest --full` to build it anew"
            complain(said)
            sys.exit(StoreError.exit_code)
        complain(f"internal error: {type(error).__name__}: {error} (-v shows where; please report it)")
        sys.exit(2)
