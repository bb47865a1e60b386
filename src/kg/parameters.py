"""What a query is to be told: its parameters, their types, and the term that a given value means.

One row a type. Values are bound as terms and never pasted into a query, so that nothing that is given can change what
is asked.
"""

import datetime
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import pyoxigraph as ox

from kg.config import Config, resource
from kg.errors import KgError, NotFound
from kg.terms import XSD, Names

if TYPE_CHECKING:  # every query asks for its header; few have a name to look up
    from kg.naming import Naming
    from kg.ontology import Ontology

Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple

_DATE = re.compile(r"\d{4}-\d\d-\d\d\Z", re.A)
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d)(:\d\d(?:\.\d{1,9})?)?(Z|[-+]\d\d:\d\d)?\Z", re.A)
_NUMBER = re.compile(r"[-+]?(\d+(?P<whole>)|\d*\.\d+|\d+\.\d*)(?P<power>[eE][-+]?\d+)?\Z", re.A)
_TRUTH = {"true": "true", "yes": "true", "1": "true", "false": "false", "no": "false", "0": "false"}
_LONG = 2**63


@dataclass(frozen=True)
class Parameter:
    """A variable of a query that is bound to what somebody gives: one line of the query's header."""

    name: str
    type: str
    default: str | None = None
    optional: bool = False
    says: str = ""

    def __str__(self) -> str:
        default = f" = {self.default}" if self.default is not None else ""
        return f"{self.name}{'?' if self.optional else ''}: {self.type}{default}"


class Type(NamedTuple):
    """A type of parameter: what its values are, and the term that a text means. That raises ValueError for no value."""

    name: str
    says: str
    term: Callable[["Binder", str], Term]


@dataclass(frozen=True)
class Binder:
    """Binds parameters. Only what must be in the store needs that opened, and the ontology loaded: left until then."""

    config: Config
    elsewhere: bool = False
    """Whether a server elsewhere is asked, which may know IRIs that the store here does not."""

    @cached_property
    def naming(self) -> "Naming":
        """What names mean in the project's store. Raises StoreError, OntologyError."""
        from kg.naming import Naming
        from kg.ontology import load
        from kg.store import Store

        store = Store(self.config.store)
        folders = [resource("ontology").resolve(), *self.config.ontology]
        ontology = load(folders, self.config.all_prefixes, self.config.limits)
        return Naming(store, ontology, Names(store.prefixes["n"]), {**ontology.prefixes, **store.prefixes})

    def bind(self, params: Iterable[Parameter], given: Mapping[str, str | Term]) -> dict[str, str | Term]:
        """The terms of a query's parameters; what none of them declares stays what was given, and a term what it is.

        Raises KgError, NotFound.
        """
        bound: dict[str, str | Term] = dict(given)
        for param in params:
            value = given.get(param.name, param.default)
            if value is not None:
                bound[param.name] = self.term(param, value) if isinstance(value, str) else value
            elif not param.optional:
                says = f" ({param.says})" if param.says else ""
                raise KgError(
                    f"the query wants the parameter {param.name}, {TYPES[param.type].says}{says}: "
                    f"--param {param.name}=…"
                )
        return bound

    def term(self, param: Parameter, value: str) -> Term:
        """The term that a value means for a parameter. Raises KgError, NotFound."""
        try:
            return TYPES[param.type].term(self, value)
        except ValueError:
            raise KgError(f"the parameter {param.name} must be {TYPES[param.type].says}; “{value}” is none") from None
        except NotFound as error:
            raise NotFound(f"the parameter {param.name}: {error}") from error
        except KgError as error:
            if type(error) is not KgError:
                raise
            raise KgError(f"the parameter {param.name}: {error}") from error


def _literal(text: str, datatype: str) -> ox.Literal:
    return ox.Literal(text, datatype=ox.NamedNode(XSD + datatype))


def _written(binder: Binder, value: str) -> ox.NamedNode | None:
    """The IRI that a value is, or writes with a known prefix."""
    from kg.naming import written_iri

    return written_iri(value, binder.config.all_prefixes)


def _note(binder: Binder, value: str) -> Term:
    return (_written(binder, value) if binder.elsewhere else None) or binder.naming.thing(value.strip())


def _iri(binder: Binder, value: str) -> Term:
    found = _written(binder, value)
    if found is None:
        raise ValueError
    return found


def _class(binder: Binder, value: str) -> Term:
    from kg.naming import TYPE

    if binder.elsewhere and (given := _written(binder, value)):
        return given
    naming = binder.naming
    ontology = naming.ontology
    # The second are those that no note can name, such as Tag.
    named = ontology.class_named(value) or _by_name(ontology, ontology.classes).get(value.strip().casefold())
    found = ox.NamedNode(named) if named else naming.iri(value)
    if found and (named or _some(naming, None, TYPE, found)):
        return found
    raise NotFound(f"no class is named “{value}”{_near(value, ontology, ontology.classes)}")


def _property(binder: Binder, value: str) -> Term:
    """The property that a name can mean and that the vault uses; else the likeliest that the ontology declares."""
    if binder.elsewhere and (given := _written(binder, value)):
        return given
    naming = binder.naming
    found = naming.properties(value)
    used = [prop for prop in found if _some(naming, None, prop, None)]
    declared = [prop for prop in found if prop.value in naming.ontology.properties]
    for prop in (*used, *declared):
        return prop
    raise NotFound(f"no property is named “{value}”{_near(value, naming.ontology, naming.ontology.properties)}")


def _some(naming: "Naming", subject: object, predicate: object, obj: object) -> bool:
    return any(True for _ in naming.store.find(subject, predicate, obj, ox.DefaultGraph()))


def _near(value: str, ontology: "Ontology", terms: Collection[str]) -> str:
    """A term of the ontology whose name is nearly that."""
    from difflib import get_close_matches

    names = _by_name(ontology, terms)
    near = get_close_matches(value.casefold(), names, n=1, cutoff=0.7)
    return f"; did you mean “{_name(ontology, names[near[0]])}”?" if near else ""


def _by_name(ontology: "Ontology", terms: Collection[str]) -> dict[str, str]:
    """Terms of the ontology by their names, in small letters."""
    return {_name(ontology, term).casefold(): term for term in sorted(terms)}


def _name(ontology: "Ontology", term: str) -> str:
    from kg.ontology import local_name

    return ontology.label(term) or local_name(term)


def _integer(binder: Binder, value: str) -> Term:
    text = value.strip()
    if not re.fullmatch(r"[-+]?\d{1,19}", text, re.A) or not -_LONG <= int(text) < _LONG:
        raise ValueError
    return _literal(text, "integer")


def _number(binder: Binder, value: str) -> Term:
    text = value.strip()
    found = _NUMBER.match(text)
    if not found:
        raise ValueError
    if found["power"] is not None:
        return _literal(text, "double")
    return _integer(binder, text) if found["whole"] is not None else _literal(text, "decimal")


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
    found = _TIME.match(value.strip())
    if not found:
        raise ValueError
    text = f"{found[1]}{found[2] or ':00'}{found[3] or ''}"
    datetime.datetime.fromisoformat(text)  # there is no 13th month
    return _literal(text, "dateTime")


TYPES: Mapping[str, Type] = {
    row.name: row
    for row in (
        Type("text", "a text", lambda _, value: ox.Literal(value)),
        Type("note", "the name, alias, path or IRI of something in the vault", _note),
        Type("iri", "an IRI, whole or with a known prefix", _iri),
        Type("class", "a class, as notes name it", _class),
        Type("property", "a property, as notes name it", _property),
        Type("integer", "a whole number", _integer),
        Type("number", "a number", _number),
        Type("decimal", "a number", _number),
        Type("boolean", "yes or no", _boolean),
        Type("date", "a date such as 2026-01-31, or today", _date),
        Type("dateTime", "a time such as 2026-01-31T09:30", _time),
    )
}
