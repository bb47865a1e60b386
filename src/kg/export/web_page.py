"""Export as a web page: one file that works offline, with the map, a search, and the text of each node.

The page is built in `web/` and stored in `src/kg/export/web/`. The content of notes reaches it only as data: deflated
JSON in base64, in blocks that browsers do not run. Its policy allows only its own script and style, and no requests.
"""

import re
from collections.abc import Mapping
from html import escape
from typing import IO

from kg.export.formats import TITLE, Export, ExportFormat
from kg.export.page_data import PageData
from kg.export.page_parts import inline_hash, json_block, part
from kg.export.property_graph import clean
from kg.export.queryable_page import NO_ASKING, Asking

_NO_SCRIPT = "This page draws itself with JavaScript, which is switched off here."
_PLACE = re.compile(r"<!--kg:(\w+)-->")


def html(export: Export, out: IO[bytes]) -> None:
    """Write the graph as a web page."""
    out.write(_filled(export).encode())


def filled(holes: Mapping[str, str]) -> str:
    """The page with its placeholders filled; inserted text is never searched for placeholders."""
    return _PLACE.sub(lambda match: holes[match[1]], part("page.html"))


def _filled(export: Export) -> str:
    script, style = part("page.js"), part("page.css")
    asking = Asking.of(export) if export.queryable else NO_ASKING
    policy = (
        f"default-src 'none'; script-src {inline_hash(script)}{asking.scripts}; style-src {inline_hash(style)}"
        f"{asking.styles}; base-uri 'none'; form-action 'none'"
    )
    data = PageData(export, export.graph_with_texts)
    holes = {
        "title": escape(clean(export.title)),
        "policy": f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        "script": f"<script>{script}</script>",
        "style": f"<style>{style}</style>",
        "nav": "",
        "still": f'<p id="no-script">{_NO_SCRIPT}</p>',
        "data": "\n".join(json_block(name, value) for name, value in data.blocks()),
        "ask": asking.html,
    }
    return filled(holes)


FORMATS: tuple[ExportFormat, ...] = (
    ExportFormat(
        "html", "text/html", "html", "a web page in one file, to look around in without a network", html, options=TITLE
    ),
)
