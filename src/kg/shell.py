"""Asking one question after the other: a prompt with history, completion and several lines a question.

The only place that knows prompt_toolkit. What a question is answered with is the caller's.
"""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyoxigraph as ox
from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.lexers import PygmentsLexer
from prompt_toolkit.output import create_output
from pygments.lexers.rdf import SparqlLexer

from kg.errors import StoreError
from kg.ownership import opened, owned
from kg.syntax import tokens
from kg.terms import RDFS, SKOS

if TYPE_CHECKING:
    from prompt_toolkit.completion import CompleteEvent
    from prompt_toolkit.key_binding import KeyPressEvent

    from kg.naming import Asked

KEYWORDS = (
    *("SELECT", "DISTINCT", "CONSTRUCT", "DESCRIBE", "ASK", "WHERE", "FILTER", "OPTIONAL", "UNION", "MINUS", "GRAPH"),
    *("VALUES", "BIND", "LIMIT", "OFFSET", "NOT", "EXISTS", "PREFIX", "COUNT", "SUM", "AVG", "MIN", "MAX", "SAMPLE"),
    *("GROUP_CONCAT", "CONTAINS", "REGEX", "STRSTARTS", "LCASE", "UCASE", "STR", "LANG", "DATATYPE", "BOUND", "IF"),
    *("COALESCE", "ORDER BY", "GROUP BY", "DESC(", "FILTER NOT EXISTS"),
)
HISTORY = "history"
_MOST_TYPED = 100_000_000
_KEPT_TYPED = 1_000_000
_WORD = re.compile(r"[\w:.?$-]*\Z")
_LOCAL = re.compile(r"[\w][\w-]*\Z")
_PREFERRED, _LABEL = ox.NamedNode(SKOS + "prefLabel"), ox.NamedNode(RDFS + "label")
_DEFAULT = ox.DefaultGraph()


@dataclass(frozen=True)
class Words:
    """What can be completed."""

    terms: Mapping[str, str] = field(default_factory=dict)
    """Classes, properties and other things with a name of a prefix, with what each is called."""
    titles: Sequence[str] = ()
    """What things are called, for texts in quotes."""
    queries: Mapping[str, str] = field(default_factory=dict)
    """The queries of the library, with what each answers."""
    commands: Mapping[str, str] = field(default_factory=dict)
    """What the prompt itself does, `.help` …, with what each is for."""


def words(
    store: "Asked", prefixes: Mapping[str, str], queries: Mapping[str, str], commands: Mapping[str, str]
) -> Words:
    """What can be completed over a store."""
    terms = {f"{name}:": space for name, space in prefixes.items()}
    titles: set[str] = set()
    for predicate in (_LABEL, _PREFERRED):
        for quad in store.find(None, predicate, None, _DEFAULT):
            if not isinstance(quad.subject, ox.NamedNode) or not isinstance(quad.object, ox.Literal):
                continue
            if predicate == _PREFERRED:
                titles.add(quad.object.value)
            if quad.object.language in {None, "en"} and (name := _short(quad.subject.value, prefixes)):
                terms.setdefault(name, quad.object.value)
    for space in ("rdf:type", "rdfs:label", "skos:prefLabel", "skos:altLabel"):
        terms.setdefault(space, "")
    return Words(dict(sorted(terms.items())), sorted(titles), queries, commands)


def _short(iri: str, prefixes: Mapping[str, str]) -> str | None:
    """An IRI as a prefix with a name that needs no escape; the longest namespace wins."""
    for space, name in sorted(((space, name) for name, space in prefixes.items() if space), reverse=True):
        if iri.startswith(space) and _LOCAL.match(iri, len(space)):
            return f"{name}:{iri[len(space) :]}"
    return None


class Completing(Completer):
    """Completes prefixes, classes, properties, keywords, variables, and in quotes what things are called."""

    def __init__(self, known: Words) -> None:
        self.known = known

    def get_completions(self, document: Document, complete_event: "CompleteEvent") -> Iterable[Completion]:
        """What may come next at the cursor."""
        before = document.text_before_cursor
        quoted = _open_quote(before)
        if quoted is not None:
            yield from _starting(quoted, dict.fromkeys(self.known.titles, ""), inside=True)
            return
        found = _WORD.search(before)
        word = found.group() if found else ""
        if before.strip() == word:
            yield from _starting(word, {**self.known.commands, **self.known.queries})
        if not word or word.startswith("."):
            return
        if word[0] in "?$":
            used = dict.fromkeys(t.text for t in tokens(document.text) if t.kind == "variable" and t.text != word)
            yield from _starting(word, dict.fromkeys(used, ""))
            return
        if ":" not in word:
            yield from _starting(word, dict.fromkeys(KEYWORDS, ""))
        yield from _starting(word, self.known.terms)
        yield from _containing(word, self.known.terms)


def _open_quote(text: str) -> str | None:
    """What stands after a quote that is not closed."""
    opened = None
    for number, sign in enumerate(text):
        if sign in "\"'" and (opened is None or text[opened] == sign):
            opened = number if opened is None else None
    return None if opened is None else text[opened + 1 :]


def _starting(word: str, known: Mapping[str, str], *, inside: bool = False) -> Iterator[Completion]:
    for name, says in known.items():
        if name.casefold().startswith(word.casefold()) and name != word:
            text = name.replace("\\", "\\\\").replace('"', '\\"') if inside else name
            yield Completion(text, start_position=-len(word), display=name, display_meta=says)


def _containing(word: str, terms: Mapping[str, str]) -> Iterator[Completion]:
    """Terms that have the word within: `outcome` finds kg:hasOutcome."""
    local = word.rpartition(":")[2].casefold()
    if len(local) < 3:
        return
    for name, says in terms.items():
        if local in name.casefold() and not name.casefold().startswith(word.casefold()):
            yield Completion(name, start_position=-len(word), display_meta=says)


def is_whole(text: str) -> bool:
    """Whether a question is complete: every bracket closed, or a line of one word or of a command."""
    if text.strip().startswith(".") or len(text.split()) <= 1:
        return True
    depth = sum({"open": 1, "close": -1}.get(token.kind, 0) for token in tokens(text))
    return depth <= 0 and any(token.text == "}" for token in tokens(text)) and _open_quote_spans(text) is False


def _open_quote_spans(text: str) -> bool:
    """Whether a text in quotes goes on at the end."""
    strings = [token for token in tokens(text) if token.kind == "string"]
    last = strings[-1] if strings else None
    return bool(last and last.end == len(text) and (len(last.text) < 2 or last.text[-1] != last.text[0]))


def _keys(whole: Callable[[str], bool]) -> KeyBindings:
    """Enter asks where the question is whole, else begins a line; Alt+Enter always asks."""
    keys = KeyBindings()

    @keys.add("enter")
    def enter(event: "KeyPressEvent") -> None:
        buffer = event.current_buffer
        if whole(buffer.text):
            buffer.validate_and_handle()
        else:
            buffer.insert_text("\n")

    @keys.add("escape", "enter")
    def ask(event: "KeyPressEvent") -> None:
        event.current_buffer.validate_and_handle()

    return keys


class KeptHistory(History):
    """What was typed, kept in the folder of a store; where that cannot be, for as long as the prompt is there.

    A new file takes the place of the old one: what is there may be a link to something else.
    """

    def __init__(self, store: Path) -> None:
        super().__init__()
        self.store = store

    def load_history_strings(self) -> Iterable[str]:
        """What was typed before, the last first."""
        with suppress(OSError, StoreError), opened(self.store) as folder:
            return _typed(folder.read(HISTORY, _MOST_TYPED))
        return []

    def store_string(self, string: str) -> None:
        """Keep what was typed now."""
        lines = "".join(f"+{line}\n" for line in string.split("\n"))
        with suppress(OSError, StoreError), owned(self.store) as folder:
            before = b""
            with suppress(OSError):
                before = folder.read(HISTORY, _MOST_TYPED)
            entry = f"\n# {datetime.now(UTC)}\n{lines}".encode("utf-8", "replace")
            folder.write(HISTORY, before[-_KEPT_TYPED:] + entry)


def _typed(data: bytes) -> list[str]:
    """The questions of a history, the last first: lines that begin with +, those of a question together."""
    found: list[list[str]] = [[]]
    for line in data.decode("utf-8", "replace").split("\n"):
        if line.startswith("+"):
            found[-1].append(line[1:])
        elif found[-1]:
            found.append([])
    return ["\n".join(lines) for lines in reversed(found) if lines]


def questions(known: Words, history: Path | None, *, color: bool) -> Iterator[str]:
    """What is typed, question by question, until Ctrl-D; Ctrl-C throws away what stands there.

    What was typed is kept in the folder of a store, where one is given.
    """
    kept: History = KeptHistory(history) if history else InMemoryHistory()
    session: PromptSession[str] = PromptSession(
        "kg> ",
        multiline=True,
        prompt_continuation=lambda width, line, wrapped: "... ".rjust(width),
        lexer=PygmentsLexer(SparqlLexer) if color else None,
        completer=Completing(known),
        complete_while_typing=False,
        auto_suggest=AutoSuggestFromHistory(),
        history=kept,
        key_bindings=_keys(is_whole),
        enable_history_search=False,
        output=create_output(sys.__stdout__),  # it moves the cursor, and shows control characters as signs
    )
    while True:
        try:
            text = session.prompt()
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
        if text.strip():
            yield text


def piped(lines: Iterable[str]) -> Iterator[str]:
    """The questions in lines that nobody types: each ends at an empty line; a command, or a word alone, at its own."""
    text = ""
    for line in lines:
        text += line if line.strip() else ""
        if text and (not line.strip() or (text == line and (line.startswith(".") or len(line.split()) == 1))):
            yield text
            text = ""
    if text:
        yield text
