"""The command that tests: test."""

import sys
from pathlib import Path

import click

from kg.errors import KgError
from kg.terminal import Options, common, plural, short, text_out, time_limit


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@click.option(
    "-f", "--format", "format_", type=click.Choice(["text", "json", "junit"]), default="text", show_default=True
)
@time_limit("Let a question fail that takes longer.", default=60.0, show_default=True)
@common
def test(options: Options, paths: tuple[Path, ...], format_: str, timeout: float) -> None:
    """Ask questions of which the answer is known, and say what differs.

    PATH is a query with its answer beside it, a Markdown file with both, or a folder of these; without it, those of
    queries/tests/ and the SPARQL in the notes. Asks the store as it is: run kg ingest first. Exits with 1 where an
    answer differs.
    """
    from kg.cases import find_cases
    from kg.competency import verdicts
    from kg.config import find_store
    from kg.verdicts import FORMS, line_of

    config = find_store(store=options.store)
    cases = find_cases(config, paths)
    if not cases:
        raise KgError("there is no question to test; write one in queries/tests/, or name a file")
    found = []
    for one in verdicts(config, cases, timeout):
        found.append(one)
        if options.verbose and one.passed:
            options.say(line_of(one, short))
    with text_out() as stdout:
        FORMS[format_].write(found, stdout, short)
    failed = sum(not one.passed for one in found)
    total = f"{len(found)} {plural(len(found), 'question')}"
    options.say(f"{failed} of {total} not answered as expected" if failed else f"{total} answered as expected")
    if failed:
        sys.exit(1)
