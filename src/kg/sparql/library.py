"""The library of queries: list them, look them up, and read their headers.

Comments at the top of a query say what it answers and which parameters it takes:

    # title: Paths between two concepts
    # group: Links
    # Every path from one concept to another along links, up to a number of steps.
    # param from: note = Revenue -- where the paths begin
    # param title?: text -- optional; default: any value

A header is easy to write by hand, and any SPARQL tool can read it: it consists of comments.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from pathlib import Path

from kg.config import Config, resource
from kg.core.errors import KgError, NotFound
from kg.core.files import is_file, read_text
from kg.core.spelling import did_you_mean, nearest
from kg.rdf.sparql_syntax import tokens
from kg.sparql.parameters import TYPES, Parameter

_NAME = re.compile(r"[\w][\w.-]*\Z")
_TITLE = re.compile(r"title:\s*(?P<title>.*)")
_GROUP = re.compile(r"group:\s*(?P<group>.*)")
_IS_PARAM = re.compile(r"param\s+[?$]?\w+\??\s*:")
_PARAM = re.compile(r"param\s+[?$]?(?P<name>\w+)(?P<optional>\?)?\s*:(?P<rest>.*)\Z", re.S)
_DESCRIPTION = re.compile(r"\s--\s")


@dataclass(frozen=True)
class Header:
    """The header of a query: the comments at its top. Raises KgError for a line that cannot be read."""

    title: str = ""
    description: str = ""
    params: tuple[Parameter, ...] = ()
    group: str = ""

    @classmethod
    def of(cls, text: str, where: str = "query") -> "Header":
        """Parse the header of a query; error messages begin with `where`."""
        title = group = ""
        prose: list[str] = []
        params: list[Parameter] = []
        for number, line in comments(text):
            if match := _TITLE.match(line):
                title = match["title"].strip()
            elif match := _GROUP.match(line):
                group = match["group"].strip()
            elif _IS_PARAM.match(line):
                params.append(_parameter(line, f"{where}:{number}", {param.name for param in params}))
            elif line:
                prose.append(line)
        _check_variables(text, where, params)
        return cls(title or (prose[0].rstrip(".") if prose else ""), " ".join(prose), tuple(params), group)


def comments(text: str) -> Iterator[tuple[int, str]]:
    """The comment lines at the top of a text, with their line numbers. Skips empty lines between them."""
    lines = takewhile(lambda line: not line.strip() or line.lstrip().startswith("#"), text.split("\n"))
    return ((n, line.strip().lstrip("#").strip()) for n, line in enumerate(lines, 1) if line.strip())


def _parameter(line: str, where: str, before: set[str]) -> Parameter:
    """Parse the declaration of a parameter. Raises KgError."""
    declared = _declared(line)
    if declared is None:
        raise KgError(f"{where}: not a parameter: “{line}”; write `# param NAME: TYPE = DEFAULT -- what it is`")
    if declared.type not in TYPES:
        raise KgError(f"{where}: “{declared.type}” is not a parameter type; the types are {', '.join(TYPES)}")
    if declared.name in before:
        raise KgError(f"{where}: the parameter {declared.name} is declared twice")
    if declared.optional and declared.default is not None:
        raise KgError(f"{where}: the parameter {declared.name} has a default, so it must not be optional: remove the ?")
    return declared


def _declared(line: str) -> Parameter | None:
    """The parameter that a line declares; None if the line cannot be parsed."""
    match = _PARAM.match(line)
    if not match:
        return None
    definition, *description = _DESCRIPTION.split(match["rest"], maxsplit=1)
    kind, equals, default = definition.partition("=")
    if len(kind.split()) != 1:
        return None
    says = description[0].strip() if description else ""
    return Parameter(match["name"], kind.strip(), default.strip() if equals else None, bool(match["optional"]), says)


def _check_variables(text: str, where: str, params: list[Parameter]) -> None:
    """Check that each parameter is a variable of the query. Raises KgError."""
    variables = {token.text[1:] for token in tokens(text) if token.kind == "variable"} if params else set()
    for number, line in comments(text):
        declared = _declared(line)
        if declared and declared.name not in variables:
            listed = ", ".join(f"?{name}" for name in sorted(variables)) or "none"
            raise KgError(f"{where}:{number}: the query has no variable ?{declared.name}; it has {listed}")


@dataclass(frozen=True)
class NamedQuery:
    """A query of the library: `queries/NAME.rq`."""

    name: str
    path: Path

    @cached_property
    def text(self) -> str:
        """The text of the query. Raises KgError."""
        return _read(self.path)

    @cached_property
    def header(self) -> Header:
        """The header of the query. Raises KgError."""
        return Header.of(self.text, str(self.path))

    @property
    def description(self) -> str:
        """The description of the query, in a few sentences."""
        return self.header.description


def library(config: Config, part: str = "") -> dict[str, NamedQuery]:
    """The named queries: those that come with kg, and the project's, which take precedence.

    `part` is a subfolder with queries for a command, for example `gaps`.
    """
    folders = [folder / part for folder in (resource("queries"), config.queries) if folder]
    queries = {file.stem: NamedQuery(file.stem, file) for folder in folders for file in sorted(folder.glob("*.rq"))}
    return dict(sorted(queries.items()))


def readable_queries(config: Config) -> tuple[dict[str, NamedQuery], list[KgError]]:
    """The named queries with valid headers, and the errors of the others, each with file and line."""
    queries, problems = library(config), []
    for query in list(queries.values()):
        try:
            _ = query.header
        except KgError as error:
            problems.append(error)
            del queries[query.name]
    return queries, problems


def find_query(config: Config, what: str) -> tuple[str, str]:
    """Resolve TEXT, FILE.rq or NAME to the text of a query, and its name for messages. Raises NotFound, KgError."""
    if _NAME.match(what) and not is_file(Path(what)):
        query = named_query(config, what)
        return query.text, f"{query.name}.rq"
    if what.endswith(".rq") or (len(what) < 256 and "{" not in what and is_file(Path(what))):
        return _read(Path(what)), what
    return what, "query"


def comes_with_kg(name: str, text: str) -> bool:
    """Whether the query of a name is kg's own, as `find_query` returns both; a copy in the project's folder is, too."""
    file = resource("queries") / name
    return bool(_NAME.match(name)) and is_file(file) and read_text(file) == text


def named_query(config: Config, name: str) -> NamedQuery:
    """The library query of that name. Raises NotFound."""
    queries = library(config)
    query = queries.get(name.removesuffix(".rq"))
    if query is None:
        hint = did_you_mean(nearest(name, queries)) or "; `kg query` alone lists them"
        raise NotFound(f"no query named {name}{hint}")
    return query


def _read(file: Path) -> str:
    try:
        return read_text(file)
    except OSError as error:
        raise KgError(f"the query {file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise KgError(f"{file}:{line}: the query is not text in UTF-8") from error
