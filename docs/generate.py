"""The reference pages of docs/, made from the code and the ontology: `python docs/generate.py` writes them.

`tests/test_docs.py` fails where a page is not what this makes.
"""

import ast
import contextlib
import inspect
import io
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
import rdflib
from click.testing import CliRunner
from rdflib import OWL, RDF, RDFS, SKOS

from kg.core.findings import Code

if TYPE_CHECKING:
    from kg.sparql.library import NamedQuery

DOCS = Path(__file__).parent
NOTE = "<!-- Made by docs/generate.py; change the code, not this page. -->\n\n"
SCHEMA = rdflib.Namespace("https://schema.org/")


def commands() -> str:
    """The help texts."""
    from kg.cli.commands import kg

    os.environ["COLUMNS"] = "100"
    parts = ["# Commands\n"]
    for name in ["", *_every(kg)]:
        result = CliRunner().invoke(kg, [*name.split(), "--help"], prog_name="kg", terminal_width=100)
        parts.append(f"## kg {name}".rstrip() + f"\n\n```text\n{result.output.rstrip()}\n```\n")
    parts.append(EXIT_CODES)
    return "\n".join(parts)


def _every(group: click.Group, before: str = "") -> Iterator[str]:
    """The commands of a group, each before its own."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield before + name
        if isinstance(command, click.Group):
            yield from _every(command, f"{before}{name} ")


def manual() -> str:
    """The man page, `man kg`."""
    from kg.cli.commands import kg

    rows = [MAN_HEAD]
    for name in ["", *_every(kg)]:
        context = _context(kg, name.split())
        rows.append(f".SS kg {_roff(name)}".rstrip() if name else ".SH DESCRIPTION")
        rows.append(f".B {_roff(' '.join(context.command.collect_usage_pieces(context)))}" if name else "")
        text = inspect.cleandoc(context.command.help or "").replace("\b\n", "")
        rows += [f".PP\n{_roff(' '.join(part.split()))}" for part in text.split("\n\n")]
        params = context.command.get_params(context)
        options = (param.get_help_record(context) for param in params if isinstance(param, click.Option))
        rows += [f".TP\n.B {_roff(row[0])}\n{_roff(row[1])}" for row in options if row]
        rows += [".SH COMMANDS"] if not name else []
    codes = re.findall(r"^\| (\d+) \| (.*) \|$", EXIT_CODES, re.M)
    rows += [".SH EXIT STATUS", *(f".TP\n.B {code}\n{_roff(means)}" for code, means in codes)]
    return "\n".join(row for row in rows if row) + "\n"


MAN_HEAD = """.\\" Made by docs/generate.py; change the code, not this page.
.TH KG 1
.SH NAME
kg \\- turn a folder of Markdown notes into a knowledge graph and query it
.SH SYNOPSIS
.B kg
[\\fIOPTIONS\\fR] \\fICOMMAND\\fR [\\fIARGS\\fR]..."""


def _context(group: click.Group, words: list[str]) -> click.Context:
    """The context of a command."""
    context = click.Context(group, info_name="kg", **group.context_settings)
    for word in words:
        assert isinstance(context.command, click.Group)
        command = context.command.get_command(context, word)
        assert command
        context = click.Context(command, info_name=word, parent=context)
    return context


def _roff(text: str) -> str:
    """A text of one line in roff: a backslash, a hyphen, and a full stop or quote at the beginning are escaped."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text.startswith((".", "'")) else text


EXIT_CODES = """## Exit codes

| code | means |
| --- | --- |
| 0 | done; the answer of `ASK` is yes |
| 1 | the answer is no: a file that `kg` could not read completely, `ASK` is false, no such query |
| 2 | wrong usage, or input that cannot be read, for example a syntax error in a query |
| 3 | the store is locked, damaged or missing |
| 4 | a time limit was reached |
| 130 | interrupted |
"""


def findings() -> str:
    """The table of findings."""
    from kg.core.findings import CODES
    from kg.rendering.code_explanations import CodeExplanation

    table = "| code | severity | what | remedy |\n| --- | --- | --- | --- |\n"
    rows = [f"| {c.code} | {c.severity} | {c.title} | {c.remedy} |" for c in CODES.values()]
    shapes = [f"| {c.code} | {c.severity} | {c.title} | {c.remedy} |" for c in _shapes().values()]
    head = "# Findings\n\nThe problems that `kg` reports, each at its line and column.\n\n"
    explained = "\n".join(CodeExplanation.of(code).markdown() for code in [*CODES.values(), *_shapes().values()])
    tables = f"{head}{table}{chr(10).join(rows)}\n{SHAPES}{table}{chr(10).join(shapes)}\n"
    return f"{tables}\n## Explanations\n\n`kg explain CODE` prints these texts.\n\n{explained}"


SHAPES = """
## Shapes

SHACL shapes describe what notes are expected to contain. They are in `ontology/shapes.ttl`; `kg` itself
checks the properties with `schema:rangeIncludes` (S10). It also checks [your own shapes](validating.md#shapes-of-your-own).

"""


def _shapes() -> dict[str, Code]:
    from kg.config import resource
    from kg.mapping.ontology import load
    from kg.rdf.iris import Names
    from kg.validation.messages import Wording
    from kg.validation.shapes import Shapes

    ontology = load([resource("ontology")], {})
    return Wording(Shapes.of(ontology), ontology, Names(""), lambda _: "", lambda _: "").rules()


def formats() -> str:
    """The table of result formats."""
    from kg.rendering.query_results import FORMATS

    rows = [
        f"| `{f.name}` | {f.media_type} | {'rows' if 'select' in f.kinds else ''}"
        f"{' and ' if len(f.kinds) == 3 else ''}{'graphs' if 'graph' in f.kinds else ''} | {f.keeps} |"
        for f in FORMATS.values()
    ]
    head = "# Formats\n\n## kg query\n\n| format | media type | for | |\n| --- | --- | --- | --- |\n"
    return head + "\n".join(rows) + "\n" + _reports() + _verdicts() + _exports()


def _exports() -> str:
    from kg.export.registry import FORMATS

    head = "\n## kg export\n\n| format | ends | media type | |\n| --- | --- | --- | --- |\n"
    return head + "".join(
        f"| `{f.name}` | {f'`.{f.suffix}`' if f.suffix else 'a folder'} | {f.media_type} | {f.keeps} |\n"
        for f in FORMATS.values()
    )


def _reports() -> str:
    from kg.rendering.findings import REPORTS

    head = "\n## kg validate\n\n| format | media type | |\n| --- | --- | --- |\n"
    return head + "".join(f"| `{r.name}` | {r.media_type} | {r.keeps} |\n" for r in REPORTS.values())


def _verdicts() -> str:
    from kg.rendering.competency import FORMS

    head = "\n## kg test\n\n| format | media type | |\n| --- | --- | --- |\n"
    return head + "".join(f"| `{f.name}` | {f.media_type} | {f.keeps} |\n" for f in FORMS.values())


def obsidian() -> str:
    """The page on Obsidian is written by hand, but for its table of link classes."""
    from kg.mapping.link_resolution import LINK_CLASSES

    page = (DOCS / "obsidian.md").read_text(encoding="utf-8")
    before, _, rest = page.partition("| class | leads to |\n| --- | --- |\n")
    _, _, after = rest.partition("\n\n")
    rows = "\n".join(f"| {kind} | {says} |" for kind, says in LINK_CLASSES.items())
    return f"{before}| class | leads to |\n| --- | --- |\n{rows}\n\n{after}"


def vocabulary() -> str:
    """The terms of the ontology."""
    graph = rdflib.Graph().parse(DOCS.parent / "ontology" / "kg.ttl")
    for prefix in ("schema", "cids", "kg"):
        assert prefix in dict(graph.namespaces())
    head = (
        "# Vocabulary\n\nThe terms that `kg` states, from `ontology/kg.ttl`. A term with names can be named in a note: as a "
        "heading, a tag, a `type:` or a property, in any of its names, ignoring case, spaces, `-` and `_`.\n"
    )
    return head + _classes(graph) + _properties(graph) + _functions(graph)


def _name(graph: rdflib.Graph, term: rdflib.term.Node) -> str:
    return graph.namespace_manager.normalizeUri(str(term)).strip("<>")


def _names(graph: rdflib.Graph, term: rdflib.term.Node, *predicates: rdflib.URIRef) -> str:
    found = sorted(
        {
            _name(graph, o) if isinstance(o, rdflib.URIRef) else str(o)
            for p in predicates
            for o in graph.objects(term, p)
        }
    )
    return ", ".join(found)


def _called(graph: rdflib.Graph, term: rdflib.term.Node) -> str:
    structural = rdflib.URIRef("https://w3id.org/concept-notes#structural")
    return "" if graph.value(term, structural) else _names(graph, term, RDFS.label, SKOS.altLabel)


def _documented(graph: rdflib.Graph, *types: rdflib.URIRef) -> list[rdflib.term.Node]:
    return sorted(
        {t for type_ in types for t in graph.subjects(RDF.type, type_) if graph.value(t, RDFS.comment)}, key=str
    )


def _classes(graph: rdflib.Graph) -> str:
    rows = ["\n## Classes\n", "| class | is | means | names in notes |", "| --- | --- | --- | --- |"]
    for term in _documented(graph, OWL.Class):
        above = _names(graph, term, RDFS.subClassOf)
        rows.append(
            f"| `{_name(graph, term)}` | {above} | {graph.value(term, RDFS.comment)} | {_called(graph, term)} |"
        )
    return "\n".join(rows) + "\n"


def _properties(graph: rdflib.Graph) -> str:
    rows = ["\n## Properties\n", "| property | from | to | says | names in notes |", "| --- | --- | --- | --- | --- |"]
    for term in _documented(graph, OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty):
        domain, range_ = (_names(graph, term, SCHEMA[key]) for key in ("domainIncludes", "rangeIncludes"))
        says = graph.value(term, RDFS.comment)
        rows.append(f"| `{_name(graph, term)}` | {domain} | {range_} | {says} | {_called(graph, term)} |")
    return "\n".join(rows) + "\n"


def _functions(graph: rdflib.Graph) -> str:
    head = "\n## Functions\n\nWhat a query may call beside SPARQL's own functions; see [searching](search.md).\n"
    rows = [head, "| function | gives |", "| --- | --- |"]
    function = rdflib.URIRef("http://www.w3.org/ns/sparql-service-description#Function")
    rows += [f"| `{_name(graph, term)}` | {graph.value(term, RDFS.comment)} |" for term in _documented(graph, function)]
    return "\n".join(rows) + "\n"


def queries() -> str:
    """The library of queries."""
    from kg.config import resource
    from kg.sparql.library import NamedQuery
    from kg.sparql.question import grouped

    head = (
        "# The library of queries\n\n`kg query NAME VALUE…` runs a query; `kg query` alone lists them. The values are those of its "
        "parameters, in their order; `--param NAME=VALUE` sets one by its name. Parameters with a `?` or a default are "
        "optional. See also [how to write your own]"
        "(competency.md#queries-with-a-name). `queries/tests/` has the results for the vault in `notes/`.\n"
    )
    named = [NamedQuery(file.stem, file) for file in sorted(resource("queries").glob("*.rq"))]
    rows = [
        f"| {group if at == 0 else ''} | [{one.name}](#{one.name}) | {one.header.title} |"
        for group, members in grouped({one.name: one for one in named})
        for at, one in enumerate(members)
    ]
    index = ["| | query | |", "| --- | --- | --- |", *rows]
    return "\n".join([head, *index, "", *map(_query, named)])


def _query(named: "NamedQuery") -> str:
    text = named.text.split("\n")
    body = "\n".join(text[next(n for n, line in enumerate(text) if not line.startswith("#")) :]).rstrip()
    rows = [f"- `{param}`{f': {param.says}' if param.says else ''}\n" for param in named.header.params]
    params = "".join([*rows, "\n"]) if rows else ""
    return f"## {named.name}\n\n**{named.header.title}.** {named.description}\n\n{params}```sparql\n{body}\n```\n"


def rules() -> str:
    """The rules of OWL 2 RL, and those that come as files."""
    from kg.config import resource
    from kg.reasoning.rule_meanings import MEANINGS

    head = (
        "# Rules of inference\n\n`kg` infers by these rules. Their names are those of the [specification]"
        "(https://www.w3.org/TR/owl2-profiles/#Reasoning_in_OWL_2_RL_and_RDF_Graphs_using_Rules). `kg why` shows the rules "
        "of a derivation. A rule that forbids a combination makes [findings](findings.md).\n\n"
    )
    rows = [f"| `{name}` | {text} |" for name, text in MEANINGS.items()]
    files = sorted((resource("ontology") / "rules").glob("*.rq"))
    said = [f"| `{file.stem}` | {file.read_text(encoding='utf-8').splitlines()[0].lstrip('# ')} |" for file in files]
    table = "| rule | says |\n| --- | --- |\n"
    own = "\n## In `ontology/rules/`\n\nSee [how to add a rule](inference.md#rules).\n\n"
    return head + table + "\n".join(rows) + "\n" + own + table + "\n".join(said) + "\n"


MODULES = "<!-- modules: made by docs/generate.py from the docstrings -->\n"
END_OF_MODULES = "<!-- end of modules -->"
SOURCE = DOCS.parent / "src" / "kg"


def architecture() -> str:
    """The page as it is, with a table a package."""
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    before, _, rest = text.partition(MODULES)
    _, _, after = rest.partition(END_OF_MODULES)
    packages = [folder for folder in SOURCE.iterdir() if (folder / "__init__.py").is_file()]
    return before + MODULES + "".join(map(_package, sorted(packages))) + END_OF_MODULES + after


def _package(folder: Path) -> str:
    """What is in a package, and what never is, and its modules."""
    summary, _, never = _docstring(folder / "__init__.py").partition("\n\n")
    rows = [f"| `{file.stem}` | {_sentence(file)} |" for file in sorted(folder.glob("[!_]*.py"))]
    about = f"{summary} {never.replace(chr(10), ' ')}".replace(chr(10), " ").strip()
    return f"\n### {folder.name}\n\n{about}\n\n| module | |\n| --- | --- |\n" + "\n".join(rows) + "\n\n"


def _sentence(file: Path) -> str:
    return " ".join(_docstring(file).partition("\n\n")[0].split()).replace("|", "\\|")


def _docstring(file: Path) -> str:
    return ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""


PAGES: dict[str, Callable[[], str]] = {
    "architecture.md": architecture,
    "commands.md": commands,
    "findings.md": findings,
    "formats.md": formats,
    "kg.1": manual,
    "obsidian.md": obsidian,
    "queries.md": queries,
    "rules.md": rules,
    "vocabulary.md": vocabulary,
}


def page(name: str) -> str:
    """The text of a page."""
    with contextlib.redirect_stderr(io.StringIO()):
        text = PAGES[name]()
        return text if name in {"architecture.md", "obsidian.md", "kg.1"} else NOTE + text


if __name__ == "__main__":
    for name in PAGES:
        (DOCS / name).write_text(page(name), encoding="utf-8")
