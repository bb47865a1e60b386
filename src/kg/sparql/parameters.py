"""Query parameters: declaration, types, and conversion of values to RDF terms.

`TYPES` has a row for each type. Values are bound as terms and never pasted into a query, so that no value can change
what the query asks.
"""

import datetime
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import pyoxigraph as ox

from kg.config import Config
from kg.core.errors import KgError, NotFound
from kg.core.spelling import did_you_mean, nearest
from kg.rdf.terms import XSD
from kg.rdf.vocabulary import TYPE

if TYPE_CHECKING:
    from kg.mapping.ontology import Ontology
    from kg.store.lookup import Lookup


Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple

_DATE = re.compile(r"\d{4}-\d\d-\d\d\Z", re.A)
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d)(:\d\d(?:\.\d{1,9})?)?(Z|[-+]\d\d:\d\d)?\Z", re.A)
_NUMBER = re.compile(r"[-+]?(\d+(?P<whole>)|\d*\.\d+|\d+\.\d*)(?P<power>[eE][-+]?\d+)?\Z", re.A)
_TRUTH = {"true": "true", "yes": "true", "1": "true", "false": "false", "no": "false", "0": "false"}
_LONG = 2**63


@dataclass(frozen=True)
class Parameter:
    """A variable of a query that the caller binds: a line of the query's header."""

    name: str
    type: str
    default: str | None = None
    optional: bool = False
    says: str = ""

    def __str__(self) -> str:
        default = f" = {self.default}" if self.default is not None else ""
        return f"{self.name}{'?' if self.optional else ''}: {self.type}{default}"


class Type(NamedTuple):
    """A parameter type: a phrase for its values, and the conversion of a text to a term, which raises ValueError."""

    name: str
    says: str
    term: Callable[["Binder", str], Term]


@dataclass(frozen=True)
class Binder:
    """Binds parameters. Opens the store and loads the ontology only for a value that must be in the store."""

    config: Config
    elsewhere: bool = False
    """Whether the query runs on another server, which may know IRIs that this store does not."""
    known: "Lookup | None" = field(default=None, repr=False, compare=False)
    """The look-up of names in the store that is asked, if that is open already."""

    @cached_property
    def naming(self) -> "Lookup":
        """The look-up of names in the project's store. Raises StoreError, OntologyError."""
        from kg.store.project import Project

        return self.known or Project.open(self.config).lookup

    @property
    def prefixes(self) -> Mapping[str, str]:
        """The prefixes that a value may have."""
        from kg.store.project import known_prefixes

        return self.known.prefixes if self.known else known_prefixes(self.config)

    def bind(self, params: Iterable[Parameter], values: Mapping[str, str | Term]) -> dict[str, str | Term]:
        """Convert the values of a query's parameters to terms. Undeclared values and terms stay as they are.

        Raises KgError, NotFound.
        """
        bound: dict[str, str | Term] = dict(values)
        for param in params:
            value = values.get(param.name, param.default)
            if value is not None:
                bound[param.name] = self.term(param, value) if isinstance(value, str) else value
            elif not param.optional:
                description = f" ({param.says})" if param.says else ""
                raise KgError(
                    f"the query needs the parameter {param.name}, {TYPES[param.type].says}{description}: "
                    f"--param {param.name}=…"
                )
        return bound

    def term(self, param: Parameter, value: str) -> Term:
        """Convert the value of a parameter to a term. Raises KgError, NotFound."""
        try:
            return TYPES[param.type].term(self, value)
        except ValueError:
            raise KgError(f"the parameter {param.name} must be {TYPES[param.type].says}, not “{value}”") from None
        except NotFound as error:
            raise NotFound(f"the parameter {param.name}: {error}") from error
        except KgError as error:
            if type(error) is not KgError:
                raise
            raise KgError(f"the parameter {param.name}: {error}") from error


def _literal(text: str, datatype: str) -> ox.Literal:
    return ox.Literal(text, datatype=ox.NamedNode(XSD + datatype))


def _written(binder: Binder, value: str) -> ox.NamedNode | None:
    """The IRI that a value spells, whole or with a known prefix; None if it is neither."""
    from kg.store.name_meanings import written_iri

    return written_iri(value, binder.prefixes)


def _note(binder: Binder, value: str) -> Term:
    return (_written(binder, value) if binder.elsewhere else None) or binder.naming.thing(value.strip())


def _iri(binder: Binder, value: str) -> Term:
    iri = _written(binder, value)
    if iri is None:
        raise ValueError
    return iri


def _class(binder: Binder, value: str) -> Term:

    if binder.elsewhere and (iri := _written(binder, value)):
        return iri
    naming = binder.naming
    ontology = naming.ontology
    by_name = _by_name(ontology, ontology.classes)  # it also has classes that no note can name, for example Tag
    name = value.strip().casefold()
    class_iri = ontology.class_named(value) or by_name.get(name) or by_name.get(name.removesuffix("s"))
    class_ = ox.NamedNode(class_iri) if class_iri else naming.iri(value)
    if class_ and (class_iri or naming.store.has(None, TYPE, class_)):
        return class_
    raise NotFound(f"no class is named “{value}”{_suggestion(value, ontology, ontology.classes)}")


def _property(binder: Binder, value: str) -> Term:
    """The likeliest property of that name in use in the vault; else the likeliest that the ontology declares."""
    if binder.elsewhere and (iri := _written(binder, value)):
        return iri
    naming = binder.naming
    candidates = naming.properties(value)
    used = [prop for prop in candidates if naming.store.has(None, prop, None)]
    declared = [prop for prop in candidates if prop.value in naming.ontology.properties]
    for prop in (*used, *declared):
        return prop
    raise NotFound(f"no property is named “{value}”{_suggestion(value, naming.ontology, naming.ontology.properties)}")


def _suggestion(value: str, ontology: "Ontology", terms: Collection[str]) -> str:
    """A hint with the ontology term of the most similar name; empty if none is similar."""
    names = _by_name(ontology, terms)
    similar = nearest(value, names)
    return did_you_mean(similar and f"“{_name(ontology, names[similar])}”")


def _by_name(ontology: "Ontology", terms: Collection[str]) -> dict[str, str]:
    """Terms of the ontology by their names in lower case."""
    return {_name(ontology, term).casefold(): term for term in sorted(terms)}


def _name(ontology: "Ontology", term: str) -> str:
    from kg.mapping.ontology import local_name

    return ontology.label(term) or local_name(term)


def _integer(binder: Binder, value: str) -> Term:
    text = value.strip()
    if not re.fullmatch(r"[-+]?\d{1,19}", text, re.A) or not -_LONG <= int(text) < _LONG:
        raise ValueError
    return _literal(text, "integer")


def _number(binder: Binder, value: str) -> Term:
    text = value.strip()
    match = _NUMBER.match(text)
    if not match:
        raise ValueError
    if match["power"] is not None:
        return _literal(text, "double")
    return _integer(binder, text) if match["whole"] is not None else _literal(text, "decimal")


def _boolean(binder: Binder, value: str) -> Term:
    text = _TRUTH.get(value.strip().casefold())
    if text is None:
        raise ValueError
    return _literal(text, "boolean")


def _date(binder: Binder, value: str) -> Term:
    text = value.strip()
    if text == "today":
        text = datetime.datetime.now().astimezone().date().isoformat()
    if not _DATE.match(text):
        raise ValueError
    return _literal(datetime.date.fromisoformat(text).isoformat(), "date")


def _time(binder: Binder, value: str) -> Term:
    match = _TIME.match(value.strip())
    if not match:
        raise ValueError
    text = f"{match[1]}{match[2] or ':00'}{match[3] or ''}"
    datetime.datetime.fromisoformat(text)  # rejects a 13th month
    return _literal(text, "dateTime")


TYPES: Mapping[str, Type] = {
    row.name: row
    for row in (
        Type("text", "a text", lambda _, value: ox.Literal(value)),
        Type("note", "the name, alias, path or IRI of a thing in the vault", _note),
        Type("iri", "an IRI, whole or with a known prefix", _iri),
        Type("class", "a class, as notes name it", _class),
        Type("property", "a property, as notes name it", _property),
        Type("integer", "a whole number", _integer),
        Type("number", "a number", _number),
        Type("decimal", "a number", _number),
        Type("boolean", "yes or no", _boolean),
        Type("date", "a date like 2026-01-31, or today", _date),
        Type("dateTime", "a time like 2026-01-31T09:30", _time),
    )
}
