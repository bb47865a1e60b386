"""An answer that takes long, kept in the store's folder, so that a server that starts again has it at once."""

from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from kg.core.errors import StoreError
from kg.core.files import MAX_STORE_FILE, read_bytes
from kg.core.version import __version__
from kg.store.ownership import owned


def kept_answer(store: Path, name: str, facts: tuple[object, ...], computed: Callable[[], bytes]) -> bytes:
    """The answer in a file of a store, if it rests on the same facts; else one that is computed, and kept if possible.

    `facts` tell all that the answer depends on. Raises what `computed` raises.
    """
    key = sha256(repr((__version__, *facts)).encode("utf-8", "backslashreplace")).digest()
    with suppress(OSError):
        data = read_bytes(store / name, MAX_STORE_FILE, follow=False)
        if data.startswith(key):
            return data[len(key) :]
    answer = computed()
    with suppress(OSError, StoreError), owned(store) as folder:
        folder.write(name, key + answer)
    return answer
