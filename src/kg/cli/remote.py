"""`kg push` and `kg pull`: exchange graphs with a SPARQL server."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kg.cli.options import Options, common, emit, plural, progress, time_limit
from kg.core.files import short
from kg.core.json_text import json_text

if TYPE_CHECKING:
    from kg.remote.push import Pushed


_TIMEOUT = time_limit("Give up on a request after this many seconds.", default=300.0, show_default=True)


@click.command()
@click.argument("endpoint")
@click.option("--update", metavar="URL", help="Send updates to URL, instead of the address derived from ENDPOINT.")
@click.option(
    "--default-graph",
    metavar="IRI",
    help="Use this graph as the default graph, on a server without one.",
)
@click.option("--full", is_flag=True, help="Compare every triple, whatever the manifest on the server says.")
@click.option("--dry-run", is_flag=True, help="Show what would be sent; send nothing.")
@_TIMEOUT
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@common
def push(
    options: Options,
    endpoint: str,
    update: str | None,
    default_graph: str | None,
    full: bool,
    dry_run: bool,
    timeout: float,
    as_json: bool,
) -> None:
    """Update the dataset on the SPARQL server at ENDPOINT.

    Sends only what differs. ENDPOINT is the address for queries, for example http://localhost:7878/query, or the root
    of a server: kg then tries the usual addresses there. A graph arrives completely or not at all; the next push
    resumes an interrupted one. Credentials come from the environment: KG_ENDPOINT_USER and KG_ENDPOINT_PASSWORD, or
    KG_ENDPOINT_TOKEN.
    """
    from kg.config import find_store
    from kg.remote.discovery import endpoint_at
    from kg.remote.push import push as bring
    from kg.store.store import Store

    config = find_store(store=options.store)
    store = Store(config.store)
    server = endpoint_at(endpoint, update=update, seconds=timeout)
    if not config.base_is_set:
        options.say(f"`base` is not set in kg.toml: two vaults with {config.base} would replace each other", dim=True)
    try:
        with progress(options) as bar:
            done = bring(store, server, default_graph=default_graph, full=full, dry_run=dry_run, progress=bar)
    except KeyboardInterrupt:
        options.say("interrupted: the graphs that arrived are complete; the next push resumes there")
        raise
    if as_json:
        emit(json_text(_json(done)) + "\n")
    _say_pushed(options, done)


def _json(done: "Pushed") -> dict[str, object]:
    return {**vars(done), "seconds": round(done.seconds, 3)}


def _say_pushed(options: Options, done: "Pushed") -> None:
    of = f"{len(done.changed):,} of {done.graphs:,} {plural(done.graphs, 'graph')}"
    removed = f", {len(done.gone):,} removed" if done.gone else ""
    if done.dry_run:
        at_most = f"at most {done.inserted:,} of {done.triples:,} triples"
        options.say(f"{done.endpoint}: {of} would be sent{removed}, {at_most}")
    else:
        triples = f"{done.inserted:,} triples added and {done.deleted:,} removed of {done.triples:,}"
        options.say(f"{done.endpoint}: {of} sent{removed}; {triples}, in {done.seconds:.1f} s")
    if options.verbose:
        for sign, graphs in (("+", done.changed), ("-", done.gone)):
            for graph in graphs:
                options.say(f"  {sign} {graph}")
    if done.mended:
        options.say(f"its default graph was wrong: {done.mended:,} triples were corrected", fg="yellow")
    if done.unequal:
        options.say(
            f"the server has a different number of triples in {len(done.unequal):,} "
            f"{plural(len(done.unequal), 'graph')}, as it treats some terms as equal: {', '.join(done.unequal[:3])}",
            fg="yellow",
        )
    if done.default_graph and not done.dry_run:
        command = f"kg query --endpoint {done.endpoint} --default-graph {done.default_graph}"
        options.say(f"query it with: {command} …", dim=True)


@click.command()
@click.argument("endpoint")
@click.option("--graph", metavar="IRI", help="Fetch this named graph instead of the default graph.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write to FILE.nt, .nq, .ttl, .rdf or .jsonld, instead of beside the store.",
)
@_TIMEOUT
@common
def pull(options: Options, endpoint: str, graph: str | None, output: Path | None, timeout: float) -> None:
    """Fetch a graph from the SPARQL server at ENDPOINT.

    Without -o, saves the triples in a file beside the store; the shapes of `kg validate` then check them together with
    the notes, until you remove the file. The store itself and the answers to queries do not change.
    """
    import pyoxigraph as ox

    from kg.config import find_store
    from kg.core.errors import KgError
    from kg.remote.discovery import endpoint_at
    from kg.store.pulled_graphs import file_for, write

    server = endpoint_at(endpoint, seconds=timeout)
    try:
        name = str(ox.NamedNode(graph)) if graph else None
    except ValueError as error:
        raise KgError(f"{graph} is not an IRI") from error
    beside = None if output else find_store(store=options.store).store
    file = file_for(beside, server.name, graph) if beside else output
    assert file is not None
    origin = f"graph {graph}" if graph else "default graph"
    number = write(file, server.triples(name), graph, f"The {origin} of {server.name}; fetched by kg pull.", beside)
    hint = "; `kg validate` checks it until you remove it" if beside else ""
    options.say(f"{number:,} {plural(number, 'triple')} of the {origin} of {server.name} in {short(file)}{hint}")
