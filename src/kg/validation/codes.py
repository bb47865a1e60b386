"""The codes of all findings on a vault: those of kg, and those of its shapes."""

from collections.abc import Mapping

import pyoxigraph as ox

from kg.config import Config
from kg.core.errors import ConfigError
from kg.core.finding_rules import FindingRules
from kg.core.findings import CODES, Code
from kg.core.limits import limited
from kg.core.spelling import did_you_mean, near
from kg.mapping.ontology import load_ontology
from kg.rdf.iris import Names
from kg.rdf.terms import RDF, SH
from kg.validation.messages import DCTERMS, Wording
from kg.validation.ontology_places import OntologyPlaces
from kg.validation.shape_faults import LoadedShapes

_FRAME_NAMES = ("targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf", "property", "deactivated")
_FRAME = {RDF + "type", *(SH + name for name in _FRAME_NAMES)}
"""The properties of a shape that only holds others, which have the code."""


def codes_of(config: Config) -> Mapping[str, Code]:
    """The codes of a vault. A shape without a message has a code without a title. Raises OntologyError."""
    ontology = load_ontology(config)
    with limited("the shapes", config.limits):
        shapes = LoadedShapes(ontology, OntologyPlaces(config, ontology.files)).usable
    wording = Wording(shapes, ontology, Names(config.base), lambda _: "", lambda _: "")
    values = (triple.object for triple in shapes.triples if triple.predicate.value == DCTERMS + "identifier")
    names = {value.value for value in values if isinstance(value, ox.Literal)}
    names |= {wording.code(shape, None) for shape in shapes.all if not _FRAME.issuperset(shapes.about(shape))}
    of_shapes = {**{name: Code(name, "error", "", "") for name in names}, **wording.rules()}
    return {**CODES, **dict(sorted(of_shapes.items()))}


def check_selectors(rules: FindingRules, config: Config) -> None:
    """Raise ConfigError if a selector of the rules covers no code."""
    if any(rules.unknown(CODES)):
        codes = codes_of(config)
        for selector in rules.unknown(codes):
            raise unknown(selector, codes)


def unknown(selector: str, codes: Mapping[str, Code]) -> ConfigError:
    """The error for a selector that covers no code."""
    suggestion = did_you_mean(near(selector, codes)) or " (`kg explain` lists the codes)"
    return ConfigError(f"no finding has the code “{selector}”{suggestion}")
