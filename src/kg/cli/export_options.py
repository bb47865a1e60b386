"""The options of `kg export` that select data, and those of pictures with the formats that they fit."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kg.cli.options import gathered
from kg.export.picture_style import NAMED_COLOURS, TRANSPARENT, PictureStyle

if TYPE_CHECKING:
    from kg.export.formats import ExportFormat
    from kg.export.selection import Choice

_SIZE = re.compile(r"([0-9]{1,6})[x×]([0-9]{1,6})", re.IGNORECASE)
_LEAST, _MOST = 100, 10_000
_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})")


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

    def choice(self) -> "Choice":
        """The selection; reads the file of the query."""
        from kg.export.selection import Choice

        text = self.query.read_text(encoding="utf-8") if self.query else None
        return Choice(self.only, self.links, self.around, self.depth, text, not self.no_inferred, self.metrics)


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


class _Size(click.ParamType[tuple[int, int]]):
    """A width and a height in pixels."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """Parse `1920x1080`."""
        if isinstance(value, tuple):
            return value
        parts = _SIZE.fullmatch(value.strip())
        if parts is None:
            self.fail(f"“{value}” is not a width and a height in pixels, like 1920x1080.", param, ctx)
        wide, high = int(parts[1]), int(parts[2])
        if not all(_LEAST <= side <= _MOST for side in (wide, high)):
            self.fail(f"{wide}x{high} is out of range: each side is {_LEAST} to {_MOST:,} pixels.", param, ctx)
        return wide, high


class _Colour(click.ParamType[str]):
    """A colour, or `transparent`."""

    name = "colour"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Parse a colour to `#rrggbb`."""
        colour = str(value).strip().lower()
        if colour == TRANSPARENT:
            return colour
        colour = NAMED_COLOURS.get(colour, colour)
        if not _HEX.fullmatch(colour):
            self.fail(
                f"“{value}” is not a colour: give one like #1c222b, a basic name like white or navy, or {TRANSPARENT}.",
                param,
                ctx,
            )
        return colour if len(colour) == 7 else "#" + "".join(2 * digit for digit in colour[1:])


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
    click.option("--background", type=_Colour(), metavar="COLOUR",
                 help="For svg and png: set the colour of the ground, or transparent."),
    click.option("--size", type=_Size(), metavar="WIDTHxHEIGHT", help="For svg and png: set the size in pixels."),
    click.option("--link-labels/--no-link-labels", default=None,
                 help="For svg and png: write the names of links on their lines; by default, if there are few links."),
)  # fmt: skip
"""Adds the options of pictures to a command, which gets them as `style`."""


def check_style(row: "ExportFormat", style: PictureStyle) -> None:
    """Raise a usage error for an option that the format does not use."""
    unfit = [name for name in style.given if name not in row.options]
    if unfit:
        from kg.export.registry import FORMATS

        option = f"--{unfit[0].replace('_', '-')}"
        fit = [other.name for other in FORMATS.values() if unfit[0] in other.options]
        formats = " and ".join(filter(None, (", ".join(fit[:-1]), fit[-1])))
        raise click.UsageError(f"{option} does not fit the format {row.name}: it is an option of {formats}.")
