"""A question as typed: the query that its words name, and the values of the query's parameters by their position.

`missing notes` names the library query missing-notes; `outline Lean` names outline, with Lean as its first parameter. A
text in SPARQL or Dataview's language, and a file, are queries, too.
"""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kg.config import Config
from kg.core.errors import KgError, NotFound
from kg.core.files import is_file
from kg.core.spelling import did_you_mean, nearest
from kg.sparql.library import Header, NamedQuery, comes_with_kg, find_query, library, readable_queries
from kg.sparql.parameters import TYPES, Parameter

_PLAIN = re.compile(r"\w[^{}?$<>*;=\n]*\Z")
_SPARQL = re.compile(r"((?i:select|ask|construct|describe|prefix|base)|INSERT|DELETE|LOAD|CLEAR|DROP|CREATE|WITH)\b")
_LISTED = 8
_ASKING = frozenset(("how", "list", "show", "what", "where", "which", "who", "whose", "why"))
_EMPTY = _ASKING | frozenset(
    ("a", "an", "are", "by", "can", "do", "does", "for", "has", "have", "i", "in", "is", "it", "many", "me", "my", "of",
     "on", "that", "the", "there", "they", "to", "we")
)  # fmt: skip
"""The words of a question that tell nothing about the query."""
_DATAVIEW = re.compile(r"\s*(table|list|task|calendar)\b", re.I)
_CLAUSE = re.compile(r"\b(from|where|sort|flatten|limit|group\s+by|without\s+id)\b|[,#]", re.I)


@dataclass(frozen=True)
class Question:
    """A query, its name for messages, and the values that follow it."""

    text: str
    name: str
    values: tuple[str, ...] = ()
    notice: str = ""
    """Which query the words mean, if they are not its name."""

    @cached_property
    def params(self) -> tuple[Parameter, ...]:
        """The parameters that the query declares. Raises KgError."""
        return Header.of(self.text, self.name).params

    @cached_property
    def own_title(self) -> str:
        """The title of a query that comes with kg; empty for a query of the user's."""
        return Header.of(self.text, self.name).title if comes_with_kg(self.name, self.text) else ""

    @property
    def usage(self) -> str:
        """The command with the parameters in their order; optional ones are in brackets."""
        name = shlex.quote(self.name.removesuffix(".rq")) if self.name not in {"query", "standard input"} else "QUERY"
        return " ".join(["kg query", name, *map(_slot, self.params)])

    def arguments(self, named: Mapping[str, str]) -> dict[str, str]:
        """The values of the parameters by name: `named`, and the values by position. Raises KgError."""
        values = self.placed(named) | dict(named)
        for param in self.params:
            if param.name not in values and param.default is None and not param.optional:
                says = f" ({param.says})" if param.says else ""
                raise KgError(f"the query needs {_slot(param)}, {TYPES[param.type].says}{says}: {self.usage}")
        return values

    def placed(self, named: Mapping[str, object]) -> dict[str, str]:
        """The values by position, by the names of their parameters. Raises KgError if one is `named`, too."""
        names = [param.name for param in self.params]
        if len(self.values) > len(names):
            raise KgError(f"the query takes {_count(len(names))}, not {len(self.values)}: {self.usage}")
        placed = dict(zip(names, self.values, strict=False))
        if twice := sorted(placed.keys() & named.keys()):
            raise KgError(f"the parameter {twice[0]} has two values, “{placed[twice[0]]}” and “{named[twice[0]]}”")
        return placed


def _slot(param: Parameter) -> str:
    return f"[{param.name.upper()}]" if param.optional or param.default is not None else param.name.upper()


def _count(number: int) -> str:
    return "no values" if not number else "at most one value" if number == 1 else f"at most {number} values"


def find_question(config: Config, words: Sequence[str]) -> Question:
    """The query that words mean. Raises NotFound if no query has such a name, KgError."""
    first, *rest = words
    if first.removesuffix(".rq") not in library(config) and not is_file(Path(first)):
        if _SPARQL.fullmatch(first) and rest:
            raise KgError(f"a query in SPARQL is one argument: put it in quotes, kg query '{first} …'")
        if is_dataview(" ".join(words)):
            return Question(" ".join(words), "query")
        if _is_plain(words):
            return _by_words(readable_queries(config)[0], _split(words))
    return Question(*find_query(config, first), tuple(rest))


def is_dataview(text: str) -> bool:
    """Whether a text is a Dataview query: it begins with the word and has a clause, or the word is in capitals."""
    match = _DATAVIEW.match(text)
    return match is not None and (match[1].isupper() or _CLAUSE.search(text) is not None)


def _is_plain(words: Sequence[str]) -> bool:
    """Whether words may name a query: they are neither SPARQL nor a single name with hyphens."""
    first = words[0]
    is_name = len(words) == 1 and not first.isalnum() and not re.search(r"\s", first)
    return (
        bool(_PLAIN.match(first.removesuffix("?")))
        and not is_name
        and not _SPARQL.match(first)
        and not first.endswith(".rq")
    )


def _split(words: Sequence[str]) -> list[str]:
    """The words of a question that is one argument."""
    if len(words) > 1:
        return [*words[0].split(), *words[1:]]
    try:
        return shlex.split(words[0])
    except ValueError:  # an apostrophe
        return words[0].split()


def _by_words(queries: Mapping[str, NamedQuery], words: list[str]) -> Question:
    """The query whose name the words are, or begin with; else the only query with all words in its name."""
    keys = {_key(name): name for name in queries}
    for number in range(len(words), 0, -1):
        if name := keys.get(_key("-".join(words[:number]))):
            return _named(queries[name], words[:number], words[number:])
    telling = _telling(words)
    sought = telling if words[0].casefold() in _ASKING else words
    names = [name for name in queries if _has(name.split("-"), sought)]
    if name := keys.get(_key("-".join(_as_in_names(telling)))):
        names = [name]
    if len(names) == 1 and all(param.optional or param.default for param in queries[names[0]].header.params):
        return _named(queries[names[0]], words, [])
    raise NotFound(f"no query is named “{' '.join(words)}”{_near(queries, telling)}")


def _telling(words: list[str]) -> list[str]:
    """The words of a question that tell what it asks for; all of them, if none does."""
    plain = [word.strip("?!.,") for word in words]
    return [word for word in plain if word and word.casefold() not in _EMPTY] or words


def _as_in_names(words: list[str]) -> list[str]:
    """The words as the names of queries have them: without “no”."""
    return ["without" if word.casefold() == "no" else word for word in words]


def _named(query: NamedQuery, words: list[str], values: list[str]) -> Question:
    notice = "" if words == [query.name] else f"{query.name}: {query.header.title}"
    return Question(query.text, f"{query.name}.rq", tuple(values), notice)


def nearest_queries(config: Config, words: list[str]) -> list[str]:
    """The library queries that have the most of some words."""
    return _nearest(readable_queries(config)[0], words)


def _nearest(queries: Mapping[str, NamedQuery], words: list[str]) -> list[str]:
    ranks = {name: rank for name, query in queries.items() if (rank := _rank(query, words)) is not None}
    best = max((many for many, _ in ranks.values()), default=0)
    return [name for _, name in sorted((level, name) for name, (many, level) in ranks.items() if many == best)][
        :_LISTED
    ]


def _near(queries: Mapping[str, NamedQuery], words: list[str]) -> str:
    """The queries with all words, or else with the most of them, in their names, titles and descriptions."""
    near = _nearest(queries, words)
    if not near:
        return did_you_mean(nearest("-".join(words), queries)) or "; `kg query` alone lists them"
    width = max(map(len, near))
    rows = "".join(f"\n  {name:<{width}}  {queries[name].header.title}" for name in near)
    return f"; the nearest are:{rows}"


def _rank(query: NamedQuery, words: list[str]) -> tuple[int, int] | None:
    """The number of words that a query has, and where the first of them is: in its name, title or description."""
    header = query.header
    texts = [query.name.split("-"), _words(header.title), _words(f"{header.group} {header.description}")]
    levels = [level for word in words if (level := _level(texts, word)) is not None]
    return (len(levels), min(levels)) if levels else None


def _level(texts: list[list[str]], word: str) -> int | None:
    return next((level for level, text in enumerate(texts) if _has(text, [word])), None)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def _has(text: list[str], words: list[str]) -> bool:
    """Whether each of the words is, or begins, a word of a text."""
    keys = [*map(_key, text)]
    return all(any(key.startswith(_key(word)) for key in keys) for word in words)


def _key(name: str) -> str:
    """A name for comparison: neither case nor the `s` of a plural counts."""
    return "-".join(word.removesuffix("s") for word in name.casefold().split("-"))


def grouped(queries: Mapping[str, NamedQuery]) -> Iterator[tuple[str, list[NamedQuery]]]:
    """The queries by their groups: first those without a group, then the groups by name."""
    groups: dict[str, list[NamedQuery]] = {}
    for query in queries.values():
        groups.setdefault(query.header.group, []).append(query)
    yield from sorted(groups.items())
