"""The patterns of `.gitignore` as git interprets them, on the bytes of paths and in a time that no pattern can blow up.

Follows git's `dir.c` and `wildmatch.c`. A line without wildcards is looked up in a table. Any other line becomes a
regular expression of atomic groups: a star ends at the nearest place where the following text matches, and never tries
another. That is enough for globs, since the nearest place leaves the most text to match. So a match takes at most
(length of the path × length of the line) steps, where a backtracking match doubles its steps with each star.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

MOST_WILD = 16_384
"""The maximum bytes of lines with wildcards that are matched against one path. Large templates have about 3,000."""
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
    """A line that matches no path, either in kg or in git; the message says why."""


# ---- a line to tokens ------------------------------------------------------------------------------------------------

_Token = str | frozenset[int]
"""One of the four constants below, or the set of bytes that match one position."""
_SLASH, _STAR, _TREE, _ANY = "/", "*", "**", "?"
"""A tree is any number of folders, each with its slash; at the end of a line, everything below."""


def _tokens(body: bytes) -> Iterator[_Token]:
    at = 0
    while at < len(body):
        match body[at : at + 1]:
            case b"*":
                end = _stars(body, at)
                is_tree = end - at > 1 and body[max(at - 1, 0) : at] in {b"", b"/"}
                if is_tree and body[end : end + 2] == b"\\/":  # unlike a bare slash, it needs at least one folder
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
                members, at = _set(body, at + 1)
                if not members:
                    raise NothingMatchesError("nothing is in its brackets")
                yield members
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
    """The bytes that a bracket expression matches, and the index after it; `at` is the index after `[`."""
    negated = body[at : at + 1] in {b"!", b"^"}
    at += negated
    members: set[int] = set()
    before: int | None = None
    first = True
    while first or body[at : at + 1] != b"]":
        first = False
        if (name := _class(body, at)) is not None:
            members |= _members(name)
            before, at = None, at + len(name) + 4
            continue
        is_range = body[at : at + 1] == b"-" and before is not None and body[at + 1 : at + 2] not in {b"", b"]"}
        byte, at = _byte(body, at + is_range)
        members |= set(range(before or 0, byte + 1)) if is_range else {byte}
        before = None if is_range else byte
    return frozenset((set(range(256)) - members if negated else members) - {ord("/")}), at + 1


def _class(body: bytes, at: int) -> bytes | None:
    """The name of the character class that begins at `at`, e.g. `[:alpha:]`; None if there is none."""
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
    """A byte in a bracket expression, possibly after a backslash, and the index after it."""
    at += body[at : at + 1] == b"\\"
    if at >= len(body):
        raise NothingMatchesError("its bracket is not closed")
    return body[at], at + 1


# ---- tokens to an expression -----------------------------------------------------------------------------------------


def _literal(tokens: list[_Token]) -> bytes | None:
    """The only text that the tokens match; None if they match several."""
    text = bytearray()
    for token in tokens:
        if token == _SLASH:
            text += b"/"
        elif isinstance(token, frozenset) and len(token) == 1:
            text += bytes(token)
        else:
            return None
    return bytes(text)


def _expression(tokens: Sequence[_Token]) -> "re.Pattern[bytes]":
    """The regular expression of the tokens, for a whole path."""
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
    """The expression of names and the slashes between them."""
    return b"/".join(_name(list(name)) for name in _split(tokens, _SLASH))


def _name(tokens: list[_Token]) -> bytes:
    """The expression of one name: a part between two stars matches at the nearest place, the last part at the end."""
    first, *later = [b"".join(map(_of_token, part)) for part in _split(tokens, _STAR)]
    if not later:
        return first
    *between, last = later
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


def _of_token(token: _Token) -> bytes:
    if token == _ANY:
        return b"[^/]"
    assert isinstance(token, frozenset)
    members = b"".join(b"\\x%02x" % byte for byte in sorted(token))
    return members if len(token) == 1 else b"[%s]" % members


# ---- a line ----------------------------------------------------------------------------------------------------------


class Glob(NamedTuple):
    """A parsed line: its pattern and its effect."""

    keeps: bool
    """Whether it is negated (`!`): it keeps what an earlier line ignores."""
    only_folders: bool
    only_names: bool
    """Whether it matches names in every folder instead of paths."""
    literal: bytes | None
    """The path or name that it matches, if there is only one."""
    suffix: bytes | None = None
    """The suffix of the names that it matches, if it requires nothing else."""
    tokens: tuple[_Token, ...] = ()
    """The pattern in all other cases."""


def glob(line: bytes) -> Glob | None:
    """Parse a line of a file; None for an empty line or a comment. Raises NothingMatchesError."""
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
    """The pattern of a line, in the cheapest of its three forms: literal, suffix or tokens."""
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
    """The line without trailing spaces, except a space after a backslash."""
    bare = line.rstrip(b" ")
    backslashes = len(bare) - len(bare.rstrip(b"\\"))
    return line[: len(bare) + 1] if backslashes % 2 else bare


def lines_of(data: bytes) -> list[bytes]:
    """The lines of a .gitignore, split as git splits them."""
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return [line.removesuffix(b"\r").partition(b"\0")[0] for line in lines]


# ---- all lines of a file ---------------------------------------------------------------------------------------------


class _Table:
    """The lines that apply to files, or to folders: the number of the last line per pattern."""

    def __init__(self) -> None:
        self.names: dict[bytes, int] = {}
        self.paths: dict[bytes, int] = {}
        self.suffixes: defaultdict[int, dict[bytes, int]] = defaultdict(dict)
        self.wild: list[tuple[int, bool, re.Pattern[bytes]]] = []
        """Per line with wildcards, the last first: its number, whether it matches names, and its expression."""

    def add(self, number: int, line: Glob, expression: "re.Pattern[bytes] | None") -> None:
        if expression:
            self.wild.insert(0, (number, line.only_names, expression))
        elif line.suffix is not None:
            self.suffixes[len(line.suffix)][line.suffix] = number
        elif line.literal is not None:
            (self.names if line.only_names else self.paths)[line.literal] = number

    def last(self, path: bytes) -> int:
        """The number of the last line that matches a path, from 0; -1 if none does."""
        name = path[path.rfind(b"/") + 1 :]
        latest = max(self.names.get(name, -1), self.paths.get(path, -1))
        for length, suffixes in self.suffixes.items():
            if len(name) >= length:
                latest = max(latest, suffixes.get(name[len(name) - length :], -1))
        for number, only_names, expression in self.wild:
            if number < latest:
                break
            if expression.match(name if only_names else path):
                return number
        return latest


class Patterns:
    """The lines of one file, or of a setting. The last match decides."""

    def __init__(self, lines: Iterable[bytes], most_wild: int = MOST_WILD) -> None:
        self.wild = 0
        """The total bytes of lines with wildcards."""
        self.wrong: list[tuple[int, str]] = []
        """The lines that match nothing: number, from 1, and reason."""
        self.too_many = 0
        """The first line, from 1, that is dropped because there are too many with wildcards before it; 0 if none is."""
        self._keeps: list[bool] = []
        self._files, self._folders = _Table(), _Table()
        for number, line in enumerate(lines, 1):
            try:
                pattern = glob(line)
            except NothingMatchesError as error:
                self.wrong.append((number, str(error)))
                continue
            if pattern:
                self._add(number, line, pattern, most_wild)

    def _add(self, number: int, line: bytes, glob: Glob, most_wild: int) -> None:
        if glob.tokens:
            if self.wild + len(line) > most_wild:
                self.too_many = self.too_many or number
                return
            self.wild += len(line)
        expression = _expression(glob.tokens) if glob.tokens else None
        for table in (self._folders,) if glob.only_folders else (self._folders, self._files):
            table.add(len(self._keeps), glob, expression)
        self._keeps.append(glob.keeps)

    def __bool__(self) -> bool:
        return bool(self._keeps)

    def says(self, path: bytes, is_folder: bool) -> bool | None:
        """Whether the lines ignore a path (True) or keep it (False); None if no line matches it."""
        number = (self._folders if is_folder else self._files).last(path)
        return None if number < 0 else not self._keeps[number]
