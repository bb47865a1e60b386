"""Settings: `kg.toml`, its defaults, and the locations of the project, its vault, its ontology and its store.

`kg` looks upward from the path that is given, else from the working directory, for a `kg.toml` or, without one, for a
store. That gives the vault. A path inside it is a part of the vault, never a vault of its own (contract, section 5).
"""

import os
import re
import shlex
import tomllib
from collections.abc import Callable, Container, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

from kg.core.errors import ConfigError
from kg.core.files import is_file, is_folder, is_link, read_bytes, short
from kg.core.finding_rules import FindingRules, wrong_table
from kg.core.findings import Finding, Severity
from kg.core.ignore_patterns import MOST_WILD, NothingMatchesError, Patterns, glob
from kg.core.limits import Limits
from kg.rdf.iris import encode_url, is_absolute

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
    """The folder `ontology` or `queries`: beside the code in a wheel, at the top level of a checkout."""
    packaged = _RESOURCES / name
    return packaged if packaged.is_dir() else _CHECKOUT / name


@dataclass(frozen=True)
class Config:
    """The settings of one vault; every path is absolute."""

    vault: Path
    root: Path
    """The folder of `kg.toml`, else the vault."""
    store: Path
    base: str = DEFAULT_BASE
    base_is_set: bool = False
    default_class: str = "Concept"
    ignore: tuple[str, ...] = ()
    gitignore: bool = True
    """Whether kg ignores what `.gitignore` ignores."""
    id_property: str = ""
    """The front-matter key whose value names the thing that a note is about; empty for none."""
    refresh: str = "auto"
    """Before a question: `auto` brings in a small change of the notes, `hint` reports it, `off` does not look."""
    max_bytes: int = 10_000_000
    max_seconds: int = 600
    """The time limit of work in a separate process (the shapes), in seconds."""
    max_memory: int = 8_000_000_000
    """The memory limit of the same work, in bytes."""
    max_inferred: int = 10_000_000
    """The maximum number of triples that inference adds."""
    prefixes: Mapping[str, str] = field(default_factory=dict)
    ontology: tuple[Path, ...] = ()
    """Folders whose ontology files and `rules/*.rq` are read in addition to kg's own ontology."""
    ontology_places: tuple[Path, ...] = ()
    """The candidates for such a folder; the first that exists counts."""
    queries: Path | None = None
    portable: bool = False
    """Whether the vault is read on systems that tell upper and lower case in file names apart."""
    findings: FindingRules = field(default_factory=FindingRules)
    """Which findings are reported, and how severe they are."""
    drafts: Mapping[str, Path | None] = field(default_factory=dict)
    """The places of files that stand for those of the vault, by path; None for a file that counts as removed."""
    ontology_drafts: Mapping[Path, Path | None] = field(default_factory=dict)
    """The same for the files of the ontology, by their own places."""

    @property
    def limits(self) -> Limits:
        """The limits on work that a vault brings along: its ontology, rules, shapes and questions."""
        return Limits(self.max_seconds, self.max_memory)

    def place(self, path: str) -> Path:
        """The place of a file of the vault."""
        return self.drafts.get(path) or self.vault / path

    def file_of(self, finding: Finding, of_project: Container[str] = ()) -> Path:
        """The file of a finding. Paths `of_project` are relative to the project, and all others to the vault."""
        if finding.path in of_project:
            return self.root / finding.path
        is_of_ontology = finding.code in {"O01", "O03", "O04", "O05"} and self.ontology
        return (self.ontology[0].parent if is_of_ontology else self.vault) / finding.path

    @property
    def all_prefixes(self) -> dict[str, str]:
        """The prefixes that a query need not declare; `n:` is the vault's base, `p:` that of its own properties."""
        return {**_with_base(self.base), **self.prefixes}


_MOST_BYTES, _MOST_PARTS = 1_000_000, 100
"""The maximum parts of a key: each nests a table in another, and `tomllib` takes time quadratic in their number."""
_MOST = _LONGEST = 1000
"""The most items of a list or table; the most bytes of a text, and the most characters of a pattern or a prefix."""


def find(start: Path) -> Path | None:
    """The nearest `kg.toml` at or above a folder. Raises ConfigError if one exists but cannot be accessed."""
    return next((folder / FILE for folder in (start, *start.parents) if is_there(folder / FILE)), None)


def is_there(file: Path) -> bool:
    """Whether a `kg.toml` exists. Raises ConfigError if it exists but cannot be accessed."""
    try:
        file.stat()
    except PermissionError as error:
        # A folder that can be neither listed nor entered does not show it; its notes are unreadable, too.
        if os.access(file.parent, os.R_OK):
            raise ConfigError(f"{file}: cannot be examined: {error.strerror}") from error
        return False
    except (OSError, ValueError):
        return False
    return True


class Located(NamedTuple):
    """A path, and the settings of the vault that it belongs to."""

    config: Config
    path: Path
    """The real path, except that a link to a file keeps its own name."""

    @property
    def is_part(self) -> bool:
        """Whether the path is only a part of the vault, or of its ontology."""
        return not self.config.vault.is_relative_to(self.path)


class PartOfVault(ConfigError):
    """A command on whole vaults got a part of one."""

    def __init__(self, path: Path, vault: Path) -> None:
        part, whole = (shlex.quote(short(place)) for place in (path, vault))
        super().__init__(
            f"{part} is only a part of the vault {whole}: run `kg ingest {whole}` to read all of it "
            f"(`kg validate {part}` reports on that part)"
        )


def load(vault: Path | None = None, *, cwd: Path | None = None, store: Path | None = None) -> Config:
    """The settings of a vault, by default of the vault that the working directory belongs to.

    Raises ConfigError, PartOfVault.
    """
    start = _real(cwd or Path.cwd())
    if vault is None:
        return _config(project_of(start) or start, start, store)
    located = locate(vault, cwd=start, store=store)
    if located.is_part:
        raise PartOfVault(vault, located.config.vault)
    return located.config


def locate(path: Path, *, cwd: Path | None = None, store: Path | None = None) -> Located:
    """The vault that a path belongs to; a folder that belongs to none is a vault itself.

    Raises ConfigError if the path is in a project but not in its vault, unless another store is named.
    """
    start = _real(cwd or Path.cwd())
    named, real = Path(os.path.abspath(start / path)), _end(start / path)  # noqa: PTH100 # resolves no link
    roots = dict.fromkeys(filter(None, (project_of(named), project_of(real))))
    for root in roots:
        config = _config(root, start, store)
        is_around = real == root or (config.vault.is_relative_to(real) and real.is_relative_to(root))
        if is_around or _has(config, real):
            _check_exists(path, real, config)
            return Located(config, config.vault if is_around else real)
    if (elsewhere := _vault_elsewhere(start, store)) and _has(elsewhere, real):
        _check_exists(path, real, elsewhere)
        return Located(elsewhere, real)
    outer = next(iter(roots), None)
    if outer and not store:
        raise _outside(path, named, real, _config(outer, start, None))
    if not outer and is_file(real):
        raise ConfigError(f"{path} is in no vault: no folder above has a kg.toml or a store; name the folder of notes")
    return Located(_config(outer or real, start, store, vault=real), real)


def _has(config: Config, real: Path) -> bool:
    """Whether a path is in the vault, or in its ontology."""
    return any(real.is_relative_to(place) for place in (config.vault, *config.ontology))


def _vault_elsewhere(start: Path, store: Path | None) -> Config | None:
    """The settings of the working directory's `kg.toml`, which may name a vault outside its folder."""
    with suppress(ConfigError):
        file = find(start)
        return _config(file.parent, start, store) if file else None
    return None


def _check_exists(path: Path, real: Path, config: Config) -> None:
    """Raise ConfigError if a part of a vault does not exist; of a whole vault, `Vault` says so."""
    if real == config.vault:
        return
    try:
        real.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        where = config.vault if (shown := short(config.vault)) == "." else shown
        raise ConfigError(f"{path} does not exist in the vault {where}") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be examined: {error.strerror}") from error


def _outside(path: Path, named: Path, real: Path, config: Config) -> ConfigError:
    """The error for a path in a project, but not in its vault."""
    vault = shlex.quote(short(config.vault))
    if named.is_relative_to(config.vault):
        return ConfigError(f"{path} leads out of the vault {vault}, to {real}: kg follows no link out of a vault")
    remedy = "name the vault, or another store with --store DIR"
    return ConfigError(f"{path} is not in {vault}, the vault of {short(config.root)}: {remedy}")


def recorded(vault: Path, store: Path) -> Config:
    """The settings for a store that was made from a vault, wherever that vault is. Raises ConfigError."""
    real = _real(vault)
    return _config(project_of(real) or real, real, store, vault=real)


def settings_in(root: Path, store: Path, vault: Path | None = None) -> Config:
    """The settings of the project in a folder, whatever lies above it: of its kg.toml, if any. Raises ConfigError."""
    return _config(_real(root), _real(root), store, vault=vault and _real(vault))


def _config(root: Path, start: Path, store: Path | None, *, vault: Path | None = None) -> Config:
    """The settings of the project in a folder; `store` is relative to `start`. Raises ConfigError."""
    table = _read(root / FILE) if is_there(root / FILE) else {}
    vault = vault or _real(root / table.get("vault", "."))
    config = Config(vault, root, _real(start / store) if store else _store(table, root))
    places = _ontology_places(table, root, vault)
    ontology = tuple(place for place in places if is_folder(place))[:1]
    return replace(config, **_settings(table, root), ontology=ontology, ontology_places=places)


def project_of(place: Path) -> Path | None:
    """The folder of the nearest `kg.toml` at or above a place, or, without one, of the nearest store.

    Raises ConfigError.
    """
    if file := find(place):
        return file.parent
    # Another program may have a folder of the same name.
    return next((folder for folder in (place, *place.parents) if is_file(folder / STORE / _CURRENT)), None)


_CURRENT = "current"
"""The file of a published store that names its generation."""


def _end(place: Path) -> Path:
    """The real path of a place; of a link to a file, its own path in its real folder."""
    return _real(place.parent) / place.name if is_link(place) and is_file(place) else _real(place)


def _store(table: Mapping[str, Any], root: Path) -> Path:
    """The location of the store: inside the project, since a `kg.toml` may come from elsewhere. Raises ConfigError."""
    if "store" not in table:
        return root / STORE
    try:
        place = root / str(table["store"])
        inside = place.resolve().is_relative_to(root.resolve())
        with suppress(FileNotFoundError, NotADirectoryError):
            place.lstat()
    except (OSError, ValueError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"{root / FILE}: “store” is not a folder name: {reason}") from error
    if not inside:
        raise ConfigError(
            f"{root / FILE}: “store” leads out of the folder of kg.toml; to write elsewhere, name the store on the "
            f"command line, with --store {table['store']}"
        )
    return place


def find_store(*, cwd: Path | None = None, store: Path | None = None) -> Config:
    """The settings for queries: of the project at or above the working directory, else of the only store just below."""
    start = _real(cwd or Path.cwd())
    config = load(cwd=start, store=store)
    if store or is_folder(config.store) or find(start):
        return config
    below = [path.parent for path in sorted(start.glob(f"*/{STORE}")) if is_folder(path)]
    if len(below) > 1:
        names = ", ".join(f"{folder.name}/{STORE}" for folder in below)
        raise ConfigError(f"there is more than one store here ({names}): choose one with --store DIR")
    return load(below[0], cwd=start) if below else config


def _ontology_places(table: Mapping[str, Any], root: Path, vault: Path) -> tuple[Path, ...]:
    """Candidates for the user's ontology: the folder set, else `ontology/` in the project, the vault or beside it."""
    own = [root / table["ontology"]] if "ontology" in table else []
    return tuple(dict.fromkeys(map(_real, own or [place / "ontology" for place in (root, vault, vault.parent)])))


def _real(place: Path) -> Path:
    return Path(os.path.realpath(place))  # unlike Path.resolve, it raises nothing on circular links


def _settings(table: Mapping[str, Any], root: Path) -> dict[str, Any]:
    names = {row.name for row in fields(Config)} - {
        *("vault", "store", "ontology", "ontology_places", "queries", "findings", "drafts", "ontology_drafts")
    }
    settings = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items() if key in names}
    if "base" in table:
        settings["base_is_set"] = True
        settings["base"] = _slashed(table["base"])
    portable: dict[str, Severity] = {"L11": "warning"} if table.get("portable") else {}
    settings["findings"] = FindingRules.of(table.get("validate", {}), portable)
    queries = root / str(table.get("queries", "queries"))
    return settings | {"queries": queries if is_folder(queries) else None}


# ---- the contents of a kg.toml ---------------------------------------------------------------------------------------


def _read(file: Path) -> dict[str, Any]:
    """The contents of a `kg.toml`, each setting checked for type and range. Raises ConfigError."""
    try:
        text = read_bytes(file, _MOST_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: not text in UTF-8, at byte {error.start + 1}") from error
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror or error}") from error
    if line := _line_of_long_key(text):
        raise ConfigError(f"{file}: line {line}: a key with more than {_MOST_PARTS} parts")
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: not valid TOML: {error}") from error
    except RecursionError as error:
        raise ConfigError(f"{file}: lists or tables nested too deeply") from error
    except (ValueError, ArithmeticError) as error:
        raise ConfigError(f"{file}: not valid TOML: a number or a date that cannot be read") from error
    for key, value in table.items():
        if key not in _KEYS:
            raise ConfigError(f"{file}: unknown setting “{key[:_SHOWN]}”; known are {', '.join(sorted(_KEYS))}")
        if wrong := _KEYS[key](value):
            raise ConfigError(f"{file}: “{key}”{'' if wrong.startswith(':') else ' '}{wrong}")
    for name, namespace in table.get("prefixes", {}).items():
        if (own := _own_prefixes(table).get(name, namespace)) != namespace:
            raise ConfigError(f"{file}: “prefixes”: “{name}” must be {own}: kg's queries depend on it")
    return table


def _own_prefixes(table: Mapping[str, Any]) -> dict[str, str]:
    """The prefixes that kg's own queries depend on."""
    return _with_base(_slashed(table.get("base", DEFAULT_BASE)))


def _with_base(base: str) -> dict[str, str]:
    return {**PREFIXES, "n": base, "p": f"{base}#property/"}


def _slashed(base: str) -> str:
    return base if base.endswith("/") else f"{base}/"


_SHOWN = 100
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_BEYOND_KEYS = re.compile(
    r'"""(?:[^\\]|\\.)*?(?:"""|\Z)|' r"'''.*?(?:'''|\Z)|" r'"(?:[^"\\\n]|\\[^\n])*"?|' r"'[^'\n]*'?|#[^\n]*", re.DOTALL
)
"""Strings and comments."""


def _line_of_long_key(text: str) -> int:
    """The line of a key with more parts than any setting has, outside strings and comments; 0 if there is none."""
    if text.count(".") < _MOST_PARTS:
        return 0
    lines = _BEYOND_KEYS.sub(lambda match: "\n" * match[0].count("\n"), text).split("\n")
    long = (
        n for n, line in enumerate(lines, 1) if any(part.count(".") >= _MOST_PARTS for part in re.split("[=,{[]", line))
    )
    return next(long, 0)


_Check = Callable[[Any], str]
"""Returns what a value must be if it is invalid, else an empty text."""


def _whole(least: int, most: int) -> _Check:
    """Check for a whole number within a range."""

    def check(value: Any) -> str:
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        fits = is_whole and least <= value <= most
        return "" if fits else f"must be a whole number from {least:,} to {most:,}"

    return check


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value.encode()) <= _LONGEST and not _CONTROL.search(value)


def _name(value: Any) -> str:
    return (
        ""
        if _is_text(value)
        else f"must be a text in quotes, of at most {_LONGEST:,} bytes, without control characters"
    )


def _path(value: Any) -> str:
    if not _is_text(value):
        return f"must be a path in quotes, of at most {_LONGEST:,} bytes, without control characters"
    longest = max(len(os.fsencode(part)) for part in value.split("/"))
    return "" if longest <= _LONGEST_NAME else f"must be a path of names of at most {_LONGEST_NAME} bytes"


_LONGEST_NAME = 255


def _refresh(value: Any) -> str:
    return "" if value in {"auto", "hint", "off"} else 'must be "auto", "hint" or "off"'


def _switch(value: Any) -> str:
    return "" if isinstance(value, bool) else "must be true or false"


def _base(value: Any) -> str:
    if not isinstance(value, str):
        return "must be a text in quotes"
    fits = _is_text(value) and is_absolute(value) and "#" not in value and encode_url(value) == value
    return "" if fits else f"must be an absolute IRI without “#”, for example {DEFAULT_BASE}"


def _patterns(value: Any) -> str:
    if not isinstance(value, list) or len(value) > _MOST or not all(isinstance(pattern, str) for pattern in value):
        return f"must be a list of patterns in quotes, at most {_MOST:,}"
    for pattern in value:
        if len(pattern) > _LONGEST or "\n" in pattern or "\0" in pattern:
            return f": a pattern must be one line of at most {_LONGEST:,} characters"
        try:
            glob(pattern.encode())
        except NothingMatchesError as error:
            return f": the pattern “{pattern[:_SHOWN]}” matches nothing: {error}"
    too_many = Patterns(pattern.encode() for pattern in value).too_many
    return f"must have at most {MOST_WILD:,} characters in patterns with wildcards" if too_many else ""


def _prefixes(value: Any) -> str:
    if not isinstance(value, dict) or len(value) > _MOST:
        return f"must be a table of at most {_MOST:,} prefixes"
    return next((wrong for name, namespace in value.items() if (wrong := _prefix(name, namespace))), "")


def _prefix(name: str, namespace: Any) -> str:
    if len(name) > _LONGEST or not _PREFIX.match(name):
        return f": “{name[:_SHOWN]}” cannot be a prefix: use letters, digits, “-” and “_”"
    if not _is_text(namespace) or not is_absolute(namespace) or encode_url(namespace) != namespace:
        return f": the prefix “{name}” must stand for an absolute IRI in quotes"
    return ""


_KEYS: dict[str, _Check] = {
    "vault": _path,
    "store": _path,
    "base": _base,
    "default_class": _name,
    "ignore": _patterns,
    "gitignore": _switch,
    "id_property": _name,
    "refresh": _refresh,
    "max_bytes": _whole(1, 1_000_000_000),
    "max_seconds": _whole(1, 1_000_000),
    "max_memory": _whole(100_000_000, 1_000_000_000_000_000),
    "max_inferred": _whole(0, 10_000_000_000),
    "prefixes": _prefixes,
    "ontology": _path,
    "queries": _path,
    "portable": _switch,
    "validate": wrong_table,
}
