"""Several files as one text, so that they can be changed and kept as one input.

=== kg.toml
base = "https://notes.example/"
=== A.md
# A
"""

import re
from pathlib import Path

_HEAD = re.compile(rb"^=== ([^\r\n]+)\n", re.M)
_DEEPEST = 100


def unpacked(data: bytes) -> dict[str, bytes]:
    """The files by their names; what stands before the first head is lost."""
    parts = _HEAD.split(data)
    names = (name.decode("utf-8", "replace") for name in parts[1::2])
    return {name: text.removesuffix(b"\n") for name, text in zip(names, parts[2::2], strict=True)}


def write(files: dict[str, bytes], folder: Path) -> None:
    """Write files into a folder, and nothing outside it. Names that cannot be are left out."""
    for name, text in files.items():
        parts = [part for part in name.replace("\0", "").split("/") if part not in {"", ".", ".."}]
        if len(parts) > _DEEPEST:
            continue
        place = folder.joinpath(*parts)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(text)
        except (OSError, ValueError):  # too long, or a file where a folder is wanted
            continue
