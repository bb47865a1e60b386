"""What an editor shows of the thing under the cursor."""

import re

import pytest
from hypothesis import given, settings
from lsprotocol import types as lsp

from helpers import strategies
from helpers.drawing import examples
from helpers.editing import editing
from helpers.reading_editor import ENCODINGS, at, without_state
from kg.lsp.hover import hover
from kg.lsp.note_elements import elements

GOAL = "---\ntype: Outcome\nmood: calm\n---\n# Definition\n\nIt is *calm*.\n\n## How\n\n日本 🚀 ^how\n"
OTHERS = {
    "Goal.md": GOAL,
    "Idea.md": "---\ntype: Concept\n---\nx\n\n# Outcomes\n\n- [[Goal]]\n",
    "a/Same.md": "one",
    "b/Same.md": "two",
    "pic.png": "x",
}


def shown(text: str, others: dict[str, str] = OTHERS, *, encoding: str = "utf-16") -> str:
    """The text of the hover at the cursor; empty without one."""
    here = at(text, others, encoding=encoding)
    found = hover(here.edited, here.position)
    if found is None:
        return ""
    assert isinstance(found.contents, lsp.MarkupContent)
    assert found.contents.kind == lsp.MarkupKind.Markdown
    assert len(found.contents.value.splitlines()) < 60
    return found.contents.value


# ---- links -----------------------------------------------------------------------------------------------------------


def test_a_link_shows_the_thing_with_what_is_inferred_and_why() -> None:
    text = shown("🚀 [[Go‸al]]")
    assert text.startswith("**Goal** · Outcome\n\nIt is calm.\n\n- mood: calm\n")
    assert "\n- outcome of: Idea, because Idea has outcome Goal: Idea.md:8\n" in text
    assert "\n2 notes link here\n" in text
    assert text.endswith("```markdown\n# Definition\n\nIt is *calm*.\n\n## How\n\n日本 🚀 ^how\n```")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_range_is_that_of_the_link(encoding: str) -> None:
    here = at("🚀日 [[Go‸al|x]] y", OTHERS, encoding=encoding)
    found = hover(here.edited, here.position)
    assert found
    assert found.range
    start, end = (here.edited.positions.offset(place) for place in (found.range.start, found.range.end))
    assert here.edited.note.source.slice(start, end) == "[[Goal|x]]"


def test_a_link_to_a_part_shows_the_part() -> None:
    assert shown("[[Goal#H‸ow]]").endswith("```markdown\n## How\n\n日本 🚀 ^how\n```")
    assert shown("[[Goal#^h‸ow]]").endswith("```markdown\n日本 🚀 ^how\n```")
    assert "# Definition" in shown("[[‸Goal#How]]")
    assert "# Definition" not in shown("[[Goal#How|‸x]]")


def test_a_link_that_leads_nowhere_says_so_with_names_like_it() -> None:
    text = shown("[[Goal‸s]]")
    assert text.startswith("**Goals**: a note that does not exist")
    assert "Did you mean Goal?" in text
    assert "\n1 note links here" in text
    assert shown("[[Goal#Hw‸o]]").startswith("a heading that the note does not have")
    assert "did you mean How?" in shown("[[Goal#Hows‸]]")
    assert "did you mean ^how?" in shown("[[Goal#^hows‸]]")
    assert shown("![[no‸.png]]").startswith("**no.png**: a file that does not exist")


def test_a_link_that_is_ambiguous_names_all_files() -> None:
    assert shown("[[Sa‸me]]").startswith("one of several files that are equally near: a/Same.md, b/Same.md\n\n**Same**")


def test_files_and_pages() -> None:
    assert shown("![[pi‸c.png]]").startswith("**pic.png**: a file that is not a note")
    assert shown("https://x.exam‸ple/").startswith("https://x.example/: a web page")


def test_a_note_that_the_graph_does_not_have_yet_has_the_class_of_its_properties() -> None:
    here = editing("---\ntype: Output\n---\nText [[#‸x]] [[Here]]", OTHERS, mark="‸")
    found = hover(here.edited, lsp.Position(3, 16))
    assert found
    assert isinstance(found.contents, lsp.MarkupContent)
    assert found.contents.value.startswith("**Here** · Output\n")


def test_many_facts_are_cut_short() -> None:
    keys = "\n".join(f"key{number}: {number}" for number in range(20))
    text = shown("[[A‸]]", {"A.md": f"---\n{keys}\n---\n" + "line\n" * 30})
    assert text.count("\n- ") == 9
    assert "\n- … and 12 more\n" in text
    assert text.endswith("line\n…\n```")


# ---- names -----------------------------------------------------------------------------------------------------------


def test_a_property_of_the_ontology() -> None:
    text = shown("---\nauth‸or: x\n---\n", {"A.md": "---\nauthor: y\n---\n"})
    assert text.startswith("**creator** · property dcterms:creator\n\nWho made a resource.\n")
    assert "- from Resource to Author\n- inverse: has created\n- used in 2 notes" in text


def test_a_sub_property_says_of_which() -> None:
    assert "- is a kind of cids:hasOutcome\n" in shown("has out‸come:: [[Goal]]")


def test_a_property_of_the_vault() -> None:
    assert shown("Mo‸od:: x") == "**Mood** · property of this vault; no ontology has it\n\n- used in 2 notes"
    assert shown("---\nty‸pe: x\n---\n") == "**type** · the class of what the note is about"


def test_a_class() -> None:
    text = shown("---\ntype: out‸put\n---\n")
    assert text.startswith("**Output** · class kg:Output\n")
    assert "- is a kind of cids:Output" in text
    assert text.endswith("- 1 thing")


def test_a_tag() -> None:
    text = shown("#ar‸ea", {"A.md": "#area #area/x"})
    assert text == "**\\#area** · 2 notes\n\nnested in it: \\#area/x"
    assert "**Outcome** · class kg:Outcome" in shown("#out‸come")


def test_a_heading_a_block_and_a_value() -> None:
    others = {"A.md": "[[Here#Outcomes]] [[Here#^b]]", "Josh.md": "---\ntype: Author\n---\n"}
    assert shown("# Outc‸omes\n\nCalm ^b\n", others).startswith(
        "names the class **Outcome**\n\n**Outcomes** · Outcome\n"
    )
    assert shown("# Exam‸ple\n\nCalm ^b\n", others).startswith("names the property **example**\n")
    assert shown("# Outcomes\n\nCalm ^b‸\n", others) == "**b**\n\n1 place links here"
    assert shown("---\nauthor: Jo‸sh\n---\n", others).startswith("**Josh** · Author\n")
    assert shown("plain ‸text", others) == ""


# ---- hostile and odd notes -------------------------------------------------------------------------------------------

HOSTILE = (
    "![x](https://evil.example/p.png) <img src=https://evil.example/q.png onerror=alert(1)> [go](command:evil) "
    "<script>1</script> `x` ~~~ ```` &lt;b&gt; <https://evil.example> [r]: https://evil.example \u202etxt"
)


def outside_code(markdown: str) -> str:
    """A hover without its block of code, and without what is escaped."""
    text = re.sub(r"^(`{3,})markdown\n.*?^\1$", "", markdown, flags=re.S | re.M)
    return re.sub(r"\\[\\`*_\[\]<>#|~]", "", text)


def assert_harmless(markdown: str) -> None:
    text = outside_code(markdown)
    assert not re.search(r"[<>\[\]`~]|\u202e|&(?!amp;)", text), text


def test_what_notes_contain_is_shown_and_never_followed() -> None:
    yaml = HOSTILE.replace("'", "''")
    other = f"---\ntitle: '{yaml}'\ndefinition: '{yaml}'\nk: '{yaml}'\naliases: ['{yaml}']\n---\n{HOSTILE}\n```\n{HOSTILE}\n"
    for link in ("[[A‸]]", "[[A#Nothing‸ <img src=x>]]", "[[<img src=x> ![x](y)‸]]", "#a<b‸", "K<img>‸:: 1"):
        assert_harmless(shown(link, {"A.md": other}))
    text = shown("[[A‸]]", {"A.md": other})
    assert "evil.example/q.png" in text
    assert "\u202e" not in text


def test_a_block_of_code_in_a_note_does_not_end_the_preview() -> None:
    text = shown("[[A‸]]", {"A.md": "````\n```\n<img src=x>\n```\n````\n"})
    assert text.endswith("`````markdown\n````\n```\n<img src=x>\n```\n````\n`````")


@settings(max_examples=examples(40))
@given(strategies.notes)
def test_the_hovers_of_any_note_are_harmless(text: str) -> None:
    here = editing(text, {"A.md": HOSTILE, "Café.md": "# x"}, mark="‸" * 9)
    for element in elements(here.edited.note):
        found = hover(here.edited, here.edited.positions.position(element.span.start))
        if found:
            assert isinstance(found.contents, lsp.MarkupContent)
            assert_harmless(found.contents.value)


def test_a_store_without_private_notes_gives_no_error() -> None:
    here = at("[[Go‸al]] [[#Own]] #t\n\n# Own\n", OTHERS)
    for character in (4, 12, 19):
        hover(without_state(here.edited), lsp.Position(0, character))
