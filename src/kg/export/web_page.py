"""Export as a web page: one file that works offline, with the map, a search, and the text of each node.

The page is built in `web/` and stored in `src/kg/export/web/`. The content of notes reaches it only as data: deflated
JSON in base64, in blocks that browsers do not run. Its policy allows only its own script and style, and no requests.
"""

import re
from base64 import b64encode
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import IO
from zlib import compress

from kg.core.json_text import json_text
from kg.export.formats import Export, ExportFormat
from kg.export.page_data import PageData
from kg.export.property_graph import clean

_PLACE = re.compile(r"<!--kg:(\w+)-->")


def html(export: Export, out: IO[bytes]) -> None:
    """Write the graph as a web page."""
    out.write(_filled(export).encode())


def _filled(export: Export) -> str:
    """Fill the placeholders of the page; inserted text is never searched for placeholders."""
    script, style = _part("page.js"), _part("page.css")
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; base-uri 'none'; form-action 'none'"
    )
    data = PageData(export, export.graph_with_texts)
    holes = {
        "title": escape(clean(export.title)),
        "policy": policy,
        "script": script,
        "style": style,
        "data": "\n".join(_block(name, value) for name, value in data.blocks()),
    }
    return _PLACE.sub(lambda match: holes[match[1]], _part("page.html"))


def _part(name: str) -> str:
    return (files("kg.export") / "web" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """The digest of a script or style, as a content security policy names it."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _block(name: str, value: object) -> str:
    """Data in a block that no browser runs and that its content cannot close."""
    text = json_text(value, separators=(",", ":"))
    return f'<script type="text/plain" id="{name}">{b64encode(compress(text.encode(), 6)).decode()}</script>'


FORMATS: tuple[ExportFormat, ...] = (
    ExportFormat("html", "text/html", "html", "a web page in one file, to look around in without a network", html),
)
