"""The triples that would resolve a result of a shape, where more triples can: too few values, or no class."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, product

import pyoxigraph as ox

from kg.mapping.ontology import Ontology
from kg.rdf.terms import SH, XSD
from kg.rdf.vocabulary import DESCRIBES, LINKS_TO, TYPE, Find, Term
from kg.validation.pyshacl_runner import Violation
from kg.validation.ranges import is_of_range
from kg.validation.shapes import Shapes

Goals = tuple[ox.Triple, ...]
"""Triples that must all hold."""
_DEEPEST = 4
_MOST = 200
_SAMPLES = {"integer": "1", "decimal": "1.0", "double": "1.0e0", "boolean": "true", "date": "2000-01-01"}
"""Values of the datatypes that a note can write, by the datatype's local name."""


@dataclass(frozen=True)
class ShapeRepairs:
    """Finds the triples that a result lacks."""

    shapes: Shapes
    ontology: Ontology
    find: Find

    def of(self, result: Violation) -> Iterator[Goals]:
        """Yield the alternatives that would resolve a result, as far as its shape tells; they are to be checked."""
        component = str(result.component)[1:-1].removeprefix(SH).removesuffix("ConstraintComponent")
        if is_of_range(result.shape):
            prop = self.ontology.properties.get(result.property.value) if result.property else None
            yield from (
                (made,) for class_ in sorted(prop.ranges if prop else ()) if (made := _is_a(result.value, class_))
            )
        elif component == "Class":
            yield from self._of_classes(result.shape, result.value)
        elif component in {"Node", "And", "Or", "Xone"} and isinstance(result.value, ox.NamedNode):
            yield from self._inside(result.shape, result.value, component.lower(), _DEEPEST)
        elif component in {"MinCount", "HasValue", "QualifiedMinCount"}:
            yield from self._of_values(result.shape, result.focus)

    def _inside(self, shape: Term, focus: Term, name: str, depth: int) -> Iterator[Goals]:
        """The alternatives for the shapes that a shape refers to: any of `or`, all of `and`."""
        shapes = self.shapes.used_by(shape, name)
        if name in {"or", "xone"}:
            for inner in shapes:
                yield from self._conforming(inner, focus, depth - 1)
            return
        parts = [list(self._conforming(inner, focus, depth - 1)) for inner in shapes]
        yield from (sum(row, ()) for row in islice(product(*filter(None, parts)), _MOST) if row)

    def _conforming(self, shape: Term, focus: Term, depth: int) -> Iterator[Goals]:
        """The alternatives that would make a node conform to a shape."""
        if depth < 0 or isinstance(focus, (ox.Literal, ox.Triple)):
            return
        if self.shapes.of_sh(shape, "path"):
            yield from self._of_values(shape, focus)
            return
        yield from self._of_classes(shape, focus)
        for name in ("property", "node", "and", "or"):
            if self.shapes.of_sh(shape, name):
                yield from self._inside(shape, focus, name, depth)

    def _of_classes(self, shape: Term, value: Term | None) -> Iterator[Goals]:
        for class_ in self.shapes.of_sh(shape, "class"):
            if made := _is_a(value, str(class_)[1:-1]):
                yield (made,)

    # ---- values ------------------------------------------------------------------------------------------------------

    def _of_values(self, shape: Term, focus: Term) -> Iterator[Goals]:
        """The alternatives that give a node as many values of a shape's path as it requires."""
        for make, predicate, as_object in self._path(shape, focus):
            least = [int(n.value) for n in self.shapes.of_sh(shape, "minCount", "qualifiedMinCount")
                     if isinstance(n, ox.Literal) and n.value.isdecimal()]  # fmt: skip
            fixed = [value for value in self.shapes.of_sh(shape, "hasValue") if not isinstance(value, ox.Triple)]
            if fixed:
                yield tuple(filter(None, map(make, fixed)))
                continue
            present = {_end(triple, as_object) for triple in self._present(focus, predicate, as_object)}
            values = [v for v in self._suited(shape, focus, predicate, as_object) if v not in present]
            number = max(1, max(least, default=1) - len(present))
            if number == 1 or len(values) >= number:
                starts = range(len(values) - number + 1)
                rows = (tuple(filter(None, map(make, values[at : at + number]))) for at in starts)
                yield from (row for row in rows if len(row) == number)

    def _path(
        self, shape: Term, focus: Term
    ) -> Iterator[tuple[Callable[[Term], ox.Triple | None], ox.NamedNode, bool]]:
        """The properties by which a path begins and ends: a single property, forwards or backwards."""
        for path in self.shapes.of_sh(shape, "path"):
            choices = [item for rows in self.shapes.of_sh(path, "alternativePath") for item in self.shapes.items(rows)]
            for step in choices or [path]:
                back = self.shapes.of_sh(step, "inversePath")
                predicate = step if isinstance(step, ox.NamedNode) else back[0] if back else None
                if isinstance(predicate, ox.NamedNode) and not isinstance(focus, (ox.Literal, ox.Triple)):
                    yield _maker(focus, predicate, as_object=not back), predicate, not back

    def _present(self, focus: Term, predicate: ox.NamedNode, as_object: bool) -> Iterable[ox.Triple]:
        return self.find(focus, predicate, None) if as_object else self.find(None, predicate, focus)

    def _suited(self, shape: Term, focus: Term, predicate: ox.NamedNode, as_object: bool) -> list[Term]:
        """The values that a path may get: those that the shape lists, else things of the class, else a sample."""
        listed = [item for rows in self.shapes.of_sh(shape, "in") for item in self.shapes.items(rows)]
        if listed:
            return listed
        values = self.shapes.used_by(shape, "qualifiedValueShape") + self.shapes.used_by(shape, "node")
        named = [str(c)[1:-1] for node in (shape, *values) for c in self.shapes.of_sh(node, "class")]
        prop = self.ontology.properties.get(predicate.value)
        classes = named or sorted((prop.ranges if as_object else prop.domains) if prop else ())
        things = {t.subject for name in classes for t in self.find(None, TYPE, ox.NamedNode(name))}
        if not (prop and as_object and self.ontology.range_known_by_name(prop)):
            things = {thing for thing in things if any(True for _ in self.find(None, DESCRIBES, thing))}
        if things or (prop is not None and prop.kind == "object") or not as_object:
            return sorted(things - {focus}, key=lambda thing: (not self._is_near(focus, thing), str(thing)))
        return [self._sample(shape)]

    def _is_near(self, focus: Term, thing: Term) -> bool:
        """Whether one of two things links to the other."""
        return any(True for pair in ((focus, thing), (thing, focus)) for _ in self.find(pair[0], LINKS_TO, pair[1]))

    def _sample(self, shape: Term) -> ox.Literal:
        for datatype in self.shapes.of_sh(shape, "datatype"):
            text = _SAMPLES.get(str(datatype)[1:-1].removeprefix(XSD))
            if text and isinstance(datatype, ox.NamedNode):
                return ox.Literal(text, datatype=datatype)
        return ox.Literal("…")


def _maker(focus: Term, predicate: ox.NamedNode, *, as_object: bool) -> Callable[[Term], ox.Triple | None]:
    def make(value: Term) -> ox.Triple | None:
        subject, obj = (focus, value) if as_object else (value, focus)
        if isinstance(subject, (ox.Literal, ox.Triple)) or isinstance(obj, ox.Triple):
            return None
        return ox.Triple(subject, predicate, obj)

    return make


def _is_a(thing: Term | None, class_: str) -> ox.Triple | None:
    return ox.Triple(thing, TYPE, ox.NamedNode(class_)) if isinstance(thing, ox.NamedNode) else None


def _end(triple: ox.Triple, as_object: bool) -> Term:
    return triple.object if as_object else triple.subject
