"""The page of a table of things: its address, and what fills it in."""

from dataclasses import dataclass
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from kg.server.answers import TABLES, content_type, negotiated, write
from kg.server.caching import entity_tag, tagged, unchanged
from kg.server.pages import addresses
from kg.server.pages.rendering import PageContent, rendered
from kg.server.pages.routes import page
from kg.server.pages.writing import open_vault
from kg.server.refusals import BadRequest
from kg.server.replies import streamed
from kg.server.requests import Parameters, first, page_number, parameters_of
from kg.server.served_vault import served_vault
from kg.server.worker import Opened, Outlet
from kg.sparql.listing import Comparison
from kg.views.table import NAME, TableQuery, ThingTable, ThingTables

SIGNS = (
    ("~", "contains"),
    ("=", "is"),
    ("!=", "is not"),
    ("<", "less than"),
    ("<=", "at most"),
    (">", "more than"),
    (">=", "at least"),
    ("present", "has a value"),
    ("absent", "has no value"),
)
"""The comparisons of a column, in words."""
_WORDS = dict(SIGNS)
_MOST = 30
"""The most columns, and the most conditions, of a table."""
_LONGEST = 1_000
"""The characters of the longest condition."""
_ALWAYS = ("note", "tags", "links", "backlinks")
"""The columns that every thing may have."""
_FORMATS = ("csv", "tsv", "json", "md")


def routes() -> list[BaseRoute]:
    """The address of the tables."""
    return [Route("/table", table)]


async def table(request: Request) -> Response:
    """A table, as a page or in a format."""
    parameters = parameters_of(request.url.query)
    query = table_query(parameters)
    if format_ := first(parameters, "format"):
        return await _written(request, query, format_)
    if "sign" in parameters:  # a form adds a condition; its page has an address that others can be given
        return RedirectResponse(addresses.of_table(query), 303)
    return await page(request, table_page, query)


def table_query(parameters: Parameters) -> TableQuery:
    """The table that an address describes. Raises BadRequest, KgError."""
    columns = [name.strip() for text in parameters.get("columns", ()) for name in text.split(",")]
    sort, number = (first(parameters, key).strip() for key in ("sort", "page"))
    texts = [text for text in parameters.get("where", ()) if text.strip()]
    if any(len(text) > _LONGEST for text in texts):
        raise BadRequest(f"a condition has at most {_LONGEST:,} characters")
    where = [Comparison.of(text) for text in texts]
    name, sign, value = (first(parameters, key).strip() for key in ("column", "sign", "value"))
    if name and sign in _WORDS and (value or sign in {"present", "absent"}):
        where.append(Comparison(name, sign, value))
    if len(columns) > _MOST or len(where) > _MOST:
        raise BadRequest(f"a table has at most {_MOST} columns and {_MOST} conditions")
    return TableQuery(
        first(parameters, "class").strip(),
        tuple(dict.fromkeys(filter(None, columns))),
        (sort.removeprefix("-"), sort.startswith("-")) if sort.strip("-") else None,
        tuple(dict.fromkeys(where)),
        page_number(number) or 1,
    )


async def _written(request: Request, query: TableQuery, format_: str) -> Response:
    """All rows of a table in a format. Raises KgError."""
    if format_ not in _FORMATS:
        raise BadRequest(f"a table is available as {', '.join(_FORMATS)}")
    with served_vault(request).generation() as generation:
        tag = entity_tag(generation, "table", query, format_)
        if answer := unchanged(request, tag):
            return answer
        name = f'attachment; filename="table.{format_}"'
        headers = {**tagged(tag), "Content-Disposition": name}
        return await streamed(request, generation, write_table, query, format_, headers=headers)


# ---- in a worker -----------------------------------------------------------------------------------------------------


def tables_of(opened: Opened) -> ThingTables:
    """The tables of an open generation; what one of them reads is kept for the next."""
    tables: ThingTables = opened.kept.setdefault("tables", ThingTables(open_vault(opened)))
    return tables


def write_table(opened: Opened, out: Outlet, query: TableQuery, format_: str) -> None:
    """Write all rows of a table. Raises NotFound, KgError."""
    answer = tables_of(opened).answer(query)
    name, media_type = negotiated(TABLES, None, format_)
    out.begin(content_type(media_type))
    write(answer, out, name)


def table_page(opened: Opened, query: TableQuery) -> str:
    """The page of a table. Raises NotFound, KgError."""
    vault = open_vault(opened)
    view = tables_of(opened).table(query)
    of = view.of.text if view.of else "All notes"
    return rendered(
        vault, PageContent("table.html", of, {"view": view, "layout": TableLayout(view, query), "signs": SIGNS})
    )


class TableHeading(NamedTuple):
    """The head of a column: its title, how the table is sorted by it, and the address that sorts by it."""

    name: str
    title: str
    sorted: str
    """`ascending`, `descending` or empty."""
    address: str


@dataclass(frozen=True)
class TableLayout:
    """What a page of a table has beside its values: the heads of columns, the conditions, the choices of the form."""

    view: ThingTable
    asked: TableQuery
    """The table as the address has it: without columns, the most used are shown."""

    @property
    def heads(self) -> list[TableHeading]:
        """The heads of the columns, that of the things first."""
        return [self._head(name) for name in (NAME, *self.view.query.columns)]

    def _head(self, name: str) -> TableHeading:
        order = self.asked.order
        is_sorted, is_descending = (order[0] == name, order[1]) if order else (name == NAME, False)
        then = None if is_sorted and is_descending else (name, is_sorted)
        address = addresses.of_table(self.asked, order=then, page=1)
        state = ("descending" if is_descending else "ascending") if is_sorted else ""
        return TableHeading(name, title(name), state, address)

    @property
    def conditions(self) -> list[tuple[str, str]]:
        """Each condition in words, and the address of the table without it."""
        where = self.asked.where
        return [
            (_in_words(row), addresses.of_table(self.asked, where=where[:at] + where[at + 1 :], page=1))
            for at, row in enumerate(where)
        ]

    @property
    def choices(self) -> list[tuple[str, str, bool]]:
        """The columns to choose from, with their titles, and whether they are shown."""
        shown = self.view.query.columns
        names = dict.fromkeys((*shown, *self.view.offers, *_ALWAYS))
        return [(name, title(name), name in shown) for name in names]

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What a form keeps of the address beside the class, the columns and the page."""
        order = self.asked.order
        kept = [("sort", f"{'-' if order[1] else ''}{order[0]}")] if order else []
        return kept + [("where", str(row)) for row in self.asked.where]

    def page(self, number: int) -> str:
        """The address of another page."""
        return addresses.of_table(self.asked, page=number)

    @property
    def downloads(self) -> list[tuple[str, str]]:
        """The addresses of all rows, by format."""
        address = addresses.of_table(self.asked, page=1)
        sign = "&" if "?" in address else "?"
        return [(format_.upper() if format_ != "md" else "Markdown", f"{address}{sign}format={format_}")
                for format_ in _FORMATS]  # fmt: skip


def title(name: str) -> str:
    """The title of a column: a property that the ontology does not know is named as notes do."""
    return name.removeprefix("p:")


def _in_words(condition: Comparison) -> str:
    return f"{title(condition.column)} {_WORDS[condition.sign]} {condition.value}".strip()
