"""The commands that bring the graph to other servers and back: push, pull."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kg.terminal import Options, common, emit, plural, progress, short, time_limit

if TYPE_CHECKING:
    from kg.pushing import Pushed

_TIMEOUT = time_limit("So long may one request take.", default=300.0, show_default=True)


@click.command()
@click.argument("endpoint")
@click.option("--update", metavar="URL", help="Where updates go, if not where the endpoint's name makes one expect it.")
@click.option(
    "--default-graph",
    metavar="IRI",
    help="The graph that stands for the default graph, on a server that has none of its own.",
)
@click.option("--full", is_flag=True, help="Compare every triple, whatever is noted at the server.")
@click.option("--dry-run", is_flag=True, help="Only say what would be sent.")
@_TIMEOUT
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
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
    """Bring the dataset to the SPARQL server at ENDPOINT, only what differs.

    ENDPOINT is where it answers queries, such as http://localhost:7878/query. A graph arrives whole or not at all; what
    was interrupted goes on with the next push. Who is asking is taken from the environment: KG_ENDPOINT_USER and
    KG_ENDPOINT_PASSWORD, or KG_ENDPOINT_TOKEN.
    """
    from kg.config import find_store
    from kg.pushing import push as bring
    from kg.remote import Endpoint
    from kg.store import Store

    config = find_store(store=options.store)
    store = Store(config.store)
    there = Endpoint.at(endpoint, update=update, seconds=timeout)
    if not config.base_is_set:
        options.say(f"`base` is not set in kg.toml: two vaults with {config.base} take each other's place", dim=True)
    try:
        with progress(options) as bar:
            done = bring(store, there, default_graph=default_graph, full=full, dry_run=dry_run, progress=bar)
    except KeyboardInterrupt:
        options.say("interrupted: what has arrived is whole, and the next push goes on from there")
        raise
    if as_json:
        emit(json.dumps(_json(done), ensure_ascii=False) + "\n")
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
            for one in graphs:
                options.say(f"  {sign} {one}")
    if done.mended:
        options.say(f"its default graph was not what it should be: {done.mended:,} triples were put right", fg="yellow")
    if done.unequal:
        options.say(
            f"the server counts other numbers of triples in {len(done.unequal):,} "
            f"{plural(len(done.unequal), 'graph')}, as it takes some for the same: {', '.join(done.unequal[:3])}",
            fg="yellow",
        )
    if done.default_graph and not done.dry_run:
        asked = f"kg query --endpoint {done.endpoint} --default-graph {done.default_graph}"
        options.say(f"to ask it: {asked} …", dim=True)


@click.command()
@click.argument("endpoint")
@click.option("--graph", metavar="IRI", help="This named graph; without it, the default graph.")
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
    """Fetch a graph from the SPARQL server at ENDPOINT, to be validated beside the notes.

    Without -o the triples are put beside the store, and the shapes of `kg validate` look at them together with what
    the notes say, until their file is removed. The store itself, and the answers to queries, stay as they are.
    """
    import pyoxigraph as ox

    from kg.config import find_store
    from kg.errors import KgError
    from kg.pulled import file_for, write
    from kg.remote import Endpoint

    there = Endpoint.at(endpoint, seconds=timeout)
    try:
        name = str(ox.NamedNode(graph)) if graph else None
    except ValueError as error:
        raise KgError(f"{graph} is not an IRI") from error
    beside = None if output else find_store(store=options.store).store
    file = file_for(beside, there.name, graph) if beside else output
    assert file is not None
    what = f"graph {graph}" if graph else "default graph"
    number = write(file, there.triples(name), graph, f"The {what} of {there.name}; fetched by kg pull.", beside)
    looked = "; `kg validate` looks at it until it is removed" if beside else ""
    options.say(f"{number:,} {plural(number, 'triple')} of the {what} of {there.name} in {short(file)}{looked}")
