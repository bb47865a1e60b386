"""The row that describes an output format; the command line and its documentation read it."""

from dataclasses import dataclass
from typing import Generic, TypeVar

Writer = TypeVar("Writer")


@dataclass(frozen=True)
class OutputFormat(Generic[Writer]):
    """An output format, with the function that writes it."""

    name: str
    media_type: str
    suffix: str
    """The file name extension without the dot; empty for a folder."""
    keeps: str
    """The content that the format keeps, and the tools that read it."""
    write: Writer
