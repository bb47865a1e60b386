"""The library of queries: which there are, which is meant, and what each says of itself.

A query says in comments at its top what it answers and what it wants to be told:

    # title: Paths between two concepts
    # Every path from one concept to another along links, up to so many steps.
    # param from: note = Revenue -- where the paths begin
    # param title?: text -- optional: left out, any

A line of a header is plain enough to be written by hand and read by any SPARQL tool, which takes it for a comment.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from pathlib import Path

from kg.config import Config, resource
from kg.errors import KgError, NotFound
from kg.parameters import TYPES, Parameter
from kg.source import read_text
from kg.syntax import tokens

_NAME = re.compile(r"[\w][\w.-]*\Z")
_TITLE = re.compile(r"title:\s*(?P<title>.*)")
_IS_PARAM = re.compile(r"param\s+[?$]?\w+\??\s*:")
_PARAM = re.compile(r"param\s+[?$]?(?P<name>\w+)(?P<optional>\?)?\s*:(?P<rest>.*)\Z", re.S)
_SAYS = re.compile(r"\s--\s")


@dataclass(frozen=True)
class Header:
    """What the comments at the top of a query say. Raises KgError for a line that cannot be read."""

    title: str = ""
    description: str = ""
    params: tuple[Parameter, ...] = ()

    @classmethod
    def of(cls, text: str, where: str = "query") -> "Header":
        """The header of a query's text; `where` is what a complaint begins with."""
        title = ""
        prose: list[str] = []
        params: list[Parameter] = []
        for number, line in comments(text):
            if found := _TITLE.match(line):
                title = found["title"].strip()
            elif _IS_PARAM.match(line):
                params.append(_parameter(line, f"{where}:{number}", {one.name for one in params}))
            elif line:
                prose.append(line)
        _check_variables(text, where, params)
        return cls(title or (prose[0].rstrip(".") if prose else ""), " ".join(prose), tuple(params))


def comments(text: str) -> Iterator[tuple[int, str]]:
    """The comment lines at the top of a text, with their numbers; empty lines between them do not count."""
    lines = takewhile(lambda line: not line.strip() or line.lstrip().startswith("#"), text.split("\n"))
    return ((n, line.strip().lstrip("#").strip()) for n, line in enumerate(lines, 1) if line.strip())


def _parameter(line: str, where: str, before: set[str]) -> Parameter:
    """What a line says of a parameter."""
    declared = _declared(line)
    if declared is None:
        raise KgError(f"{where}: not a parameter: “{line}”; write `# param NAME: TYPE = DEFAULT -- what it is`")
    if declared.type not in TYPES:
        raise KgError(f"{where}: “{declared.type}” is no type of a parameter; there are {', '.join(TYPES)}")
    if declared.name in before:
        raise KgError(f"{where}: the parameter {declared.name} is declared twice")
    if declared.optional and declared.default is not None:
        raise KgError(
            f"{where}: the parameter {declared.name} has a default, so it cannot be left out: take the ? away"
        )
    return declared


def _declared(line: str) -> Parameter | None:
    """The parameter that a line declares; None for a line that cannot be read."""
    found = _PARAM.match(line)
    if not found:
        return None
    definition, *says = _SAYS.split(found["rest"], maxsplit=1)
    kind, equals, default = definition.partition("=")
    if len(kind.split()) != 1:
        return None
    given = default.strip() if equals else None
    return Parameter(found["name"], kind.strip(), given, bool(found["optional"]), says[0].strip() if says else "")


def _check_variables(text: str, where: str, params: list[Parameter]) -> None:
    """A parameter is a variable of the query."""
    known = {token.text[1:] for token in tokens(text) if token.kind == "variable"} if params else set()
    for number, line in comments(text):
        declared = _declared(line)
        if declared and declared.name not in known:
            listed = ", ".join(f"?{name}" for name in sorted(known)) or "none"
            raise KgError(f"{where}:{number}: the query has no variable ?{declared.name}; it has {listed}")


@dataclass(frozen=True)
class Named:
    """A query of the library: `queries/NAME.rq`."""

    name: str
    path: Path

    @cached_property
    def text(self) -> str:
        """The query. Raises KgError."""
        return _read(self.path)

    @cached_property
    def header(self) -> Header:
        """What its first comment lines say. Raises KgError."""
        return Header.of(self.text, str(self.path))

    @property
    def description(self) -> str:
        """What it answers, in a sentence or a few."""
        return self.header.description


def library(config: Config) -> dict[str, Named]:
    """The named queries: those that come with kg, and the project's own, which win."""
    folders = [folder for folder in (resource("queries"), config.queries) if folder]
    found = {file.stem: Named(file.stem, file) for folder in folders for file in sorted(folder.glob("*.rq"))}
    return dict(sorted(found.items()))


def legible(config: Config) -> tuple[dict[str, Named], list[KgError]]:
    """The named queries whose headers can be read, and what is wrong with the others, each with file and line."""
    found, problems = library(config), []
    for named in list(found.values()):
        try:
            _ = named.header
        except KgError as error:
            problems.append(error)
            del found[named.name]
    return found, problems


def find_query(config: Config, what: str) -> tuple[str, str]:
    """The text that TEXT, FILE.rq or NAME stands for, and what to call it in messages. Raises NotFound, KgError."""
    if _NAME.match(what) and not Path(what).is_file():
        named = named_query(config, what)
        return named.text, f"{named.name}.rq"
    if what.endswith(".rq") or (len(what) < 256 and "{" not in what and Path(what).is_file()):
        return _read(Path(what)), what
    return what, "query"


def named_query(config: Config, name: str) -> Named:
    """The query of that name. Raises NotFound."""
    known = library(config)
    found = known.get(name.removesuffix(".rq"))
    if found is None:
        from difflib import get_close_matches

        near = get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else "; `kg query` alone lists them"
        raise NotFound(f"no query named {name}{hint}")
    return found


def _read(file: Path) -> str:
    try:
        return read_text(file)
    except OSError as error:
        raise KgError(f"the query {file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise KgError(f"{file}:{line}: the query is not text in UTF-8") from error
