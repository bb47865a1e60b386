"""RDF terms as N-Triples text, and the IRIs that notes get.

A term is the text that N-Triples writes for it (`<https://…>`, `"…"^^<…>`): cheap to make, to compare and to
write, and the same on every machine. This module is the one door: every IRI that comes from outside is either
percent-encoded here (paths, names, fragments) or checked by the store's own parser (addresses).
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from urllib.parse import unquote

XSD = "http://www.w3.org/2001/XMLSchema#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
OWL = "http://www.w3.org/2002/07/owl#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
SH = "http://www.w3.org/ns/shacl#"
KG = "https://w3id.org/concept-notes#"

LONGEST_PART = 1_000
"""So many characters of a heading, an item or a key are in an IRI."""
LONGEST_ID = 2_000
"""A longer `id` is no IRI of a thing, since the IRI of each section and item in the note would begin with it."""
_KEPT = 200

RDF_TYPE = f"<{RDF}type>"
INFERRED = f"<{KG}inferred>"
ONTOLOGY = f"<{KG}ontology>"
METRICS = f"<{KG}metrics>"

# RFC 3987 ucschar and the unreserved ASCII characters; `/` is kept by the callers that want it.
# The separators of lines and paragraphs, U+2028 and U+2029, are ucschar too, but many a parser ends a line there.
_UCSCHAR = (
    "\u00a0-\u2027\u202a-\ud7ff\uf900-\ufdcf\ufdf0-\uffef"
    "\U00010000-\U0001fffd\U00020000-\U0002fffd\U00030000-\U0003fffd\U00040000-\U0004fffd"
    "\U00050000-\U0005fffd\U00060000-\U0006fffd\U00070000-\U0007fffd\U00080000-\U0008fffd"
    "\U00090000-\U0009fffd\U000a0000-\U000afffd\U000b0000-\U000bfffd\U000c0000-\U000cfffd"
    "\U000d0000-\U000dfffd\U000e1000-\U000efffd"
)
_LONE_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*\Z")
_LITERAL = re.compile(r"((?:[^@\[\]]*@)?)(\[[0-9A-Za-z:._~!$&'()*+,;=-]+\](?::[0-9]*)?)\Z")
# What the store's parser takes for certain, and most addresses are.
_PLAIN_URL = re.compile(r"https?://[A-Za-z0-9._-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~!$&'()*+,;=:@/-]*)?\Z")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:[^\s]+\Z")
_WEB = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s]+\Z")
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\0": "\ufffd"})
_SURROGATE = re.compile("[\ud800-\udfff]")
_NO_BYTE = re.compile("[\ud800-\udc7f\udd00-\udfff]")
# All that ends a line, for Python or another program.
_LINE_ENDS = re.compile("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")

_SEPARATORS = re.compile(rb"[\v\f\x1c-\x1e]|\xc2\x85|\xe2\x80[\xa8\xa9]")


class _Encoded:
    """Percent-encoding of what an IRI may not have there, the unreserved letters of all scripts and `kept` apart.

    The pattern for all scripts takes milliseconds to compile; most runs meet no letter that needs it.
    """

    def __init__(self, kept: str) -> None:
        self.kept = f"A-Za-z0-9._~{kept}"
        self.in_ascii = re.compile(f"[^{self.kept}-]")

    @cached_property
    def in_unicode(self) -> re.Pattern[str]:
        """What is encoded, in a text of any script."""
        return re.compile(f"[^{self.kept}{_UCSCHAR}-]")

    def __call__(self, text: str) -> str:
        """The text, encoded."""
        return (self.in_ascii if text.isascii() else self.in_unicode).sub(_encode, text)


_in_path = _Encoded("/")
_in_part = _Encoded("")
_in_url = _Encoded(":/?#@!$&'()*+,;=%")


def nfc(text: str) -> str:
    """Unicode normalisation form C."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _encode(match: re.Match[str]) -> str:
    text = match.group()
    if not text.isascii():  # bytes of a file name that is no UTF-8 stand as halves of characters; others stand for none
        text = _NO_BYTE.sub("\ufffd", text)
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogateescape"))


def one_line(text: str) -> str:
    """The text on one line: each line end of any kind, with the spaces around it, is one space."""
    if not _LINE_ENDS.search(text):
        return text.strip()
    return " ".join(filter(None, (part.strip() for part in _LINE_ENDS.split(text))))


def in_lines(data: bytes) -> bytes:
    """Lines of N-Triples, N-Quads or JSON with all but line feeds escaped that some parser ends a line at.

    Such characters stand in texts and IRIs only, where each of these formats reads the escape as the character.
    """
    return _SEPARATORS.sub(_escaped, data)


def _escaped(match: re.Match[bytes]) -> bytes:
    return b"\\u%04X" % ord(match.group().decode())


def encode_path(path: str) -> str:
    """A vault path for an IRI: what RFC 3987 calls iunreserved and `/` stay, the rest is percent-encoded."""
    return _in_path(nfc(path))


def encode_part(text: str) -> str:
    """One part of a fragment, such as a heading: like a path, with `/` encoded too.

    Of a long one its beginning and a digest: all IRIs of what stands in a section begin with the section's.
    """
    text = nfc(text)
    return _in_part(text if len(text) <= LONGEST_PART else _shortened(text))


@lru_cache(maxsize=1_000)
def _shortened(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]
    return f"{text[:_KEPT]}~{digest}"


def encode_url(url: str) -> str | None:
    """A web address as a valid IRI, or None where nothing can make it one.

    The store's own parser decides, so that it takes every IRI that comes from here.
    """
    url = url.strip()
    if _PLAIN_URL.match(url):
        return url
    scheme, _, rest = url.partition(":")
    if not rest or not _SCHEME.match(scheme):
        return None
    authority = ""
    if rest.startswith("//"):
        end = next((n for n, ch in enumerate(rest[2:], 2) if ch in "/?#"), len(rest))
        authority, rest = f"//{_authority(rest[2:end])}", rest[end:]
    head, hash_, fragment = _encoded(rest).partition("#")
    found = f"{scheme}:{authority}{head}{hash_}{fragment.replace('#', '%23')}"
    return found if is_iri(found) else None


def _authority(text: str) -> str:
    """User, host and port of an address. An address in brackets (IPv6) stays as it is."""
    found = _LITERAL.match(text)
    return f"{_encoded(found[1])}{found[2]}" if found else _encoded(text)


def is_iri(text: str) -> bool:
    """Whether the store takes a text for an absolute IRI."""
    from pyoxigraph import NamedNode  # here: what asks nothing of RDF starts without it

    try:
        NamedNode(text)
    except ValueError:
        return False
    return True


def _encoded(text: str) -> str:
    return _LONE_PERCENT.sub("%25", _in_url(text))


def is_absolute(text: str) -> bool:
    """Whether the text is an absolute IRI (a scheme of two letters or more, so no Windows drive)."""
    return bool(_ABSOLUTE.match(text))


def is_web(text: str) -> bool:
    """Whether the text is written as a web address, valid or not."""
    return bool(_WEB.match(text))


def is_text(text: str) -> bool:
    """Whether a text can be one in RDF: without halves of characters, which stand for bytes that are no UTF-8."""
    return text.isascii() or not _SURROGATE.search(text)


def iri(value: str) -> str:
    """An IRI as a term; the caller has made it valid."""
    return f"<{value}>"


def literal(text: str, datatype: str = "") -> str:
    """A literal as a term; `datatype` is the part of an XSD name after `#`, none for a plain string."""
    if not text.isascii():
        text = _SURROGATE.sub("\ufffd", text)
    quoted = f'"{text.translate(_ESCAPES)}"'
    return f"{quoted}^^<{XSD}{datatype}>" if datatype else quoted


def letters_and_digits(text: str) -> str:
    """What is left of a name when only its letters and digits count, in lower case."""
    return "".join(ch for ch in nfc(text).lower() if ch.isalnum())


class Names:
    """The IRIs that a vault's things get, all under `base` (contract, section 2)."""

    def __init__(self, base: str) -> None:
        self.base = base

    def path(self, path: str) -> str:
        """A file: a document, which is a named graph too, or an attachment."""
        return self.base + encode_path(path)

    def entity(self, path: str, front_id: str | None = None) -> str:
        """What a note is about: its path less `.md`, or its front matter's `id`."""
        if front_id:
            absolute = encode_url(front_id) if len(front_id) <= LONGEST_ID and is_absolute(front_id) else None
            return absolute or f"{self.base}#id/{encode_part(front_id)}"
        return self.base + encode_path(path[:-3] if path.lower().endswith(".md") else path)

    def inside(self, entity: str, fragment: str) -> str:
        """A thing inside an entity. One that has a fragment already (an `id`) goes on with `/`: an IRI has one `#`."""
        return f"{entity}{'/' if '#' in entity else '#'}{fragment}"

    def section(self, entity: str, parts: tuple[str, ...]) -> str:
        """A section by its heading path."""
        return self.inside(entity, self.fragment(parts))

    def fragment(self, parts: Iterable[str]) -> str:
        """A heading path."""
        return "/".join(map(encode_part, parts))

    def block(self, entity: str, block_id: str) -> str:
        """A block by its id."""
        return self.inside(entity, f"%5E{encode_part(block_id)}")

    def item(self, place: str, entity: str, text: str) -> str:
        """A thing that a list in a section names by its text; with no section it stands under the entity."""
        return f"{place}/{encode_part(text)}" if place != entity else self.inside(entity, f"/{encode_part(text)}")

    def missing(self, target: str) -> str:
        """What a link names and no file answers."""
        target = nfc(target).lower()
        return self.base + encode_path(target.removesuffix(".md"))

    def no_address(self, text: str) -> str:
        """What is written as a web address and is none. Nothing is stated of it."""
        return f"{self.base}#no-address/{encode_part(text)}"

    def tag(self, tag: str) -> str:
        """A tag, whatever its case."""
        return f"{self.base}#tag/{encode_path(nfc(tag).lower())}"

    def named(self, kind: str, name: str) -> str:
        """A thing that is known by its name alone, such as an author: `#author/joshseiden`."""
        return f"{self.base}#{encode_part(kind.lower())}/{encode_part(letters_and_digits(name))}"

    def property(self, key: str) -> str:
        """A property that no ontology knows."""
        slug = re.sub(r"[\W_]+", "-", nfc(key).lower()).strip("-") or "-"
        return f"{self.base}#property/{encode_part(slug)}"

    def to_path(self, iri_text: str) -> str:
        """The vault path (less `.md` for an entity) that an IRI under `base` leads back to."""
        return unquote(iri_text.removeprefix(self.base).partition("#")[0])


def prefixed(iri: str, prefixes: Mapping[str, str]) -> tuple[str | None, str]:
    """The prefix of the longest namespace that an IRI begins with, and what follows it; None and all of it where none
    is known.
    """
    found = max(((space, name) for name, space in prefixes.items() if space and iri.startswith(space)), default=None)
    return (found[1], iri[len(found[0]) :]) if found else (None, iri)
