"""The parts of a drawing of the Excalidraw plugin that a link can lead to: its elements, by id.

The plugin keeps the drawing as JSON in a code block, as text or compressed by lz-string:
https://github.com/pieroxy/lz-string. No kept library reads that in Python, and none limits its output.
"""

import re
from array import array
from base64 import b64decode
from collections.abc import Iterator

MAX_CHARACTERS = 20_000_000
"""The most characters that a compressed drawing may have: a kilobyte of lz-string can encode hundreds of megabytes."""

_DATA = re.compile(rb"^```(compressed-)?json[ \t]*\r?\n(.*?)(?:^```|\Z)", re.M | re.S)
_ID = re.compile(r'"id"\s*:\s*"([^"\\\s]{1,100})"')
_PART = re.compile(r"\^?(?:group|area|frame|clippedframe)=|\^taskbone\Z", re.I)
_NO_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_LITERAL_BITS = {0: 8, 1: 16}
_END = 2
_UNIT = 2
"""The bytes of a UTF-16 code unit, the character of lz-string."""


def is_part(subpath: str) -> bool:
    """Whether a subpath is the plugin's own: `^group=…`, `^area=…`, `^frame=…`, `^clippedframe=…`, `^taskbone`."""
    return _PART.match(subpath) is not None


def element_ids(data: bytes) -> Iterator[str]:
    """Yield the ids in a drawing's data, those of its elements among them. Yields none if the data is damaged."""
    blocks = _DATA.findall(data)
    for compressed, text in blocks[-1:]:
        written = _decompressed(text) if compressed else text.decode("utf-8", "replace")
        yield from _ID.findall(written)


def _decompressed(text: bytes) -> str:
    """Return the text that lz-string's `compressToBase64` wrote, up to damage or `MAX_CHARACTERS`.

    A code of a growing number of bits names an earlier piece, a new character (0 or 1), or the end (2). Each piece and
    the first character after it make a new piece: a range of the text, so no piece is kept as a copy.
    """
    digits = _NO_BASE64.sub(b"", text)
    stream = b64decode(digits + b"A" * (-len(digits) % 4)).translate(_REVERSED)  # now a byte's first bit is its lowest
    written = bytearray()
    starts, ends = array("Q", (0, 0, 0)), array("Q", (0, 0, 0))
    position, width, last = 0, 2, 0
    piece: bytes | bytearray
    while position < 8 * len(stream) and len(written) < _UNIT * MAX_CHARACTERS:
        code, position = _bits(stream, position, width), position + width
        if code in _LITERAL_BITS:
            piece = _bits(stream, position, _LITERAL_BITS[code]).to_bytes(_UNIT, "little")
            position += _LITERAL_BITS[code]
            starts.append(len(written))
            ends.append(len(written) + _UNIT)
        elif code != _END and code < len(starts):
            piece = written[starts[code] : ends[code]]
        elif code == len(starts) and written:
            piece = written[last:] + written[last : last + _UNIT]
        else:
            break
        if written:
            starts.append(last)
            ends.append(len(written) + _UNIT)
        last = len(written)
        written += piece
        width = len(starts).bit_length()
    return written.decode("utf-16-le", "replace")


def _bits(stream: bytes, position: int, count: int) -> int:
    """Return a number of bits at a position, the lowest first; zeros follow the end."""
    start = position >> 3
    return int.from_bytes(stream[start : start + 8], "little") >> (position & 7) & ((1 << count) - 1)
