"""What the tests of exports share: a hostile vault, an export of any property graph, and all formats written."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pyoxigraph as ox
from click.testing import CliRunner, Result

import kg
from helpers.vaults import ingest, write_vault
from kg.analysis.network import Network, NetworkLink
from kg.analysis.network_reader import read
from kg.cli.commands import kg as cli
from kg.export import gexf, graphml
from kg.export import json_formats as graphjson
from kg.export import table_formats as graphtables
from kg.export import text_formats as graphtext
from kg.export.formats import Export, ExportFormat
from kg.export.property_graph import Edge, PropertyGraph

FORMATS: dict[str, ExportFormat] = {
    one.name: one for room in (graphml, gexf, graphtext, graphjson, graphtables) for one in room.FORMATS
}

SCRIPTS = {
    "A.md": "---\naliases: ['</script><script>alert(1)</script>']\nid: javascript:alert(2)\nsum: '=cmd|'' /C calc''!A0'\n---\n"
    "</script><script>alert(3)</script> <!--kg:script--> [x](javascript:alert(4)) <img src=x onerror=alert(5)>\n\n[[B]]\n",
    "B.md": "---\ntitle: '<img src=x onerror=alert(6)>'\n---\n[[</script><svg onload=alert(7)>]] [[A]] \u2028 \x00\n",
}

VAULT = {
    "Ämter & \"Würden\" <b>.md": """---
aliases: ["plain", 'He said "no" & left', "a;b", "a,b", "a|b", "🧠 brain", "[x]", "]]>", "</script><!--", "-"]
tags: [pm/discovery, ux]
id key: 7
id: hostile-1
source: from here
target: to there
label: a label
name: a name
key: k
weight: heavy
kind: k
type: Concept
x: 5
start: 1
viz: v
parent: p
pos: nowhere
width: wide
shape: x.png
due date: 2026-01-31
due-date: 2026-02-01
at: 2026-01-31T09:30:00
utc: 2026-01-31T09:30:00Z
whole: 1
mixed: 1
odd: 1
big: 99999999999999999999
long: 9007199254740993
neg: -5
small: 1e-7
huge: 1.0e+300
done: true
many: [2, 1]
scores: [0.5, 2.5]
nothing:
bad: .nan
worse: .inf
nul: "a\\0b\\ec"
formula: "=cmd|' /C calc'!A0"
quoted: "'=1+1"
plus: "+1"
at sign: "@SUM(A1)"
tab: "\\tx"
markup: "<a href=\\"x\\">&amp; &lt; ]]> </script> #quot; &#65;"
backslash: "C:\\\\temp\\\\"
escaped: "\\\\\\"x\\\\n\\\\N"
lines: "one\\ntwo\\r\\nthree\\rfour\\u2028five\\x85six"
spaces: "  two  "
brackets: "{[()]} $x `y` %z% ~ ^ | ; , :"
rtl: "\\u202eabc\\u202c שלום"
combining: "e\\u0301"
год: 2026
1st: first
number text: "007"
bool text: "true"
empty text: ""
---
[[B]] [[B]] [[Gone (end)]] and [[Ämter & "Würden" <b>]] again, https://example.org/a?b=c&d=(e)#f;
""",
    "B.md": """---
mixed: 0.5
odd: x
whole: 2
likes: '[[Ämter & "Würden" <b>]]'
hates: '[[Ämter & "Würden" <b>]]'
done: false
many: 3
nested: {a: 1, b: [x, y]}
due date: 2026-03-01
---
[[Ämter & "Würden" <b>]] ![[end]]

# Outcomes

- [[Gone (end)]]
- <i>Less</i> & "more" 🧠
""",
    "end.md": "# Definition\n\nWhat `subgraph` and \"end\" are.\n\nSecond\\\n",
    "=1+1.md": "[[#nothing]] [[B|=B]]\n",
    "lonely.md": "",
}  # fmt: skip


def hostile(folder: Path) -> Export:
    """The export of a vault with all that some format chokes on."""
    vault = folder / "vault"
    vault.mkdir()
    write_vault(vault, VAULT)
    store = ingest(vault, folder / "store").store
    return Export(store, lambda: read(store), list, None, vault=vault, title='Notes "<&>" 🧠')


def export_of(graph: PropertyGraph, title: str = "notes") -> Export:
    """The export of a property graph, with an empty store behind it."""
    nodes = tuple(ox.NamedNode(node.iri) for node in graph.nodes)
    links = tuple(NetworkLink(edge.source, edge.target, edge.property, edge.weight) for edge in graph.edges)
    network = Network(nodes, tuple(node.label for node in graph.nodes), tuple(() for _ in nodes), links, {})
    store = cast(kg.Store, SimpleNamespace(prefixes={}, find=lambda *_: []))
    made = Export(store, lambda: network, list, None, title=title)
    made.__dict__["graph"] = graph
    return made


def written(export: Export, name: str, folder: Path) -> Path:
    """An export as a file, or as a folder."""
    form = FORMATS[name]
    if form.write_folder:
        path = folder / name
        path.mkdir(exist_ok=True)
        form.write_folder(export, path)
        return path
    assert form.write
    path = folder / f"{name}.{form.suffix}"
    with path.open("wb") as stream:
        form.write(export, stream)
    return path


Things = dict[str, dict[str, Any]]
Links = dict[str, tuple[Any, ...]]


def things(graph: PropertyGraph) -> Things:
    """What is to come back of the things, by their ids."""
    return {
        node.id: {"label": node.label, "iri": node.iri, "type": node.type, "types": list(node.types), **node.values}
        for node in graph.nodes
    }


def links(graph: PropertyGraph) -> Links:
    """What is to come back of the links, by their ids."""
    return {edge.id: link(graph, edge) for edge in graph.edges}


def link(graph: PropertyGraph, edge: Edge) -> tuple[Any, ...]:
    return graph.nodes[edge.source].id, graph.nodes[edge.target].id, edge.kind, edge.property, edge.weight


def lists(graph: PropertyGraph) -> Sequence[str]:
    """The columns that hold lists."""
    return ["types", *(column.name for column in graph.columns if column.is_list)]


def export(store: kg.Store, *arguments: str) -> Result:
    """`kg export` of a store."""
    return CliRunner().invoke(cli, ["export", "--store", str(store.path), *arguments])


def exported(store: kg.Store, *arguments: str) -> bytes:
    """What `kg export` writes to stdout."""
    done = export(store, *arguments)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout_bytes


def page_of(store: kg.Store, *arguments: str) -> str:
    """The page of a store."""
    return exported(store, "-f", "html", *arguments).decode()
