"""Answer a call of a tool: check its arguments, run it, and write its answer within the budget."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from kg.core.errors import KgError, QuerySyntaxError, ServiceRefused, StoreError
from kg.core.spelling import did_you_mean, nearest
from kg.mcp.agent_vault import AgentVault
from kg.mcp.answer import ToolAnswer, WrittenAnswer, refusal, written
from kg.mcp.arguments import BadArguments, checked
from kg.mcp.budget import MOST, bounded
from kg.mcp.tool_table import TOOLS


class ToolCall(NamedTuple):
    """A call of a tool."""

    name: str
    arguments: Mapping[str, Any]
    most: int = MOST
    """The most tokens of its answer."""

    @property
    def budget(self) -> int:
        """The tokens of its answer."""
        asked = self.arguments.get("max_tokens")
        is_number = isinstance(asked, int) and not isinstance(asked, bool) and asked > 0
        own = TOOLS[self.name].most if self.name in TOOLS else None
        return bounded(min(self.most, own or self.most), asked if is_number else None)


def called(vault: AgentVault, call: ToolCall) -> WrittenAnswer:
    """The answer to a call; an error is an answer, too."""
    try:
        answer = _answer(vault, call)
    except KgError as error:
        return refusal(sentence(error), call.budget)
    return written(replace(answer, remarks=(vault.remark, *answer.remarks)), call.budget)


def _answer(vault: AgentVault, call: ToolCall) -> ToolAnswer:
    """Run a tool. Raises KgError."""
    tool = TOOLS.get(call.name)
    if tool is None:
        near = did_you_mean(nearest(call.name, TOOLS))
        raise BadArguments(f"there is no tool “{call.name[:80]}”{near}; there are {', '.join(TOOLS)}")
    arguments = checked(tool.name, tool.arguments, call.arguments)
    arguments.pop("max_tokens", None)
    return tool.work(vault, **arguments)


def sentence(error: KgError) -> str:
    """What an agent is told of an error."""
    match error:
        case QuerySyntaxError():
            return f"line {error.line}, column {error.column}: {error}"
        case ServiceRefused():
            return f"{error.where}SERVICE asks another server, which this one does not do"
        case StoreError():  # its message has a path of this machine
            return "the store cannot be read now: `kg doctor` says why"
    return str(error)
