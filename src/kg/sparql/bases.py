"""Obsidian's Bases as listings: the filters, columns, order and limit of the first view of a `.base` file.

See https://help.obsidian.md/bases/syntax. Formulas are left out with a notice if they are columns, and refused in
filters.
"""

from collections.abc import Mapping
from itertools import chain

from kg.notes.frontmatter import tree
from kg.notes.model import Value
from kg.sparql.dataview import Translation
from kg.sparql.expressions import EXPRESSION, Untranslated, condition, parsed, parts_of
from kg.sparql.listing import Condition, Listing, Negated, Several

_JOINS = {"and": True, "or": False}


def translation(text: str) -> Translation:
    """The listing of the first view of a base. Raises Untranslated."""
    try:
        root = _entries(tree(text))
    except ValueError as error:
        raise Untranslated(f"the base is not readable: {error}") from None
    views = _items(root.get("views"))
    view = _entries(views[0]) if views else {}
    titles = {
        _column(key): _text(_entries(value).get("displayName"))
        for key, value in _entries(root.get("properties")).items()
    }
    names = [_column(item.text) for item in _items(view.get("order"))]
    keys = [_entries(item) for item in _items(view.get("sort"))]
    order = [
        (_column(_text(key.get("property") or key.get("column"))), _text(key.get("direction")).upper() == "DESC")
        for key in keys
    ]
    filters = (root.get("filters"), view.get("filters"))
    left_out = [name for name in (*names, *(name for name, _ in order)) if name.startswith("formula.")]
    listing = Listing(
        columns=tuple((titles.get(name) or name, name) for name in names if name not in {*left_out, "file.name"}),
        where=tuple(chain(*(parts_of(_filter(value)) for value in filters if value))),
        order=tuple(key for key in order if key[0] and key[0] not in left_out),
        limit=int(limit) if (limit := _text(view.get("limit"))).isdecimal() and int(limit) else None,
    )
    notices = [f"{name} is computed: left out" for name in dict.fromkeys(left_out)]
    if len(views) > 1:
        notices.append(f"the first of {len(views)} views: {_text(view.get('name')) or 'without a name'}")
    return Translation(listing, tuple(notices))


def _filter(value: Value) -> Condition:
    """A filter: an expression, or filters under `and`, `or` or `not`. Raises Untranslated."""
    if value.kind not in {"map", "list"}:
        return condition(parsed(EXPRESSION, value.raw or value.text, "the filter")[0])
    parts: list[Condition] = []
    for key, content in _entries(value).items():
        inner = tuple(map(_filter, _items(content)))
        if key not in {*_JOINS, "not"}:
            raise Untranslated(f"the filter “{key}” is not translated")
        if inner:
            joined = inner[0] if len(inner) == 1 else Several(_JOINS.get(key, False), inner)
            parts.append(Negated(joined) if key == "not" else joined)
    return parts[0] if len(parts) == 1 else Several(True, tuple(parts))


def _column(name: str) -> str:
    """The name of a column without its `note.`."""
    return name.removeprefix("note.")


def _entries(value: Value | None) -> Mapping[str, Value]:
    return dict(zip(value.keys, value.children[1::2], strict=True)) if value and value.kind == "map" else {}


def _items(value: Value | None) -> tuple[Value, ...]:
    return value.children if value and value.kind == "list" else (value,) if value and value.text else ()


def _text(value: Value | None) -> str:
    return (value.raw or value.text) if value else ""
