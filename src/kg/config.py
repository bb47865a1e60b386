"""Settings: `kg.toml`, its defaults, and where the project, its ontology and its store are.

`kg` looks upward from the working directory for `kg.toml`. It governs the folder that it lies in: a vault named
on the command line that lies elsewhere is looked at from its own place, so that one project's store is never
overwritten with another's notes.
"""

import re
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from kg.errors import ConfigError
from kg.guard import Limits
from kg.terms import encode_url, is_absolute

FILE = "kg.toml"
_PREFIX = re.compile(r"[^\W\d_][\w-]*\Z|\Z")
STORE = ".kg"
DEFAULT_BASE = "https://notes.example/"

PREFIXES: Mapping[str, str] = {
    "kg": "https://w3id.org/concept-notes#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "dcterms": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "schema": "https://schema.org/",
    "prov": "http://www.w3.org/ns/prov#",
    "sh": "http://www.w3.org/ns/shacl#",
    "cids": "https://ontology.commonapproach.org/cids#",
}

_RESOURCES = Path(__file__).parent / "data"
_CHECKOUT = Path(__file__).parent.parent.parent


def resource(name: str) -> Path:
    """`ontology` or `queries`: beside the code in a wheel, at the top level of a checkout."""
    packaged = _RESOURCES / name
    return packaged if packaged.is_dir() else _CHECKOUT / name


@dataclass(frozen=True)
class Config:
    """The settings of one vault; every path is absolute."""

    vault: Path
    root: Path
    """Where `kg.toml` lies, else the vault."""
    store: Path
    base: str = DEFAULT_BASE
    base_is_set: bool = False
    default_class: str = "Concept"
    ignore: tuple[str, ...] = ()
    gitignore: bool = True
    """Whether what `.gitignore` leaves out is left out here too."""
    max_bytes: int = 10_000_000
    max_seconds: int = 600
    """So long may what runs in a process of its own take: the shapes."""
    max_memory: int = 8_000_000_000
    """And so many bytes of memory."""
    prefixes: Mapping[str, str] = field(default_factory=dict)
    ontology: tuple[Path, ...] = ()
    """Folders whose `*.ttl` files and `rules/*.rq` are read beside the ontology that comes with kg."""
    queries: Path | None = None

    @property
    def limits(self) -> Limits:
        """Of what a vault has others' work done: its ontology, rules, shapes and questions."""
        return Limits(self.max_seconds, self.max_memory)

    @property
    def all_prefixes(self) -> dict[str, str]:
        """The prefixes that a query need not declare; `n:` is the vault's own base."""
        return {**PREFIXES, "n": self.base, **self.prefixes}


_KEYS: dict[str, type] = {
    "vault": str,
    "store": str,
    "base": str,
    "default_class": str,
    "ignore": list,
    "gitignore": bool,
    "max_bytes": int,
    "max_seconds": int,
    "max_memory": int,
    "prefixes": dict,
    "ontology": str,
    "queries": str,
}


def find(start: Path) -> Path | None:
    """The nearest `kg.toml` at or above a folder."""
    return next((folder / FILE for folder in (start, *start.parents) if (folder / FILE).is_file()), None)


def load(vault: Path | None = None, *, cwd: Path | None = None, store: Path | None = None) -> Config:
    """The settings for a vault, or for the one that the working directory belongs to. Raises ConfigError."""
    here = (cwd or Path.cwd()).resolve()
    vault = (here / vault).resolve() if vault else None
    file = find(here)
    if vault and not (file and vault.is_relative_to(file.parent)):
        file = find(vault)
    table = _read(file) if file else {}
    root = file.parent if file else vault or here
    vault = vault or (root / table.get("vault", ".")).resolve()
    place = (here / store).resolve() if store else _store(table, root)
    config = Config(vault, root, place)
    return replace(config, **_settings(table, root), ontology=_ontology(table, root, vault))


def _store(table: Mapping[str, Any], root: Path) -> Path:
    """Where the store is: inside the project, since a `kg.toml` may come from elsewhere. Raises ConfigError."""
    place = root / STORE
    if "store" not in table:
        return place
    try:
        place = root / str(table["store"])
        inside = place.resolve().is_relative_to(root.resolve())
        with suppress(FileNotFoundError, NotADirectoryError):
            place.lstat()
    except (OSError, ValueError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"{root / FILE}: “store” is no folder's name: {reason}") from error
    if not inside:
        raise ConfigError(
            f"{root / FILE}: “store” leads out of the folder of the kg.toml: to write elsewhere, name the store on the "
            f"command line, with --store {table['store']}"
        )
    return place


def find_store(*, cwd: Path | None = None, store: Path | None = None) -> Config:
    """The settings for asking: the project at or above the working directory, else the one store just below it."""
    here = (cwd or Path.cwd()).resolve()
    config = load(cwd=here, store=store)
    if store or config.store.is_dir() or find(here):
        return config
    above = next((folder for folder in here.parents if (folder / STORE).is_dir()), None)
    below = [above] if above else [path.parent for path in sorted(here.glob(f"*/{STORE}")) if path.is_dir()]
    if len(below) > 1:
        names = ", ".join(f"{folder.name}/{STORE}" for folder in below)
        raise ConfigError(f"there is more than one store here ({names}): name the one you mean with --store DIR")
    return load(below[0], cwd=here) if below else config


def _ontology(table: Mapping[str, Any], root: Path, vault: Path) -> tuple[Path, ...]:
    """The user's own ontology folder: as set, else `ontology/` in the project, in the vault or beside it."""
    named = table.get("ontology")
    places = [root / named] if named else [root / "ontology", vault / "ontology", vault.parent / "ontology"]
    return tuple(place.resolve() for place in places if place.is_dir())[:1]


def _settings(table: Mapping[str, Any], root: Path) -> dict[str, Any]:
    names = {row.name for row in fields(Config)} - {"vault", "store", "ontology", "queries"}
    settings = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items() if key in names}
    if "base" in table:
        settings["base_is_set"] = True
    queries = root / str(table.get("queries", "queries"))
    return settings | {"queries": queries if queries.is_dir() else None}


def _read(file: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: not valid TOML: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read: {error}") from error
    for key, value in table.items():
        if key not in _KEYS:
            raise ConfigError(f"{file}: unknown setting “{key}”; known are {', '.join(sorted(_KEYS))}")
        if not isinstance(value, _KEYS[key]) or isinstance(value, bool) != (_KEYS[key] is bool):
            raise ConfigError(f"{file}: “{key}” must be {_TOML_NAMES[_KEYS[key]]}")
    _check_base(file, table)
    for name, namespace in table.get("prefixes", {}).items():
        if not isinstance(namespace, str) or not is_absolute(namespace) or encode_url(namespace) != namespace:
            raise ConfigError(f"{file}: the prefix “{name}” must stand for an absolute IRI in quotes")
        if not _PREFIX.match(name):
            raise ConfigError(f"{file}: “{name}” cannot be a prefix: letters, digits, “-” and “_” can")
    if not all(isinstance(pattern, str) for pattern in table.get("ignore", [])):
        raise ConfigError(f"{file}: “ignore” must be a list of patterns in quotes")
    return table


_TOML_NAMES = {str: "a text in quotes", list: "a list", int: "a whole number", bool: "true or false", dict: "a table"}


def _check_base(file: Path, table: dict[str, Any]) -> None:
    base = table.get("base")
    if base is None:
        return
    if not is_absolute(base) or "#" in base or encode_url(base) != base:
        raise ConfigError(f"{file}: “base” must be an absolute IRI without “#”, such as {DEFAULT_BASE}")
    if not base.endswith("/"):
        table["base"] = f"{base}/"
