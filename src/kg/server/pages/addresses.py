"""The addresses of pages: of things, lists, files and searches."""

from collections.abc import Iterable
from urllib.parse import quote, urlencode

from kg.rdf.iris import encode_path

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
