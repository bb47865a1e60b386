"""Write the files of a commit that kg reads into a folder: kg.toml, the notes, the ontology, the queries.

No filter of the repository runs, so a file is the blob as it is. The contents of attachments are left out, since only
their names have a meaning; their sizes stay. Links are written last, so that no file is written through one.
"""

import os
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path, PurePosixPath

from kg.config import FILE as CONFIG
from kg.config import Config, settings_in
from kg.core.errors import KgError, NotFound
from kg.core.files import MAX_TEXT_FILE, is_folder
from kg.core.folder import NEW
from kg.core.text import nfc
from kg.notes.ignore_rules import GITIGNORE
from kg.notes.obsidian_settings import FILES as OBSIDIAN_FILES
from kg.notes.obsidian_settings import FOLDER as OBSIDIAN
from kg.notes.vault import is_note
from kg.revisions.git_repository import LINK, Commit, Repository, TreeFile

_WHOLE = 65_536
"""The size in bytes up to which an attachment is written, which is faster than to ask for its size alone."""
_WRITERS, _WAITING = 4, 200
"""The files that are written at once, and the most that wait for it in memory."""
_READ = (GITIGNORE, ".toml", ".ttl", ".owl", ".rdf", ".xml", ".nt", ".jsonld", ".rq", ".json", ".csv", ".tsv", ".base")
"""The ends of the names of files that kg reads, beside notes."""


@dataclass(frozen=True)
class Checkout:
    """A folder with the files of a commit, in the places that they have in the repository."""

    repository: Repository
    commit: Commit
    today: Config
    """The settings of the project as it is now."""
    folder: Path
    _digests: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)
    _folders: set[Path] = field(default_factory=set, init=False, repr=False, compare=False)
    """The folders that are known to be there."""

    @cached_property
    def top(self) -> Path:
        """The place of the repository's top folder. It keeps its name, which the vault may share."""
        return self.folder / (self._real_top.name or "repository")

    @cached_property
    def _real_top(self) -> Path:
        return Path(os.path.realpath(self.repository.top))

    def place(self, now: Path) -> Path | None:
        """The place of a file or folder of the repository; None for one outside of it."""
        return self.top / now.relative_to(self._real_top) if now.is_relative_to(self._real_top) else None

    def settings(self, store: Path) -> Config:
        """The settings of the commit, for the files written. Raises ConfigError, NotFound."""
        root, vault = self.place(self.today.root), self.place(self.today.vault)
        if vault is None:
            raise NotFound(f"{self.today.vault} is in no git repository, so it has no history")
        if root is None:  # kg.toml lies outside of the repository, and has no history
            places = [self.place(place) or place for place in self.today.ontology_places]
            ontology = tuple(place for place in places if is_folder(place))[:1]
            settings = replace(self.today, vault=vault, store=store, ontology=ontology, ontology_places=tuple(places))
        elif (root / CONFIG).is_file():
            settings = settings_in(root, store)
        else:
            settings = settings_in(root, store, vault)
        if not settings.vault.is_relative_to(self.top) or settings.vault.is_relative_to(self.top / ".git"):
            raise NotFound(f"the vault of {self.commit.hash[:12]} lies outside of the repository")
        return replace(settings, refresh="off")

    def write(self, before: Mapping[str, TreeFile] | None = None) -> dict[str, TreeFile]:
        """Write the files that differ from those of another commit in the same folder; all, without one.

        Returns the files by path. Raises KgError if that fails.
        """
        try:
            # Where the search for .gitignore files above the vault ends.
            (self.top / ".git").mkdir(parents=True, exist_ok=before is not None)
            return self._write(before or {})
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise KgError(f"the files of {self.commit.hash[:12]} cannot be written here: {reason}") from error

    def digests(self) -> dict[str, str]:
        """The digests of the notes that `write` wrote, by path in the vault, as an ingest of them records them."""
        prefix = _below(self.settings(self.folder).vault, self.top)
        rows = self._digests.items()
        return {nfc(path.removeprefix(prefix)): digest for path, digest in rows if path.startswith(prefix)}

    def _write(self, before: Mapping[str, TreeFile]) -> dict[str, TreeFile]:
        tree = self.repository.root_tree(self.commit.hash)
        files: dict[str, TreeFile] = {}
        if (root := self.place(self.today.root)) is not None:
            config = f"{_below(root, self.top)}{CONFIG}"
            above = {f"{folder.as_posix()}/" for folder in PurePosixPath(config).parents}
            files = {file.path: file for file in self.repository.files(tree, above.__contains__) if file.path == config}
            self._replace({path: before[path] for path in (config,) if path in before}, files, 0)
        settings = self.settings(self.folder)
        chosen = {file.path: file for file in self._chosen(tree, settings) if file.path not in files}
        self._replace({path: file for path, file in before.items() if path not in files}, chosen, settings.max_bytes)
        return files | chosen

    def _replace(self, before: Mapping[str, TreeFile], after: Mapping[str, TreeFile], most: int) -> None:
        """Remove what is gone or another file now, and write what is new."""
        for path, file in before.items():
            if after.get(path) != file:
                self.top.joinpath(*_parts(path)).unlink(missing_ok=True)
        self._write_files([file for path, file in after.items() if before.get(path) != file], most)

    def _chosen(self, tree: str, settings: Config) -> Iterator[TreeFile]:
        """The files that kg reads: below the vault, the ontology and the queries, and each .gitignore above."""
        places = [settings.vault, *settings.ontology_places, settings.root / "queries"]
        places += [settings.queries] if settings.queries else []
        prefixes = {_below(place, self.top) for place in places if place.is_relative_to(self.top)}
        obsidian = f"{_below(settings.vault, self.top)}{OBSIDIAN}/"

        def enters(folder: str) -> bool:
            if any(prefix.startswith(folder) for prefix in (*prefixes, obsidian)):
                return True
            return "/." not in f"/{folder}" and any(folder.startswith(prefix) for prefix in prefixes)

        for file in self.repository.files(tree, enters):
            folder, _, name = file.path.rpartition("/")
            is_inside = any(file.path.startswith(prefix) for prefix in prefixes)
            if f"{folder}/" == obsidian:
                is_wanted = name in OBSIDIAN_FILES
            elif name.startswith("."):
                is_wanted = name == GITIGNORE
            else:
                is_wanted = is_inside and "/." not in f"/{folder}"
            if is_wanted:
                yield file

    def _write_files(self, files: list[TreeFile], most: int) -> None:
        """Write files; several at once, since a file system takes its time to make each."""
        waiting: deque[Future[None]] = deque()
        with ThreadPoolExecutor(_WRITERS) as writers:
            for file in (file for file in files if file.mode != LINK):
                place = self._made(file)
                if not place.exists():
                    waiting.append(writers.submit(_write, place, *self._content(file, most)))
                if len(waiting) > _WAITING:
                    waiting.popleft().result()
            for written in waiting:
                written.result()
        for file in (file for file in files if file.mode == LINK):
            target = self.repository.content(file.blob, 4_096)
            if target and b"\0" not in target:
                self._made(file).symlink_to(os.fsdecode(target))

    def _made(self, file: TreeFile) -> Path:
        """The place of a file, in a folder that is there."""
        place = self.top.joinpath(*_parts(file.path))
        if place.parent not in self._folders:
            place.parent.mkdir(parents=True, exist_ok=True)
            self._folders.add(place.parent)
        return place

    def _content(self, file: TreeFile, most: int) -> tuple[bytes | None, int]:
        """The content of a file, and its size; of one that kg does not read, or that is too large, the size alone."""
        limit = most if is_note(file.path) else MAX_TEXT_FILE if file.path.lower().endswith(_READ) else _WHOLE
        content = self.repository.content(file.blob, limit)
        if is_note(file.path):
            self._digests[file.path] = "" if content is None else sha256(content).hexdigest()
        return content, self.repository.size(file.blob) if content is None else len(content)


def _write(place: Path, content: bytes | None, size: int) -> None:
    """Write a new file, with its content or with its size alone."""
    with open(os.open(place, NEW, 0o644), "wb") as out:
        if content is None:
            out.truncate(size)
        else:
            out.write(content)


def _below(place: Path, top: Path) -> str:
    """A folder's path below the top, with a trailing `/`; empty for the top itself."""
    path = place.relative_to(top).as_posix()
    return "" if path == "." else f"{path}/"


def _parts(path: str) -> list[str]:
    """The names of a path. Raises ValueError for a name that would lead elsewhere."""
    parts = path.split("/")
    for name in parts:
        is_device = os.name == "nt" and set(name) & set('\\:*?"<>|')
        if name in {"", ".", ".."} or name.lower() == ".git" or "\0" in name or is_device:
            raise ValueError(f"a file has the name {path!r}")
    return parts
