"""The terms that the mapping itself creates, as N-Triples text: the structural terms of `kg:`, and labels."""

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
