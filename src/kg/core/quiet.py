"""Keep the log messages, warnings and tracebacks of libraries off standard error, in a process that is kg's own."""

import sys
import warnings
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any


def silence_libraries() -> None:
    """Switch off all logging, and warnings unless the user asked Python for them (`-W`, `PYTHONWARNINGS`).

    kg itself logs nothing and warns by findings. A program that calls kg keeps its own log: only the command and the
    helper processes call this function.
    """
    if "logging" in sys.modules:
        _disable(sys.modules["logging"])
    else:
        sys.meta_path.insert(0, _Quiet)
    sys.unraisablehook = lambda error: None  # else a destructor that fails prints a traceback
    if not sys.warnoptions:
        warnings.simplefilter("ignore")


class _Quiet:
    """Finds `logging`, so that it is disabled once a library imports it: most commands need no such library."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return the specification of `logging`, which disables it after its import; of another module, None."""
        spec = PathFinder.find_spec(name, path, target) if name == "logging" else None
        if spec and spec.loader:
            execute = spec.loader.exec_module

            def executed(module: ModuleType) -> None:
                execute(module)
                _disable(module)

            vars(spec.loader)["exec_module"] = executed
        return spec


def _disable(logging: ModuleType) -> None:
    logging.disable(logging.CRITICAL)
