"""Ask a model the questions about the fixture vault, with the tools of `kg mcp`, and score its answers. Run by hand.

    ANTHROPIC_API_KEY=… python evals/run.py --model NAME            over the HTTP API of Anthropic
    OPENAI_API_KEY=… python evals/run.py --model NAME               over that of OpenAI
    python evals/run.py --command "some-agent --mcp {config} -p {question}"

With a command, {config} is a file that tells an agent how to start `kg mcp`, and {question} is the question; what the
command prints is its answer. A fact is right if its words are in the answer. A name in “quotes” or [[brackets]] that no
note has is fabricated. Tokens are as the API counts them; a command has none.
"""

import argparse
import asyncio
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any, NamedTuple

from mcp import Client, StdioServerParameters

HERE = Path(__file__).parent
_NAME = re.compile(r"“([^”]{3,60})”|\[\[([^\]|#]{2,60})")
_TURNS = 12
_SYSTEM = "Answer in a sentence or two from the vault, by the tools. Put names of notes in [[brackets]]."


class ModelAnswer(NamedTuple):
    """What a model answers, and the tokens and calls that it took."""

    text: str
    tokens: int = 0
    calls: int = 0


def posted(url: str, headers: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
    """The JSON that an HTTP API answers."""
    data = json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json", **headers})
    with urllib.request.urlopen(request, timeout=300) as answer:
        result: dict[str, Any] = json.load(answer)
    return result


async def by_anthropic(client: Client, model: str, question: str) -> ModelAnswer:
    """The answer of a model over Anthropic's API."""
    tools = [{"name": tool.name, "description": tool.description, "input_schema": tool.input_schema}
             for tool in (await client.list_tools()).tools]  # fmt: skip
    headers = {"x-api-key": os.environ["ANTHROPIC_API_KEY"], "anthropic-version": "2023-06-01"}
    messages: list[dict[str, Any]] = [{"role": "user", "content": question}]
    used = calls = 0
    for _ in range(_TURNS):
        body = {"model": model, "max_tokens": 1_000, "system": _SYSTEM, "tools": tools, "messages": messages}
        answer = posted("https://api.anthropic.com/v1/messages", headers, body)
        used += answer["usage"]["input_tokens"] + answer["usage"]["output_tokens"]
        wanted = [part for part in answer["content"] if part["type"] == "tool_use"]
        if not wanted:
            return ModelAnswer("".join(part.get("text", "") for part in answer["content"]), used, calls)
        results = []
        for part in wanted:
            calls += 1
            text = await called(client, part["name"], part["input"])
            results.append({"type": "tool_result", "tool_use_id": part["id"], "content": text})
        messages += [{"role": "assistant", "content": answer["content"]}, {"role": "user", "content": results}]
    return ModelAnswer("", used, calls)


async def by_openai(client: Client, model: str, question: str) -> ModelAnswer:
    """The answer of a model over OpenAI's API."""
    tools = [{"type": "function", "function": {"name": tool.name, "description": tool.description,
                                               "parameters": tool.input_schema}}
             for tool in (await client.list_tools()).tools]  # fmt: skip
    headers = {"authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}
    messages: list[dict[str, Any]] = [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": question}]
    used = calls = 0
    for _ in range(_TURNS):
        body = {"model": model, "tools": tools, "messages": messages}
        answer = posted("https://api.openai.com/v1/chat/completions", headers, body)
        used += answer["usage"]["total_tokens"]
        message = answer["choices"][0]["message"]
        if not message.get("tool_calls"):
            return ModelAnswer(message["content"] or "", used, calls)
        messages.append(message)
        for call in message["tool_calls"]:
            calls += 1
            text = await called(client, call["function"]["name"], json.loads(call["function"]["arguments"] or "{}"))
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": text})
    return ModelAnswer("", used, calls)


async def called(client: Client, name: str, arguments: dict[str, Any]) -> str:
    """The text of a tool's answer."""
    result = await client.call_tool(name, arguments)
    return "".join(getattr(part, "text", "") for part in result.content)


def by_command(command: str, vault: Path, question: str) -> ModelAnswer:
    """What a program prints that is told of the server."""
    config = vault.parent / "mcp.json"
    server = {"command": sys.executable, "args": ["-m", "kg", "mcp", str(vault)]}
    config.write_text(json.dumps({"mcpServers": {"kg": server}}), encoding="utf-8")
    words = [word.format(config=config, question=question) for word in shlex.split(command)]
    return ModelAnswer(subprocess.run(words, capture_output=True, text=True, check=True, timeout=600).stdout)


def scored(answer: ModelAnswer, facts: list[str], names: set[str]) -> tuple[int, list[str]]:
    """The number of facts in an answer, and the names that no note has."""
    right = sum(fact.casefold() in answer.text.casefold() for fact in facts)
    told = {(quoted or linked).strip().casefold() for quoted, linked in _NAME.findall(answer.text)}
    return right, sorted(told - names - {fact.casefold() for fact in facts})


async def main(given: argparse.Namespace, vault: Path) -> None:
    """Ask, and print a line for each question."""
    names = {file.stem.casefold() for file in vault.rglob("*.md")}
    rows = json.loads((HERE / "questions.json").read_text(encoding="utf-8"))
    right = number = made_up = used = 0
    command = StdioServerParameters(command=sys.executable, args=["-m", "kg", "mcp", str(vault)])
    async with Client(command) as client:
        for row in rows:
            if given.command:
                answer = await asyncio.to_thread(by_command, given.command, vault, row["question"])
            else:
                ask = by_anthropic if "ANTHROPIC_API_KEY" in os.environ else by_openai
                answer = await ask(client, given.model, row["question"])
            found, fabricated = scored(answer, row["facts"], names)
            right, number, used = right + found, number + len(row["facts"]), used + answer.tokens
            made_up += len(fabricated)
            print(f"{found}/{len(row['facts'])} {row['question']} ({answer.calls} calls, {answer.tokens:,} tokens)"
                  + (f" fabricated: {', '.join(fabricated)}" if fabricated else ""), flush=True)  # fmt: skip
    print(f"{right} of {number} facts, {made_up} fabricated names, {used:,} tokens")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="the name of a model of the API")
    parser.add_argument("--command", help="a command line that asks an agent")
    options = parser.parse_args()
    if not (options.model or options.command):
        parser.error("give --model or --command")
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary) / "vault"
        shutil.copytree(HERE / "vault", copy, ignore=shutil.ignore_patterns(".kg"))
        asyncio.run(main(options, copy))
