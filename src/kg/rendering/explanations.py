"""The output formats for explanations: one row per format."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from kg.core.escaping import in_markdown, printable
from kg.core.json_text import json_text
from kg.reasoning.explanation import Explanation
from kg.reasoning.source_lines import SourceLine
from kg.rendering.tables import render

_DEEPEST = 100
Writer = Callable[[Sequence[Explanation], bool | None], str]
"""Writes explanations; the flag is whether a terminal shows colour, None if there is no terminal."""


def _sentence(node: Explanation) -> str:
    subject, predicate, obj = node.words
    return printable(f"“{subject}” {predicate} “{obj}”")


def _walk(node: Explanation, seen: set[Any], depth: int = 0) -> Iterator[tuple[int, Explanation, str]]:
    """The explanations of a tree with their depths, and why a branch ends early: it is shown above, or too deep."""
    repeated = bool(node.premises) and node.triple in seen
    cut = "see above" if repeated else "…" if depth >= _DEEPEST and node.premises else ""
    seen.add(node.triple)
    yield depth, node, cut
    for premise in () if cut else node.premises:
        yield from _walk(premise, seen, depth + 1)


def _because(node: Explanation) -> Iterator[str]:
    """The rule of a step, with its axioms and their positions."""
    if node.rule:
        yield f"by {node.rule}" + (f": {node.meaning}" if node.meaning else "")
        places = [f"{line.path}:{line.line}" for line in node.grounds]
        if len(places) == 1:
            yield f"   {'; '.join(node.axioms)}  {places[0]}" if node.axioms else f"   {places[0]}"
            return
        yield from (f"   {row}" for row in (*node.axioms, *places))


def _text(explanations: Sequence[Explanation], color: bool | None) -> str:
    """Write a tree; on a terminal, lines wrap at its width."""
    from rich.text import Text
    from rich.tree import Tree

    trees: list[Tree] = []
    for explanation in explanations:
        branches: list[Tree] = []
        for depth, node, cut in _walk(explanation, set()):
            label = Text(_sentence(node) + (f" ({cut})" if cut else ""), style="bold" if depth == 0 else "")
            for row in () if cut else _because(node):
                label.append(f"\n{printable(row)}", style="dim")
            for line in node.stated:
                label.append(f"\n{printable(str(line))}", style="cyan")
                label.append(f"  {printable(line.text)}{_remark(line)}")
            if not node.rule and not node.stated:
                label.append("\nstated, but its place is unknown", style="dim")
            branches[depth:] = [branches[depth - 1].add(label) if depth else Tree(label, guide_style="dim")]
        trees.append(branches[0])
    return render(trees, color)


def _remark(line: SourceLine) -> str:
    return f" ({printable(line.remark)})" if line.remark else ""


def _json(explanations: Sequence[Explanation], color: bool | None) -> str:
    seen: set[Any] = set()
    return json_text([_row(explanation, seen) for explanation in explanations], indent=1) + "\n"


def _row(node: Explanation, seen: set[Any], depth: int = 0) -> Mapping[str, Any]:
    triple = node.triple
    row: dict[str, Any] = {
        "subject": str(triple.subject),
        "predicate": str(triple.predicate),
        "object": str(triple.object),
    }
    row |= {"text": _sentence(node), "asserted": not node.rule, "stated": [line.as_json() for line in node.stated]}
    if node.rule:
        row |= {"rule": node.rule, "meaning": node.meaning, "axioms": list(node.axioms)}
        row |= {"grounds": [line.as_json() for line in node.grounds]}
        repeated = bool(node.premises) and triple in seen
        seen.add(triple)
        row["repeated"] = repeated or depth >= _DEEPEST
        row["premises"] = [] if row["repeated"] else [_row(premise, seen, depth + 1) for premise in node.premises]
    return row


def _markdown(explanations: Sequence[Explanation], color: bool | None) -> str:
    rows = []
    for explanation in explanations:
        for depth, node, cut in _walk(explanation, set()):
            indent = "  " * depth
            rows.append(f"{indent}- {in_markdown(_sentence(node))}{f' ({cut})' if cut else ''}")
            if node.rule and not cut:
                rows.append(f"{indent}  *by {node.rule}{f': {node.meaning}' if node.meaning else ''}*")
                rows += [f"{indent}  `{printable(axiom)}`" for axiom in node.axioms]
                rows += [f"{indent}  {_link(line)}" for line in node.grounds]
            rows += [f"{indent}  {_link(line)} {in_markdown(line.text)}{_remark(line)}" for line in node.stated]
    return "".join(f"{printable(row)}  \n" for row in rows)


def _link(line: SourceLine) -> str:
    from urllib.parse import quote

    return f"[{printable(str(line))}]({quote(line.path)}#L{line.line})"


FORMATS: Mapping[str, Writer] = {"text": _text, "json": _json, "md": _markdown}
"""The formats of `kg why`."""
