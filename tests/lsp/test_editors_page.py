"""The page on editors: its settings have the syntax of their language, and say what the extension and the server know."""

import json
import re
import tomllib

import pytest

from helpers.vaults import ROOT

PAGE = (ROOT / "docs" / "editors.md").read_text(encoding="utf-8")
BLOCKS = [(match[1], match[2]) for match in re.finditer(r"^```(\w+)[^\n]*\n(.*?)^```$", PAGE, re.M | re.S)]
SETTINGS = {"store", "severity", "inlayHints", "codeLens"}
EXTENSION = json.loads((ROOT / "editors" / "vscode" / "package.json").read_text(encoding="utf-8"))

CLOSING = {"(": ")", "[": "]", "{": "}"}
LUA_OPENS = re.compile(r"\b(?:function|then|do|repeat)\b")
LUA_CLOSES = re.compile(r"\b(?:end|until)\b")


def blocks(*languages: str) -> list[str]:
    return [text for language, text in BLOCKS if language in languages]


def unbalanced(text: str, comment: str, strings: str) -> list[str]:
    """The brackets that nothing closes, or that close nothing; those in comments and strings do not count."""
    bare = re.sub(rf"{comment}[^\n]*", "", re.sub(strings, '""', text))
    opened: list[str] = []
    for sign in re.findall(r"[()\[\]{}]", bare):
        if sign in CLOSING:
            opened.append(sign)
        elif not opened or CLOSING[opened.pop()] != sign:
            return [sign]
    return opened


def test_each_editor_has_an_example() -> None:
    assert {language for language, _ in BLOCKS} == {"console", "json", "lua", "toml", "rust", "elisp"}
    for name in ("VS Code", "Neovim", "Helix", "Zed", "Emacs", "Obsidian beside an editor"):
        assert re.search(rf"^## {name}$", PAGE, re.M), name


@pytest.mark.parametrize("text", blocks("toml"))
def test_toml_is_toml(text: str) -> None:
    tomllib.loads(text)


@pytest.mark.parametrize("text", blocks("json"))
def test_json_is_json(text: str) -> None:
    json.loads(text)


@pytest.mark.parametrize("text", blocks("lua"))
def test_lua_is_balanced(text: str) -> None:
    assert unbalanced(text, "--", r'"[^"\n]*"') == []
    words = re.sub(r'--[^\n]*|"[^"\n]*"', "", text)
    assert len(LUA_OPENS.findall(words)) == len(LUA_CLOSES.findall(words))


@pytest.mark.parametrize("text", blocks("elisp"))
def test_lisp_is_balanced(text: str) -> None:
    assert unbalanced(text, ";", r'"(?:[^"\\]|\\.)*"') == []
    assert all(line.startswith(("(", " ")) for line in text.splitlines())


@pytest.mark.parametrize("text", blocks("rust"))
def test_rust_is_balanced(text: str) -> None:
    assert unbalanced(text, "//", r'"[^"\n]*"') == []


def test_a_balance_finds_what_is_missing() -> None:
    assert unbalanced('f("(" -- )\n', "--", r'"[^"\n]*"') == ["("]
    assert unbalanced("f(])", "--", r'"[^"\n]*"') == ["]"]


def test_the_settings_are_those_that_there_are() -> None:
    section = PAGE.split("\n## Settings\n")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)`", section, re.M)) == SETTINGS
    properties = EXTENSION["contributes"]["configuration"]["properties"]
    assert {name.removeprefix("kg.") for name in properties} == SETTINGS | {"command", "trace.server"}
    vscode, zed = (json.loads(text) for text in blocks("json"))
    assert {name for name in vscode if name.startswith("kg.")} <= set(properties)
    assert set(zed["lsp"]["kg"]["initialization_options"]) <= SETTINGS
    helix = tomllib.loads(blocks("toml")[0])
    assert set(helix["language-server"]["kg"]["config"]) <= SETTINGS
    for options in re.findall(r"init_options = \{([^}]*)\}", PAGE):
        assert set(re.findall(r"(\w+) =", options)) <= SETTINGS
    for options in re.findall(r":initialization-?[oO]ptions '?\(([^)]*)\)", PAGE):
        assert set(re.findall(r":(\w+)", options)) <= SETTINGS
