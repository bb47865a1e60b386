"""Front matter: YAML read from the parser's events, so that every key and value keeps its position.

Values follow the YAML 1.2 core schema with Obsidian's dates: PyYAML's own constructor would turn `yes` into true and
`12:30` into a number. This module reads events only: it builds no objects and does not recurse. So it can refuse
anchors, aliases and merge keys, the means of every YAML bomb, before they cost anything.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from kg.core.findings import Finding
from kg.core.text import Source, Span
from kg.notes.model import Property, Value
from kg.notes.values import WIKILINK, date_or_text, scalar, wikilink

MAX_BYTES = 64 * 1024
MAX_NODES = 10_000
MAX_DEPTH = 64

_OPEN = re.compile(rb"---[ \t]*(?:\r\n|\n|\r)")
_CLOSE = re.compile(rb"(?<=[\r\n])---[ \t]*(?:\r\n|\n|\r|\Z)")

_NEW_NAMES = {"tag": "tags", "alias": "aliases", "cssclass": "cssclasses"}
_OLD_AND_NEW = {*_NEW_NAMES, *_NEW_NAMES.values()}

_LONE_SURROGATE = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_TEMPLATE = re.compile(r"\{\{|<%")
_SURROGATES = re.compile("[\ud800-\udfff]")


class FrontMatter(NamedTuple):
    """The properties between the `---` lines, their findings, and the offset at which the body begins."""

    properties: tuple[Property, ...]
    findings: tuple[Finding, ...]
    body: int


class _YamlRefused(Exception):
    """YAML that kg refuses to read, with the code of the finding and the index of the character."""

    def __init__(self, code: str, message: str, index: int) -> None:
        super().__init__(message)
        self.code = code
        self.index = index


def read(path: str, source: Source) -> FrontMatter:
    """Return the front matter of a file; it is empty unless the file begins with a closed `---` block."""
    opened = _OPEN.match(source.data)
    closed = _CLOSE.search(source.data, opened.end()) if opened else None
    if not opened or not closed:
        return FrontMatter((), (), 0)
    start, end = opened.end(), closed.start()
    findings: list[Finding] = []
    try:
        if end - start > MAX_BYTES:
            raise _YamlRefused("P01", f"the properties have {end - start} bytes; the limit is {MAX_BYTES}", 0)
        root = _Tree(source.data, start, end).root()
        properties = tuple(_properties(path, root, source, findings))
    except _YamlRefused as refused:
        text = source.slice(start, end)
        properties = ()
        offset = start + len(text[: refused.index].encode("utf-8"))
        offset -= source.data[offset - 1 : offset + 1] == b"\r\n"  # no position lies between the two
        code, message = refused.code, str(refused)
        if _TEMPLATE.search(text):
            code, message = "P04", "a template: its properties are not read"
        findings = [_finding(path, source, code, message, Span(offset, offset))]
    return FrontMatter(properties, tuple(findings), closed.end())


def tree(text: str) -> Value | None:
    """The value of a whole YAML text, for example of a base. Raises ValueError."""
    try:
        if len(text) > MAX_BYTES:
            raise _YamlRefused("P01", f"more than {MAX_BYTES} characters", 0)
        return _Tree(text.encode("utf-8", "replace"), 0, len(text.encode("utf-8", "replace"))).root()
    except _YamlRefused as refused:
        raise ValueError(f"line {text[: refused.index].count(chr(10)) + 1}: {refused}") from refused


def _finding(path: str, source: Source, code: str, message: str, span: Span) -> Finding:
    start, end = source.position(span.start), source.position(span.end)
    return Finding(path, *start, *end, code, message)


def _properties(path: str, root: Value | None, source: Source, findings: list[Finding]) -> Iterator[Property]:
    if root is None:
        return
    if root.kind != "map":
        raise _YamlRefused("L06", "the properties must be `key: value` lines", 0)
    seen: set[str] = set()
    may_be_unquoted = b"[[" in source.data[root.span.start : root.span.end]
    for key, key_value, value in zip(root.keys, root.children[::2], root.children[1::2], strict=True):
        if key.lower() in seen:
            findings.append(_finding(path, source, "P03", f"the property “{key}” occurs here twice", key_value.span))
            continue
        seen.add(key.lower())
        for span in _unquoted(value, source) if may_be_unquoted else ():
            message = f"the link {source.slice(*span)} needs quotes in a property"
            findings.append(_finding(path, source, "L05", message, span))
        if key.lower() in _OLD_AND_NEW:
            findings += [_finding(path, source, "L14", reason, key_value.span) for reason in _outdated(key, value)]
        yield Property(key, key_value.span, _keyed(value, key))


def _unquoted(value: Value, source: Source) -> Iterator[Span]:
    """Yield the spans of `[[Note]]` without quotes: to YAML and Obsidian that is a list in a list, not a link."""
    if source.data.startswith(b"[[", value.span.start) and WIKILINK.fullmatch(source.slice(*value.span)):
        yield value.span
        return
    for child in value.children:
        yield from _unquoted(child, source)


def _outdated(key: str, value: Value) -> Iterator[str]:
    """Yield the messages about a property that Obsidian reads differently since 1.9."""
    if key in _NEW_NAMES:
        yield f"the property “{key}” is called “{_NEW_NAMES[key]}” now, and is not read by this name"
    elif key.lower() in _NEW_NAMES.values() and value.kind not in {"list", "map", "null"}:
        yield f"“{key}” must be a list, even with one value"


def _keyed(value: Value, key: str) -> Value:
    """Return the value with the key path set on its links."""
    if value.links:
        links = tuple([link._replace(key=key) for link in value.links])
        return value._replace(links=links, link=links[0] if value.link else None)
    if not value.children:
        return value
    names = [name for name in value.keys for _ in range(2)] or range(len(value.children))
    children = [_keyed(child, f"{key}.{name}") for name, child in zip(names, value.children, strict=True)]
    return value._replace(children=tuple(children))


class _Tree:
    """Builds the value of a YAML text from libyaml's events. Raises _YamlRefused."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self.data = data
        self.base = start
        self.text = data[start:end].decode("utf-8")
        self.ascii = self.text.isascii()

    def root(self) -> Value | None:
        """Return the first document's value; None if there is no value."""
        stack: list[tuple[Any, list[Value]]] = []
        result: list[Value] = []
        documents = 0
        for nodes, event in enumerate(self._events()):
            name = type(event).__name__
            if nodes > MAX_NODES or len(stack) > MAX_DEPTH:
                raise _YamlRefused("P01", "the properties are nested too deeply, or too many", event.start_mark.index)
            if name == "AliasEvent" or getattr(event, "anchor", None) or self._custom_tag(event):
                raise _YamlRefused("P02", "YAML anchors, aliases and tags are not read", event.start_mark.index)
            if name == "DocumentStartEvent":
                documents += 1
                if documents > 1:
                    raise _YamlRefused("L06", "more than one YAML document", event.start_mark.index)
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
        import yaml  # a note without properties saves these 10 ms

        loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
        try:
            # libyaml refuses the escape of a lone surrogate, and with it all properties. The replacement is as long.
            yield from yaml.parse(_LONE_SURROGATE.sub(r"\\ufffd", self.text), Loader=loader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            if "nesting depth" in str(error.problem):  # libyaml's own limit (since PyYAML 6.0.4) can precede ours
                raise _YamlRefused("P01", "the properties are nested too deeply", mark.index if mark else 0) from error
            raise _YamlRefused("L06", f"not valid YAML: {error.problem}", mark.index if mark else 0) from error
        except yaml.YAMLError as error:
            raise _YamlRefused(
                "L06", f"not valid YAML: {error}".splitlines()[0], getattr(error, "position", 0)
            ) from error

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
                raise _YamlRefused("L06", "a property's name must be plain text", start.start_mark.index)
            if key.raw == "<<":
                raise _YamlRefused("P02", "YAML merge keys are not read", start.start_mark.index)
        return Value("map", span, children=tuple(children), keys=tuple(key.raw for key in keys))

    def _scalar(self, event: Any) -> Value:
        span = self._span(event.start_mark.index, event.end_mark.index)
        text = _SURROGATES.sub("\ufffd", event.value)
        return _value(self.data, span, text, plain=not event.style and event.tag is None)


def _value(data: bytes, span: Span, raw: str, *, plain: bool) -> Value:
    """Return a scalar. Each link in it has its own span, or the scalar's if it is written with escapes.

    YAML has no dates: in quotes or not, Obsidian sees the same text. A number or checkbox in quotes is text.
    """
    kind, text = scalar(raw) if plain else date_or_text(raw)
    if "[[" not in text:
        return Value(kind, span, text, raw)
    links = []
    position = span.start
    for match in WIKILINK.finditer(text):
        written = match.group().encode("utf-8")
        start = data.find(written, position, span.end)
        position = start + len(written) if start >= 0 else position
        link_span = Span(start, position) if start >= 0 else span
        link = wikilink(match.group(2), link_span, embed=bool(match.group(1)))
        links += [link] if link else []
    whole = links[0] if links and WIKILINK.fullmatch(text.strip()) else None
    return Value(kind, span, text, raw, whole, tuple(links))
