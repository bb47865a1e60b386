"""Front matter: YAML read from the parser's events, so that every key and value keeps its place.

Values follow the YAML 1.2 core schema with Obsidian's dates: PyYAML's own constructor would make `yes` true and
`12:30` a number. Only events are read (no objects are built, no recursion), so anchors, aliases and merge keys,
the means of every YAML bomb, are refused before they can cost anything.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from kg.findings import Finding
from kg.note import Link, Property, Value
from kg.source import Source, Span
from kg.values import WIKILINK, scalar, wikilink

MAX_BYTES = 64 * 1024
MAX_NODES = 10_000
MAX_DEPTH = 64

_OPEN = re.compile(rb"---[ \t]*(?:\r\n|\n|\r)")
_CLOSE = re.compile(rb"(?<=[\r\n])---[ \t]*(?:\r\n|\n|\r|\Z)")
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
    text = source.slice(start, end)
    findings: list[Finding] = []
    try:
        if end - start > MAX_BYTES:
            raise _Refused("P01", f"the properties take {end - start} bytes; {MAX_BYTES} are read", 0)
        properties = tuple(_properties(path, text, start, source, findings))
    except _Refused as refused:
        properties = ()
        offset = start + len(text[: refused.index].encode("utf-8"))
        code, message = refused.code, str(refused)
        if _TEMPLATE.search(text):
            code, message = "P04", "a template: its properties are not read"
        findings = [_finding(path, source, code, message, Span(offset, offset))]
    return FrontMatter(properties, tuple(findings), closed.end())


def _finding(path: str, source: Source, code: str, message: str, span: Span) -> Finding:
    start, end = source.position(span.start), source.position(span.end)
    return Finding(path, *start, *end, code, message)


def _properties(path: str, text: str, base: int, source: Source, findings: list[Finding]) -> Iterator[Property]:
    root = _Tree(text, base).root()
    if root is None:
        return
    if root.kind != "map":
        raise _Refused("L06", "the properties must be `key: value` lines", 0)
    seen: set[str] = set()
    for key, key_value, value in zip(root.keys, root.children[::2], root.children[1::2], strict=True):
        if key.lower() in seen:
            findings.append(_finding(path, source, "P03", f"the property “{key}” stands here twice", key_value.span))
            continue
        seen.add(key.lower())
        unquoted = _unquoted_link(value)
        if unquoted:
            message = f"the link [[{unquoted.text}]] needs quotes in a property"
            findings.append(_finding(path, source, "L05", message, unquoted.span))
        yield Property(key, key_value.span, _keyed(value, key))


def _unquoted_link(value: Value) -> Value | None:
    """`up: [[Note]]` is, to YAML, a list in a list; the text that stands in it."""
    if value.kind == "list" and len(value.children) == 1 and value.children[0].kind == "list":
        inner = value.children[0].children
        if len(inner) == 1 and not inner[0].children:
            return inner[0]
    return None


def _keyed(value: Value, key: str) -> Value:
    """The value with its links told the key path that they stand under."""
    if value.kind == "list":
        children = tuple(_keyed(child, f"{key}.{n}") for n, child in enumerate(value.children))
        return value._replace(children=children)
    if value.kind == "map":
        names = [name for name in value.keys for _ in range(2)]
        return value._replace(
            children=tuple(_keyed(child, f"{key}.{name}") for name, child in zip(names, value.children, strict=True))
        )
    links = tuple(link._replace(key=key) for link in value.links)
    return value._replace(links=links, link=links[0] if value.link else None)


class _Tree:
    """The value that a YAML text stands for, from libyaml's events. Raises _Refused."""

    def __init__(self, text: str, base: int) -> None:
        self.text = text
        self.base = base
        self.ascii = text.isascii()

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
        text = _SURROGATES.sub("\ufffd", event.value)
        span = self._span(event.start_mark.index, event.end_mark.index)
        plain = not event.style and event.tag is None
        raw = text
        kind, text = scalar(text) if plain else ("text", text)
        links = tuple(self._links(event, text)) if "[[" in text else ()
        whole = links[0] if links and WIKILINK.fullmatch(text.strip()) else None
        return Value(kind, span, text, raw, whole, links)

    def _links(self, event: Any, text: str) -> Iterator[Link]:
        index = event.start_mark.index
        for match in WIKILINK.finditer(text):
            found = self.text.find(match.group(), index, event.end_mark.index)
            if found < 0:  # written with escapes: the value's own place is the nearest there is
                span = self._span(event.start_mark.index, event.end_mark.index)
            else:
                index = found + len(match.group())
                span = self._span(found, index)
            yield wikilink(match, span)
