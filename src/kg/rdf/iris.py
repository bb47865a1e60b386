"""IRIs: encode paths and addresses, check them, and name notes and their parts."""

import re
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from urllib.parse import unquote, urlsplit

from kg.core.text import letters_and_digits, nfc
from kg.rdf.terms import IP_LITERAL, NON_BYTE_SURROGATE

LONGEST_PART = 1_000
"""The maximum characters of a heading, an item or a key in an IRI."""
LONGEST_ID = 2_000
"""The maximum characters of an `id` that is the IRI of a thing, since the IRI of each section and item in the note
begins with it.
"""
_KEPT = 200

# The ucschar of RFC 3987, except the line and paragraph separators, U+2028 and U+2029: many parsers end a line there.
_UCSCHAR = (
    "\u00a0-\u2027\u202a-\ud7ff\uf900-\ufdcf\ufdf0-\uffef"
    "\U00010000-\U0001fffd\U00020000-\U0002fffd\U00030000-\U0003fffd\U00040000-\U0004fffd"
    "\U00050000-\U0005fffd\U00060000-\U0006fffd\U00070000-\U0007fffd\U00080000-\U0008fffd"
    "\U00090000-\U0009fffd\U000a0000-\U000afffd\U000b0000-\U000bfffd\U000c0000-\U000cfffd"
    "\U000d0000-\U000dfffd\U000e1000-\U000efffd"
)
_LONE_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*\Z")
# Addresses that the store's parser certainly accepts; most addresses match.
_PLAIN_URL = re.compile(r"https?://[A-Za-z0-9._-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~!$&'()*+,;=:@/-]*)?\Z")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:[^\s]+\Z")
_WEB = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s]+\Z")
_HARMLESS = ("http", "https", "mailto")
_CONTROL = re.compile(r"[\x00-\x20\x7f]")


class _Encoded:
    """Percent-encodes every character of a text except `kept` and the unreserved characters of all scripts.

    The pattern for all scripts takes milliseconds to compile; most runs never need it.
    """

    def __init__(self, kept: str) -> None:
        self.kept = f"A-Za-z0-9._~{kept}"
        self.in_ascii = re.compile(f"[^{self.kept}-]")

    @cached_property
    def in_unicode(self) -> re.Pattern[str]:
        """The characters to encode, in a text of any script."""
        return re.compile(f"[^{self.kept}{_UCSCHAR}-]")

    def __call__(self, text: str) -> str:
        """Encode a text."""
        return (self.in_ascii if text.isascii() else self.in_unicode).sub(_encode, text)


_in_path = _Encoded("/")
_in_part = _Encoded("")
_in_url = _Encoded(":/?#@!$&'()*+,;=%")


def _encode(match: re.Match[str]) -> str:
    text = match.group()
    if not text.isascii():  # surrogates represent the bytes of a file name that is not UTF-8; others represent nothing
        text = NON_BYTE_SURROGATE.sub("\ufffd", text)
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogateescape"))


def encode_path(path: str) -> str:
    """A vault path for an IRI: RFC 3987's iunreserved characters and `/` stay, all others are percent-encoded."""
    return _in_path(nfc(path))


def encode_part(text: str) -> str:
    """One part of a fragment, e.g. a heading: like a path, with `/` encoded too.

    A long part is its beginning and a digest, since the IRIs of all things in a section begin with the section's.
    """
    text = nfc(text)
    return _in_part(text if len(text) <= LONGEST_PART else _shortened(text))


@lru_cache(maxsize=1_000)
def _shortened(text: str) -> str:
    import hashlib

    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]
    return f"{text[:_KEPT]}~{digest}"


def encode_url(url: str) -> str | None:
    """A web address as a valid IRI; None if it cannot become valid.

    The store's own parser decides, so it accepts every IRI from this function.
    """
    url = url.strip()
    if _PLAIN_URL.match(url):
        return url
    scheme, _, tail = url.partition(":")
    if not tail or not _SCHEME.match(scheme):
        return None
    authority = ""
    if tail.startswith("//"):
        end = next((n for n, ch in enumerate(tail[2:], 2) if ch in "/?#"), len(tail))
        authority, tail = f"//{_authority(tail[2:end])}", tail[end:]
    head, hash_, fragment = _encoded(tail).partition("#")
    iri = f"{scheme}:{authority}{head}{hash_}{fragment.replace('#', '%23')}"
    return iri if is_iri(iri) else None


def _authority(text: str) -> str:
    """The user, host and port of an address, encoded. An address in brackets (IPv6) stays as it is."""
    match = IP_LITERAL.match(text)
    return f"{_encoded(match[1])}{match[2]}" if match else _encoded(text)


def is_iri(text: str) -> bool:
    """Whether the store accepts a text as an absolute IRI."""
    from pyoxigraph import NamedNode  # imported late, since commands without RDF start without it

    try:
        NamedNode(text)
    except ValueError:
        return False
    return True


def _encoded(text: str) -> str:
    return _LONE_PERCENT.sub("%25", _in_url(text))


def is_absolute(text: str) -> bool:
    """Whether a text is an absolute IRI; its scheme has at least two letters, unlike a Windows drive."""
    return bool(_ABSOLUTE.match(text))


def is_web(text: str) -> bool:
    """Whether a text is written as a web address, valid or not."""
    return bool(_WEB.match(text))


def is_harmless(address: str) -> bool:
    """Whether an address is that of a web page or of mail, written without characters that browsers leave out."""
    try:
        return urlsplit(address).scheme.lower() in _HARMLESS and not _CONTROL.search(address)
    except ValueError:
        return False


def absolute_id(text: str) -> str | None:
    """The IRI that an `id` is by itself; None if it is no absolute IRI, or a very long one."""
    return encode_url(text) if len(text) <= LONGEST_ID and is_absolute(text) else None


class Names:
    """The IRIs of a vault's things, all under `base` (contract, section 2)."""

    def __init__(self, base: str) -> None:
        self.base = base

    def path(self, path: str) -> str:
        """The IRI of a file: of a document, which is also a named graph, or of an attachment."""
        return self.base + encode_path(path)

    def entity(self, path: str, front_id: str | None = None) -> str:
        """The IRI of the concept of a note: the note's path without `.md`, or the identity in its front matter."""
        if front_id:
            return absolute_id(front_id) or f"{self.base}#id/{encode_part(front_id)}"
        return self.base + encode_path(path[:-3] if path.lower().endswith(".md") else path)

    def inside(self, entity: str, fragment: str) -> str:
        """The IRI of a part of an entity. `/` follows an entity with a fragment (an `id`), since an IRI has one `#`."""
        return f"{entity}{'/' if '#' in entity else '#'}{fragment}"

    def section(self, entity: str, parts: tuple[str, ...]) -> str:
        """The IRI of a section, by its heading path."""
        return self.inside(entity, self.fragment(parts))

    def fragment(self, parts: Iterable[str]) -> str:
        """The fragment of a heading path."""
        return "/".join(map(encode_part, parts))

    def block(self, entity: str, block_id: str) -> str:
        """The IRI of a block, by its id."""
        return self.inside(entity, f"%5E{encode_part(block_id)}")

    def item(self, place: str, entity: str, text: str) -> str:
        """The IRI of a list item, by its text: under the list's section or, outside sections, under the entity."""
        return f"{place}/{encode_part(text)}" if place != entity else self.inside(entity, f"/{encode_part(text)}")

    def missing(self, target: str) -> str:
        """The IRI of the missing target of a link."""
        target = nfc(target).lower()
        return self.base + encode_path(target.removesuffix(".md"))

    def no_address(self, text: str) -> str:
        """The IRI for a text that is written as a web address but invalid. Nothing is stated about it."""
        return f"{self.base}#no-address/{encode_part(text)}"

    def tag(self, tag: str) -> str:
        """The IRI of a tag, whatever its case."""
        return f"{self.base}#tag/{encode_path(nfc(tag).lower())}"

    def named(self, kind: str, name: str) -> str:
        """The IRI of a thing that only its name identifies, e.g. an author: `#author/joshseiden`."""
        return f"{self.base}#{encode_part(kind.lower())}/{encode_part(letters_and_digits(name))}"

    def property(self, key: str) -> str:
        """The IRI of a property that no ontology defines."""
        slug = re.sub(r"[\W_]+", "-", nfc(key).lower()).strip("-") or "-"
        return f"{self.base}#property/{encode_part(slug)}"

    def to_path(self, iri_text: str) -> str:
        """The vault path (without `.md` for an entity) of an IRI under `base`."""
        return unquote(iri_text.removeprefix(self.base).partition("#")[0])


def prefixed(iri: str, prefixes: Mapping[str, str]) -> tuple[str | None, str]:
    """The prefix of the longest namespace that an IRI begins with, and the local part.

    Returns None and the whole IRI if no namespace matches.
    """
    match = max(((space, name) for name, space in prefixes.items() if space and iri.startswith(space)), default=None)
    return (match[1], iri[len(match[0]) :]) if match else (None, iri)
