"""A limit on the rows of an answer, which are counted in what Oxigraph writes: it hands out no rows in between."""

from collections.abc import Callable

from kg.server.refusals import AnswerTooLarge
from kg.server.worker import Outlet

_ENDS = {"json": b'"}}', "xml": b"</result>", "tsv": b"\n"}
"""What ends a row. A text with JSON in it may count as a row of JSON, too, which no limit in use notices."""


class LimitedRows:
    """A stream that ends with an error after too many rows."""

    def __init__(self, out: Outlet, name: str, most: int) -> None:
        self._out = out
        self._most = most
        self._left = most + (name in {"csv", "tsv"})  # the header
        self._rows = _csv_rows() if name == "csv" else _marks(_ENDS[name]) if name in _ENDS else None

    def write(self, data: bytes) -> int:
        """Write data. Raises AnswerTooLarge."""
        if self._rows:
            self._left -= self._rows(data)
            if self._left < 0:
                raise AnswerTooLarge(self._most, "rows")
        return self._out.write(data)

    def flush(self) -> None:
        """Do nothing: the outlet decides when to send."""


def _marks(mark: bytes) -> Callable[[bytes], int]:
    """Counts a mark in data that comes in pieces."""
    before = b""

    def count(data: bytes) -> int:
        nonlocal before
        whole = before + data
        before = whole[len(whole) - len(mark) + 1 :] if len(mark) > 1 else b""
        return whole.count(mark)

    return count


def _csv_rows() -> Callable[[bytes], int]:
    """Counts the line ends outside quotes in data that comes in pieces."""
    within = 0

    def count(data: bytes) -> int:
        nonlocal within
        parts = data.split(b'"')
        number = sum(part.count(b"\n") for part in parts[within::2])
        within = (within + len(parts) - 1) % 2
        return number

    return count
