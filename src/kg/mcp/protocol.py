"""The protocol: what the SDK is given to serve, whatever carries it. No call knows of another."""

import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import mcp_types as types
from mcp import MCPError
from mcp.server.caching import CacheableMethod, CacheHint
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server

from kg.core.errors import InternalError, KgError
from kg.core.version import __version__
from kg.mcp import answering, prompts, resources
from kg.mcp.answer import WrittenAnswer, refusal
from kg.mcp.answering import ToolCall, sentence
from kg.mcp.budget import MOST
from kg.mcp.tool_table import INSTRUCTIONS, TOOLS, AgentTool
from kg.mcp.visible_text import visible_line

Ask = Callable[..., Awaitable[Any]]
"""Calls a function of a module with the open vault and arguments, where answers are made; `is_long` gives it more time.

Raises what the function raises, and KgError if there is no answer.
"""
LONG: Final = 10
"""How many times longer a call may take that reads all notes."""
Context = ServerRequestContext[Any]

UNTRUSTED: Final = {"kg.notes/trust": "untrusted", "kg.notes/source": "notes"}
"""The label of what comes from notes."""
_READ_ONLY = types.ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)
_HOUR = 3_600_000
_LASTING: Mapping[CacheableMethod, CacheHint] = {
    "tools/list": CacheHint(_HOUR, "public"),
    "prompts/list": CacheHint(_HOUR, "public"),
    "resources/list": CacheHint(_HOUR, "public"),
    "resources/templates/list": CacheHint(_HOUR, "public"),
}
"""The lists are the same for every vault."""


def server(ask: Ask, most: int = MOST) -> Server[Any]:
    """The server, whose answers have at most so many tokens."""
    face = _Face(ask, most)
    return Server(
        "kg",
        version=__version__,
        instructions=INSTRUCTIONS,
        cache_hints=_LASTING,
        on_list_tools=face.list_tools,
        on_call_tool=face.call_tool,
        on_list_resources=face.list_resources,
        on_list_resource_templates=face.list_templates,
        on_read_resource=face.read_resource,
        on_list_prompts=face.list_prompts,
        on_get_prompt=face.get_prompt,
        on_completion=face.complete,
    )


class _Face:
    """What answers each method."""

    def __init__(self, ask: Ask, most: int) -> None:
        self.ask = ask
        self.most = most

    # ---- tools -------------------------------------------------------------------------------------------------------

    async def list_tools(self, context: Context, params: object) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[*map(_definition, TOOLS.values())])

    async def call_tool(self, context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        call = ToolCall(params.name, params.arguments or {}, self.most)
        is_long = params.name in TOOLS and TOOLS[params.name].is_long
        try:
            answer: WrittenAnswer = await self.ask(answering.called, call, is_long=is_long)
        except KgError as error:
            answer = refusal(sentence(error), call.budget)
        except Exception as error:  # noqa: BLE001 - the client is told; a call never ends the server
            sys.stderr.write(f"kg: {InternalError(error)}\n")
            answer = refusal(f"internal error: {type(error).__name__}", call.budget)
        text = types.TextContent(text=answer.text, _meta=UNTRUSTED)
        return types.CallToolResult(
            content=[text], structured_content=answer.values, is_error=answer.is_error, _meta=UNTRUSTED
        )

    # ---- resources ---------------------------------------------------------------------------------------------------

    async def list_resources(self, context: Context, params: object) -> types.ListResourcesResult:
        return types.ListResourcesResult(
            resources=[
                types.Resource(name="overview", uri="kg://overview", mime_type="text/plain",
                               description="What the vault holds, and the words and queries to ask it with."),
                types.Resource(name="ontology", uri="kg://ontology", mime_type="text/turtle",
                               description="The classes and properties of the vault, in Turtle."),
            ]
        )  # fmt: skip

    async def list_templates(self, context: Context, params: object) -> types.ListResourceTemplatesResult:
        return types.ListResourceTemplatesResult(
            resource_templates=[
                types.ResourceTemplate(name="note", uri_template="kg://note/{path}", mime_type="text/markdown",
                                       description="The text of a note, by its path in the vault."),
                types.ResourceTemplate(name="query", uri_template="kg://query/{name}",
                                       mime_type="application/sparql-query",
                                       description="A query of the library, with its parameters."),
            ]
        )  # fmt: skip

    async def read_resource(
        self, context: Context, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        read = await self._asked(resources.read, str(params.uri), self.most)
        contents = types.TextResourceContents(uri=read.uri, text=read.text, mime_type=read.media_type, _meta=UNTRUSTED)
        return types.ReadResourceResult(contents=[contents])

    # ---- prompts and completions -------------------------------------------------------------------------------------

    async def list_prompts(self, context: Context, params: object) -> types.ListPromptsResult:
        rows = [
            types.Prompt(
                name=row.name,
                description=row.says,
                arguments=[types.PromptArgument(name=row.argument, description=row.about, required=row.is_required)],
            )
            for row in prompts.PROMPTS.values()
        ]
        return types.ListPromptsResult(prompts=rows)

    async def get_prompt(self, context: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
        try:
            text = prompts.prompt(params.name, params.arguments or {})
        except KgError as error:
            raise _refused(error) from error
        message = types.PromptMessage(role="user", content=types.TextContent(text=text))
        return types.GetPromptResult(description=prompts.PROMPTS[params.name].says, messages=[message])

    async def complete(self, context: Context, params: types.CompleteRequestParams) -> types.CompleteResult:
        what = params.argument.name
        if what not in {"path", "name"}:
            return types.CompleteResult(completion=types.Completion(values=[], total=0, has_more=False))
        found = await self._asked(resources.complete, what, params.argument.value)
        has_more = found.total > len(found.values)
        completion = types.Completion(values=[*found.values], total=found.total, has_more=has_more)
        return types.CompleteResult(completion=completion)

    async def _asked(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """What a function answers. Raises MCPError."""
        try:
            return await self.ask(work, *arguments)
        except KgError as error:
            raise _refused(error) from error


def _refused(error: KgError) -> MCPError:
    return MCPError(types.INVALID_PARAMS, visible_line(sentence(error)))


def _definition(tool: AgentTool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        description=tool.says,
        input_schema=tool.input_schema,
        output_schema=tool.output_schema,
        annotations=_READ_ONLY,
    )
