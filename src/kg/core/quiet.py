"""Keep the log messages, warnings and tracebacks of libraries off standard error, in a process that is kg's own."""

import sys
import warnings


def silence_libraries() -> None:
    """Switch off all logging, and warnings unless the user asked Python for them (`-W`, `PYTHONWARNINGS`).

    kg itself logs nothing and warns by findings. A program that calls kg keeps its own log: only the command and the
    helper processes call this function.
    """
    import logging

    logging.disable(logging.CRITICAL)
    sys.unraisablehook = lambda error: None  # else a destructor that fails prints a traceback
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
