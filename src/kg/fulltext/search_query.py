"""The query language of `kg search`: parse a query into conditions."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from kg.core.errors import KgError
from kg.fulltext.database import indexable, indexed
from kg.fulltext.folding import folded

_LONG = 4
_DEEPEST = 50
_MOST_WORDS = 100
_QUOTES = str.maketrans("“”„«»", '"""""')
_TOKEN = re.compile(
    r"""(?P<without>-)?(?:(?P<open>\()|(?:(?P<key>tag|path|file):)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s()"]+)))"""
    r"|(?P<close>\))",
    re.I,
)


class Phrase(NamedTuple):
    """Words in this order, matched exactly or as a prefix."""

    text: str
    exact: bool

    @property
    def finds(self) -> str:
        """The phrase in FTS5's query syntax."""
        quoted = '"{}"'.format(indexed(self.text).replace('"', '""'))
        return quoted if self.exact else f"{quoted} *"

    @property
    def ranks(self) -> str:
        """The same, with exact matches counted twice."""
        return self.finds if self.exact else f"({self.finds} OR {self.finds[:-2]})"


class Filter(NamedTuple):
    """Notes with a tag, or with words in their path or file name."""

    key: str
    text: str


class Group(NamedTuple):
    """A conjunction of conditions if `every` is set, else a disjunction."""

    every: bool
    parts: tuple["Condition", ...]


class Not(NamedTuple):
    """Notes that do not meet a condition."""

    part: "Condition"


Condition = Phrase | Filter | Group | Not


@dataclass(frozen=True)
class Query:
    """A parsed query. No text is a syntax error."""

    condition: Condition
    left_out: tuple[str, ...]
    """Words without a letter or digit, which cannot match."""

    @classmethod
    def parse(cls, text: str) -> "Query":
        """Parse a query. Raises KgError if it has no searchable part."""
        parser = _Parser(text)
        condition = parser.any_of(0)
        if not condition.parts:
            raise KgError(f"there is no word to search for in “{text.strip()}”: give a word with letters or digits")
        return cls(condition, tuple(parser.left_out))

    @property
    def phrases(self) -> tuple[Phrase, ...]:
        """The phrases of the query, without the negated ones."""
        return tuple(dict.fromkeys(_phrases(self.condition)))

    def in_words(self) -> "Query":
        """The query with the words of each phrase instead of the phrase. What is excluded or filtered stays."""
        return replace(self, condition=_in_words(self.condition))

    def with_any_word(self) -> "Query":
        """The same with any of the words."""
        return replace(self, condition=_any_word(_in_words(self.condition)))


def _in_words(condition: Condition) -> Condition:
    """A condition with the words of each phrase instead of the phrase."""
    match condition:
        case Phrase(text) if len(words := text.split()) > 1:
            return Group(True, tuple(_word(word) for word in words if _has_words(folded(word))))
        case Group(every, parts):
            return Group(every, tuple(map(_in_words, parts)))
    return condition


def _any_word(condition: Condition) -> Condition:
    """A condition that any of the phrases meets; what is no phrase must hold as before."""
    if not isinstance(condition, Group):
        return condition
    parts = tuple(map(_any_word, condition.parts))
    loose = tuple(part for part in parts if isinstance(part, Phrase | Group))
    if not condition.every or len(loose) < 2:
        return Group(condition.every, parts)
    return Group(True, (Group(False, loose), *(part for part in parts if part not in loose)))


def _word(text: str) -> Phrase:
    """A word outside a phrase: a long one also matches longer words."""
    return Phrase(text, len(folded(text)) < _LONG)


def _phrases(condition: Condition) -> Iterator[Phrase]:
    match condition:
        case Phrase():
            yield condition
        case Group():
            for part in condition.parts:
                yield from _phrases(part)


class _Parser:
    """Parses a query token by token; the end of the query closes open brackets."""

    def __init__(self, text: str) -> None:
        self.tokens = list(_TOKEN.finditer(text.translate(_QUOTES)))[:_MOST_WORDS]
        self.at = 0
        self.left_out: list[str] = []

    def any_of(self, depth: int) -> Group:
        """Parse conditions with OR between them, up to the closing bracket."""
        groups: list[Group] = []
        parts: list[Condition] = []
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            if token["close"]:
                if depth:
                    break
            elif token["word"] == "OR" and not token["key"]:
                groups.append(Group(True, tuple(parts)))
                parts = []
            elif condition := self._condition(token, depth):
                parts.append(Not(condition) if token["without"] else condition)
        groups.append(Group(True, tuple(parts)))
        return Group(False, tuple(group for group in groups if group.parts))

    def _condition(self, token: re.Match[str], depth: int) -> Condition | None:
        if token["open"]:
            group = self.any_of(depth + 1) if depth < _DEEPEST else None
            return group if group and group.parts else None
        text = token["phrase"] if token["phrase"] is not None else token["word"]
        if token["key"]:
            return Filter(token["key"].lower(), text) if text else None
        if token["word"] == "AND":
            return None
        letters = folded(text)
        if not _has_words(letters):
            self.left_out += [token[0]] if text else []
            return None
        begins = token["phrase"] is None and (text.endswith("*") or len(letters) >= _LONG)
        return Phrase(text.rstrip("*"), not begins)


def _has_words(text: str) -> bool:
    """Whether a text has a character that is indexed: a letter, a digit, an emoji."""
    return any(ch.isalnum() for ch in text) or indexable(text) != text


def is_plain(condition: Condition) -> bool:
    """Whether every note with any of a condition's phrases meets the condition."""
    match condition:
        case Phrase():
            return True
        case Group(every, parts):
            return (len(parts) == 1 or not every) and all(map(is_plain, parts))
    return False
