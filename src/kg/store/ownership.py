"""Ownership of a store's folder: the mark of kg, the exact names that kg makes in it, and access for writers.

    .kg/CACHEDIR.TAG  the mark: this folder is made from the notes, and kg may write and remove it
    .kg/.gitignore    keeps the folder out of git; written with the mark, and the user's from then on

kg removes only names listed in this module, and nothing in a folder without the mark. A folder gets the mark when it is
created, when it is empty, or when it contains only files of earlier versions. Other files in a marked folder stay.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kg.core.errors import StoreRefused, first_line
from kg.core.folder import Folder

MARK, IGNORED = "CACHEDIR.TAG", ".gitignore"
_SIGNATURE = b"Signature: 8a477f597d28d172789f06886806bc55\n"
_OURS = b"# A store of kg: its files are made from the notes.\n"
_TEXT = _SIGNATURE + _OURS + b"# Backups may leave it out: https://bford.info/cachedir/ says why.\n"

LOCK, CURRENT, NEXT = "lock", "current", "current.new"
FINGERPRINT = "fingerprint"
PULLED = "pulled"
GENERATION = re.compile(r"gen-([1-9][0-9]{0,14})")
_HOLDER = re.compile(r"(`[^`]*` \(process [0-9]+, since [0-9:]{8}\))?", re.DOTALL)


@dataclass(frozen=True)
class Contents:
    """The names that kg makes in a folder, as patterns."""

    files: re.Pattern[str]
    folders: Mapping[re.Pattern[str], "Contents"] = field(default_factory=dict)

    def below(self, name: str) -> "Contents | None":
        """The names that kg makes in a subfolder of this name; None if kg makes no such subfolder."""
        return next((inside for form, inside in self.folders.items() if form.fullmatch(name)), None)


_TEMPORARY = re.compile(
    r"(?:CACHEDIR\.TAG|\.gitignore|(?:seen(?:-new)?|validation|report)\.json|map|history|fingerprint)\.[0-9]+\.tmp"
    r"|(?:seen|validation)\.[0-9]+"  # by earlier versions
)
_DATABASE = Contents(
    re.compile(
        r"[0-9]{6,}\.(?:sst|log|blob|dbtmp)|bulk-[0-9]+\.sst|CURRENT|IDENTITY|LOCK|LOG(?:\.old\.[0-9]+)?|MANIFEST-[0-9]{6,}"
        r"|OPTIONS-[0-9]{6,}(?:\.dbtmp)?"
    )
)
_LOADS = Contents(re.compile(r"(?:more|inferred-[0-9]+|[0-9]+-[0-9]+)(?:\.[a-z]+)?"))
_GENERATION = Contents(
    re.compile(r"(?:manifest|notes|rules)\.json|notes\.db|reading"),
    {re.compile(r"db(?:\.tmp)?"): _DATABASE, re.compile("load"): _LOADS},
)
_PULLED = Contents(re.compile(r"\.?.+-[0-9a-f]{8}\.nt(?:\.[0-9]+)?(?:\.tmp)?", re.DOTALL))
_STORE = Contents(
    re.compile(
        r"CACHEDIR\.TAG|\.gitignore|lock|current(?:\.new)?|(?:seen(?:-new)?|validation|report)\.json|map|search\.db(?:-journal|-wal|-shm)?|history|fingerprint|"
        + _TEMPORARY.pattern
    ),
    {GENERATION: _GENERATION, re.compile(PULLED): _PULLED},
)


# ---- ownership ------------------------------------------------------------------------------------------------------


def opened(path: Path) -> Folder:
    """Open a store's folder for reading. Raises StoreRefused if it is a link, OSError."""
    try:
        return Folder(path)
    except OSError as error:
        if path.is_symlink():
            raise StoreRefused(
                f"the store {path} is a symbolic link, which kg does not follow: name its target with --store DIR"
            ) from error
        raise


@contextmanager
def owned(path: Path) -> Iterator[Folder]:
    """Open a store's folder for writing: create it if it does not exist, and mark it as kg's.

    Raises StoreRefused if it contains foreign files, or an entry is in the way of one of kg's files; OSError.
    """
    if not path.is_symlink():
        _make(path)
    with opened(path) as folder:
        if not _is_marked(folder):
            if reason := _stranger(folder):
                raise StoreRefused(
                    f"{path} is not a store of kg: {reason}, so kg writes nothing there; name another folder, or one "
                    "that does not exist yet, with --store DIR"
                )
            folder.write(MARK, _TEXT, synced=True)
            if IGNORED not in folder.names():
                folder.write(IGNORED, b"*\n")
        _check_places(folder)
        yield folder


def is_owned(path: Path) -> bool:
    """Whether kg may write a folder as a store, as far as reading shows."""
    try:
        with opened(path) as folder:
            return _is_marked(folder) or not _stranger(folder)
    except (StoreRefused, OSError):
        return False


def _make(path: Path) -> None:
    """Create a folder and its parents, so that their names survive a power cut."""
    made = []
    for place in (path, *path.parents):
        if place.exists():
            break
        made.append(place)
    path.mkdir(parents=True, exist_ok=True)
    for place in made:
        with Folder(place.parent.resolve()) as above:
            above.sync()


def _is_marked(folder: Folder) -> bool:
    try:
        return folder.read(MARK, 10_000).startswith(_SIGNATURE + _OURS)
    except OSError:
        return False


def _stranger(folder: Folder) -> str:
    """Why an unmarked folder is not kg's; empty if the folder is empty, or contains only what kg makes."""
    names = folder.names()
    stranger = next(_strangers(folder, _STORE), "")
    if stranger:
        return f"it holds “{stranger}”, which kg did not make"
    if MARK in names:
        return f"its “{MARK}” is not one of kg"
    if LOCK in names:
        try:
            return "" if _HOLDER.fullmatch(folder.read(LOCK, 100_000).decode()) else "its “lock” is not one of kg"
        except (OSError, UnicodeDecodeError):
            return "its “lock” is not one of kg"
    unknown = [name for name in names if name != PULLED and not name.startswith(MARK)]
    return f"it holds “{unknown[0]}” and no lock" if unknown else ""


def _strangers(folder: Folder, contents: Contents, inside: str = "") -> Iterator[str]:
    """The entries of a folder and its subfolders that kg does not make."""
    for name, kind in sorted(folder.names().items()):
        below = contents.below(name)
        if below and kind == "folder":
            with folder.folder(name) as deeper:
                yield from _strangers(deeper, below, f"{inside}{name}/")
        elif kind != "file" or not contents.files.fullmatch(name):
            yield inside + name


def _check_places(folder: Folder) -> None:
    """Raise StoreRefused if a folder or a device, or for the lock a link, has the name of one of kg's files."""
    for name, kind in folder.names().items():
        if _STORE.files.fullmatch(name) and (kind in {"folder", "other"} or (kind == "link" and name == LOCK)):
            noun = {"folder": "a folder", "link": "a link"}.get(kind, "no regular file")
            raise StoreRefused(
                f"the store {folder.path} cannot be written: its “{name}” is {noun}, where kg keeps a file; remove it"
            )


# ---- removal ---------------------------------------------------------------------------------------------------------


def generations(folder: Folder) -> dict[str, int]:
    """The numbers of the generations, complete or not, by folder name. Raises OSError."""
    matches = {name: GENERATION.fullmatch(name) for name in folder.names()}
    return {name: int(match[1]) for name, match in matches.items() if match}


def has_leftovers(folder: Folder) -> bool:
    """Whether a killed process, or a reader that has ended, has left files behind."""
    names = folder.names()
    return len(generations(folder)) > 1 or any(_TEMPORARY.fullmatch(name) for name in names)


def remove_temporary(folder: Folder) -> None:
    """Remove temporary files that never replaced a file of the store. Raises OSError."""
    _remove_files(folder, _TEMPORARY)


def remove_generation(store: Folder, name: str) -> None:
    """Remove kg's files of a generation; other files in its folder stay, and the folder with them."""
    _remove_folder(store, name, _GENERATION)


def _remove_folder(above: Folder, name: str, contents: Contents) -> None:
    if above.kind(name) == "link":  # kg makes no links: remove it, and keep its target
        above.remove(name)
        return
    try:
        inside = above.folder(name)
    except OSError:
        return
    with inside:
        for child, kind in inside.names().items():
            below = contents.below(child)
            if below and kind in {"folder", "link"}:
                _remove_folder(inside, child, below)
        _remove_files(inside, contents.files)
    above.remove_folder(name)


def _remove_files(folder: Folder, form: re.Pattern[str]) -> None:
    for name, kind in folder.names().items():
        if kind in {"file", "link"} and form.fullmatch(name):
            folder.remove(name)


def remove_half_pulled(folder: Folder) -> None:
    """Remove the leftovers of a killed `kg pull` from the folder of pulled graphs. Raises OSError."""
    _remove_files(folder, re.compile(r".+-[0-9a-f]{8}\.nt\.[0-9]+\.tmp", re.DOTALL))


def check_database(generation: Folder) -> None:
    """Raise OSError unless a generation's database is a folder of regular files.

    The database opens the files by path, and would follow a link or wait for a pipe.
    """
    with generation.folder("db") as database:
        for name, kind in database.names().items():
            if kind != "file":
                raise OSError(None, f"{database.path / name} is not a regular file")


def reason(error: Exception) -> str:
    """The reason of an error, on one line."""
    if isinstance(error, OSError) and error.errno is None and error.strerror:
        return error.strerror
    return first_line(error)
