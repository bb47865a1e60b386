"""The text of a note as HTML: its nodes become elements, and what a note has of HTML itself is cleaned.

Whatever a note contains, the result has only the elements and attributes that are listed here, and leads to nothing but
pages of this server, web pages and mail.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import nh3
from markupsafe import Markup, escape

from kg.notes.text_tree import TextNode
from kg.rdf.iris import is_harmless
from kg.server.pages import addresses
from kg.views.note_text import NoteText

_PLAIN = {"p": "p", "em": "em", "strong": "strong", "del": "del", "mark": "mark", "code": "code", "quote": "blockquote"}
_PLAIN |= {"ul": "ul", "ref": "sup"}
_DONE = {" ": "to do", "x": "done", "X": "done", "-": "cancelled", "/": "begun", ">": "moved"}
_LONGEST_FORMULA = 2_000
"""The characters of the longest formula that is set; a longer one is shown as it is written."""
_LONGEST_CODE = 50_000
"""The characters of the longest block of code that is coloured."""
_DEEPEST = 3
_ALIGNED = frozenset(("left", "center", "right"))

_FORMULA = (
    "math mi mn mo ms mtext mspace mrow mfrac msqrt mroot mstyle merror mpadded mphantom msub msup msubsup munder "
    "mover munderover mmultiscripts mtable mtr mtd semantics"
)
_ELEMENTS = (
    "a abbr b bdi bdo blockquote br caption cite code col colgroup dd del details dfn div dl dt em figcaption figure "
    "h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q rp rt ruby s samp section small span strong sub summary sup "
    "table tbody td tfoot th thead time tr u ul var wbr"
)
_ATTRIBUTES: Mapping[str, set[str]] = {
    "a": {"href", "title", "class"},
    "img": {"src", "alt", "title", "width", "height", "class", "loading"},
    "ol": {"start"},
    "td": {"colspan", "rowspan", "class"},
    "th": {"colspan", "rowspan", "class", "scope"},
    "details": {"open", "class"},
    "math": {"display", "class"},
    "mo": {"stretchy", "fence", "separator", "form", "largeop", "movablelimits"},
    "mi": {"mathvariant"},
    "mtable": {"columnalign"},
    "mspace": {"width"},
    **{
        name: {"class"} for name in ("div", "span", "p", "code", "pre", "sup", "summary", "section", "li", "blockquote")
    },
    **{name: {"id"} for name in ("h1", "h2", "h3", "h4", "h5", "h6")},
}
_OWN_IMAGE = re.compile(r"/files/[^\\]*\Z")
_CLASS = re.compile(
    r"c-[a-z0-9]{1,3}|callout(?:-[a-z-]{1,30})?|to-(?:left|right|center)|missing(?:-[a-z]+)?|"
    r"task|box|hidden|footnote|embedded|title|table|code|math|block|tag|image|embed|out|file|nowhere|resolved|self"
)
"""The classes that the pages give elements of a text; a note could look like a part of the page by others."""
_UNSAFE_ID = re.compile(r"\s+")


@dataclass(frozen=True)
class TextWriter:
    """Writes the texts of notes as HTML."""

    base: str
    """The base of the vault's IRIs."""
    tag_base: str
    """What the IRIs of tags begin with."""

    def html(self, text: NoteText) -> Markup:
        """A text as HTML that is safe to show."""
        raw = "".join(_Writing(self, text.embedded).all(text.nodes))
        return Markup(_cleaner().clean(raw))  # noqa: S704 - this is what cleans it


@dataclass
class _Writing:
    """One text; `depth` counts the texts around an embedded one."""

    writer: TextWriter
    embedded: Mapping[str, list[TextNode]]
    depth: int = 0
    around: frozenset[str] = field(default_factory=frozenset)

    def all(self, nodes: Iterable[TextNode]) -> Iterable[str]:
        return map(self.one, nodes)

    def one(self, node: TextNode) -> str:
        """A node as HTML, not yet cleaned."""
        if isinstance(node, str):
            return str(escape(node)).replace("\n", "<br>\n")
        name, attributes, children = node[0], node[1] or {}, node[2:]
        if name in _PLAIN:
            return f"<{_PLAIN[name]}>{self._inner(children)}</{_PLAIN[name]}>"
        special = self._special.get(name)
        return special(attributes, children) if special else self._inner(children)

    def _inner(self, children: Sequence[TextNode]) -> str:
        return "".join(self.all(children))

    @cached_property
    def _special(self) -> Mapping[str, Callable[[Mapping[str, Any], Sequence[TextNode]], str]]:
        return {
            "h": self._heading,
            "hr": lambda attributes, children: "<hr>",
            "ol": self._numbered,
            "li": self._item,
            "pre": self._code,
            "table": self._table,
            "callout": self._callout,
            "a": lambda attributes, children: self._link(attributes, self._inner(children), ""),
            "image": self._image,
            "embed": self._embed,
            "tag": self._tag,
            "footnote": self._footnote,
            "math": self._formula,
            "html": lambda attributes, children: "".join(child for child in children if isinstance(child, str)),
        }

    # ---- blocks ------------------------------------------------------------------------------------------------------

    def _heading(self, attributes: Mapping[str, Any], children: Sequence[TextNode]) -> str:
        level = min(6, int(attributes.get("level", 1)) + 1)  # the page's own title is above those of the text
        id_ = "" if self.depth else f' id="{escape(_UNSAFE_ID.sub("-", _plain(children)))}"'
        return f"<h{level}{id_}>{self._inner(children)}</h{level}>"

    def _numbered(self, attributes: Mapping[str, Any], children: Sequence[TextNode]) -> str:
        return f'<ol start="{int(attributes.get("start", 1))}">{self._inner(children)}</ol>'

    def _item(self, attributes: Mapping[str, Any], children: Sequence[TextNode]) -> str:
        task = attributes.get("task")
        if task is None:
            return f"<li>{self._inner(children)}</li>"
        sign = "☐" if task == " " else "☑" if task in {"x", "X"} else f"[{escape(task)}]"
        told = escape(_DONE.get(task, f"status {task}"))
        box = f'<span class="box">{sign}</span><span class="hidden">{told}</span>'
        return f'<li class="task">{box} {self._inner(children)}</li>'

    def _code(self, attributes: Mapping[str, Any], children: Sequence[TextNode]) -> str:
        return f'<pre class="code"><code>{_coloured(_plain(children), str(attributes.get("lang", "")))}</code></pre>'

    def _table(self, attributes: Mapping[str, Any], children: Sequence[TextNode]) -> str:
        align = [side if side in _ALIGNED else "" for side in attributes.get("align", ())]
        rows = "".join(self._row(row, align) for row in children if isinstance(row, list))
        return f'<div class="table"><table>{rows}</table></div>'

    def _row(self, row: Sequence[Any], align: Sequence[str]) -> str:
        name = "th" if row[1] and row[1].get("head") else "td"
        cells = (cell for cell in row[2:] if isinstance(cell, list))
        sides = (*align, *("" for _ in row))
        written = (
            f"<{name}{_class(f'to-{side}' if side else '')}>{self._inner(cell[2:])}</{name}>"
            for cell, side in zip(cells, sides, strict=False)
        )
        return f"<tr>{''.join(written)}</tr>"

    def _callout(self, attributes: Mapping[str, Any], children: Sequence[TextNode]) -> str:
        kind = str(attributes.get("kind", ""))
        title = self._inner(attributes.get("title") or [kind.capitalize()])
        style = f'class="callout {_callout_class(kind)}"'
        if fold := attributes.get("fold"):
            opened = " open" if fold == "+" else ""
            return f"<details {style}{opened}><summary>{title}</summary>{self._inner(children)}</details>"
        return f'<div {style}><p class="title">{title}</p>{self._inner(children)}</div>'

    def _footnote(self, attributes: Mapping[str, Any], children: Sequence[TextNode]) -> str:
        return f'<div class="footnote"><sup>{escape(attributes.get("name", ""))}</sup> {self._inner(children)}</div>'

    # ---- links -------------------------------------------------------------------------------------------------------

    def _link(self, attributes: Mapping[str, Any], inner: str, classes: str) -> str:
        """A link to a page of this server or of the web; else its text alone."""
        if "file" in attributes:
            address, kind = addresses.of_file(str(attributes["file"])), "file"
        elif "iri" in attributes:
            address = addresses.of_thing(str(attributes["iri"]), self.writer.base)
            kind = str(attributes.get("kind", "")).replace(" ", "-")
        elif is_harmless(str(attributes.get("href", ""))):
            address, kind = str(attributes["href"]), "out"
        else:
            return f'<span class="nowhere">{inner}</span>'
        return f'<a class="{escape(f"{kind} {classes}".strip())}" href="{escape(address)}">{inner}</a>'

    def _image(self, attributes: Mapping[str, Any], children: Sequence[TextNode]) -> str:
        name, width = _plain(children), ""
        if "file" not in attributes:
            return self._link(attributes, f"Image: {escape(name)}", "image")
        if match := re.fullmatch(r"(\d{1,4})(?:x\d{1,4})?", name):
            name, width = str(attributes["file"]).rpartition("/")[2], f' width="{match[1]}"'
        source = escape(addresses.of_file(str(attributes["file"])))
        return f'<img src="{source}" alt="{escape(name)}" loading="lazy"{width}>'

    def _embed(self, attributes: Mapping[str, Any], children: Sequence[TextNode]) -> str:
        """The text of an embedded note, below a link to it."""
        iri = str(attributes.get("iri", ""))
        link = self._link(attributes, self._inner(children), "embed")
        nodes = self.embedded.get(iri)
        if nodes is None or "file" in attributes or self.depth >= _DEEPEST or iri in self.around:
            return link
        inner = _Writing(self.writer, self.embedded, self.depth + 1, self.around | {iri})
        return f'<div class="embedded"><p class="title">{link}</p>{"".join(inner.all(nodes))}</div>'

    def _tag(self, attributes: Mapping[str, Any], children: Sequence[TextNode]) -> str:
        name = str(attributes.get("name", ""))
        address = addresses.of_list(has=[("tagged", f"#{name}")])
        return f'<a class="tag" href="{escape(address)}">#{escape(name)}</a>'

    # ---- formulas ----------------------------------------------------------------------------------------------------

    def _formula(self, attributes: Mapping[str, Any], children: Sequence[TextNode]) -> str:
        text, is_block = _plain(children), bool(attributes.get("display"))
        return _formula(text, is_block) or f'<code class="math{" block" if is_block else ""}">{escape(text)}</code>'


def _formula(text: str, is_block: bool) -> str:
    """A formula in MathML; empty if it is too long, or is none that can be read."""
    if len(text) > _LONGEST_FORMULA:
        return ""
    from latex2mathml.converter import convert

    try:
        return str(convert(text, display="block" if is_block else "inline"))
    except Exception:  # noqa: BLE001 - whatever the library raises for a formula that it cannot read
        return ""


def _coloured(text: str, language: str) -> str:
    """A block of code, coloured if its language is known."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    if not language or len(text) > _LONGEST_CODE:
        return str(escape(text))
    try:
        lexer = get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return str(escape(text))
    return str(highlight(text, lexer, HtmlFormatter(nowrap=True, classprefix="c-")))


def _plain(nodes: Iterable[TextNode]) -> str:
    """The text in nodes, without markup."""
    return "".join(node if isinstance(node, str) else _plain(node[2:]) for node in nodes)


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""


def _callout_class(kind: str) -> str:
    return f"callout-{kind}" if re.fullmatch(r"[a-z-]{1,30}", kind) else "callout-note"


def _cleaner() -> nh3.Cleaner:
    """What leaves only the listed elements, attributes and addresses."""
    return nh3.Cleaner(
        tags={*_ELEMENTS.split(), *_FORMULA.split()},
        attributes={name: set(values) for name, values in _ATTRIBUTES.items()},
        clean_content_tags={
            "script",
            "style",
            "iframe",
            "object",
            "embed",
            "template",
            "title",
            "noscript",
            "textarea",
        },
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
        attribute_filter=_kept,
        strip_comments=True,
    )


def _kept(element: str, attribute: str, value: str) -> str | None:
    """The value of an attribute; None if it is left out. Only images of the vault are shown."""
    if (element, attribute) == ("img", "src"):
        return value if _OWN_IMAGE.match(value) else None
    if attribute == "id":
        return f"text-{value}"
    if attribute == "class":
        return " ".join(name for name in value.split() if _CLASS.fullmatch(name)) or None
    return value
