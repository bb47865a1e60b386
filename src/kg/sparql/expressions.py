"""The expressions of Dataview and of Obsidian's Bases: parse them, and turn the simple ones into conditions.

Dataview: https://blacksmithgu.github.io/obsidian-dataview/reference/expressions/. Bases:
https://help.obsidian.md/bases/syntax. Their operators and calls are the same but for the names of the functions.
"""

import datetime
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pyparsing as pp

from kg.core.errors import KgError
from kg.sparql.listing import Comparison, Condition, InPlace, Negated, Several

_LONGEST = 20_000
_SIGNS = {"==": "=", "=": "=", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_DAYS = {"d": 1, "day": 1, "days": 1, "w": 7, "wk": 7, "wks": 7, "week": 7, "weeks": 7}
_DURATION = re.compile(r"(\d{1,5})\s*([a-z]+)\Z", re.I)
_INFIX = {"compare", "sum", "and", "or"}


class SyntaxNode(NamedTuple):
    """A part of an expression: its kind, its text, and its own parts."""

    kind: str
    text: str = ""
    parts: tuple["SyntaxNode", ...] = ()

    def __str__(self) -> str:
        if self.kind in _INFIX:
            return f" {self.text or self.kind} ".join(map(str, self.parts))
        inner = ", ".join(map(str, self.parts))
        return f"{self.text or self.kind}({inner})" if self.parts or self.kind == "call" else self.text


class Untranslated(KgError):
    """A part of a Dataview query or a base that kg does not translate."""


# ---- the grammar -----------------------------------------------------------------------------------------------------


def _leaf(kind: str) -> Callable[[Any], SyntaxNode]:
    return lambda tokens: SyntaxNode(kind, tokens[0])


def _dated(tokens: Any) -> SyntaxNode:
    text = str(tokens[0]).partition("(")[2][:-1].strip()
    return SyntaxNode(
        "date" if text and (text[0].isdigit() or text in {"today", "tomorrow", "yesterday", "now"}) else "name", text
    )


def _chain(tokens: Any) -> SyntaxNode:
    """A name with its members and calls: `file.name`, `tags.contains(…)`, `note["a b"]`."""
    first, *rest = tokens
    node: SyntaxNode = first if isinstance(first, SyntaxNode) else SyntaxNode("name", first)
    for step in rest:
        if isinstance(step, SyntaxNode) and step.kind == "arguments":
            called = node.parts[0] if node.kind == "member" else None
            node = SyntaxNode("call", node.text.rpartition(".")[2], ((called,) if called else ()) + step.parts)
        elif node.kind in {"name", "member"}:
            node = SyntaxNode("member", f"{node.text}.{step}", (node._replace(kind="name", parts=()),))
        else:
            node = SyntaxNode("member", str(step), (node,))
    return SyntaxNode("name", node.text) if node.kind == "member" and node.parts[0].kind == "name" else node


def _binary(tokens: Any) -> SyntaxNode:
    """A comparison or a sum, from the left."""
    node, *rest = tokens
    for sign, other in zip(rest[::2], rest[1::2], strict=True):
        node = SyntaxNode("compare" if sign in _SIGNS else "sum", sign, (node, other))
    return SyntaxNode(*node)


def _joined(kind: str) -> Callable[[Any], SyntaxNode]:
    return lambda tokens: SyntaxNode(kind, "", tuple(tokens)) if len(tokens) > 1 else SyntaxNode(*tokens[0])


def _expression() -> pp.ParserElement:
    """The grammar of expressions. Each alternative begins differently, so that no text takes long."""
    expression = pp.Forward()
    reserved = pp.Regex(
        r"(?i:from|where|sort|flatten|limit|as|asc|desc|ascending|descending|and|or|group\s+by)\b(?![-.(])"
    )
    word = ~reserved + pp.Regex(r"[^\W\d][\w-]*")
    arguments = pp.Suppress("(") + pp.Optional(pp.DelimitedList(expression)) + pp.Suppress(")")
    arguments.set_parse_action(lambda tokens: SyntaxNode("arguments", "", tuple(tokens)))
    text = pp.QuotedString('"', esc_char="\\") | pp.QuotedString("'", esc_char="\\")
    member = pp.Suppress(".") + pp.Regex(r"[^\W\d][\w-]*") | pp.Suppress("[") + (text | pp.Regex(r"\d+")) + pp.Suppress(
        "]"
    )
    link = pp.Regex(r"\[\[([^\]|]*)[^\]]*\]\]").set_parse_action(lambda tokens: SyntaxNode("link", tokens[0]))
    items = pp.Suppress("[") + pp.Optional(pp.DelimitedList(expression)) + pp.Suppress("]")
    items.set_parse_action(lambda tokens: SyntaxNode("list", "", tuple(tokens)))
    atom = (
        text.copy().set_parse_action(_leaf("text"))
        | link
        | items
        | pp.Regex(r"#[\w/-]+").set_parse_action(_leaf("tag"))
        | pp.Regex(r"date\([^()\"']*\)", re.I).set_parse_action(_dated)
        | pp.Regex(r"dur\(([^()]*)\)", re.I).set_parse_action(lambda tokens: SyntaxNode("dur", tokens[0][4:-1].strip()))
        | pp.Regex(r"\d{4}-\d\d-\d\d([T ][\d:.]+)?").set_parse_action(_leaf("date"))
        | pp.Regex(r"\d+(\.\d+)?").set_parse_action(_leaf("number"))
        | pp.Suppress("(") + expression + pp.Suppress(")")
        | word
    )
    chain = (atom + pp.ZeroOrMore(member | arguments)).set_parse_action(_chain)
    unary = pp.Forward()
    unary <<= (pp.Suppress(pp.one_of("! -")) + unary).set_parse_action(lambda t: SyntaxNode("not", "", (t[0],))) | chain
    total = (unary + pp.ZeroOrMore(pp.one_of("+ - * / %") + unary)).set_parse_action(_binary)
    comparison = (total + pp.Optional(pp.one_of(list(_SIGNS)) + total)).set_parse_action(_binary)
    both = pp.Suppress(pp.Regex(r"&&?|and\b", re.I))
    either = pp.Suppress(pp.Regex(r"\|\|?|or\b", re.I))
    every = (comparison + pp.ZeroOrMore(both + comparison)).set_parse_action(_joined("and"))
    expression <<= (every + pp.ZeroOrMore(either + every)).set_parse_action(_joined("or"))
    return expression


EXPRESSION = _expression()


def parsed(grammar: pp.ParserElement, text: str, what: str) -> pp.ParseResults:
    """Parse the whole of a text. Raises Untranslated with the place that is not understood."""
    if len(text) > _LONGEST:
        raise Untranslated(f"{what} has more than {_LONGEST:,} characters")
    try:
        return grammar.parse_string(text, parse_all=True)
    except pp.ParseBaseException as error:
        rest = " ".join(text[error.loc :].split()) or "its end"
        place = f"line {error.lineno}, column {error.column}"
        raise Untranslated(f"{what} is not translated from here on ({place}): {rest[:60]}") from None
    except RecursionError:
        raise Untranslated(f"{what} has too many brackets inside each other") from None


# ---- conditions ------------------------------------------------------------------------------------------------------


def condition(node: SyntaxNode) -> Condition:
    """The condition that an expression states. Raises Untranslated."""
    match node:
        case SyntaxNode("and" | "or", _, parts):
            return Several(node.kind == "and", tuple(map(condition, parts)))
        case SyntaxNode("not", _, (SyntaxNode("name", name),)):
            return Comparison(name, "absent")
        case SyntaxNode("not", _, (part,)):
            return Negated(condition(part))
        case SyntaxNode("name", name):
            return Comparison(_own(name), "present")
        case SyntaxNode("compare", sign, (left, right)):
            return _comparison(_SIGNS[sign], left, right)
        case SyntaxNode("call", name, parts) if parts and name.lower() in _CALLS:
            return _CALLS[name.lower()](parts[0], parts[1:])
    raise Untranslated(f"the condition {node} is not translated")


def parts_of(condition: Condition) -> tuple[Condition, ...]:
    """The conditions that must all hold; each is counted by itself if nothing meets all."""
    return condition.parts if isinstance(condition, Several) and condition.every else (condition,)


def _own(name: str) -> str:
    """A name of a column; `this` is the note with the query, which kg does not know."""
    if name == "this" or name.startswith(("this.", "formula.", "rows")):
        raise Untranslated(f"{name} is not translated")
    return name


def _comparison(sign: str, left: SyntaxNode, right: SyntaxNode) -> Condition:
    if left.kind != "name" or (right.kind == "name" and right.text in {"file", "this"}):
        left, right, sign = right, left, _MIRRORED.get(sign, sign)
    if left.kind != "name":
        raise Untranslated(f"the comparison of {left} and {right} is not translated")
    name = _own(left.text)
    if right == SyntaxNode("name", "null"):
        return Comparison(name, "absent" if sign == "=" else "present")
    if right == SyntaxNode("name", "false") and sign in "=!=":
        return Comparison(name, "absent" if sign == "=" else "present")
    return Comparison(name, sign, value(right))


def value(node: SyntaxNode) -> str:
    """The text of a literal; a date may have days added. Raises Untranslated."""
    match node:
        case SyntaxNode("text" | "number" | "date" | "link" | "tag", text):
            return "today" if text == "now" and node.kind == "date" else text
        case SyntaxNode("name", "true" | "false" as text):
            return text
        case SyntaxNode("not", _, (SyntaxNode("number", text),)):
            return f"-{text}"
        case SyntaxNode("call", "today" | "now", ()):
            return "today"
        case SyntaxNode("call", "link" | "date" | "file", (SyntaxNode("text", text),)):
            return text
        case SyntaxNode("sum", "+" | "-" as sign, (day, SyntaxNode("dur" | "text", text))):
            return _moved(value(day), text, 1 if sign == "+" else -1)
    raise Untranslated(f"{node} is not translated: compare with a text, a number, a date or a link")


def _moved(day: str, duration: str, sign: int) -> str:
    """A date some days or weeks before or after another. Raises Untranslated."""
    match = _DURATION.match(duration.strip())
    days = _DAYS.get(match[2].lower()) if match else None
    if match is None or days is None:
        raise Untranslated(f"the duration “{duration}” is not translated: write days or weeks")
    today = datetime.datetime.now().astimezone().date()
    try:
        start = today if day == "today" else datetime.date.fromisoformat(day[:10])
        return (start + datetime.timedelta(days=sign * days * int(match[1]))).isoformat()
    except (ValueError, OverflowError):
        raise Untranslated(f"{day} is not a date") from None


# ---- calls -----------------------------------------------------------------------------------------------------------


def _contains(of: SyntaxNode, arguments: tuple[SyntaxNode, ...]) -> Condition:
    return _any(of, arguments, every=True)


def _contains_any(of: SyntaxNode, arguments: tuple[SyntaxNode, ...]) -> Condition:
    return _any(of, arguments, every=False)


def _any(of: SyntaxNode, arguments: tuple[SyntaxNode, ...], *, every: bool) -> Condition:
    if of.kind == "call" and of.text == "list" and of.parts:
        of = of.parts[0]
    if of.kind != "name" or not arguments:
        raise Untranslated(f"contains({of}) is not translated")
    parts = tuple(_holds(_own(of.text), argument) for argument in arguments)
    return parts[0] if len(parts) == 1 else Several(every, parts)


_LISTS = {
    "tags": "tag", "file.tags": "tag", "file.etags": "tag", "note.tags": "tag",
    "file.outlinks": "links to", "file.links": "links to",
    "file.inlinks": "linked from", "file.backlinks": "linked from",
}  # fmt: skip


def _holds(name: str, node: SyntaxNode) -> Condition:
    """A list has a value, or a text contains another."""
    text = value(node)
    if name in _LISTS:
        return InPlace(_LISTS[name], plain(text))
    return Comparison(name, "~" if node.kind == "text" else "=", text)


def plain(text: str) -> str:
    """A link or tag without its brackets or sign."""
    return text[2:-2].partition("|")[0].partition("#")[0] if text.startswith("[[") else text.removeprefix("#")


def _places(kind: str) -> Callable[[SyntaxNode, tuple[SyntaxNode, ...]], Condition]:
    def of_file(of: SyntaxNode, arguments: tuple[SyntaxNode, ...]) -> Condition:
        if of != SyntaxNode("name", "file") or not arguments:
            raise Untranslated(f"{of} is not translated")
        parts = tuple(InPlace(kind, plain(value(argument))) for argument in arguments)
        return parts[0] if len(parts) == 1 else Several(False, parts)

    return of_file


def _has_property(of: SyntaxNode, arguments: tuple[SyntaxNode, ...]) -> Condition:
    return Comparison(value(arguments[0]), "present")


def _is_empty(of: SyntaxNode, arguments: tuple[SyntaxNode, ...]) -> Condition:
    return condition(SyntaxNode("not", "", (of,)))


_CALLS: Mapping[str, Callable[[SyntaxNode, tuple[SyntaxNode, ...]], Condition]] = {
    "contains": _contains,
    "icontains": _contains,
    "econtains": _contains,
    "containsany": _contains_any,
    "containsall": _contains,
    "hastag": _places("tag"),
    "infolder": _places("in"),
    "haslink": _places("links to"),
    "hasproperty": _has_property,
    "isempty": _is_empty,
}
