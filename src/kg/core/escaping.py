"""Escape text for a terminal and for Markdown."""

import re
import unicodedata

_NOT_IN_XML = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f]|[\ud800-\udfff]|[\ufffe\uffff]")


def printable(text: str) -> str:
    """The text with control characters, direction-changing characters and line separators escaped.

    The result cannot steer a terminal, and stays one line.
    """
    return text if text.isprintable() else "".join(repr(ch)[1:-1] if steers(ch) else ch for ch in text)


def steers(character: str) -> bool:
    """Whether a character can steer a terminal, or change the direction or the lines of the output."""
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def printable_lines(text: str) -> str:
    """The printable form of a text of several lines; line ends and tabs stay."""
    return "".join(part if part in {"\n", "\t"} else printable(part) for part in re.split("([\n\t])", text))


def in_markdown(text: str) -> str:
    """The text as Markdown that displays it literally, and printable."""
    return "".join(f"\\{ch}" if ch in "\\`*_[]<>#|" else ch for ch in printable(text))


def in_xml(text: str) -> str:
    """The text with the characters replaced that XML 1.0 cannot hold."""
    return _NOT_IN_XML.sub("\ufffd", text)
