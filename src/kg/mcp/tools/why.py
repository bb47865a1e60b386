"""`why`: the rules and the lines of notes that a triple rests on."""

from collections.abc import Iterator

import pyoxigraph as ox

from kg.mcp.agent_vault import AgentVault
from kg.mcp.answer import AnswerRow, ToolAnswer
from kg.mcp.arguments import BadArguments
from kg.mcp.visible_text import visible_line
from kg.reasoning.explanation import Explanation

_DEEPEST = 50


def why(vault: AgentVault, subject: str, predicate: str = "", object: str = "", offset: int = 0) -> ToolAnswer:  # noqa: A002 - the name of the argument
    """Why a triple holds; or all that was inferred about a thing. Raises NotFound, KgError."""
    if bool(predicate) != bool(object):
        raise BadArguments("why needs subject, predicate and object, or subject alone")
    explainer = vault.open.explainer
    name = vault.called(subject)
    explained = explainer.why(name, predicate, vault.called(object)) if predicate else explainer.everything(name)
    rows = [row for explanation in explained for row in _steps(vault, explanation, set())]
    says = "" if rows else "nothing was inferred about it"
    return ToolAnswer(says, rows[offset:], len(rows), min(offset, len(rows)))


def _steps(vault: AgentVault, step: Explanation, seen: set[ox.Triple], depth: int = 0) -> Iterator[AnswerRow]:
    """A row for each step, and for each line that states a triple; a premise is shown once."""
    is_repeated = bool(step.premises) and step.triple in seen
    seen.add(step.triple)
    words = [visible_line(word) for word in step.words]
    sentence = f"“{words[0]}” {words[1]} “{words[2]}”"
    indent = "  " * depth
    values: dict[str, object] = {"depth": depth, "triple": words}
    for line in step.stated[:3]:
        text = vault.line(line)
        row = {"path": line.path, "line": line.line, "text": text}
        yield AnswerRow(f"{indent}{line.path}:{line.line}: {sentence}: {text}", values | row)
    if step.rule:
        because = visible_line(f"{step.rule}: {step.meaning}" if step.meaning else step.rule)
        again = " (see above)" if is_repeated else ""
        places = [f"{line.path}:{line.line}" for line in step.grounds[:2]]
        ground = f" [{', '.join(places)}]" if places else ""
        yield AnswerRow(
            f"{indent}{sentence}, by {because}{ground}{again}", values | {"rule": because, "grounds": places}
        )
    elif not step.stated:
        yield AnswerRow(f"{indent}{sentence}, stated in a note", values)
    if not is_repeated and depth < _DEEPEST:
        for premise in step.premises:
            yield from _steps(vault, premise, seen, depth + 1)
