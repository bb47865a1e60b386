"""`kg test`: run competency questions."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kg.cli.freshness import refresh
from kg.cli.options import Options, common, plural, time_limit
from kg.cli.reports import OutputOptions, output_options
from kg.core.errors import KgError
from kg.core.files import short

if TYPE_CHECKING:
    from kg.config import Config


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@output_options("text, json or junit")
@time_limit("Fail a question that takes more than this many seconds.", default=60.0, show_default=True)
@common
def test(options: Options, paths: tuple[Path, ...], output: OutputOptions, timeout: float) -> None:
    """Run competency questions and report answers that differ.

    PATH is a query with its expected answer beside it, a Markdown file with both, or a folder of these; by default,
    queries/tests/ and the SPARQL in the notes. Queries the store of the project around PATH, or of this folder. Exits
    with 1 if an answer differs.
    """
    from kg.rendering.competency import FORMS, line_of
    from kg.sparql.competency import verdicts
    from kg.sparql.competency_cases import find_cases

    targets = output.targets(FORMS)
    config = _config(options, paths)
    refresh(options, None if options.store else config)
    cases = find_cases(config, paths)
    if not cases:
        raise KgError("there are no questions to test; write one in queries/tests/, or name a file")
    results = []
    for verdict in verdicts(config, cases, timeout):
        results.append(verdict)
        if options.verbose and verdict.passed:
            options.say(line_of(verdict, short))
    for target in targets:
        with target.out() as out:
            target.row.write(results, out, short)
    failed = sum(not verdict.passed for verdict in results)
    total = f"{len(results)} {plural(len(results), 'question')}"
    options.say(f"{failed} of {total} not answered as expected" if failed else f"{total} answered as expected")
    if failed and not output.exit_zero:
        sys.exit(1)


def _config(options: Options, paths: Sequence[Path]) -> "Config":
    """The settings of the project that the paths belong to, else of the working directory. Raises KgError."""
    from kg.config import find_store, load, project_of

    roots = {root for path in paths if (root := project_of(Path(os.path.realpath(path))))}
    if len(roots) > 1 and not options.store:
        names = ", ".join(sorted(map(short, roots)))
        raise KgError(f"the questions belong to several projects ({names}): test one at a time, or use --store DIR")
    return load(cwd=roots.pop()) if roots and not options.store else find_store(store=options.store)
