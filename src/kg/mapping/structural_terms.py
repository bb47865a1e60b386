"""The terms that the mapping itself creates, as N-Triples text: the structural terms of `kg:`, and labels."""

from typing import NamedTuple

from kg.rdf.terms import KG, SKOS, iri

NOTE, CANVAS, SECTION, BLOCK, TAG, TASK = (
    iri(KG + name) for name in ("Note", "Canvas", "Section", "Block", "Tag", "Task")
)
ATTACHMENT, MISSING = iri(KG + "Attachment"), iri(KG + "Missing")
DESCRIBES, PATH, CONTENT_HASH, WORD_COUNT = (
    iri(KG + name) for name in ("describes", "path", "contentHash", "wordCount")
)
HAS_SECTION, HEADING, LEVEL, ORDER, TEXT = (
    iri(KG + name) for name in ("hasSection", "heading", "level", "order", "text")
)
HAS_BLOCK, LISTS, LINKS_TO, MENTIONS, EMBEDS = (
    iri(KG + name) for name in ("hasBlock", "lists", "linksTo", "mentions", "embeds")
)
TAGGED, HAS_TASK, STATUS, COMPLETED = (iri(KG + name) for name in ("tagged", "hasTask", "status", "completed"))
PREF_LABEL, ALT_LABEL, BROADER = (iri(SKOS + name) for name in ("prefLabel", "altLabel", "broader"))
LABEL_OF_PROPERTY = iri("http://www.w3.org/2000/01/rdf-schema#label")


class Label(NamedTuple):
    """A note's name for a thing that many notes may name: the first name by path is the label.

    `is_title` says that another wording is an alternative label, and not another spelling of the same name.
    """

    term: str
    predicate: str
    text: str
    at: int
    is_title: bool = False
