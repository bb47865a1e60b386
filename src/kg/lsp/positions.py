"""Positions of the protocol: lines from 0, characters in the code units of the encoding that was agreed on.

kg counts bytes of UTF-8 in a text, and in findings lines and characters from 1 (LSP 3.17, Position).
"""

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

from lsprotocol import types as lsp

from kg.core.findings import Finding
from kg.core.text import LINE_END, Source, Span
from kg.core.text import Position as CountedPosition

START = lsp.Range(lsp.Position(0, 0), lsp.Position(0, 0))
"""The start of a text."""


@dataclass(frozen=True)
class TextPositions:
    """The positions in a text."""

    source: Source
    encoding: str = lsp.PositionEncodingKind.Utf16

    def position(self, offset: int) -> lsp.Position:
        """The position of a byte offset."""
        offset = max(0, min(offset, len(self.source.data)))
        line = bisect_right(self._line_starts, offset) - 1
        return lsp.Position(line, self._units(self.source.data[self._line_starts[line] : offset]))

    def range(self, span: Span) -> lsp.Range:
        """The range of a span."""
        return lsp.Range(self.position(span.start), self.position(span.end))

    def offset(self, position: lsp.Position) -> int:
        """The byte offset of a position; that of the line's end if the line is shorter, as the protocol says."""
        if position.line >= len(self._line_starts):
            return len(self.source.data)
        start = self._line_starts[position.line]
        line = self.source.data[start : self._line_end(position.line)]
        if self.encoding == lsp.PositionEncodingKind.Utf8 or line.isascii():
            return start + len(line[: position.character].decode("utf-8", "ignore").encode())
        if self.encoding == lsp.PositionEncodingKind.Utf32:
            return start + len(line.decode()[: position.character].encode())
        units = line.decode("utf-8", "replace").encode("utf-16-le")[: 2 * position.character]
        return start + len(units.decode("utf-16-le", "ignore").encode())

    def of_finding(self, finding: Finding) -> lsp.Range:
        """The range of a finding."""
        start = self._counted(finding.line, finding.column)
        end = self._counted(finding.end_line, finding.end_column)
        return self.range(Span(start, max(start, end)))

    @property
    def whole(self) -> lsp.Range:
        """The range of the whole text."""
        return self.range(Span(0, len(self.source.data)))

    def _counted(self, line: int, column: int) -> int:
        """The offset of a line and a column from 1; the last of the text or the line if there are fewer."""
        if line > len(self._line_starts):
            return len(self.source.data)
        return min(self.source.offset(CountedPosition(max(line, 1), max(column, 1))), self._line_end(line - 1))

    def _line_end(self, line: int) -> int:
        """The offset at which a line ends, before its line end."""
        end = self._line_starts[line + 1] if line + 1 < len(self._line_starts) else len(self.source.data)
        return self._line_starts[line] + len(self.source.data[self._line_starts[line] : end].rstrip(b"\r\n"))

    def _units(self, data: bytes) -> int:
        if self.encoding == lsp.PositionEncodingKind.Utf8 or data.isascii():
            return len(data)
        text = data.decode("utf-8", "replace")
        if self.encoding == lsp.PositionEncodingKind.Utf32:
            return len(text)
        return len(text.encode("utf-16-le", "surrogatepass")) // 2

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(match.end() for match in LINE_END.finditer(self.source.data))]
