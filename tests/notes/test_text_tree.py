"""The text of a note as nodes: what is written, and nothing that is HTML."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.notes.markdown import parse_with_markup
from kg.notes.text_tree import DEEPEST, TextNode, TextTree, text_tree

CASES: dict[str, list[TextNode]] = {
    "plain *em* **strong** ~~del~~ ==mark== `code`\nnext": [
        ["p", 0, "plain ", ["em", 0, "em"], " ", ["strong", 0, "strong"], " ", ["del", 0, "del"], " ", ["mark", 0, "mark"],
         " ", ["code", 0, "code"], "\nnext"]
    ],
    "# A *b*\n\n## C\n\nd": [["h", {"level": 1}, "A ", ["em", 0, "b"]], ["h", {"level": 2}, "C"], ["p", 0, "d"]],
    "- a\n  - b\n- [ ] c\n- [x] d": [
        ["ul", 0, ["li", 0, "a", ["ul", 0, ["li", 0, "b"]]], ["li", {"task": " "}, "c"], ["li", {"task": "x"}, "d"]]
    ],
    "3. a\n\n4. [/] b": [
        ["ol", {"start": 3}, ["li", 0, ["p", 0, "a"]], ["li", {"task": "/"}, ["p", 0, "b"]]]
    ],
    "> q\n> r": [["quote", 0, ["p", 0, "q\nr"]]],
    "> [!Tip]- Title *here*\n> body": [
        ["callout", {"kind": "tip", "title": ["Title ", ["em", 0, "here"]], "fold": "-"}, ["p", 0, "body"]]
    ],
    "> [!note]\n> body": [["callout", {"kind": "note", "title": [], "fold": ""}, ["p", 0, "body"]]],
    "| a | b |\n|:--|--:|\n| 1 | [[X\\|x]] |": [
        ["table", {"align": ["left", "right"]}, ["tr", {"head": 1}, ["td", 0, "a"], ["td", 0, "b"]],
         ["tr", 0, ["td", 0, "1"], ["td", 0, ["a", {"target": "X"}, "x"]]]]
    ],
    "```python x\n#no [[link]]\n```": [["pre", {"lang": "python"}, "#no [[link]]"]],
    "a ^id": [["p", 0, "a"]],
    "a %%hidden%% b": [["p", 0, "a  b"]],
    "%%\nall of\nit\n%%": [],
    "a <!-- no --> <br> <b>x</b>": [
        ["p", 0, "a  \n ", ["html", 0, "<b>"], "x", ["html", 0, "</b>"]]
    ],
    "<script>alert(1)</script>": [["html", 0, "<script>alert(1)</script>"]],
    "see #a/b and [[N#h|it]] [m](<p q.md>) <https://x.example/>": [
        ["p", 0, "see ", ["tag", {"name": "a/b"}], " and ", ["a", {"target": "N#h"}, "it"], " ",
         ["a", {"target": "p q.md"}, "m"], " ", ["a", {"target": "https://x.example/"}, "https://x.example/"]]
    ],
    "bare https://x.example/a, so": [
        ["p", 0, "bare ", ["a", {"target": "https://x.example/a"}, "https://x.example/a"], ", so"]
    ],
    "![[a b.png|100]] ![alt](c.jpg) ![[Note#h]]": [
        ["p", 0, ["image", {"target": "a b.png"}, "a b.png"], " ", ["image", {"target": "c.jpg"}, "alt"], " ",
         ["embed", {"target": "Note#h"}, "Note#h"]]
    ],
    "x[^1]\n\n[^1]: the *note*": [
        ["p", 0, "x", ["ref", 0, "1"]], ["footnote", {"name": "1"}, ["p", 0, "the ", ["em", 0, "note"]]]
    ],
    "$x$ costs $5 and\n\n$$y$$": [
        ["p", 0, ["math", 0, "x"], " costs $5 and"], ["p", 0, ["math", {"display": 1}, "y"]]
    ],
    "a &amp; \\*b\n\n---": [["p", 0, "a & *b"], ["hr", 0]],
    "---\nkey: value\n---\nbody": [["p", 0, "body"]],
}  # fmt: skip


def grown(text: str) -> TextTree:
    note, markup = parse_with_markup("note.md", text.encode())
    return text_tree(note, markup, lambda link: {"target": link.target})


@pytest.mark.parametrize("text", CASES)
def test_a_text_is_as_it_is_written(text: str) -> None:
    assert grown(text).nodes == CASES[text]


def test_a_section_ends_where_one_of_its_level_begins() -> None:
    tree = grown("above\n\n# A\n\na\n\n## B\n\nb\n\n# C\n\nc\n")
    parts = {section.heading: [node[-1] for node in tree.below(first, end)] for section, first, end in tree.sections}
    assert parts == {"A": ["a", "B", "b"], "B": ["b"], "C": ["c"]}


def test_items_are_found_by_their_markers() -> None:
    text = "- a\n\t- b\n\n> 1. c\n"
    tree = grown(text)
    assert {at: said(node) for at, node in tree.items.items()} == {
        0: "ab",
        text.index("- b"): "b",
        text.index("1."): "c",
    }


def depth(node: TextNode) -> int:
    return 0 if isinstance(node, str) else 1 + max(map(depth, node[2:]), default=0)


def said(node: TextNode) -> str:
    return node if isinstance(node, str) else "".join(map(said, node[2:]))


def test_no_text_is_deeper_than_a_page_can_show() -> None:
    tree = grown("> " * 3_000 + "down there")
    assert max(map(depth, tree.nodes)) <= DEEPEST + 1 and "down there" in "".join(map(said, tree.nodes))


@given(st.text(st.sampled_from("ab *_`[]()!#>-+1.|:\n\\<>&$=~^%x/"), max_size=80))
def test_any_text_is_a_tree(text: str) -> None:
    tree = grown(text)
    assert json.loads(json.dumps(tree.nodes)) == tree.nodes
    waiting: list[TextNode] = list(tree.nodes)
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            assert isinstance(node[0], str) and node[0] and (node[1] == 0 or isinstance(node[1], dict))
            waiting += node[2:]
