"""The words by which a note says what kind of thing it is about: its type, its class and its tags."""

from collections.abc import Iterator

from kg.notes.model import NAME_KINDS, Note, Value

CLASS_KEYS = ("type", "class")
"""The keys of the classes of a note's thing."""
KIND_KEYS = (*CLASS_KEYS, "tags")


def kinds(note: Note) -> Iterator[tuple[str, int]]:
    """Yield the words of the front matter, then the inline tags, each with its offset. They may name classes."""
    for prop in note.properties:
        if prop.key.lower() in KIND_KEYS:
            for value in leaves(prop.value):
                yield kind_text(value), value.span.start
    for line in note.lines():
        for tag in line.tags:
            yield tag.name, tag.span.start


def leaves(value: Value) -> Iterator[Value]:
    """Yield the single values in lists and maps; a map is not a tag or type, but links in it count."""
    if value.kind in {"list", "map"}:
        for child in value.children:
            yield from leaves(child)
    else:
        yield value


def kind_text(value: Value) -> str:
    """Return the text of a `type:` value or tag, or the name of the note that it links to."""
    if value.link:
        return value.link.path.rpartition("/")[2]
    return value.text.removeprefix("#") if value.kind in NAME_KINDS else ""
