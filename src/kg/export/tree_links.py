"""The links of a tree, from left to right: outputs to outcomes to concepts, and from general to narrow.

A link of kg's vocabulary that leads to the left is drawn as its inverse: an outcome that is achieved through an output
is an output that contributes to an outcome. Properties of notes keep their direction.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.resources import files

from kg.analysis.network import Network, NetworkLink
from kg.export.link_relations import PLAIN, DrawnLink, Relations, drawn_links
from kg.rdf.terms import SKOS

_TABLE = json.loads((files("kg.export") / "tree.json").read_text(encoding="utf-8"))
_TO_THE_RIGHT: Mapping[str, str] = _TABLE["to_the_right"]
"""The inverse that leads to the right of a property that leads to the left."""
_ASIDE = (*PLAIN, SKOS + "related")
_HIERARCHY = (SKOS + "broader", SKOS + "narrower")
_SOURCES = frozenset(_TABLE["sources"])
"""The classes that a tree leaves out unless the user chooses them."""


def tree_links(network: Network, known: Relations, *, is_chosen: bool) -> list[DrawnLink]:
    """The links of a tree, sorted. Their ends are never the same.

    If the user chose neither classes nor links, plain links, related things, a hierarchy beside links between classes,
    and sources (resources, authors) are left out, unless there are no others.
    """
    if not is_chosen:
        sources = {number for number, classes in enumerate(network.classes) if _SOURCES & set(classes)}
        named = [link for link in network.links if link.property not in _ASIDE]
        things = [link for link in named if not {link.source, link.target} & sources]
        network = replace(network, links=tuple(_across(network, things) or things or named or network.links))
    table = _inverses(known)
    links = {_rightward(link, table) for link in drawn_links(network, known)}
    return sorted(links)


def _across(network: Network, links: Sequence[NetworkLink]) -> list[NetworkLink]:
    """The links without those of a hierarchy, if some of them lead to another class: then the hierarchy is an aside."""
    flat = [link for link in links if link.property not in _HIERARCHY]
    return flat if any(network.classes[link.source] != network.classes[link.target] for link in flat) else []


def _rightward(link: DrawnLink, table: Mapping[str, str]) -> DrawnLink:
    if link.property in table:
        return DrawnLink(link.target, link.source, table[link.property], link.both)
    return link


def _inverses(known: Relations) -> dict[str, str]:
    """The table, with the properties that those of the table imply."""
    table = {name: inverse for key, inverse in _TO_THE_RIGHT.items() for name in sorted(known.above.get(key, ()))}
    return {name: inverse for name, inverse in table.items() if name not in _TO_THE_RIGHT.values()} | {**_TO_THE_RIGHT}
