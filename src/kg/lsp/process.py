"""The process of a language server: from its first byte to its end."""

import logging
import os
import sys
import threading
from pathlib import Path
from typing import BinaryIO

from kg.core.errors import KgError
from kg.lsp.features import create_server
from kg.lsp.settings import EditorSettings

_SWITCH = 0.0005
"""How long one thread may compute while another waits, in seconds: an answer must not wait for a validation."""
_LAST = 5.0
"""How long work in progress may take at the end, in seconds."""


def run(
    settings: EditorSettings, address: tuple[str, int] | None = None, log: Path | None = None, *, verbose: bool = False
) -> None:
    """Serve one editor, over standard input and output or at an address, until it ends. Raises KgError."""
    _log_to(log, verbose=verbose)
    sys.setswitchinterval(_SWITCH)
    server = create_server(settings)
    try:
        if address:
            server.start_tcp(*address)
        else:
            server.start_io(stdout=_own_output())
    except OSError as error:
        where = f"{address[0]}:{address[1]}" if address else "standard output"
        raise KgError(f"{where} cannot be used: {error.strerror or error}") from error
    finally:
        ending = threading.Thread(target=server.end, daemon=True)
        ending.start()
        ending.join(_LAST)
    if ending.is_alive():  # a validation that goes on is of no use to anybody
        sys.stdout.flush()
        os._exit(0)


def _own_output() -> BinaryIO:
    """Standard output for the protocol alone: what else is written there goes to standard error."""
    sys.stdout.flush()
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return output


def _log_to(file: Path | None, *, verbose: bool) -> None:
    """Log to a file, or to standard error; standard output belongs to the protocol. Raises KgError."""
    try:
        handler = logging.FileHandler(file, encoding="utf-8") if file else logging.StreamHandler(sys.stderr)
    except OSError as error:
        raise KgError(f"{file} cannot be written: {error.strerror}") from error
    logging.disable(logging.NOTSET)  # as other commands want it
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    for name in ("kg", "pygls"):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(logging.DEBUG if verbose else logging.WARNING)
        logger.propagate = False
