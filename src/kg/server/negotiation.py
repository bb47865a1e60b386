"""Content negotiation (RFC 9110, section 12): the format that a client prefers among those that can hold an answer."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

_MOST_RANGES = 100


class Offer(NamedTuple):
    """A format on offer: its name, and its media types, of which an answer has the first unless another is asked."""

    name: str
    media_types: tuple[str, ...]


class Range(NamedTuple):
    """A range of media types that a client accepts."""

    kind: str
    subtype: str
    quality: float

    def fits(self, media_type: str) -> int:
        """How precisely the range names a media type; 0 if it does not."""
        kind, _, subtype = media_type.partition("/")
        if (self.kind, self.subtype) == ("*", "*"):
            return 1
        if self.kind != kind:
            return 0
        return 2 if self.subtype == "*" else 3 * (self.subtype == subtype)


def ranges(accept: str) -> list[Range]:
    """The ranges of a header Accept. A range that cannot be read is left out."""
    return [read for part in accept.split(",")[:_MOST_RANGES] if (read := _range(part))]


def _range(text: str) -> Range | None:
    media_type, *parameters = (part.strip().lower() for part in text.split(";"))
    kind, slash, subtype = media_type.partition("/")
    if not slash or not kind or not subtype:
        return None
    quality = next((value for name, _, value in (p.partition("=") for p in parameters) if name.strip() == "q"), "1")
    try:
        number = float(quality)
    except ValueError:
        return None
    return Range(kind, subtype, number) if 0 <= number <= 1 else None


def chosen(accept: str | None, offers: Sequence[Offer]) -> tuple[Offer, str] | None:
    """The offer that a client prefers, and the media type to label it with; None if it accepts none of them.

    Of equally good offers, the first is chosen. A client that says nothing gets the first.
    """
    if accept is None or not accept.strip():
        return offers[0], offers[0].media_types[0]
    accepted = ranges(accept)
    best = max(_ranked(accepted, offers), key=lambda row: row[0], default=None)
    return best[1:] if best and best[0] > 0 else None


def _ranked(accepted: Iterable[Range], offers: Sequence[Offer]) -> Iterable[tuple[float, Offer, str]]:
    for offer in offers:
        for number, media_type in enumerate(offer.media_types):
            least = 3 if number else 1  # another name of the format counts only if it is asked for by that name
            fits = ((range_.fits(media_type), range_.quality) for range_ in accepted)
            fitting = [row for row in fits if row[0] >= least]
            if fitting:
                yield max(fitting)[1], offer, media_type


def prefers_html(accept: str | None, offers: Sequence[Offer]) -> bool:
    """Whether a client prefers a page to all formats on offer, as browsers do. Readers of RDF accept pages, too."""
    choice = chosen(accept, [*offers, Offer("html", ("text/html",))])
    return choice is not None and choice[0].name == "html"
