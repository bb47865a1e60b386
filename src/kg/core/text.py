"""The text of a file, and the line and column of an offset in it.

Offsets are positions in the UTF-8 bytes of the decoded text (without a byte order mark), as the Markdown parser reports
them. Lines and columns count from 1, columns in characters. A line ends at LF, CRLF or CR.
"""

import io
import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

LINE_END = re.compile(rb"\r\n|\n|\r")
"""The end of a line."""
_BOMS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


class Span(NamedTuple):
    """A half-open range of byte offsets."""

    start: int
    end: int


class Position(NamedTuple):
    """A place in a file, counted from 1."""

    line: int
    column: int


class UndecodableError(ValueError):
    """Bytes are not text in the encoding; `offset` is that of the first invalid byte."""

    def __init__(self, encoding: str, offset: int) -> None:
        super().__init__(f"not valid {encoding}")
        self.offset = offset


class Ruler:
    """Counts the characters between two byte offsets, resuming at the last offset.

    A line of a megabyte may contain a hundred thousand links, and each has a column.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._is_ascii = data.isascii()
        self._start = self._offset = self._count = 0

    def characters(self, start: int, offset: int) -> int:
        """The number of characters that begin at or after `start` and before `offset`."""
        if self._is_ascii:
            return offset - start
        if start != self._start or offset < self._offset:
            self._start, self._offset, self._count = start, start, 0
        self._count += len(self._data[self._offset : offset].decode("utf-8", "replace"))
        self._offset = offset
        return self._count


@dataclass(frozen=True)
class Source:
    """The decoded text of one file as UTF-8 bytes, without a byte order mark."""

    data: bytes

    @classmethod
    def decode(cls, raw: bytes) -> "Source":
        """Decode a file's bytes: UTF-8, or UTF-16 with a byte order mark. Raises UndecodableError."""
        encoding = _BOMS.get(raw[:2], "utf-8")
        body = raw[2:] if encoding != "utf-8" else raw.removeprefix(b"\xef\xbb\xbf")
        try:
            text = body.decode(encoding)
        except UnicodeDecodeError as error:
            raise UndecodableError(encoding.upper(), error.start + len(raw) - len(body)) from error
        return cls(text.encode("utf-8") if encoding != "utf-8" else body)

    @cached_property
    def text(self) -> str:
        """The whole text."""
        return self.data.decode("utf-8")

    def slice(self, start: int, end: int) -> str:
        """The text between two offsets."""
        return self.data[start:end].decode("utf-8", "replace")

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(match.end() for match in LINE_END.finditer(self.data))]

    @cached_property
    def _ruler(self) -> "Ruler":
        return Ruler(self.data)

    def position(self, offset: int) -> Position:
        """The line and column of a byte offset."""
        line = bisect_right(self._line_starts, offset)
        return Position(line, self._ruler.characters(self._line_starts[line - 1], offset) + 1)

    def offset(self, position: Position) -> int:
        """The byte offset of a line and column; the end of the text if it has fewer lines."""
        if position.line > len(self._line_starts):
            return len(self.data)
        start = self._line_starts[position.line - 1]
        end = self._line_starts[position.line] if position.line < len(self._line_starts) else len(self.data)
        return start + len(self.slice(start, end)[: position.column - 1].encode("utf-8"))


SURROGATE = re.compile("[\ud800-\udfff]")
# Every line end of Python or of another program.
_LINE_ENDS = re.compile("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")

_SEPARATORS = re.compile(rb"[\v\f\x1c-\x1e]|\xc2\x85|\xe2\x80[\xa8\xa9]")


def nfc(text: str) -> str:
    """The text in Unicode normalization form C."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def text_of(raw: bytes) -> str:
    """The text of a file with a line feed at the end of each line. Bytes that are no text are replaced."""
    try:
        text = Source.decode(raw).text
    except UndecodableError:
        text = raw.decode("utf-8", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def lines_of(text: str) -> list[str]:
    """The lines of a file's text, with their ends: unlike those of `splitlines`, they have the numbers of positions."""
    return list(io.StringIO(text, newline=""))


def one_line(text: str) -> str:
    """The text on one line: each run of line ends, with the spaces around it, becomes one space."""
    if not _LINE_ENDS.search(text):
        return text.strip()
    return " ".join(filter(None, (part.strip() for part in _LINE_ENDS.split(text))))


def escape_line_ends(data: bytes) -> bytes:
    """Escape every character except a line feed at which some parser ends a line, in N-Triples, N-Quads or JSON.

    Such characters occur only in texts and IRIs, where each of these formats reads the escape as the character.
    """
    return _SEPARATORS.sub(_escaped, data)


def _escaped(match: re.Match[bytes]) -> bytes:
    return b"\\u%04X" % ord(match.group().decode())


def is_text(text: str) -> bool:
    """Whether RDF can hold a text: it has no surrogates, which represent bytes that are not UTF-8."""
    return text.isascii() or not SURROGATE.search(text)


def letters_and_digits(text: str) -> str:
    """The letters and digits of a name, in lower case."""
    return "".join(ch for ch in nfc(text).lower() if ch.isalnum())
