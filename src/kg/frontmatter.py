"""Front matter: YAML read from the parser's events, so that every key and value keeps its place.

Values follow the YAML 1.2 core schema with Obsidian's dates: PyYAML's own constructor would make `yes` true and
`12:30` a number. Only events are read (no objects are built, no recursion), so anchors, aliases and merge keys,
the means of every YAML bomb, are refused before they can cost anything.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from kg.findings import Finding
from kg.note import Property, Value
from kg.source import Source, Span
from kg.values import WIKILINK, scalar, wikilink

MAX_BYTES = 64 * 1024
MAX_NODES = 10_000
MAX_DEPTH = 64

_OPEN = re.compile(rb"---[ \t]*(?:\r\n|\n|\r)")
_CLOSE = re.compile(rb"(?<=[\r\n])---[ \t]*(?:\r\n|\n|\r|\Z)")
MAX_SIMPLE = 4096

_NEW_NAMES = {"tag": "tags", "alias": "aliases", "cssclass": "cssclasses"}
_OLD_AND_NEW = {*_NEW_NAMES, *_NEW_NAMES.values()}

# YAML that can be read line by line: `name: text`, and lists of texts in either form. A text is in double quotes or
# begins with a letter or digit; escapes, comments, tabs, rare characters and all that goes over a line are libyaml's.
_LETTER = rb"[\x80-\xbf\xc3-\xdf\xe3-\xe9]"
_QUOTED = rb'"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|%b)*"' % _LETTER
_PLAIN = rb"(?:[A-Za-z0-9]|%b)(?:[A-Za-z0-9_./+()*&!?%%~^$<>;@='`|#-]|%b|%b| +(?=[^\s#])|:(?=[^\s,\[\]{}]))*"
_TEXT = rb"%b|%b" % (_QUOTED, _PLAIN % (_LETTER, _LETTER, rb'[,"\[\]{}]'))
_ENTRY = rb"(?:%b|%b)" % (_QUOTED, _PLAIN % (_LETTER, _LETTER, rb"(?!)"))
_SIMPLE_ENTRY = re.compile(_ENTRY)
_SIMPLE_LINE = re.compile(
    rb"(?:(?P<key>[A-Za-z_][A-Za-z0-9_-]{0,99}):"
    rb"(?: +(?:(?P<text>%b)|(?P<flow>\[ *(?:%b *(?:, *%b *)*)?\])))?"
    rb"|(?P<indent> {0,8})- +(?P<item>%b))? *(?:\r?\n|\Z)" % (_TEXT, _ENTRY, _ENTRY, _TEXT)
)
_LONE_SURROGATE = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_TEMPLATE = re.compile(r"\{\{|<%")
_SURROGATES = re.compile("[\ud800-\udfff]")


class FrontMatter(NamedTuple):
    """What stood between the `---` lines, and the offset at which the body begins."""

    properties: tuple[Property, ...]
    findings: tuple[Finding, ...]
    body: int


class _Refused(Exception):
    """YAML that is not read, with its code and the character it stands at."""

    def __init__(self, code: str, message: str, index: int) -> None:
        super().__init__(message)
        self.code = code
        self.index = index


def read(path: str, source: Source) -> FrontMatter:
    """The front matter of a file; none where the file does not begin with a closed `---` block."""
    opened = _OPEN.match(source.data)
    closed = _CLOSE.search(source.data, opened.end()) if opened else None
    if not opened or not closed:
        return FrontMatter((), (), 0)
    start, end = opened.end(), closed.start()
    findings: list[Finding] = []
    try:
        if end - start > MAX_BYTES:
            raise _Refused("P01", f"the properties take {end - start} bytes; {MAX_BYTES} are read", 0)
        root = simple(source.data, start, end) or parsed(source.data, start, end)
        properties = tuple(_properties(path, root, source, findings))
    except _Refused as refused:
        text = source.slice(start, end)
        properties = ()
        offset = start + len(text[: refused.index].encode("utf-8"))
        offset -= source.data[offset - 1 : offset + 1] == b"\r\n"  # between the two there is no place
        code, message = refused.code, str(refused)
        if _TEMPLATE.search(text):
            code, message = "P04", "a template: its properties are not read"
        findings = [_finding(path, source, code, message, Span(offset, offset))]
    return FrontMatter(properties, tuple(findings), closed.end())


def _finding(path: str, source: Source, code: str, message: str, span: Span) -> Finding:
    start, end = source.position(span.start), source.position(span.end)
    return Finding(path, *start, *end, code, message)


def _properties(path: str, root: Value | None, source: Source, findings: list[Finding]) -> Iterator[Property]:
    if root is None:
        return
    if root.kind != "map":
        raise _Refused("L06", "the properties must be `key: value` lines", 0)
    seen: set[str] = set()
    may_be_unquoted = b"[[" in source.data[root.span.start : root.span.end]
    for key, key_value, value in zip(root.keys, root.children[::2], root.children[1::2], strict=True):
        if key.lower() in seen:
            findings.append(_finding(path, source, "P03", f"the property “{key}” stands here twice", key_value.span))
            continue
        seen.add(key.lower())
        for span in _unquoted(value, source) if may_be_unquoted else ():
            message = f"the link {source.slice(*span)} needs quotes in a property"
            findings.append(_finding(path, source, "L05", message, span))
        if key.lower() in _OLD_AND_NEW:
            findings += [_finding(path, source, "L14", row, key_value.span) for row in _outdated(key, value)]
        yield Property(key, key_value.span, _keyed(value, key))


def _unquoted(value: Value, source: Source) -> Iterator[Span]:
    """The places of `[[Note]]` without quotes; to YAML, and to Obsidian, that is a list in a list and no link."""
    if source.data.startswith(b"[[", value.span.start) and WIKILINK.fullmatch(source.slice(*value.span)):
        yield value.span
        return
    for child in value.children:
        yield from _unquoted(child, source)


def _outdated(key: str, value: Value) -> Iterator[str]:
    """What is to be said of a property that Obsidian reads otherwise since 1.9."""
    if key in _NEW_NAMES:
        yield f"the property “{key}” is called “{_NEW_NAMES[key]}” now, and is not read by this name"
    elif key.lower() in _NEW_NAMES.values() and value.kind not in {"list", "map", "null"}:
        yield f"“{key}” must be a list, also of one"


def _keyed(value: Value, key: str) -> Value:
    """The value with its links told the key path that they stand under."""
    if value.links:
        links = tuple([link._replace(key=key) for link in value.links])
        return value._replace(links=links, link=links[0] if value.link else None)
    if not value.children:
        return value
    names = [name for name in value.keys for _ in range(2)] or range(len(value.children))
    children = [_keyed(child, f"{key}.{name}") for name, child in zip(names, value.children, strict=True)]
    return value._replace(children=tuple(children))


def simple(data: bytes, start: int, end: int) -> Value | None:
    """The value of YAML that can be read line by line; None for any other. What `parsed` gives, ten times as fast."""
    if end - start > MAX_SIMPLE:
        return None
    keys: list[Value] = []
    values: list[Value] = []
    position = start
    while position < end:
        line = _SIMPLE_LINE.match(data, position, end)
        if line is None:
            return None
        if line.start("key") >= 0:
            keys.append(_text(data, *line.span("key")))
            values.append(_simple_value(data, line))
        elif line.start("item") >= 0:
            if not values or values[-1].span.start < values[-1].span.end:
                return None
            values[-1], line = _simple_list(data, line, end)
        position = line.end()
    children = tuple([value for pair in zip(keys, values, strict=True) for value in pair])
    return Value("map", Span(start, end), children=children, keys=tuple([key.raw for key in keys])) if keys else None


def _simple_value(data: bytes, line: re.Match[bytes]) -> Value:
    """What stands behind a name: a text, a list in brackets or nothing."""
    start, end = line.span("flow")
    if start >= 0:
        entries = _SIMPLE_ENTRY.finditer(data, start + 1, end - 1)
        return Value("list", Span(start, end), children=tuple([_text(data, *entry.span()) for entry in entries]))
    start, end = line.span("text")
    return _text(data, start, end) if start >= 0 else _text(data, line.end("key") + 1, line.end("key") + 1)


def _simple_list(data: bytes, line: re.Match[bytes], end: int) -> tuple[Value, re.Match[bytes]]:
    """The list whose first item is on a line, and its last line. To libyaml, it ends where the next name begins."""
    first, indent = line.end("indent"), line["indent"]
    items = [_text(data, *line.span("item"))]
    after = _SIMPLE_LINE.match(data, line.end(), end)
    while line.end() < end and after and after.start("key") < 0 and after["indent"] in {indent, None}:
        if after.start("item") >= 0:
            items.append(_text(data, *after.span("item")))
        line, after = after, _SIMPLE_LINE.match(data, after.end(), end)
    return Value("list", Span(first, line.end()), children=tuple(items)), line


def _text(data: bytes, start: int, end: int) -> Value:
    """A scalar without escapes, as it stands there."""
    quoted = data[start:end].startswith(b'"')
    raw = data[start + quoted : end - quoted].decode("utf-8")
    return _value(data, Span(start, end), raw, plain=not quoted)


def parsed(data: bytes, start: int, end: int) -> Value | None:
    """The value that YAML stands for, read by libyaml; None where there is none. Raises _Refused."""
    return _Tree(data, start, end).root()


class _Tree:
    """The value that a YAML text stands for, from libyaml's events. Raises _Refused."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self.data = data
        self.base = start
        self.text = data[start:end].decode("utf-8")
        self.ascii = self.text.isascii()

    def root(self) -> Value | None:
        """The first document's value; None where there is none."""
        stack: list[tuple[Any, list[Value]]] = []
        result: list[Value] = []
        documents = 0
        for nodes, event in enumerate(self._events()):
            name = type(event).__name__
            if nodes > MAX_NODES or len(stack) > MAX_DEPTH:
                raise _Refused("P01", "the properties are nested too deep or too many", event.start_mark.index)
            if name == "AliasEvent" or getattr(event, "anchor", None) or self._custom_tag(event):
                raise _Refused("P02", "anchors, aliases and tags of YAML are not read", event.start_mark.index)
            if name == "DocumentStartEvent":
                documents += 1
                if documents > 1:
                    raise _Refused("L06", "more than one YAML document", event.start_mark.index)
            elif name == "ScalarEvent":
                (stack[-1][1] if stack else result).append(self._scalar(event))
            elif name in {"MappingStartEvent", "SequenceStartEvent"}:
                stack.append((event, []))
            elif name in {"MappingEndEvent", "SequenceEndEvent"}:
                start, children = stack.pop()
                (stack[-1][1] if stack else result).append(self._container(start, event, children))
        if not result or result[0].kind == "null":
            return None
        return result[0]

    def _events(self) -> Iterator[Any]:
        import yaml  # here: 10 ms that a note without properties need not pay

        loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
        try:
            # libyaml refuses the escape of a lone surrogate, and all properties with it; this one is as long.
            yield from yaml.parse(_LONE_SURROGATE.sub(r"\\ufffd", self.text), Loader=loader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            if "nesting depth" in str(error.problem):  # libyaml's own limit, which PyYAML 6.0.4 brought: ours, sooner
                raise _Refused("P01", "the properties are nested too deep", mark.index if mark else 0) from error
            raise _Refused("L06", f"not valid YAML: {error.problem}", mark.index if mark else 0) from error
        except yaml.YAMLError as error:
            raise _Refused("L06", f"not valid YAML: {error}".splitlines()[0], getattr(error, "position", 0)) from error

    @staticmethod
    def _custom_tag(event: Any) -> bool:
        tag = getattr(event, "tag", None)
        return tag is not None and tag != "!"

    def _offset(self, index: int) -> int:
        return self.base + (index if self.ascii else len(self.text[:index].encode("utf-8")))

    def _span(self, start: int, end: int) -> Span:
        return Span(self._offset(start), self._offset(end))

    def _container(self, start: Any, end: Any, children: list[Value]) -> Value:
        span = self._span(start.start_mark.index, end.end_mark.index)
        if type(start).__name__ == "SequenceStartEvent":
            return Value("list", span, children=tuple(children))
        keys = children[::2]
        for key in keys:
            if key.children or key.kind in {"list", "map"}:
                raise _Refused("L06", "a property's name must be plain text", start.start_mark.index)
            if key.raw == "<<":
                raise _Refused("P02", "merge keys of YAML are not read", start.start_mark.index)
        return Value("map", span, children=tuple(children), keys=tuple(key.raw for key in keys))

    def _scalar(self, event: Any) -> Value:
        span = self._span(event.start_mark.index, event.end_mark.index)
        text = _SURROGATES.sub("\ufffd", event.value)
        return _value(self.data, span, text, plain=not event.style and event.tag is None)


def _value(data: bytes, span: Span, raw: str, *, plain: bool) -> Value:
    """A scalar. Links in it stand where they are found, or where they are written with escapes, at the scalar."""
    kind, text = scalar(raw) if plain else ("text", raw)
    if "[[" not in text:
        return Value(kind, span, text, raw)
    links = []
    position = span.start
    for match in WIKILINK.finditer(text):
        written = match.group().encode("utf-8")
        found = data.find(written, position, span.end)
        position = found + len(written) if found >= 0 else position
        place = Span(found, position) if found >= 0 else span
        link = wikilink(match.group(2), place, embed=bool(match.group(1)))
        links += [link] if link else []
    whole = links[0] if links and WIKILINK.fullmatch(text.strip()) else None
    return Value(kind, span, text, raw, whole, tuple(links))
