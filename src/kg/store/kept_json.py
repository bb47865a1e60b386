"""A value that takes long to find, kept in a JSON file, for as long as what it rests on stays the same."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from kg.core.files import MAX_STORE_FILE, read_bytes
from kg.core.folder import Folder
from kg.store.note_table import DAMAGE, compact

Value = TypeVar("Value")


class JsonForm(NamedTuple, Generic[Value]):
    """How a value is written as JSON values, and read from them; `read` raises an error of DAMAGE."""

    write: Callable[[Value], Any]
    read: Callable[[Any], Value]


class _KeptFile(NamedTuple):
    """The contents of the file, an array in this order."""

    facts: str
    value: Any


def kept_json(file: Path, facts: str, form: JsonForm[Value], found: Callable[[], Value]) -> Value:
    """The value in a file, if it rests on the same facts; else one that is found, and kept if possible.

    `facts` tell all that the value depends on. A file that cannot be read is written anew. Raises what `found` raises.
    """
    try:
        stored = msgspec.convert(json.loads(read_bytes(file, MAX_STORE_FILE, follow=False)), _KeptFile)
        if stored.facts == facts:
            return form.read(stored.value)
    except DAMAGE:
        pass
    value = found()
    with suppress(OSError), Folder(file.parent) as folder:
        folder.write(file.name, compact([facts, form.write(value)]).encode())
    return value
