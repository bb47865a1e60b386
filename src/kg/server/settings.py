"""The settings of a server: what it serves, to whom, and within which limits."""

from dataclasses import dataclass, field

from kg.config import Config

_OWN_HOSTS = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class ServingLimits:
    """The limits of a server on its clients."""

    seconds: float = 30.0
    """The time of one question."""
    memory: int = 2_000_000_000
    """The memory of one question, in bytes."""
    answer_bytes: int = 1_000_000_000
    """The size of one answer."""
    rows: int = 10_000_000
    """The rows or triples of one answer."""
    request_bytes: int = 1_000_000
    """The size of a request's body."""
    at_once: int = 4
    """The number of questions that are answered at once; others wait."""
    waiting: int = 200
    """The number of questions that may wait; others are refused."""
    patience: float = 10.0
    """The seconds that a question waits before it is refused."""
    connections: int = 1_000
    """The number of open connections."""
    idle: float = 15.0
    """The seconds in which the head and the body of a request must arrive, and in which a client must take something
    of an answer."""
    listeners: int = 200
    """The number of open streams of events."""


@dataclass(frozen=True)
class Access:
    """Who may ask."""

    token: str = ""
    """The secret of the printed address; empty to serve everybody who reaches the port."""
    hosts: tuple[str, ...] = _OWN_HOSTS
    """The names in the header Host that are this server's; `*` for every IP address."""
    origins: tuple[str, ...] = ()
    """The other origins whose pages may ask; `*` for all."""


@dataclass(frozen=True)
class Serving:
    """What is served, and how."""

    config: Config
    watch: bool = True
    """Whether changes of the notes are ingested."""
    private_tags: tuple[str, ...] = ()
    """The tags of notes that are not served."""
    access: Access = field(default_factory=Access)
    limits: ServingLimits = field(default_factory=ServingLimits)
    checks: bool = True
    """Whether the notes are validated, and the full-text index is made, before anybody asks."""


def all_hosts(host: str, more: tuple[str, ...]) -> tuple[str, ...]:
    """The names of a server that listens on an address; on all addresses (0.0.0.0), each is a name."""
    own = ("*",) if host in {"0.0.0.0", "::"} else (host.lower(),) if host else ()  # noqa: S104 - compared only
    return (*_OWN_HOSTS, *own, *(name.lower() for name in more))
