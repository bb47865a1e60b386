"""`kg help` and `kg completion`: the help of a command, and completion in the shell."""

import os
from pathlib import Path

import click

from kg.cli.options import Options, common, tell
from kg.core.errors import KgError

_SHELLS = ("bash", "zsh", "fish")
_VARIABLE = "_KG_COMPLETE"
_BEFORE = {"zsh": "(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }\n"}
"""What a script needs that its shell may not have loaded."""


@click.command("help")
@click.argument("words", nargs=-1, metavar="[COMMAND]…")
@common
def help_(options: Options, words: tuple[str, ...]) -> None:
    """Show the help of a command.

    Examples: kg help query, kg help analyze gaps.
    """
    of = root = click.get_current_context().find_root()
    for word in words:
        command = of.command.get_command(of, word) if isinstance(of.command, click.Group) else None
        if command is None:
            raise click.UsageError(f"No such command {' '.join(words)!r}.", root)
        of = click.Context(command, info_name=word, parent=of)
    tell(of.get_help())


@click.command()
@click.argument("shell", required=False, type=click.Choice(_SHELLS))
@click.option("--install", is_flag=True, help="Write the script, and load it in the start file of the shell.")
@common
def completion(options: Options, shell: str | None, install: bool) -> None:
    """Complete commands and options with Tab, in the shell.

    kg completion --install sets it up. The shell is bash, zsh or fish; by default, that of the variable SHELL. Without
    --install, prints the script.
    """
    from click.shell_completion import ShellComplete, get_completion_class

    name = shell or Path(os.environ.get("SHELL", "")).name
    maker = get_completion_class(name) if name in _SHELLS else None
    if maker is None:
        raise KgError(f"name the shell: kg completion {' | '.join(_SHELLS)}")
    made = maker(click.get_current_context().find_root().command, {}, "kg", _VARIABLE)
    script = _BEFORE.get(name, "") + ShellComplete.source(made)  # click's own for bash runs bash, to learn its version
    if not install:
        tell(script)
        return
    for file in _installed(name, script):
        options.say(f"{file}: written")
    options.say("Open a new shell to use it.")


def _installed(shell: str, script: str) -> list[Path]:
    """Write the script, and a line that loads it to the start file of the shell. Raises KgError."""
    from kg.core.files import atomic_write

    file, start = _files(shell)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(file) as fresh:
            fresh.write_text(script, encoding="utf-8")
        line = f'[ -f "{file}" ] && . "{file}"'
        if start is None or (start.exists() and line in start.read_text(encoding="utf-8", errors="replace")):
            return [file]
        with start.open("a", encoding="utf-8") as out:
            out.write(f"\n# completion of kg\n{line}\n")
    except OSError as error:
        raise KgError(f"{error.filename or file} cannot be written: {error.strerror}") from error
    return [file, start]


def _files(shell: str) -> tuple[Path, Path | None]:
    """The file of the script, and the start file that must load it; fish loads its own folder."""
    home = Path.home()
    if shell == "fish":
        return Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "fish" / "completions" / "kg.fish", None
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    folder = Path(os.environ.get("ZDOTDIR") or home) if shell == "zsh" else home
    return data / "kg" / f"completion.{shell}", folder / f".{shell}rc"
