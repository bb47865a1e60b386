"""Whose a store's folder is: the mark that says so, what kg makes in it by exact names, and the door of its writers.

    .kg/CACHEDIR.TAG  the mark: what lies here is made from the notes, and kg may write and remove it

Only what is named here is ever removed, and nothing in a folder without the mark: a folder gets it when it is made,
when it is empty, or when it holds nothing but what earlier versions made. What else lies in a marked folder stays.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kg.errors import StoreRefused, first_line
from kg.folder import Folder

MARK = "CACHEDIR.TAG"
_SIGNATURE = b"Signature: 8a477f597d28d172789f06886806bc55\n"
_OURS = b"# A store of kg: its files are made from the notes.\n"
_TEXT = _SIGNATURE + _OURS + b"# Backups may leave it out: https://bford.info/cachedir/ says why.\n"

LOCK, CURRENT, NEXT = "lock", "current", "current.new"
PULLED = "pulled"
GENERATION = re.compile(r"gen-([1-9][0-9]{0,14})")
_HOLDER = re.compile(r"(`[^`]*` \(process [0-9]+, since [0-9:]{8}\))?", re.DOTALL)


@dataclass(frozen=True)
class Contents:
    """What kg makes in a folder, by the forms of the names."""

    files: re.Pattern[str]
    folders: Mapping[re.Pattern[str], "Contents"] = field(default_factory=dict)

    def below(self, name: str) -> "Contents | None":
        """What kg makes in a folder of this name; None where it makes none."""
        return next((inside for form, inside in self.folders.items() if form.fullmatch(name)), None)


_TEMPORARY = re.compile(
    r"(?:CACHEDIR\.TAG|seen\.json|validation\.json|history)\.[0-9]+\.tmp"
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
    re.compile(r"(?:manifest|notes|rules)\.json|reading"),
    {re.compile(r"db(?:\.tmp)?"): _DATABASE, re.compile("load"): _LOADS},
)
_PULLED = Contents(re.compile(r"\.?.+-[0-9a-f]{8}\.nt(?:\.[0-9]+)?(?:\.tmp)?", re.DOTALL))
_STORE = Contents(
    re.compile(
        r"CACHEDIR\.TAG|lock|current(?:\.new)?|(?:seen|validation)\.json|search\.db(?:-journal|-wal|-shm)?|history|"
        + _TEMPORARY.pattern
    ),
    {GENERATION: _GENERATION, re.compile(PULLED): _PULLED},
)


# ---- whose it is -----------------------------------------------------------------------------------------------------


def opened(path: Path) -> Folder:
    """A store's folder, to read. Raises StoreRefused where it is a link, OSError."""
    try:
        return Folder(path)
    except OSError as error:
        if path.is_symlink():
            raise StoreRefused(
                f"the store {path} is a link, and may lead anywhere: name the folder that you mean with --store DIR"
            ) from error
        raise


@contextmanager
def owned(path: Path) -> Iterator[Folder]:
    """A store's folder, to write: made where it is not there, and marked as kg's.

    Raises StoreRefused where it holds what is not kg's, or what is in the way of kg's own files; OSError.
    """
    if not path.is_symlink():
        _make(path)
    with opened(path) as folder:
        if not _is_marked(folder):
            if reason := _stranger(folder):
                raise StoreRefused(
                    f"{path} is no store of kg: {reason}, so nothing is written there; name another folder, or one "
                    "that does not exist yet, with --store DIR"
                )
            folder.write(MARK, _TEXT, synced=True)
        _check_places(folder)
        yield folder


def is_owned(path: Path) -> bool:
    """Whether a folder is a store's that may be written, as far as can be told without writing."""
    try:
        with opened(path) as folder:
            return _is_marked(folder) or not _stranger(folder)
    except (StoreRefused, OSError):
        return False


def _make(path: Path) -> None:
    """Make a folder and those above it, so that their names survive a power cut."""
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
    """Why an unmarked folder is not kg's; empty where it is empty, or holds nothing but what kg makes."""
    names = folder.names()
    found = next(_strangers(folder, _STORE), "")
    if found:
        return f"it holds “{found}”, which kg did not make"
    if MARK in names:
        return f"its “{MARK}” is not one of kg"
    if LOCK in names:
        try:
            return "" if _HOLDER.fullmatch(folder.read(LOCK, 100_000).decode()) else "its “lock” is not one of kg"
        except (OSError, UnicodeDecodeError):
            return "its “lock” is not one of kg"
    others = [name for name in names if name != PULLED and not name.startswith(MARK)]
    return f"it holds “{others[0]}” and no lock" if others else ""


def _strangers(folder: Folder, contents: Contents, inside: str = "") -> Iterator[str]:
    """What is in a folder and below it that kg does not make."""
    for name, kind in sorted(folder.names().items()):
        below = contents.below(name)
        if below and kind == "folder":
            with folder.folder(name) as deeper:
                yield from _strangers(deeper, below, f"{inside}{name}/")
        elif kind != "file" or not contents.files.fullmatch(name):
            yield inside + name


def _check_places(folder: Folder) -> None:
    """Raise StoreRefused where a folder or a device has the name of one of kg's files."""
    for name, kind in folder.names().items():
        if _STORE.files.fullmatch(name) and (kind in {"folder", "other"} or (kind == "link" and name == LOCK)):
            said = {"folder": "a folder", "link": "a link"}.get(kind, "no regular file")
            raise StoreRefused(
                f"the store {folder.path} cannot be written: its “{name}” is {said}, where kg keeps a file; remove it"
            )


# ---- what goes -------------------------------------------------------------------------------------------------------


def generations(folder: Folder) -> dict[str, int]:
    """The generations by the names of their folders, whole or not, with their numbers. Raises OSError."""
    found = {name: GENERATION.fullmatch(name) for name in folder.names()}
    return {name: int(match[1]) for name, match in found.items() if match}


def has_leftovers(folder: Folder) -> bool:
    """Whether something is there that a killed process left, or a reader that has gone."""
    names = folder.names()
    return len(generations(folder)) > 1 or any(_TEMPORARY.fullmatch(name) for name in names)


def remove_temporary(folder: Folder) -> None:
    """Remove what was to take the place of a file of the store and never did. Raises OSError."""
    _remove_files(folder, _TEMPORARY)


def remove_generation(store: Folder, name: str) -> None:
    """Remove what kg made of a generation; what else lies in its folder stays, and that with it."""
    _remove_folder(store, name, _GENERATION)


def _remove_folder(above: Folder, name: str, contents: Contents) -> None:
    if above.kind(name) == "link":  # kg makes none: it goes, and what it leads to stays
        above.remove(name)
        return
    try:
        inside = above.folder(name)
    except OSError:
        return
    with inside:
        for one, kind in inside.names().items():
            below = contents.below(one)
            if below and kind in {"folder", "link"}:
                _remove_folder(inside, one, below)
        _remove_files(inside, contents.files)
    above.remove_folder(name)


def _remove_files(folder: Folder, form: re.Pattern[str]) -> None:
    for name, kind in folder.names().items():
        if kind in {"file", "link"} and form.fullmatch(name):
            folder.remove(name)


def remove_half_pulled(folder: Folder) -> None:
    """Remove what a killed `kg pull` left in the folder of pulled graphs. Raises OSError."""
    _remove_files(folder, re.compile(r".+-[0-9a-f]{8}\.nt\.[0-9]+\.tmp", re.DOTALL))


def check_database(generation: Folder) -> None:
    """Raise OSError where a generation's database is not a folder of regular files.

    The database opens them by their paths, and would follow a link or wait for a pipe.
    """
    with generation.folder("db") as database:
        for name, kind in database.names().items():
            if kind != "file":
                raise OSError(None, f"{database.path / name} is not a regular file")


def said(error: Exception) -> str:
    """What went wrong, on one line."""
    if isinstance(error, OSError) and error.errno is None and error.strerror:
        return error.strerror
    return first_line(error)
