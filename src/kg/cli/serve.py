"""`kg serve`: serve the graph over HTTP."""

import os
import secrets
import webbrowser
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kg.cli.options import Options, common, complain, gathered, size_limit, time_limit, vault_config
from kg.core.files import short
from kg.core.sandbox import close_network
from kg.core.supervision import owns_process

if TYPE_CHECKING:
    from kg.server.settings import Access, Serving, ServingLimits

_TOKEN = "KG_SERVE_TOKEN"  # noqa: S105 - the name of a variable
_PORT = 7454


@dataclass(frozen=True)
class ListeningAddress:
    """Where the server listens, and to whom it answers."""

    host: str
    port: int
    allow_host: tuple[str, ...]
    cors: tuple[str, ...]
    no_token: bool

    def access(self) -> "Access":
        """Who may ask."""
        from kg.server.settings import Access, all_hosts

        token = "" if self.no_token else os.environ.get(_TOKEN) or secrets.token_urlsafe(32)
        return Access(token, all_hosts(self.host, self.allow_host), self.cors)


_address = gathered(
    "address",
    ListeningAddress,
    click.option("--host", default="", metavar="HOST", help="Listen on this address instead of 127.0.0.1 and ::1."),
    click.option("--port", default=_PORT, show_default=True, type=click.IntRange(0, 65535), metavar="PORT",
                 help="Listen on this port."),
    click.option("--allow-host", multiple=True, metavar="NAME", help="Answer requests for NAME, too; may be repeated."),
    click.option("--cors", multiple=True, metavar="ORIGIN",
                 help="Let pages of ORIGIN ask, * for all; may be repeated."),
    click.option("--no-token", is_flag=True, help="Answer everybody who reaches the port."),
)  # fmt: skip


@dataclass(frozen=True)
class Bounds:
    """The limits on questions."""

    timeout: float | None
    memory: int | None
    at_once: int

    def limits(self) -> "ServingLimits":
        """The limits of the server."""
        from kg.server.settings import ServingLimits

        limits = ServingLimits(at_once=self.at_once)
        return ServingLimits(self.timeout or limits.seconds, self.memory or limits.memory, at_once=self.at_once)


_bounds = gathered(
    "bounds",
    Bounds,
    time_limit("Stop a question after this many seconds.", default=30.0, show_default=True),
    size_limit("Stop a question above this much memory: 2G, 500M.", default="2G", show_default=True),
    click.option("--at-once", default=4, show_default=True, type=click.IntRange(1, 1_000), metavar="NUMBER",
                 help="Answer this many questions at once; others wait."),
)  # fmt: skip


@click.command()
@click.argument("vault", required=False, type=click.Path(readable=False, path_type=Path))
@click.option("--no-watch", is_flag=True, help="Serve the store as it is; do not ingest what changes.")
@click.option(
    "--private-tag",
    "private_tags",
    multiple=True,
    metavar="TAG",
    help="Serve no note with this tag, and nothing that mentions it; may be repeated.",
)
@_address
@_bounds
@click.option("--open", "open_", is_flag=True, help="Open the address in the browser.")
@common
def serve(
    options: Options,
    vault: Path | None,
    no_watch: bool,
    private_tags: tuple[str, ...],
    address: ListeningAddress,
    bounds: Bounds,
    open_: bool,
) -> None:  # fmt: skip
    """Serve the graph in a browser and to SPARQL clients.

    Brings the store up to date, then follows the notes until Ctrl-C. The printed address has a token, which the browser
    exchanges for a cookie; programs send it as Authorization: Bearer TOKEN. The variable KG_SERVE_TOKEN sets the token.
    The SPARQL endpoint is at /sparql.
    """
    from kg.config import load
    from kg.server.settings import Serving

    config = load(vault, store=options.store) if vault else vault_config(options)
    _run(options, Serving(config, not no_watch, private_tags, address.access(), bounds.limits()), address, open_)


def _run(options: Options, serving: "Serving", address: ListeningAddress, open_: bool) -> None:
    """Serve until Ctrl-C."""
    from kg.server.preparation import prepare
    from kg.server.served_vault import ServedVault

    log = (lambda text: options.say(text, dim=True)) if options.verbose else None
    served = ServedVault(serving, notice=complain, log=log, prepare=prepare)
    from kg.server.app import create_app  # the notes are read meanwhile
    from kg.server.http_server import listening, run

    sockets = listening(address.host, address.port)
    url = _url(sockets[0].getsockname(), serving.access.token)

    def ready() -> None:
        options.say(f"serving {short(serving.config.vault)} at {url} (Ctrl-C ends it)")

    if open_:
        webbrowser.open(url)  # before the network is closed, which a browser would inherit
    if owns_process():
        close_network()
    run(create_app(served), served, sockets, ready)


def _url(name: tuple[str, int], token: str) -> str:
    host = f"[{name[0]}]" if ":" in name[0] else name[0]
    return f"http://{host}:{name[1]}/" + (f"?token={token}" if token else "")
