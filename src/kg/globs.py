"""The patterns of `.gitignore` as git takes them: on the bytes of paths, in a time that no pattern can blow up.

Follows git's `dir.c` and `wildmatch.c`. A line without wildcards is looked up in a table. Any other becomes an
expression of atomic groups: a star ends at the nearest place where the text behind it fits, and never tries another.
For globs that is enough, since the nearest place leaves the most to the rest; so a match takes at most (length of the
path × length of the line) steps, where a backtracking one doubles its steps with each star.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

MOST_WILD = 16_384
"""The most bytes of lines with wildcards that are matched against one path. Large templates have about 3,000."""
_LONGEST_PATH = 4096
_SPECIAL = re.compile(rb"[*?\[\\]")
_CLASSES: dict[bytes, bytes] = {
    b"alnum": b"0-9A-Za-z",
    b"alpha": b"A-Za-z",
    b"blank": rb"\t ",
    b"cntrl": rb"\x00-\x1f\x7f",
    b"digit": b"0-9",
    b"graph": rb"\x21-\x7e",
    b"lower": b"a-z",
    b"print": rb"\x20-\x7e",
    b"punct": rb"\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e",
    b"space": rb"\t-\r ",
    b"upper": b"A-Z",
    b"xdigit": b"0-9A-Fa-f",
}


class NothingMatchesError(ValueError):
    """A line that matches no path, neither here nor in git; the message says why."""


# ---- a line as tokens ------------------------------------------------------------------------------------------------

_Token = str | frozenset[int]
"""One of the four below, or the bytes that can stand at a place."""
_SLASH, _STAR, _TREE, _ANY = "/", "*", "**", "?"
"""A tree is any number of folders, each with its slash; at the end, all that is below."""


def _tokens(body: bytes) -> Iterator[_Token]:
    at = 0
    while at < len(body):
        match body[at : at + 1]:
            case b"*":
                end = _stars(body, at)
                is_tree = end - at > 1 and body[max(at - 1, 0) : at] in {b"", b"/"}
                if is_tree and body[end : end + 2] == b"\\/":  # unlike a bare slash it takes one folder at least
                    yield from (_STAR, _SLASH, _TREE)
                    at = end + 2
                elif is_tree and body[end : end + 1] in {b"", b"/"}:
                    yield _TREE
                    at = end + 1
                else:
                    yield _STAR
                    at = end
                continue
            case b"[":
                some, at = _set(body, at + 1)
                if not some:
                    raise NothingMatchesError("nothing is in its brackets")
                yield some
                continue
            case b"?":
                yield _ANY
            case b"/":
                yield _SLASH
            case b"\\":
                at += 1
                if at == len(body):
                    raise NothingMatchesError("it ends with a backslash")
                yield frozenset(body[at : at + 1]) if body[at : at + 1] != b"/" else _SLASH
            case byte:
                yield frozenset(byte)
        at += 1


def _stars(body: bytes, at: int) -> int:
    while body[at : at + 1] == b"*":
        at += 1
    return at


def _set(body: bytes, at: int) -> tuple[frozenset[int], int]:
    """The bytes that a bracket stands for, and where it ends; it begins behind `[`."""
    negated = body[at : at + 1] in {b"!", b"^"}
    at += negated
    some: set[int] = set()
    before: int | None = None
    first = True
    while first or body[at : at + 1] != b"]":
        first = False
        if (name := _class(body, at)) is not None:
            some |= _members(name)
            before, at = None, at + len(name) + 4
            continue
        is_range = body[at : at + 1] == b"-" and before is not None and body[at + 1 : at + 2] not in {b"", b"]"}
        byte, at = _byte(body, at + is_range)
        some |= set(range(before or 0, byte + 1)) if is_range else {byte}
        before = None if is_range else byte
    return frozenset((set(range(256)) - some if negated else some) - {ord("/")}), at + 1


def _class(body: bytes, at: int) -> bytes | None:
    """The name of a class such as `[:alpha:]` that begins here."""
    if body[at : at + 2] != b"[:":
        return None
    end = body.find(b"]", at + 2)
    if end < 0:
        raise NothingMatchesError("its bracket is not closed")
    return body[at + 2 : end - 1] if body[end - 1 : end] == b":" and end > at + 2 else None


def _members(name: bytes) -> set[int]:
    if name not in _CLASSES:
        raise NothingMatchesError(f"it has no class [:{name.decode('utf-8', 'replace')}:]")
    return {byte[0] for byte in re.findall(b"[" + _CLASSES[name] + b"]", bytes(range(256)))}


def _byte(body: bytes, at: int) -> tuple[int, int]:
    """A byte in a bracket, which may stand behind a backslash, and where the next one is."""
    at += body[at : at + 1] == b"\\"
    if at >= len(body):
        raise NothingMatchesError("its bracket is not closed")
    return body[at], at + 1


# ---- tokens as an expression -----------------------------------------------------------------------------------------


def _literal(tokens: list[_Token]) -> bytes | None:
    """The one text that tokens stand for, where there is just one."""
    found = bytearray()
    for token in tokens:
        if token == _SLASH:
            found += b"/"
        elif isinstance(token, frozenset) and len(token) == 1:
            found += bytes(token)
        else:
            return None
    return bytes(found)


def _expression(tokens: Sequence[_Token]) -> "re.Pattern[bytes]":
    """Tokens as an expression for the whole of a path."""
    ends_in_tree = tokens[-1] == _TREE
    chunks = [list(chunk) for is_tree, chunk in groupby(tokens, lambda token: token == _TREE) if not is_tree]
    begins_in_tree = tokens[0] == _TREE
    parts = []
    for number, chunk in enumerate(chunks):
        anywhere = b"(?:[^/]*/)*?" if number or begins_in_tree else b""
        is_last = number == len(chunks) - 1 and not ends_in_tree
        end = rb"\Z" if is_last else b""
        parts.append(b"(?>%s%s%s)" % (anywhere, _chunk(chunk), end))
    return re.compile(b"".join(parts), re.DOTALL)


def _chunk(tokens: list[_Token]) -> bytes:
    """Names and the slashes between them."""
    return b"/".join(_name(list(name)) for name in _split(tokens, _SLASH))


def _name(tokens: list[_Token]) -> bytes:
    """One name: what lies between two stars is found at the nearest place, what comes last at the end."""
    first, *rest = [b"".join(map(_one, part)) for part in _split(tokens, _STAR)]
    if not rest:
        return first
    *between, last = rest
    return first + b"".join(b"(?>[^/]*?%s)" % part for part in between if part) + b"[^/]*" + last


def _split(tokens: list[_Token], by: str) -> Iterator[list[_Token]]:
    part: list[_Token] = []
    for token in tokens:
        if token == by:
            yield part
            part = []
        else:
            part.append(token)
    yield part


def _one(token: _Token) -> bytes:
    if token == _ANY:
        return b"[^/]"
    assert isinstance(token, frozenset)
    members = b"".join(b"\\x%02x" % byte for byte in sorted(token))
    return members if len(token) == 1 else b"[%s]" % members


# ---- a line ----------------------------------------------------------------------------------------------------------


class Glob(NamedTuple):
    """A line: what it matches, and what that means."""

    keeps: bool
    """Whether it takes back (`!`) what a line before it left out."""
    only_folders: bool
    only_names: bool
    """Whether it speaks of names in every folder, and not of paths."""
    literal: bytes | None
    """The one path or name that it matches, where there is just one."""
    suffix: bytes | None = None
    """How the names that it matches end, where that is all it says."""
    tokens: tuple[_Token, ...] = ()
    """What it matches otherwise."""


def glob(line: bytes) -> Glob | None:
    """A line of a file; None for an empty one and a comment. Raises NothingMatchesError."""
    text = b"" if line.startswith(b"#") else _trimmed(line)
    if not text:
        return None
    keeps = text.startswith(b"!")
    body = text[keeps:]
    only_folders = body.endswith(b"/")
    body = body[: len(body) - only_folders]
    if not body.strip(b"/") or body.endswith(b"/"):
        raise NothingMatchesError("it names nothing")
    if len(line) > MOST_WILD:
        raise NothingMatchesError("it is longer than any path")
    return Glob(keeps, only_folders, b"/" not in body, *_meant(body.removeprefix(b"/"), b"/" not in body))


def _meant(body: bytes, only_names: bool) -> tuple[bytes | None, bytes | None, tuple[_Token, ...]]:
    """What a line matches, in the cheapest of the three ways of saying it."""
    if not _SPECIAL.search(body):
        return body, None, ()
    tokens = list(_tokens(body))
    if sum(token not in {_STAR, _TREE} for token in tokens) > _LONGEST_PATH:
        raise NothingMatchesError("it is longer than any path")
    if (literal := _literal(tokens)) is not None:
        return literal, None, ()
    suffix = _literal(tokens[1:]) if only_names and tokens[0] in {_STAR, _TREE} else None
    return None, suffix, () if suffix is not None else tuple(tokens)


def _trimmed(line: bytes) -> bytes:
    """The line without the spaces at its end, but for one behind a backslash."""
    bare = line.rstrip(b" ")
    backslashes = len(bare) - len(bare.rstrip(b"\\"))
    return line[: len(bare) + 1] if backslashes % 2 else bare


def lines_of(data: bytes) -> list[bytes]:
    """The lines of a .gitignore, as git parts them."""
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return [line.removesuffix(b"\r").partition(b"\0")[0] for line in lines]


# ---- all lines of a file ---------------------------------------------------------------------------------------------


class _Table:
    """What the lines say of files, or of folders: the number of the last line by what it matches."""

    def __init__(self) -> None:
        self.names: dict[bytes, int] = {}
        self.paths: dict[bytes, int] = {}
        self.suffixes: defaultdict[int, dict[bytes, int]] = defaultdict(dict)
        self.wild: list[tuple[int, bool, re.Pattern[bytes]]] = []
        """The number, whether it speaks of names, and the expression, of each line with wildcards, the last first."""

    def add(self, number: int, line: Glob, expression: "re.Pattern[bytes] | None") -> None:
        if expression:
            self.wild.insert(0, (number, line.only_names, expression))
        elif line.suffix is not None:
            self.suffixes[len(line.suffix)][line.suffix] = number
        elif line.literal is not None:
            (self.names if line.only_names else self.paths)[line.literal] = number

    def last(self, path: bytes) -> int:
        """The number of the last line that matches a path, from 0; -1 where none does."""
        name = path[path.rfind(b"/") + 1 :]
        found = max(self.names.get(name, -1), self.paths.get(path, -1))
        for length, suffixes in self.suffixes.items():
            if len(name) >= length:
                found = max(found, suffixes.get(name[len(name) - length :], -1))
        for number, only_names, expression in self.wild:
            if number < found:
                break
            if expression.match(name if only_names else path):
                return number
        return found


class Patterns:
    """The lines of one file, or of a setting. The last one that matches decides."""

    def __init__(self, lines: Iterable[bytes], most_wild: int = MOST_WILD) -> None:
        self.wild = 0
        """How many bytes of lines with wildcards there are."""
        self.wrong: list[tuple[int, str]] = []
        """The lines that match nothing, by their number from 1, and why."""
        self.too_many = 0
        """The first line that is left out because there are too many with wildcards before it, from 1."""
        self._keeps: list[bool] = []
        self._files, self._folders = _Table(), _Table()
        for number, line in enumerate(lines, 1):
            try:
                one = glob(line)
            except NothingMatchesError as error:
                self.wrong.append((number, str(error)))
                continue
            if one:
                self._add(number, line, one, most_wild)

    def _add(self, number: int, line: bytes, one: Glob, most_wild: int) -> None:
        if one.tokens:
            if self.wild + len(line) > most_wild:
                self.too_many = self.too_many or number
                return
            self.wild += len(line)
        expression = _expression(one.tokens) if one.tokens else None
        for table in (self._folders,) if one.only_folders else (self._folders, self._files):
            table.add(len(self._keeps), one, expression)
        self._keeps.append(one.keeps)

    def __bool__(self) -> bool:
        return bool(self._keeps)

    def says(self, path: bytes, is_folder: bool) -> bool | None:
        """Whether the lines leave a path out (True) or keep it (False); None where none speaks of it."""
        number = (self._folders if is_folder else self._files).last(path)
        return None if number < 0 else not self._keeps[number]
