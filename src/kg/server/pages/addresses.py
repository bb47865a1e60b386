"""The addresses of pages: of things, lists, files and searches."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from kg.rdf.iris import encode_path
from kg.views.table import TableQuery

_KEPT = "/~!$&'()*+,;=:@"
"""The characters that a path may have beside letters, digits and `-._`."""


def of_thing(iri: str, base: str) -> str:
    """The page of a thing; that of a thing of the vault has its path in its address."""
    local = iri[len(base) :] if base and iri.startswith(base) else ""
    if local and not local.startswith(("/", "#")) and "?" not in local and "%2F" not in local:
        path, _, inside = local.partition("#")
        return f"/thing/{quote(path, safe=_KEPT + '%')}" + (f"?{urlencode({'part': inside})}" if inside else "")
    return f"/thing?{urlencode({'iri': iri})}"


def iri_of(path: str, part: str, base: str) -> str:
    """The IRI of the thing at a page's address, whose path is decoded."""
    return f"{base}{encode_path(path)}" + (f"#{part}" if part else "")


def of_list(of: str = "", has: Iterable[tuple[str, str]] = (), folder: str = "", page: int = 1) -> str:
    """The page of a list; each condition is a property and a term."""
    pairs = [("class", of)] if of else []
    pairs += [("has", f"{name}={term}") for name, term in has]
    pairs += [("folder", folder)] if folder else []
    pairs += [("page", str(page))] if page > 1 else []
    return "/list" + (f"?{urlencode(pairs)}" if pairs else "")


def of_query(text: str = "", **more: str) -> str:
    """The page of a query in SPARQL."""
    pairs = {"query": text, **more} if text else more
    return "/query" + (f"?{urlencode(pairs)}" if pairs else "")


def of_question(name: str, values: Mapping[str, str] | None = None) -> str:
    """The page of a query of the library."""
    return f"/query/{quote(name, safe='')}" + (f"?{urlencode(values)}" if values else "")


def of_answer(text: str, format_: str) -> str:
    """The answer of a query in a format."""
    return f"/sparql?{urlencode({'query': text, 'format': format_})}"


def of_table(query: TableQuery, **changes: Any) -> str:
    """The page of a table, with changes."""
    of, columns, order, where, page = query._replace(**changes)
    pairs = [("class", of)] if of else []
    pairs += [("columns", ",".join(columns))] if columns else []
    pairs += [("sort", f"{'-' if order[1] else ''}{order[0]}")] if order else []
    pairs += [("where", str(condition)) for condition in where]
    pairs += [("page", str(page))] if page > 1 else []
    return "/table" + (f"?{urlencode(pairs)}" if pairs else "")


def of_file(path: str) -> str:
    """The address of an attachment."""
    return f"/files/{quote(path, safe=_KEPT)}"


def of_search(text: str) -> str:
    """The page of a search."""
    return f"/search?{urlencode({'q': text})}"


def in_obsidian(vault: str, path: str) -> str:
    """The address that opens a note in Obsidian (https://help.obsidian.md/Extending+Obsidian/Obsidian+URI)."""
    return f"obsidian://open?vault={quote(vault, safe='')}&file={quote(path, safe='')}"


def of_findings(severity: str = "", code: str = "", folder: str = "", page: int = 1) -> str:
    """The page of findings, narrowed down."""
    chosen = {"severity": severity, "code": code, "folder": folder, "page": str(page) if page > 1 else ""}
    pairs = [(name, value) for name, value in chosen.items() if value]
    return "/findings" + (f"?{urlencode(pairs)}" if pairs else "")
