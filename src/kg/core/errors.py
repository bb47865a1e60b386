"""The exceptions that `kg` raises when it cannot meet a request; each class owns its exit code.

KgError                 2  wrong usage, or unreadable input
├── QuerySyntaxError    2  a SPARQL query that does not parse, with line and column
├── ServiceRefused      2  a SPARQL query that asks another server
├── NotFound            1  the requested thing does not exist
├── StoreError          3  the store is locked, damaged or missing
│   ├── StoreMissing    3
│   ├── StoreBusy       3  another process is writing it: try again
│   ├── StoreRefused    3  a folder that is not kg's, or a link in place of one of kg's files
│   ├── StateDamaged    3  what is recorded of the notes; an ingest reads all notes instead
│   └── TermRefused     3
└── TimedOut            4  a time limit was reached

A problem in the user's *notes* is never raised: it is a `Finding` (see findings.py).
"""

from typing import Any

INTERRUPTED = 130
"""The exit code after Ctrl-C."""


def first_line(error: Exception) -> str:
    """The first line of an exception's message, or its class name if the message is empty."""
    text = str(error.msg if isinstance(error, SyntaxError) else error)
    return next(iter(text.splitlines()), "") or type(error).__name__


class KgError(Exception):
    """A request that kg cannot meet; the message is one sentence a user can act on."""

    exit_code = 2

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by message and fields, whatever the constructor takes."""
        return _restore, (type(self), self.args, self.__dict__)


def _restore(kind: type[KgError], args: tuple[Any, ...], fields: dict[str, Any]) -> KgError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(fields)
    return error


class ConfigError(KgError):
    """`kg.toml` is unreadable or invalid."""


class OntologyError(KgError):
    """A file in `ontology/` is unreadable or invalid."""


class QuerySyntaxError(KgError):
    """A query is not SPARQL 1.1; `line` and `column` count from 1."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


class ServiceRefused(KgError):
    """A query asks another server, which the caller has not allowed; `where` is its place in the text, if known."""

    def __init__(self, where: str = "") -> None:
        super().__init__(f"{where}SERVICE asks another server, which needs --allow-service")
        self.where = where


class NotFound(KgError):
    """The named query, note or file does not exist."""

    exit_code = 1


class StoreError(KgError):
    """The store is locked or damaged."""

    exit_code = 3


class StoreMissing(StoreError):
    """No ingest has been published yet."""

    def __init__(self, where: object) -> None:
        super().__init__(f"no store at {where}: run `kg ingest VAULT` first, or name one with --store DIR")


class StoreBusy(StoreError):
    """Another process is writing the store."""


class StoreRefused(StoreError):
    """A folder may not be written as a store, since it is not kg's; nothing in it was touched."""


class StateDamaged(StoreError):
    """The record of the notes proves to be damaged when it is used."""


class TermRefused(StoreError):
    """The store's parser refuses an invalid term."""

    def __init__(self, reason: object) -> None:
        super().__init__(f"the store refuses a term ({reason}): nothing was published")


class InternalError(KgError):
    """A fault of kg, told where the work goes on."""

    def __init__(self, error: Exception) -> None:
        super().__init__(f"internal error: {type(error).__name__}: {error} (please report it)")


class TimedOut(KgError):
    """Work exceeded its time limit."""

    exit_code = 4

    def __init__(self, seconds: float, what: str = "") -> None:
        if not what:
            super().__init__(f"stopped after {seconds:g} s (--timeout)")
        elif seconds:
            super().__init__(f"{what} takes more than {seconds:g} s (`max_seconds` in kg.toml)")
        else:
            super().__init__(f"{what} takes more CPU time than the system allows (ulimit -t)")
