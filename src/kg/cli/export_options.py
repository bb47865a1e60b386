"""The options of `kg export`: those that select data, those of the page and those of pictures."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kg.cli.options import gathered
from kg.core.errors import KgError
from kg.export.picture_style import PictureStyle, checked_size, ground

if TYPE_CHECKING:
    from kg.config import Config
    from kg.export.formats import ExportFormat
    from kg.export.selection import Choice

_SIZE = re.compile(r"([0-9]{1,6})[x×]([0-9]{1,6})", re.IGNORECASE)


@dataclass(frozen=True)
class SelectionOptions:
    """The options that select data."""

    only: tuple[str, ...]
    links: tuple[str, ...]
    around: tuple[str, ...]
    depth: int
    query: Path | None
    no_inferred: bool
    metrics: bool

    def choice(self, groups: tuple[str, str] | None = None) -> "Choice":
        """The selection; reads the file of the query. `groups` are the name and the text of a query for groups."""
        from kg.export.selection import Choice

        text = self.query.read_text(encoding="utf-8") if self.query else None
        return Choice(self.only, self.links, self.around, self.depth, text, not self.no_inferred, self.metrics, groups)


@dataclass(frozen=True)
class PageOptions:
    """The options of a web page."""

    group_by: str | None
    queryable: bool

    def check(self, row: "ExportFormat") -> None:
        """Raise a usage error for an option of another format than the page."""
        for option, is_given in (("--group-by", self.group_by), ("--queryable", self.queryable)):
            if is_given and row.name != "html":
                raise click.UsageError(f"{option} is for the page: -f html.")

    def groups(self, config: "Config") -> tuple[str, str] | None:
        """The name and the text of the query for groups. Raises NotFound, KgError."""
        from kg.sparql.library import find_query

        if not self.group_by:
            return None
        text, where = find_query(config, self.group_by)
        return Path(where).stem, text


page_options = gathered(
    "page",
    PageOptions,
    click.option(
        "--group-by", metavar="QUERY", help="Let the page colour the groups that a query returns: NAME or FILE.rq."
    ),
    click.option(
        "--queryable", is_flag=True, help="Let the page answer questions, offline: SPARQL, the library, full text."
    ),
)
"""Adds the options of a web page to a command, which gets them as `page`."""


selection_options = gathered(
    "selection",
    SelectionOptions,
    click.option("--only", multiple=True, metavar="CLASS", help="Export only things of this class; may be repeated."),
    click.option("--links", multiple=True, metavar="PROPERTY",
                 help="Export only links of this property; may be repeated."),
    click.option("--around", multiple=True, metavar="NAME",
                 help="Export only what is near this thing; may be repeated."),
    click.option("--depth", type=click.IntRange(min=0), default=1, show_default=True,
                 help="Set how near, in links, for --around."),
    click.option("--query", type=click.Path(dir_okay=False, path_type=Path, exists=True), metavar="FILE",
                 help="Export the triples of a CONSTRUCT query, or the things of a SELECT query."),
    click.option("--no-inferred", is_flag=True, help="Leave out inferred triples."),
    click.option("--metrics", is_flag=True, help="Include the metrics that kg analyze --save stored."),
)  # fmt: skip
"""Adds the options that select data to a command, which gets them as `selection`."""


def _size(_: click.Context, __: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """A size like `1920x1080`."""
    if value is None:
        return None
    parts = _SIZE.fullmatch(value.strip())
    if parts is None:
        raise click.BadParameter(f"“{value}” is not a width and a height in pixels, like 1920x1080.")
    try:
        return checked_size(int(parts[1]), int(parts[2]))
    except KgError as error:
        raise click.BadParameter(f"{error}.") from error


def _background(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """A colour, or `transparent`."""
    try:
        return value if value is None else ground(value)
    except KgError as error:
        raise click.BadParameter(f"{error}.") from error


picture_options = gathered(
    "style",
    PictureStyle,
    click.option("--title", metavar="TEXT", help="Set the title; by default, the name of the vault."),
    click.option("--layout", type=click.Choice(["force", "tree"]),
                 help="For svg and png: put linked things near each other (default), or in columns from outputs to"
                 " outcomes to concepts."),
    click.option("--color-by", metavar="WHAT",
                 help="For svg and png: colour by community (default), class (default for a tree) or a property."),
    click.option("--theme", type=click.Choice(["light", "dark"]), help="For svg and png: choose the colours."),
    click.option("--background", callback=_background, metavar="COLOUR",
                 help="For svg and png: set the colour of the ground, or transparent."),
    click.option("--size", callback=_size, metavar="WIDTHxHEIGHT", help="For svg and png: set the size in pixels."),
    click.option("--link-labels/--no-link-labels", default=None,
                 help="For svg and png: write the names of links on their lines; by default, if there are few links."),
)  # fmt: skip
"""Adds the options of pictures to a command, which gets them as `style`."""


def check_style(row: "ExportFormat", style: PictureStyle) -> None:
    """Raise a usage error for an option that the format does not use."""
    from kg.export.registry import unfit_option

    unfit = unfit_option(row, style)
    if unfit:
        name, formats = unfit
        option = f"--{name.replace('_', '-')}"
        raise click.UsageError(f"{option} does not fit the format {row.name}: it is an option of {formats}.")
