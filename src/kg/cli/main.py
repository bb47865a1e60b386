"""The entry point of `kg`: run the command in a process of its own, and turn errors into messages and exit codes."""

import io
import os
import sys
from typing import NoReturn

from kg.core.errors import INTERRUPTED, KgError, StoreError, first_line
from kg.core.version import __version__

_EXTRAS = dict.fromkeys(("numpy", "scipy", "rustworkx", "graspologic_native"), "analysis") | {
    "pyarrow": "parquet",
    "pandas": "pandas",
    "resvg_py": "png",
    "starlette": "serve",
    "uvicorn": "serve",
    "lsprotocol": "lsp",
    "pygls": "lsp",
    "anyio": "mcp",
    "mcp": "mcp",
}
"""The extra of pyproject.toml that has a module which a lean installation leaves out."""
_WITHOUT_INPUT: tuple[list[str], ...] = ([], ["--version"], ["--help"], ["-h"])


def main() -> NoReturn:
    """Run `kg` and exit; every error becomes one sentence and an exit code.

    The command runs in a separate process (see `core.supervision`), so that no input can crash this one. The version
    and the help of `kg` itself need none.
    """
    _use_utf8()
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


def _use_utf8() -> None:
    """Read and write UTF-8, whatever the code page of the terminal: notes and their names are in any script."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower() != "utf-8":
            stream.reconfigure(encoding="utf-8", errors=stream.errors)


def run() -> int:
    """Run the command in this process and return its exit code."""
    if sys.stdout.isatty() or sys.stderr.isatty():
        from kg.cli.options import guard_terminals

        guard_terminals()
    code = 0
    try:
        if sys.argv[1:] == ["--version"]:
            sys.stdout.write(f"kg {__version__}\n")  # click would take longer to load than Python itself
        else:
            from kg.cli.commands import invoke

            code = invoke()
        sys.stdout.flush()
    except SystemExit as end:
        return _exited(end)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader closed the pipe: discard the rest of the buffer.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KgError as error:
        _complain(str(error))
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the last place that can report it
        return _failed(error)
    return code


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
    if isinstance(error, ModuleNotFoundError) and (extra := _EXTRAS.get((error.name or "").partition(".")[0])):
        _complain(f"this needs {error.name}, which is not installed: pip install 'kg-notes[{extra}]'")
        return KgError.exit_code
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
