"""The parts of a web page that `web/` has built, and blocks of data that no browser runs and no content can close."""

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from zlib import compress

from kg.core.json_text import json_text

_LEVEL = 6


def part(name: str) -> str:
    """A part that is text: a script, a style, the page itself."""
    return part_bytes(name).decode()


def part_bytes(name: str) -> bytes:
    """A part as it is stored."""
    return (files("kg.export") / "web" / name).read_bytes()


def inline_hash(text: str) -> str:
    """The digest of a script or style, as a content security policy names it."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def json_block(name: str, value: object) -> str:
    """A block of JSON."""
    return bytes_block(name, json_text(value, separators=(",", ":")).encode())


def bytes_block(name: str, data: bytes) -> str:
    """A block of bytes, deflated, in base64."""
    return f'<script type="text/plain" id="{name}">{b64encode(compress(data, _LEVEL)).decode()}</script>'
