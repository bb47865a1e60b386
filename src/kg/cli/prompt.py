"""A prompt for queries of several lines, with history and completion.

The only module that uses prompt_toolkit. The caller answers the queries.
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

from kg.core.errors import StoreError
from kg.rdf.sparql_syntax import tokens
from kg.rdf.vocabulary import LABEL, PREF_LABEL
from kg.store.ownership import opened, owned

if TYPE_CHECKING:
    from prompt_toolkit.completion import CompleteEvent
    from prompt_toolkit.key_binding import KeyPressEvent

    from kg.store.store import Store


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


@dataclass(frozen=True)
class CompletionWords:
    """The words that completion offers."""

    terms: Mapping[str, str] = field(default_factory=dict)
    """CURIEs of classes, properties and other things, with their labels."""
    titles: Sequence[str] = ()
    """Labels of things, for strings in quotes."""
    queries: Mapping[str, str] = field(default_factory=dict)
    """The queries of the library, with their titles."""
    commands: Mapping[str, str] = field(default_factory=dict)
    """The commands of the prompt, `.help` …, with their descriptions."""


def words(
    store: "Store", prefixes: Mapping[str, str], queries: Mapping[str, str], commands: Mapping[str, str]
) -> CompletionWords:
    """The words that completion offers for a store."""
    terms = {f"{name}:": space for name, space in prefixes.items()}
    titles: set[str] = set()
    for predicate in (LABEL, PREF_LABEL):
        for quad in store.triples(None, predicate, None):
            if not isinstance(quad.subject, ox.NamedNode) or not isinstance(quad.object, ox.Literal):
                continue
            if predicate == PREF_LABEL:
                titles.add(quad.object.value)
            if quad.object.language in {None, "en"} and (name := _short(quad.subject.value, prefixes)):
                terms.setdefault(name, quad.object.value)
    for space in ("rdf:type", "rdfs:label", "skos:prefLabel", "skos:altLabel"):
        terms.setdefault(space, "")
    return CompletionWords(dict(sorted(terms.items())), sorted(titles), queries, commands)


def _short(iri: str, prefixes: Mapping[str, str]) -> str | None:
    """The CURIE of an IRI if its local name needs no escape; the longest namespace wins."""
    for space, name in sorted(((space, name) for name, space in prefixes.items() if space), reverse=True):
        if iri.startswith(space) and _LOCAL.match(iri, len(space)):
            return f"{name}:{iri[len(space) :]}"
    return None


class Completing(Completer):
    """Completes prefixes, classes, properties, keywords, variables, and labels in quotes."""

    def __init__(self, known: CompletionWords) -> None:
        self.known = known

    def get_completions(self, document: Document, complete_event: "CompleteEvent") -> Iterable[Completion]:
        """Yield the completions at the cursor."""
        before = document.text_before_cursor
        quoted = _open_quote(before)
        if quoted is not None:
            yield from _starting(quoted, dict.fromkeys(self.known.titles, ""), inside=True)
            return
        match = _WORD.search(before)
        word = match.group() if match else ""
        if before.strip() == word:
            yield from _starting(word, {**self.known.commands, **self.known.queries})
        if not word or word.startswith("."):
            return
        if word[0] in "?$":
            names = dict.fromkeys(
                token.text for token in tokens(document.text) if token.kind == "variable" and token.text != word
            )
            yield from _starting(word, dict.fromkeys(names, ""))
            return
        if ":" not in word:
            yield from _starting(word, dict.fromkeys(KEYWORDS, ""))
        yield from _starting(word, self.known.terms)
        yield from _containing(word, self.known.terms)


def _open_quote(text: str) -> str | None:
    """The text after an unclosed quotation mark, or None."""
    start = None
    for number, character in enumerate(text):
        if character in "\"'" and (start is None or text[start] == character):
            start = number if start is None else None
    return None if start is None else text[start + 1 :]


def _starting(word: str, known: Mapping[str, str], *, inside: bool = False) -> Iterator[Completion]:
    for name, description in known.items():
        if name.casefold().startswith(word.casefold()) and name != word:
            text = name.replace("\\", "\\\\").replace('"', '\\"') if inside else name
            yield Completion(text, start_position=-len(word), display=name, display_meta=description)


def _containing(word: str, terms: Mapping[str, str]) -> Iterator[Completion]:
    """Complete terms that contain the word: `outcome` finds kg:hasOutcome."""
    local = word.rpartition(":")[2].casefold()
    if len(local) < 3:
        return
    for name, label in terms.items():
        if local in name.casefold() and not name.casefold().startswith(word.casefold()):
            yield Completion(name, start_position=-len(word), display_meta=label)


def is_complete(text: str) -> bool:
    """Whether a query is complete, with all brackets closed. A command and a single word are complete, too."""
    if text.strip().startswith(".") or len(text.split()) <= 1:
        return True
    depth = sum({"open": 1, "close": -1}.get(token.kind, 0) for token in tokens(text))
    return depth <= 0 and any(token.text == "}" for token in tokens(text)) and _open_quote_spans(text) is False


def _open_quote_spans(text: str) -> bool:
    """Whether the text ends inside a string."""
    strings = [token for token in tokens(text) if token.kind == "string"]
    last = strings[-1] if strings else None
    return bool(last and last.end == len(text) and (len(last.text) < 2 or last.text[-1] != last.text[0]))


def _keys(whole: Callable[[str], bool]) -> KeyBindings:
    """The key bindings: Enter submits a complete query, else begins a new line; Alt+Enter always submits."""
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


class StoreHistory(History):
    """A history in a store's folder; if that cannot be written, only in memory.

    Each entry replaces the whole file, since the old file may be a link to another.
    """

    def __init__(self, store: Path) -> None:
        super().__init__()
        self.store = store

    def load_history_strings(self) -> Iterable[str]:
        """The earlier queries, latest first."""
        with suppress(OSError, StoreError), opened(self.store) as folder:
            return _typed(folder.read(HISTORY, _MOST_TYPED))
        return []

    def store_string(self, string: str) -> None:
        """Append a query to the history."""
        lines = "".join(f"+{line}\n" for line in string.split("\n"))
        with suppress(OSError, StoreError), owned(self.store) as folder:
            old = b""
            with suppress(OSError):
                old = folder.read(HISTORY, _MOST_TYPED)
            entry = f"\n# {datetime.now(UTC)}\n{lines}".encode("utf-8", "replace")
            folder.write(HISTORY, old[-_KEPT_TYPED:] + entry)


def _typed(data: bytes) -> list[str]:
    """The queries in a history file, latest first. Each is a run of lines that begin with +."""
    queries: list[list[str]] = [[]]
    for line in data.decode("utf-8", "replace").split("\n"):
        if line.startswith("+"):
            queries[-1].append(line[1:])
        elif queries[-1]:
            queries.append([])
    return ["\n".join(lines) for lines in reversed(queries) if lines]


def typed_queries(known: CompletionWords, history: Path | None, *, color: bool) -> Iterator[str]:
    """Yield the queries that are typed, until Ctrl-D; Ctrl-C discards the current input.

    `history` is the folder of a store for the history file; None keeps the history in memory.
    """
    entries: History = StoreHistory(history) if history else InMemoryHistory()
    session: PromptSession[str] = PromptSession(
        "kg> ",
        multiline=True,
        prompt_continuation=lambda width, line, wrapped: "... ".rjust(width),
        lexer=PygmentsLexer(SparqlLexer) if color else None,
        completer=Completing(known),
        complete_while_typing=False,
        auto_suggest=AutoSuggestFromHistory(),
        history=entries,
        key_bindings=_keys(is_complete),
        enable_history_search=False,
        output=create_output(sys.__stdout__),  # the prompt moves the cursor, and shows control characters as symbols
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


def piped_queries(lines: Iterable[str]) -> Iterator[str]:
    """The queries in piped lines. Each ends at an empty line; a command or a single word is a line by itself."""
    text = ""
    for line in lines:
        text += line if line.strip() else ""
        if text and (not line.strip() or (text == line and (line.startswith(".") or len(line.split()) == 1))):
            yield text
            text = ""
    if text:
        yield text
