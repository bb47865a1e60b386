"""What each tool answers, in the tests' own process."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from helpers.agents import asked, fresh
from helpers.vaults import write_vault
from kg.mcp.agent_vault import AgentVault
from kg.mcp.answering import ToolCall, called
from kg.mcp.budget import LEAST, tokens
from kg.mcp.tool_table import TOOLS

NOTES = {
    "kg.toml": 'base = "https://notes.example/"\n',
    "Lean.md": "---\naliases: [Lean thinking]\nrelated: '[[Agile]]'\n---\n# Definition\nLess waste.\n\nSee [[Agile]] and [[Kanban]].\n",
    "Agile.md": "---\ndefinition: Short cycles\n---\n# Outcomes\n- [[Calm weeks]]\n\n#method\n",
    "Calm weeks.md": "---\ntype: Outcome\n---\nNobody works at night. Back to [[Lean]].\n",
    "Rules/Work.md": "# Work\nA board shows the work of [[Agile]].\n",
    "queries/by-tag.rq": "# Things with a tag\n# param tag: text = method\nSELECT ?thing { ?thing kg:tagged/skos:prefLabel ?tag }\n",
}


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AgentVault]:
    with fresh(write_vault(tmp_path_factory.mktemp("agents") / "vault", NOTES)) as source:
        yield source.latest()


CALLS: dict[str, tuple[tuple[str, dict[str, Any]], tuple[str, ...]]] = {
    "overview": (("overview", {}), ("class kg:Concept", "property kg:linksTo", "by-tag(tag: text = method)", "4 notes")),
    "names": (("search", {"query": "lean"}), ("Lean.md:1: Lean, Concept",)),
    "words": (("search", {"query": "waste"}), ("Lean.md:6: Less waste.",)),
    "no words": (("search", {"query": "wxstq"}), ("nothing is found for “wxstq”", "hint: no note has “wxstq”")),
    "thing": (("show", {"name": "Lean"}), ("“Lean”, Concept (Lean.md:1)", "Lean.md:3: related: Agile",
                                           "Lean.md:8: link to Kanban", "Calm weeks.md:4: link from Calm weeks",
                                           "Lean.md:6: Less waste.")),
    "path": (("show", {"name": "Rules/Work.md"}), ("“Work”",)),
    "sparql": (("query", {"sparql": "SELECT ?a ?b { ?a kg:linksTo ?b } ORDER BY ?a ?b"}), ("Lean.md:1: Lean | Agile",)),
    "yes": (("query", {"sparql": "ASK { ?a kg:linksTo ?b }"}), ("yes",)),
    "hint": (("query", {"sparql": "SELECT ?a { ?a kg:linkTo ?b }"}), ("no rows", "did you mean kg:linksTo?")),
    "library": (("query", {"name": "missing-notes"}), ("Kanban",)),
    "parameters": (("query", {"name": "by-tag", "parameters": {"tag": "method"}}), ("Agile.md:1: Agile",)),
    "why": (("why", {"subject": "Agile", "predicate": "related", "object": "Lean"}), ("“Agile” related “Lean”, by",
                                                                                       "Lean.md:3:")),
    "around": (("neighbours", {"name": "Lean"}), ("things around “Lean”", "Calm weeks.md:4: in")),
    "way": (("neighbours", {"name": "Work", "to": "Calm weeks"}), ("links from “Work” to “Calm weeks”", "Work → Agile")),
    "all findings": (("validate", {}), ("Lean.md:8:", "there is no note “Kanban” [L01]")),
    "folder": (("validate", {"path": "Rules", "severity": "error"}), ("no findings",)),
    "draft": (("validate", {"path": "New.md", "text": "See [[Nowhere]].\n"}), ("is not saved", "New.md:1:5: error: there is no")),
    "draft of another": (("validate", {"path": "Kanban.md", "text": "[[Lean]]\n"}), ("it resolves 1 findings of other files",)),
    "suggest": (("suggest", {}), ("→",)),
    "suggest to one": (("suggest", {"name": "Work"}), ("Rules/Work.md:1: Work →",)),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_answers(vault: AgentVault, name: str) -> None:
    (tool, arguments), expected = CALLS[name]
    answer = asked(vault, tool, **arguments)
    assert not answer.is_error, answer.text
    for text in expected:
        assert text in answer.text, (text, answer.text)
    assert answer.values is not None
    jsonschema.validate(answer.values, TOOLS[tool].output_schema)
    assert answer == asked(vault, tool, **arguments)


@pytest.mark.parametrize(
    ("tool", "arguments", "sentence"),
    [
        ("shwo", {}, "there is no tool “shwo”; did you mean show?"),
        ("search", {"quary": "x"}, "search has no argument “quary”; did you mean query?"),
        ("search", {}, "search needs query"),
        ("search", {"query": 3}, "search: query is a text, not “3”"),
        ("show", {"name": "Laen"}, "no note or thing is named “Laen”"),
        ("show", {"name": "Lean", "offset": -1}, "show: offset is from 0"),
        ("query", {}, "query needs sparql, a SPARQL query, or name, one of the library"),
        ("query", {"sparql": "SELECT ?a {"}, "line 1, column"),
        ("query", {"sparql": " by-tag\n"}, "“by-tag” is a query of the library: give it as name"),
        ("query", {"sparql": "SELECT * { SERVICE <http://x.example/> { ?a ?b ?c } }"}, "which this one does not do"),
        ("query", {"sparql": "LOAD <file:///etc/passwd>"}, "line 1, column 1"),
        ("query", {"name": "by-tag", "parameters": {"tga": "x"}}, "has no parameter “tga”; it takes tag: text"),
        ("query", {"name": "by-tag", "parameters": {"tag": []}}, "is a text, a number, true or false"),
        ("why", {"subject": "Lean", "predicate": "related"}, "why needs subject, predicate and object"),
        ("validate", {"path": "Rulse"}, "no note or folder is “Rulse”"),
        ("validate", {"text": "x"}, "a draft needs path"),
        ("validate", {"path": "../out.md", "text": "x"}, "a draft needs path"),
        ("validate", {"path": "x.exe", "text": "x"}, "is no path of a note"),
        ("validate", {"severity": "bad"}, "severity is error, warning, info"),
        ("neighbours", {"name": "Nobody"}, "no note or thing is named"),
    ],
)
def test_errors_teach(vault: AgentVault, tool: str, arguments: dict[str, Any], sentence: str) -> None:
    answer = asked(vault, tool, **arguments)
    assert answer.is_error
    assert answer.values is None
    assert sentence in answer.text


def test_offsets_reach_every_row_once(vault: AgentVault) -> None:
    whole = asked(vault, "show", most=100_000, name="Lean").values
    assert whole
    rows: list[object] = []
    while len(rows) < whole["total"]:
        part = asked(vault, "show", most=LEAST, name="Lean", offset=len(rows)).values
        assert part
        assert part["rows"]
        rows += part["rows"]
    assert rows == whole["rows"]


@pytest.mark.parametrize("most", [LEAST, 700, 2_000])
def test_a_hard_budget_even_for_the_first_row(tmp_path: Path, most: int) -> None:
    text = "---\ndefinition: " + "word " * 4_000 + "\n---\n[[" + "x" * 200 + "]] " + "💥“\\" * 999 + "\n"
    long = {f"Note {n} {'long' * 40}.md": text for n in range(12)}
    write_vault(tmp_path / "vault", long)
    with fresh(tmp_path / "vault") as source:
        vault = source.latest()
        first = vault.paths[0]
        calls: dict[str, dict[str, Any]] = {
            "overview": {}, "search": {"query": "word"}, "show": {"name": first}, "why": {"subject": first},
            "query": {"sparql": "SELECT * { ?a ?b ?c }"}, "neighbours": {"name": first, "depth": 2}, "validate": {},
            "suggest": {},
        }  # fmt: skip
        for name, arguments in calls.items():
            answer = called(vault, ToolCall(name, {**arguments, "max_tokens": most}))
            sent = json.dumps({"text": answer.text, "values": answer.values}, ensure_ascii=False)
            assert tokens(sent) <= most, name
            assert not answer.is_error, answer.text
            if name not in {"why", "suggest"}:
                assert "rows" in answer.text.rpartition("</vault-data>")[2] or "cut" in answer.text, name
                assert answer.values
                assert answer.values["rows"]
