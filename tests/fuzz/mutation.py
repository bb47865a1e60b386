"""How an input is changed: cut, doubled, nested, glued, escaped, and mixed with others of its kind."""

import random
import re
from collections.abc import Callable, Sequence

from fuzz.grammars import NASTY, Grammar

MOST = 64 * 1024
_WORD = re.compile(r"\w+|\s+|[^\w\s]")
_NUMBERS = (
    "0",
    "-1",
    "1e400",
    "9" * 30,
    "9" * 5000,
    "0x10",
    "1.",
    ".5",
    "-0",
    "2147483648",
    "9223372036854775808",
    "NaN",
)
_BRACKETS = (
    "()",
    "[]",
    "{}",
    "<>",
    "<<()>>",
    "''",
    '""',
    ('"""', '"""'),
    ("/*", "*/"),
    ("(a|", ")*"),
    ("{ ", " } UNION"),
)
_SPACES = ("\x0b", "\x0c", "\x1c", "\x1e", "\x85", "\u2028", "\u2029", "\r", "\r\n", "\t", "\0", "\u00a0", "\ufeff")


class Mutator:
    """Makes new inputs of a target from its grammar and from inputs that are there."""

    def __init__(self, grammar: Grammar, dice: random.Random) -> None:
        self.grammar = grammar
        self.dice = dice
        self._changes: Sequence[Callable[[str, Sequence[bytes]], str]] = (
            self._cut,
            self._double,
            self._swap,
            self._insert,
            self._insert,
            self._insert,
            self._grow,
            self._grow,
            self._replace_word,
            self._replace_word,
            self._mix,
            self._mix,
            self._repeat,
            self._nest,
            self._escape,
            self._glue,
            self._number,
            self._space,
            self._case,
            self._flip,
        )

    def fresh(self) -> bytes:
        """An input from the grammar alone."""
        return _encoded(self.grammar.grow(self.dice, "start", self.dice.randint(2, 7)))

    def next(self, pool: Sequence[bytes]) -> bytes:
        """A new input: from the grammar, or one of the pool with a few changes."""
        if not pool or self.dice.random() < 0.3:
            text = self.fresh()
            return text if self.dice.random() < 0.5 else self.changed(text, pool)
        return self.changed(self.dice.choice(pool), pool)

    def changed(self, data: bytes, pool: Sequence[bytes]) -> bytes:
        """The input with a few changes."""
        text = data.decode("utf-8", "surrogateescape")
        for _ in range(self.dice.choice((1, 1, 1, 2, 2, 3, 5, 8))):
            text = self.dice.choice(self._changes)(text, pool)[: 2 * MOST]
        return _encoded(text)

    def _span(self, text: str) -> tuple[int, int]:
        """A stretch of the text: some characters, a few lines, or a word."""
        if not text:
            return 0, 0
        kind = self.dice.random()
        if kind < 0.3:
            lines = [0, *(match.end() for match in re.finditer("\n", text)), len(text)]
            start = self.dice.randrange(len(lines) - 1)
            return lines[start], lines[min(len(lines) - 1, start + self.dice.choice((1, 1, 2, 5)))]
        if kind < 0.7:
            words = list(_WORD.finditer(text, self.dice.randrange(len(text)), len(text)))[:4]
            return (words[0].start(), self.dice.choice(words).end()) if words else (0, len(text))
        start = self.dice.randrange(len(text))
        return start, min(len(text), start + self.dice.choice((1, 1, 2, 8, 50, 400)))

    def _place(self, text: str) -> int:
        return self.dice.randint(0, len(text)) if self.dice.random() < 0.5 else self._span(text)[1]

    def _cut(self, text: str, _: Sequence[bytes]) -> str:
        start, end = self._span(text)
        return text[:start] + text[end:]

    def _double(self, text: str, _: Sequence[bytes]) -> str:
        start, end = self._span(text)
        place = self.dice.choice((end, self._place(text)))
        return text[:place] + text[start:end] + text[place:]

    def _swap(self, text: str, _: Sequence[bytes]) -> str:
        (a, b), (c, d) = sorted((self._span(text), self._span(text)))
        return text[:a] + text[c:d] + text[b:c] + text[a:b] + text[d:] if b <= c else text

    def _token(self) -> str:
        if self.dice.random() < 0.2:
            return self.dice.choice(NASTY)
        return self.grammar.grow(self.dice, self.dice.choice(self.grammar.names), self.dice.randint(0, 2))

    def _insert(self, text: str, _: Sequence[bytes]) -> str:
        place = self._place(text)
        glue = self.dice.choice(("", "", " ", "\n"))
        return f"{text[:place]}{glue}{self._token()}{glue}{text[place:]}"

    def _grow(self, text: str, _: Sequence[bytes]) -> str:
        place = self._place(text)
        more = self.grammar.grow(self.dice, self.dice.choice(self.grammar.names), self.dice.randint(1, 5))
        return text[:place] + more + text[place:]

    def _replace_word(self, text: str, _: Sequence[bytes]) -> str:
        start, end = self._span(text)
        return text[:start] + self._token() + text[end:]

    def _mix(self, text: str, pool: Sequence[bytes]) -> str:
        if not pool:
            return text
        other = self.dice.choice(pool).decode("utf-8", "surrogateescape")
        (a, b), (c, d) = self._span(text), self._span(other)
        return text[:a] + other[c:d] + text[self.dice.choice((a, b)) :]

    def _repeat(self, text: str, _: Sequence[bytes]) -> str:
        start, end = self._span(text)
        piece = text[start:end] if self.dice.random() < 0.5 else self._token()
        times = min(self.dice.choice((2, 10, 100, 1000, 10_000, 40_000)), MOST // max(len(piece), 1))
        return text[:start] + piece * times + text[end:]

    def _nest(self, text: str, _: Sequence[bytes]) -> str:
        start, end = self._span(text)
        opening, closing = self._pair()
        times = min(self.dice.choice((1, 2, 10, 150, 1000, 8000)), MOST // (2 * (len(opening) + len(closing))))
        closings = self.dice.choice((times, times, times, 0))
        return text[:start] + opening * times + text[start:end] + closing * closings + text[end:]

    def _pair(self) -> tuple[str, str]:
        pair = self.dice.choice((*_BRACKETS, *self.grammar.brackets))
        return (pair[: len(pair) // 2], pair[len(pair) // 2 :]) if isinstance(pair, str) else pair

    def _escape(self, text: str, _: Sequence[bytes]) -> str:
        start, end = self._span(text)
        form = self.dice.choice((r"\u{:04X}", r"\U{:08X}", "&#{};", "%{:02X}", r"\x{:02x}", "\\{}"))
        each = (
            form.format(ch if form == "\\{}" else ord(ch)) if self.dice.random() < 0.5 else ch
            for ch in text[start:end][:50]
        )
        return text[:start] + "".join(each) + text[start:end][50:] + text[end:]

    def _glue(self, text: str, _: Sequence[bytes]) -> str:
        spaces = list(re.finditer(r"\s+", text))
        if not spaces:
            return text
        one = self.dice.choice(spaces)
        return text[: one.start()] + text[one.end() :]

    def _number(self, text: str, _: Sequence[bytes]) -> str:
        numbers = list(re.finditer(r"\d+", text))
        if not numbers:
            return text
        one = self.dice.choice(numbers)
        return text[: one.start()] + self.dice.choice(_NUMBERS) + text[one.end() :]

    def _space(self, text: str, _: Sequence[bytes]) -> str:
        place = self._place(text)
        return text[:place] + self.dice.choice(_SPACES) + text[place:]

    def _case(self, text: str, _: Sequence[bytes]) -> str:
        start, end = self._span(text)
        return text[:start] + text[start:end].swapcase() + text[end:]

    def _flip(self, text: str, _: Sequence[bytes]) -> str:
        data = bytearray(_encoded(text))
        for _number in range(self.dice.choice((1, 1, 4)) if data else 0):
            data[self.dice.randrange(len(data))] = self.dice.randrange(256)
        return data.decode("utf-8", "surrogateescape")


def _encoded(text: str) -> bytes:
    """The text as bytes; what came from bytes that are no UTF-8 is those again."""
    return text.encode("utf-8", "surrogateescape" if not re.search("[\ud800-\udc7f]", text) else "surrogatepass")[:MOST]
