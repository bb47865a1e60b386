"""Views as JSON, and the JSON Schema of their types: both follow the fields of NamedTuples and dataclasses."""

import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pyoxigraph as ox

from kg.rdf.vocabulary import iri_of
from kg.server.pages import addresses
from kg.views.open_vault import Shown

Schema = dict[str, Any]
_PAGE = "page"
"""The property that a term has in JSON beside its fields: the address of its page."""
_SIMPLE: Mapping[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}


def json_value(value: object, base: str) -> Any:
    """A value as JSON has it; `base` is that of the vault's IRIs. A term has the address of its page, too."""
    if isinstance(value, Shown):
        page = {_PAGE: addresses.of_thing(value.iri, base)} if value.iri else {}
        return {**value._asdict(), **page}
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, ox.NamedNode | ox.BlankNode | ox.Literal):
        return iri_of(value) if isinstance(value, ox.NamedNode) else value.value
    if isinstance(value, Mapping):
        return {str(key): json_value(row, base) for key, row in value.items()}
    kind: Any = type(value)
    if names := field_names(kind):
        return {name: json_value(getattr(value, name), base) for name in names}
    if isinstance(value, Sequence | set | frozenset):
        return [json_value(row, base) for row in value]
    return value.as_posix() if isinstance(value, Path) else str(value)


@lru_cache(1_000)
def field_names(kind: type) -> tuple[str, ...]:
    """The names of the fields of a NamedTuple or a dataclass; empty for other types."""
    if is_dataclass(kind):
        return tuple(row.name for row in fields(kind) if not row.name.startswith("_"))
    return tuple(getattr(kind, "_fields", ()))


@dataclass
class Schemas:
    """The schemas of types; those of types with fields are named, and refer to each other."""

    named: dict[str, Schema] = field(default_factory=dict)

    def of(self, kind: Any) -> Schema:
        """The schema of a type."""
        if kind in _SIMPLE:
            return {"type": _SIMPLE[kind]}
        if isinstance(kind, type) and field_names(kind):
            return self._reference(kind)
        origin, inner = get_origin(kind), get_args(kind)
        if origin in {Union, types.UnionType}:
            return {"anyOf": [self.of(row) for row in inner]}
        if origin is Literal:
            return {"type": "string", "enum": [*inner]}
        return self._collection(origin, inner) if origin else self._plain(kind)

    def _collection(self, origin: Any, inner: tuple[Any, ...]) -> Schema:
        if issubclass(origin, Mapping):
            return {"type": "object", "additionalProperties": self.of(inner[1])}
        if issubclass(origin, tuple) and inner and inner[-1] is not Ellipsis:
            return {
                "type": "array",
                "prefixItems": [self.of(row) for row in inner],
                "minItems": len(inner),
                "maxItems": len(inner),
            }
        return {"type": "array", "items": self.of(inner[0]) if inner else {}}

    @staticmethod
    def _plain(kind: Any) -> Schema:
        """The schema of a type without parts."""
        is_term = isinstance(kind, type) and kind.__module__.startswith("pyoxigraph")
        return {"type": "string"} if is_term or (isinstance(kind, type) and issubclass(kind, Path)) else {}

    def _reference(self, kind: type) -> Schema:
        if kind.__name__ not in self.named:
            self.named[kind.__name__] = {}  # it may refer to itself
            hints = get_type_hints(kind)
            properties = {name: self.of(hints[name]) for name in field_names(kind)}
            if kind is Shown:
                properties[_PAGE] = {"type": "string", "description": "The address of its page."}
            self.named[kind.__name__] = {
                "type": "object",
                "description": _first_sentence(kind.__doc__ or ""),
                "properties": properties,
                "required": [*field_names(kind)],
            }
        return {"$ref": f"#/components/schemas/{kind.__name__}"}


def _first_sentence(text: str) -> str:
    return " ".join(text.partition("\n\n")[0].split())


def result_of(work: Callable[..., Any]) -> Any:
    """The type of what a function returns."""
    return typing.get_type_hints(work)["return"]
