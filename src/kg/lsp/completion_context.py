"""What is being written at a cursor: a link, a heading in it, a tag, a key or a value; in text that is not yet valid.

Only the lines up to the cursor say so, since `[[No` is no link yet, and one bad line leaves a note without properties.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from kg.notes.inline import NOT_IN_TAG

ContextKind = Literal[
    "link", "heading", "block", "alias", "address", "address heading", "tag", "key", "value", "field", "field value"
]
"""`address` is the target of a Markdown link, `key` and `value` are of the front matter, `field` of an inline field."""
Quote = Literal["", '"', "'", "missing"]
"""The quotes of YAML around what is written; `missing` if a link there needs them, or an address percent signs."""

_ADDRESS = re.compile(r"(?<!\\)\[[^\[\]]*\]\((?P<angle><?)(?P<typed>(?:(?<=<)[^<>]*|(?<!<)[^()\s<>]*))$")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_TAG_SIGNS = rf"[^{NOT_IN_TAG}]"
_TAG = re.compile(rf"(?:^|(?<=[\s_]))#(?P<typed>{_TAG_SIGNS}*)$")
_REST_OF_TAG = re.compile(rf"{_TAG_SIGNS}*")
_REST_OF_WORD = re.compile(r"[\w-]*")
_KEY_LINE = re.compile(r"(?P<key>[^\s:#\[\]{}-][^:]*?)[ \t]*:(?P<gap>[ \t]*)(?P<value>.*)")
_NEW_KEY = re.compile(r"(?:[^\s:#\[\]{}\"'-][^:#\[\]{}]*)?")
_ITEM = re.compile(r"(?P<indent>[ \t]*)-(?P<gap>[ \t]+)(?P<value>.*)")
_MARKS = r"(?:[ \t>]|[-*+][ \t]|\d+[.)][ \t])*[*_~]*"
_WORD_OF_KEY = r"[^\W\d_][\w /-]*?"
_LINE_FIELD = re.compile(rf"{_MARKS}(?P<key>{_WORD_OF_KEY})[*_~]*[ \t]*::(?!:)[ \t]*(?P<value>.*)")
_BRACKET_FIELD = re.compile(rf"[\[(](?P<key>{_WORD_OF_KEY})[*_~]*[ \t]*::(?!:)[ \t]*(?P<value>[^\])]*)$")
_NEW_LINE_FIELD = re.compile(rf"{_MARKS}(?P<key>[^\W\d_][\w /-]{{1,40}})$")
_NEW_BRACKET_FIELD = re.compile(r"(?<![\[!\]\w])[\[(](?P<key>[^\W\d_][\w /-]{0,40})$")
_FENCE = re.compile(r"---[ \t]*\Z")


class WritingContext(NamedTuple):
    """What is being written at a cursor; places are indexes in its line."""

    kind: ContextKind
    typed: str
    start: int
    """Where what is typed begins, which a completion replaces."""
    end: int
    key: str = ""
    """The property of a value, or of a link in it."""
    target: str = ""
    """The path of the link before a heading, a block or an alias."""
    is_embed: bool = False
    has_more: bool = False
    """Whether a heading or a text to show follows in the link."""
    quote: Quote = ""
    is_escaped: bool = False
    """Whether a `|` in a link is written `\\|`, as in tables."""
    lead: str = ""
    """What a completion begins with: the signs that are not there yet, or that it replaces."""
    closing: str = ""
    """What a completion ends with: the signs that are not there yet."""


@dataclass(frozen=True)
class EditedLine:
    """The line with the cursor, and the lines around it."""

    lines: Sequence[str]
    number: int
    at: int
    """The cursor's index in the line."""
    in_table: bool = False

    @property
    def text(self) -> str:
        """The line, without its end."""
        return self.lines[self.number]

    @property
    def head(self) -> str:
        """The line before the cursor."""
        return self.text[: self.at]

    @property
    def rest(self) -> str:
        """The line after the cursor."""
        return self.text[self.at :]

    def is_in_front_matter(self) -> bool:
        """Whether the cursor is in the front matter, also where its end is not written yet."""
        if not self.number or not _FENCE.match(self.lines[0].removeprefix("\ufeff")):
            return False
        before = self.lines[1 : self.number]
        if any(map(_FENCE.match, before)):
            return False
        return any(map(_FENCE.match, self.lines[self.number :])) or all(line.strip() for line in before)


def writing_context(line: EditedLine) -> WritingContext | None:
    """What is being written at the cursor; None if nothing can be completed."""
    if line.is_in_front_matter():
        return _in_front_matter(line)
    return next(_in_text(line), None)


# ---- in the text -----------------------------------------------------------------------------------------------------


def _in_text(line: EditedLine) -> Iterator[WritingContext]:
    field = _field(line)
    key = field.key if field else ""
    if link := _link(line, key):
        yield link
        return
    address = _ADDRESS.search(line.head)
    if address and not _SCHEME.match(address["typed"]):
        yield _address(line, address)
    if tag := _TAG.search(line.head):
        rest = _REST_OF_TAG.match(line.rest)
        yield WritingContext("tag", tag["typed"], tag.start(), line.at + (rest.end() if rest else 0))
    if field:
        yield field
    yield from _new_field(line)


def _link(line: EditedLine, key: str = "", quote: Quote = "") -> WritingContext | None:
    """The wikilink in which the cursor is."""
    opening = line.head.rfind("[[")
    inner = line.head[opening + 2 :]
    if opening < 0 or "]]" in inner:
        return None
    tail, end_mark, _ = line.rest.partition("]]")
    if not end_mark or "[[" in tail:
        tail, end_mark = "", ""
    is_quoted = quote in {'"', "'"} and quote not in line.rest
    closing = ("" if end_mark else "]]") + (quote if is_quoted else "")
    shared = WritingContext("link", inner, opening + 2, line.at, key=key, closing=closing, quote=quote)
    shared = shared._replace(
        is_embed=line.head[:opening].endswith("!"),
        is_escaped=line.in_table or line.text.lstrip("> \t").startswith("|"),
    )
    target, pipe, _ = inner.partition("|")
    if pipe:
        typed = inner.rpartition("|")[2]
        path = target.removesuffix("\\")
        return shared._replace(
            kind="alias", typed=typed, start=line.at - len(typed), end=line.at + len(tail), target=path
        )
    return _part_of_link(shared, inner, tail, end_mark)


def _part_of_link(shared: WritingContext, inner: str, tail: str, end_mark: str) -> WritingContext:
    """The part of a link's target in which the cursor is: the path, a heading, or a block."""
    at = shared.end
    path, sharp, subpath = inner.partition("#")
    stop = re.match(r"[^#|\\]*", tail)
    end = at + (stop.end() if stop else 0)
    shared = shared._replace(end=end, target=path.strip(), has_more=end < at + len(tail))
    if not sharp and "^" in path:
        target, _, typed = path.partition("^")
        return shared._replace(kind="block", typed=typed, start=at - len(typed) - 1, target=target.strip(), lead="#^")
    if not sharp:
        if shared.quote == "missing" and not shared.has_more:
            end += len(end_mark)
            return shared._replace(start=shared.start - 2, end=end, lead='"[[', closing=']]"')
        return shared
    last = subpath.rpartition("#")[2]
    if last.startswith("^"):
        return shared._replace(kind="block", typed=last[1:], start=at - len(last), lead="^")
    return shared._replace(kind="heading", typed=subpath, start=at - len(subpath))


def _address(line: EditedLine, match: re.Match[str]) -> WritingContext:
    """The target of a Markdown link in which the cursor is."""
    typed, is_angled = match["typed"], bool(match["angle"])
    stop = re.match(r"[^<>]*(?=>)" if is_angled else r"[^()\s<>]*(?=\))", line.rest)
    end = line.at + (stop.end() if stop else 0)
    closing = "" if stop else ">)" if is_angled else ")"
    path, sharp, subpath = typed.partition("#")
    shared = WritingContext("address", path, line.at - len(typed), end, closing=closing)
    shared = shared._replace(quote="missing" if not is_angled else "")
    if sharp:
        return shared._replace(kind="address heading", typed=subpath, start=line.at - len(subpath), target=path)
    return shared


def _field(line: EditedLine) -> WritingContext | None:
    """The inline field in whose value the cursor is."""
    match = _BRACKET_FIELD.search(line.head) or _LINE_FIELD.fullmatch(line.head)
    if not match:
        return None
    value: str = match["value"]
    typed = value.rpartition(",")[2].lstrip()
    rest = _REST_OF_WORD.match(line.rest)
    start, end = line.at - len(typed), line.at + (rest.end() if rest else 0)
    return WritingContext("field value", typed, start, end, key=match["key"].strip())


def _new_field(line: EditedLine) -> Iterator[WritingContext]:
    """The key of an inline field that may be meant: at the start of a line, or after a bracket."""
    is_marked = line.rest.startswith("::")
    bracket, alone = _NEW_BRACKET_FIELD.search(line.head), _NEW_LINE_FIELD.fullmatch(line.head)
    if bracket or (alone and (is_marked or not line.rest.strip())):
        typed = (bracket or alone)["key"]  # type: ignore[index]
        yield WritingContext("field", typed, line.at - len(typed), line.at, closing="" if is_marked else ":: ")


# ---- in the front matter ---------------------------------------------------------------------------------------------


def _in_front_matter(line: EditedLine) -> WritingContext | None:
    head = line.head
    if item := _ITEM.fullmatch(head):
        key = _owner(line.lines[: line.number])
        return _value(line, key, item["value"]) if key else None
    if stated := _KEY_LINE.fullmatch(head):
        if stated["value"] and not stated["gap"]:
            return None
        context = _value(line, stated["key"].strip("\"'"), stated["value"])
        return context if context is None or stated["gap"] else context._replace(lead=f" {context.lead}")
    if _NEW_KEY.fullmatch(head):
        before, colon, _ = line.rest.partition(":")
        end = line.at + len(before) if colon else len(line.text)
        return WritingContext("key", head, 0, end, closing="" if colon else ": ")
    return None


def _owner(before: Sequence[str]) -> str:
    """The key of the list to which an item below some lines belongs; empty if there is none."""
    for text in reversed(before):
        if not text.strip() or text.lstrip().startswith(("- ", "#")) or text.strip() == "-":
            continue
        key = _KEY_LINE.fullmatch(text)
        return key["key"].strip("\"'") if key and not key["value"].strip() else ""
    return ""


def _value(line: EditedLine, key: str, value: str) -> WritingContext | None:
    """The value of a key that ends at the cursor, in so far as it is typed."""
    quote, begin = _open_quote(value)
    if not quote and re.search(r"(?:^|\s)#", value) and key.lower() != "tags":
        return None  # a remark
    base = line.at - len(value)
    link = _link(line, key, quote or "missing")
    if link and link.start >= base:
        return link
    if quote:
        typed, after = value[begin + 1 :], line.rest.partition(quote)
        end = line.at + (len(after[0]) if after[1] else 0)
        closing = "" if after[1] else quote
        return WritingContext("value", typed, base + begin + 1, end, key=key, quote=quote, closing=closing)
    typed = (re.split(r"[\[,]", value)[-1] if value.startswith("[") else value).lstrip()
    if typed.startswith(('"', "'")):
        return None
    rest = _REST_OF_WORD.match(line.rest)
    end = line.at + (rest.end() if rest else 0)
    return WritingContext("value", typed, line.at - len(typed), end, key=key, quote="missing")


def _open_quote(value: str) -> tuple[Quote, int]:
    """The quote that is open at the end of a value, and where it was opened; -1 if none is open."""
    quote: Quote = ""
    begin = -1
    for place, sign in enumerate(value):
        if sign == quote:
            quote, begin = "", -1
        elif not quote and sign in "\"'" and value[:place].strip()[-1:] in {"", "[", ","}:
            quote, begin = '"' if sign == '"' else "'", place
    return quote, begin
