"""The group of all commands; the other modules of this package define them.

A command is imported on demand, and imports heavy libraries inside its function, so that `kg --help` answers at once.
"""

import click

from kg.core.errors import INTERRUPTED
from kg.core.version import __version__

_COMMANDS = (
    "init", "ingest", "doctor", "infer", "why", "validate", "explain", "query", "list", "shell", "search", "show",
    "stats", "diff", "whatif", "when", "blame", "analyze", "export", "test", "push", "pull", "serve", "lsp", "mcp",
    "completion", "help",
)  # fmt: skip
"""The commands, in the order of use."""
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

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that arguments begin with, its name, and the other arguments. Raises UsageError."""
        if args and not args[0].startswith("-") and _command(args[0]) is None and (near := _meant(args)):
            ctx.fail(f"No such command {args[0]!r}. Did you mean: {near}")
        return super().resolve_command(ctx, args)


def _meant(args: list[str]) -> str:
    """The command line that was probably meant: a query or an analysis by its name alone, or a misspelled command."""
    import shlex

    from kg.cli.explore import analyze
    from kg.config import find_store
    from kg.core.errors import KgError
    from kg.core.spelling import nearest
    from kg.sparql.library import library

    try:
        queries = set(library(find_store()))
    except KgError:
        queries = set()
    name, *rest = args
    for group, names in (("analyze", analyze.commands), ("query", queries)):
        if name in names:
            return shlex.join(["kg", group, name, *rest])
    return shlex.join(["kg", near, *rest]) if (near := nearest(name, _COMMANDS)) else ""


def _command(name: str) -> click.Command | None:
    return _of_the_vault(name) or _of_questions(name) or _of_programs(name)


def _of_the_vault(name: str) -> click.Command | None:
    """The commands that read the notes, check them and explain."""
    command: click.Command | None = None
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
        case "explain":
            from kg.cli.explain import explain as command
    return command


def _of_questions(name: str) -> click.Command | None:  # noqa: PLR0912 - one case per command
    """The commands that ask, compare and export."""
    command: click.Command | None = None
    match name:
        case "query":
            from kg.cli.query import query as command
        case "list":
            from kg.cli.listing import list_ as command
        case "shell":
            from kg.cli.shell import shell as command
        case "search":
            from kg.cli.search import search as command
        case "show":
            from kg.cli.show import show as command
        case "stats":
            from kg.cli.show import stats as command
        case "diff":
            from kg.cli.diff import diff as command
        case "whatif":
            from kg.cli.whatif import whatif as command
        case "when":
            from kg.cli.when import when as command
        case "blame":
            from kg.cli.when import blame as command
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
    return command


def _of_programs(name: str) -> click.Command | None:
    """The commands that answer browsers, editors, agents and shells."""
    command: click.Command | None = None
    match name:
        case "serve":
            from kg.cli.serve import serve as command
        case "lsp":
            from kg.cli.lsp import lsp as command
        case "mcp":
            from kg.cli.mcp import mcp as command
        case "completion":
            from kg.cli.help import completion as command
        case "help":
            from kg.cli.help import help_ as command
    return command


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_BEGIN + _ASK,
)
@click.version_option(__version__, prog_name="kg", message="%(prog)s %(version)s")
def kg() -> None:
    """Turn a folder of Markdown concept notes into a knowledge graph and query it."""


def invoke() -> int:
    """Run the command of `sys.argv`; return an exit code. Reports wrong usage; raises what the command raises."""
    try:
        kg.main(standalone_mode=False)
    except click.exceptions.Abort:
        return INTERRUPTED
    except click.ClickException as error:
        from kg.cli.options import complain_of_usage

        complain_of_usage(error)
        return error.exit_code
    return 0
