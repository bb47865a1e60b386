"""Completion: a text with the cursor at a mark, what is offered there, and the text after the first item."""

from datetime import datetime

import pytest
from lsprotocol import types as lsp

from helpers.editing import HERE, Editing, editing
from kg.core.text import Source, Span
from kg.lsp.completion import completions, prepare
from kg.lsp.completion_names import LIMIT
from kg.notes.model import Link

OTHERS = {
    "Concepts/Net Promoter Score.md": (
        "---\naliases: [NPS, Promoter]\ntype: Concept\n---\n"
        "# Net Promoter Score\n## Use: it\n# Other\n## Use: it\nHow it is used. ^b1\n\n- item ^item-2\n\n# See [[X]] | y\n"
    ),
    "Outputs/Survey.md": "---\ntype: Output\n---\n",
    "Outputs/Café.md": "---\ntype: Output\ntags: [a/b, Big]\n---\n",
    "a/Dup.md": "",
    "b/Dup.md": "",
    "img/pic one.png": "x",
    "Board.canvas": "{}",
    "Templates/Template.md": "---\ntitle: {{title}}\n---\n",
    ".obsidian/templates.json": '{"folder": "Templates"}',
    ".obsidian/types.json": '{"types": {"done": "checkbox", "seen": "datetime"}}',
    "Out.md": '---\ntype: Outcome\nachieved through: "[[Survey]]"\nmy key: some text\nstatus: open\nseen at: "[[Café]]"\n---\n',
    "Out 2.md": "---\ntype: Outcome\nmy key: 'true: story'\nyear: 2020\n---\n",
    "secret/Hidden.md": "",
    ".gitignore": "",
    "kg.toml": 'ignore = ["secret/"]\n',
}


def offered(text: str, *, path: str = HERE, mark: str = "|") -> tuple[Editing, list[lsp.CompletionItem]]:
    """A note in an editor, and what is offered at its cursor."""
    there = editing(text, OTHERS, path=path, mark=mark)
    return there, [*completions(there.edited, there.text, there.position).items]


def labels(text: str, *, mark: str = "|") -> list[str]:
    """The labels of what is offered."""
    return [item.label for item in offered(text, mark=mark)[1]]


def first(text: str, *, mark: str = "|") -> str:
    """The text after the first item is taken."""
    there, items = offered(text, mark=mark)
    edit = items[0].text_edit
    assert isinstance(edit, lsp.TextEdit)
    return there.applied([edit])


# ---- links -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("[[Net|", "[[Net Promoter Score]]"),
        ("[[net pro|]]", "[[Net Promoter Score]]"),
        ("[[Ne|xx]] more", "[[Net Promoter Score]] more"),
        ("[[ Surv|", "[[Survey]]"),
        ("[[score|", "[[Net Promoter Score]]"),
        ("[[NPS|", "[[Net Promoter Score|NPS]]"),
        ("[[cafe|", "[[Café]]"),
        ("[[CAFÉ|", "[[Café]]"),
        ("[[Cafe\u0301|", "[[Café]]"),
        ("[[Srvy|", "[[Survey]]"),
        ("[[Dup|", "[[a/Dup]]"),
        ("[[b/Du|", "[[b/Dup]]"),
        ("[[pic|", "[[pic one.png]]"),
        ("![[pic|", "![[pic one.png]]"),
        ("[[board|", "[[Board.canvas]]"),
        ("🎉 漢字 [[Caf|\r\nnext", "🎉 漢字 [[Café]]\r\nnext"),
        ("one\r\ntwo [[Caf|]]\r\nthree", "one\r\ntwo [[Café]]\r\nthree"),
        ("> [!note] See [[Caf|", "> [!note] See [[Café]]"),
        ("- [[Survey]] and [[Caf|", "- [[Survey]] and [[Café]]"),
        ("[[Survey]] [[Caf| [[Survey]]", "[[Survey]] [[Café]] [[Survey]]"),
        ("# Heading with [[Caf|", "# Heading with [[Café]]"),
        ("---\nbroken: [a\n---\n[[Caf|", "---\nbroken: [a\n---\n[[Café]]"),
    ],
)
def test_a_link_is_completed(written: str, expected: str) -> None:
    assert first(written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("[[Caf‸#Old]]", "[[Café#Old]]"),
        ("[[Caf‸|shown]]", "[[Café|shown]]"),
        ("| a |\n|---|\n| [[NPS‸ |", r"| a |\n|---|\n| [[Net Promoter Score\|NPS]] |".replace(r"\n", "\n")),
        ("a | b\n---|---\n1 | [[NPS‸]]", r"a | b\n---|---\n1 | [[Net Promoter Score\|NPS]]".replace(r"\n", "\n")),
        ("[[Net Promoter Score|P‸", "[[Net Promoter Score|Promoter]]"),
        (r"[[Net Promoter Score\|P‸]]", r"[[Net Promoter Score\|Promoter]]"),
        ("[[Net Promoter Score#Use|P‸]]", "[[Net Promoter Score#Use|Promoter]]"),
    ],
)
def test_the_rest_of_a_link_stays(written: str, expected: str) -> None:
    assert first(written, mark="‸") == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("[[Net Promoter Score#|", "[[Net Promoter Score#Net Promoter Score]]"),
        ("[[Net Promoter Score#us|", "[[Net Promoter Score#Net Promoter Score#Use it]]"),
        ("[[Net Promoter Score#see|]]", "[[Net Promoter Score#See X y]]"),
        ("[[#mi|\n# Mine: own\n", "[[#Mine own]]\n# Mine: own\n"),
        ("[[Net Promoter Score#^|", "[[Net Promoter Score#^b1]]"),
        ("[[Net Promoter Score#^it|]]", "[[Net Promoter Score#^item-2]]"),
        ("[[Net Promoter Score^b|", "[[Net Promoter Score#^b1]]"),
        ("[[#^|\n\nText ^mine\n", "[[#^mine]]\n\nText ^mine\n"),
        ("![[Net Promoter Score#oth|", "![[Net Promoter Score#Other]]"),
        ("[x](Net%20Promoter%20Score.md#us|)", "[x](Net%20Promoter%20Score.md#Net%20Promoter%20Score#Use%20it)"),
    ],
)
def test_headings_and_blocks_of_the_target(written: str, expected: str) -> None:
    assert first(written) == expected


def test_each_of_two_equal_headings_has_a_link_of_its_own() -> None:
    there, items = offered("[[Net Promoter Score#use|")
    index = there.edited.state.index
    targets = set()
    for item in items:
        assert isinstance(item.text_edit, lsp.TextEdit)
        link = Link(Span(0, 0), "wikilink", there.applied([item.text_edit])[2:-2])
        targets.add(index.resolve(link, HERE).exact)
    assert len(targets) == len(items) == 2


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("[t](net|", "[t](Net%20Promoter%20Score.md)"),
        ("[t](net|)", "[t](Net%20Promoter%20Score.md)"),
        ("[t](<net|>)", "[t](<Net Promoter Score.md>)"),
        ("![p](pic|)", "![p](pic%20one.png)"),
        ("[t](caf|)", "[t](Café.md)"),
    ],
)
def test_the_address_of_a_markdown_link(written: str, expected: str) -> None:
    assert first(written) == expected


def test_every_offered_link_leads_to_a_file() -> None:
    there, items = offered("[[|")
    index = there.edited.state.index
    assert len(items) >= 10
    for item in items:
        assert isinstance(item.text_edit, lsp.TextEdit)
        target = there.applied([item.text_edit])[2:-2].partition("|")[0]
        found = index.resolve(Link(Span(0, 0), "wikilink", target), HERE)
        assert found.kind in {"resolved", "attachment", "self"}
        assert not found.rivals


@pytest.mark.parametrize("written", ["[[Hidd|", "[[Templ|", "[[zzzz|", "[t](https://x|)", "[[Net Promoter Score]] x|"])
def test_nothing_is_offered(written: str) -> None:
    assert labels(written) == []


@pytest.mark.parametrize(
    "written",
    [
        "```\n[[Ne|\n```\n",
        "~~~md\n#ta|\n~~~\n",
        "```\nmy key:: |\n",
        "text `[[Ne|` text",
        "$$\n[[Ne|\n$$\n",
        "para\n\n    [[Ne|\n",
    ],
)
def test_there_is_no_completion_in_code(written: str) -> None:
    assert labels(written) == []


def test_a_canvas_has_no_completion() -> None:
    there = editing('{"nodes": []}|', OTHERS, path="New.canvas")
    assert completions(there.edited, "[[Ne", lsp.Position(0, 4)).items == []


def test_names_that_a_link_cannot_write_are_left_out() -> None:
    there = editing("[[|", {"a^b.md": "", "c#d.md": "", 'q"q.md': "", "Fine.md": "---\naliases: ['x|y']\n---\n"})
    assert [item.label for item in completions(there.edited, there.text, there.position).items] == [
        "Fine",
        "Here",
        'q"q',
    ]
    there = editing('---\nup: "[[|\n---\n', {"a^b.md": "", "c#d.md": "", 'q"q.md': "", "Fine.md": ""})
    assert [item.label for item in completions(there.edited, there.text, there.position).items] == ["Fine", "Here"]


def test_a_note_in_an_editor_is_offered_by_what_is_written_there() -> None:
    there = editing("---\naliases: [Brand new]\n---\n[[brand|", OTHERS)
    items = completions(there.edited, there.text, there.position).items
    assert [item.label for item in items] == ["Brand new"]


def test_a_long_list_is_cut_and_incomplete() -> None:
    there = editing("[[N|", {f"Note {number}.md": "" for number in range(LIMIT + 20)})
    found = completions(there.edited, there.text, there.position)
    assert found.is_incomplete
    assert len(found.items) == LIMIT
    there = editing("[[Note 21|", {f"Note {number}.md": "" for number in range(LIMIT + 20)})
    found = completions(there.edited, there.text, there.position)
    assert not found.is_incomplete
    assert [item.label for item in found.items][:2] == ["Note 21", "Note 210"]


def test_items_have_what_an_editor_filters_and_sorts_by() -> None:
    _, items = offered("[[caf|")
    item = items[0]
    assert item.kind == lsp.CompletionItemKind.File
    assert item.detail == "Output · Outputs/Café.md"
    assert item.label_details == lsp.CompletionItemLabelDetails(description="Outputs")
    assert item.filter_text == "Café"
    assert [item.sort_text for item in items] == sorted(item.sort_text or "" for item in items)
    assert offered("[[cafe|")[1][0].filter_text == "cafe"
    assert offered("---\nup: [[caf|\n---\n")[1][0].filter_text == "[[Café"


def test_the_text_may_be_ahead_of_the_parsed_note() -> None:
    there = editing("old", OTHERS)
    found = completions(there.edited, "old [[Caf", lsp.Position(0, 9))
    assert [item.label for item in found.items] == ["Café"]


@pytest.mark.parametrize("encoding", list(lsp.PositionEncodingKind))
def test_positions_are_those_of_the_encoding(encoding: lsp.PositionEncodingKind) -> None:
    there = editing("🎉 é [[Caf|]] 🎉", OTHERS, encoding=encoding)
    edit = completions(there.edited, there.text, there.position).items[0].text_edit
    assert isinstance(edit, lsp.TextEdit)
    assert there.applied([edit]) == "🎉 é [[Café]] 🎉"


# ---- properties ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("---\nachieved through: |\n---\n", '---\nachieved through: "[[Café]]"\n---\n'),
        ("---\nachieved through:|\n---\n", '---\nachieved through: "[[Café]]"\n---\n'),
        ("---\nAchieved Through: su|\n---\n", '---\nAchieved Through: "[[Survey]]"\n---\n'),
        ("---\nachieved through:\n  - su|\n---\n", '---\nachieved through:\n  - "[[Survey]]"\n---\n'),
        ("---\nachieved through:\n- a\n- su|\n---\n", '---\nachieved through:\n- a\n- "[[Survey]]"\n---\n'),
        ("---\nachieved through: [x, su|]\n---\n", '---\nachieved through: [x, "[[Survey]]"]\n---\n'),
        ('---\nachieved through: "[[|"\n---\n', '---\nachieved through: "[[Café]]"\n---\n'),
        ('---\nachieved through: "[[su|\n---\n', '---\nachieved through: "[[Survey]]"\n---\n'),
        ("---\nachieved through: '[[su|]]'\n---\n", "---\nachieved through: '[[Survey]]'\n---\n"),
        ("---\nachieved through: [[su|]]\n---\n", '---\nachieved through: "[[Survey]]"\n---\n'),
        ("---\nachieved through: [[su|\n---\n", '---\nachieved through: "[[Survey]]"\n---\n'),
        ("---\nachieved through: su|\n", '---\nachieved through: "[[Survey]]"\n'),
        ("---\r\nachieved through: su|\r\n---\r\n", '---\r\nachieved through: "[[Survey]]"\r\n---\r\n'),
        ("---\nbroken: [a\nachieved through: su|\n---\n", '---\nbroken: [a\nachieved through: "[[Survey]]"\n---\n'),
        ("achieved through:: |", "achieved through:: [[Café]]"),
        ("achieved through:: [[Survey]], ca|", "achieved through:: [[Survey]], [[Café]]"),
        ("Text (achieved through:: su|)", "Text (achieved through:: [[Survey]])"),
        ("- [achieved by:: su|] x", "- [achieved by:: [[Survey]]] x"),
        ("achieved through:: [[|", "achieved through:: [[Café]]"),
        ("---\ntype: Outp|\n---\n", "---\ntype: Output\n---\n"),
        ('---\ntype: "outc|"\n---\n', '---\ntype: "Outcome"\n---\n'),
        ("---\ntags: [x, bi|]\n---\n", "---\ntags: [x, Big]\n---\n"),
        ("---\ntags:\n  - a|\n---\n", "---\ntags:\n  - a/b\n---\n"),
        ("---\nmy key: so|\n---\n", "---\nmy key: some text\n---\n"),
        ("---\nmy key: true|\n---\n", '---\nmy key: "true: story"\n---\n'),
        ("---\nyear: 2|\n---\n", "---\nyear: 2020\n---\n"),
        ("---\nseen at: |\n---\n", '---\nseen at: "[[Café]]"\n---\n'),
        ("---\ndone: |\n---\n", "---\ndone: true\n---\n"),
        ("---\nachiev|\n---\n", "---\nachieved through: \n---\n"),
        ("---\nachiev|: x\n---\n", "---\nachieved through: x\n---\n"),
        ("---\nalia|\n---\n", "---\naliases: \n---\n"),
        ("achieved|", "achieved through:: "),
        ("achieved|:: x", "achieved through:: x"),
        ("text (achieved|", "text (achieved through:: "),
        ("say #bi|", "say #Big"),
        ("say #a/|x", "say #a/b"),
    ],
)
def test_keys_and_values(written: str, expected: str) -> None:
    assert first(written) == expected


def test_values_are_those_that_the_property_expects() -> None:
    assert labels("---\nachieved through: |\n---\n") == ["Café", "Survey"]
    assert labels('---\nachieved through: "[[|"\n---\n')[:2] == ["Café", "Survey"]
    assert len(labels('---\nachieved through: "[[|"\n---\n')) > 2


def test_classes_have_their_comments() -> None:
    _, items = offered("---\ntype: outc|\n---\n")
    assert items[0].kind == lsp.CompletionItemKind.Class
    assert items[0].documentation
    assert "Section" not in labels("---\ntype: |\n---\n")


def test_keys_of_the_class_come_first_and_those_that_are_there_are_left_out() -> None:
    assert labels("---\ntype: Outcome\n|\n---\n")[0] == "achieved through"
    rest = labels("---\ntype: Outcome\nachieved through: x\n|\n---\n")
    assert "achieved through" not in rest
    assert "type" not in rest
    assert {"tags", "aliases", "cssclasses", "my key"} <= set(rest)
    assert "my key" not in labels("---\nmy key: [broken\n|\n---\n")


def test_a_key_says_how_often_it_is_used() -> None:
    _, items = offered("---\nmy k|\n---\n")
    assert items[0].label_details == lsp.CompletionItemLabelDetails(description="2 uses")


def test_other_names_of_a_property_are_keys_too() -> None:
    _, items = offered("---\nachieved b|\n---\n")
    assert [item.label for item in items] == ["achieved by"]
    assert items[0].detail == "= achieved through"


def test_authors_are_offered_by_name_where_none_has_a_note() -> None:
    others = {
        "Book.md": "---\ntype: Resource\nauthor: Ash Maurya\n---\n",
        "People/Eric Ries.md": "---\ntype: Author\n---\n",
    }
    there = editing("---\nauthor: |\n---\n", others)
    edits = [item.text_edit for item in completions(there.edited, there.text, there.position).items]
    assert [edit.new_text for edit in edits if isinstance(edit, lsp.TextEdit)] == ['"[[Eric Ries]]"', "Ash Maurya"]


def test_values_that_a_shape_allows() -> None:
    shapes = """
        @prefix sh: <http://www.w3.org/ns/shacl#> . @prefix ex: <https://ex.example/> .
        @prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
        ex:mood a owl:DatatypeProperty ; rdfs:label "mood" .
        ex:Shape a sh:NodeShape ; sh:targetSubjectsOf ex:mood ; sh:property [ sh:path ex:mood ; sh:in ( "good" "bad: sad" ) ] .
    """
    there = editing("---\nmood: |\n---\n", {"ontology/own.ttl": shapes, "kg.toml": 'ontology = "ontology"\n'})
    edits = [item.text_edit for item in completions(there.edited, there.text, there.position).items]
    assert [edit.new_text for edit in edits if isinstance(edit, lsp.TextEdit)] == ["good", '"bad: sad"']


def test_today_is_offered_for_a_date() -> None:
    today = f"{datetime.now().astimezone():%Y-%m-%d}"
    assert labels("---\ncreated: |\n---\n")[0] == today
    assert labels("---\nseen: |\n---\n")[0].startswith(today)


@pytest.mark.parametrize(
    "written",
    [
        "---\nmy key: x # so|\n---\n",
        "---\nmy key: |\n  fol‸\n---\n",
        "---\nother:\n  nested: so‸\n---\n",
        "word so‸",
        "Some prose with a (brack‸",
        "http://my key:: ‸",
    ],
)
def test_nothing_is_offered_where_no_value_is_written(written: str) -> None:
    assert labels(written, mark="‸" if "‸" in written else "|") == []


def test_tags_have_their_uses_and_those_in_editors_count() -> None:
    _, items = offered("#big|")
    assert [item.label_details for item in items] == [lsp.CompletionItemLabelDetails(description="1")]


def test_what_takes_long_can_be_prepared() -> None:
    there = editing("[[Caf|", OTHERS)
    prepare(there.edited.state)
    assert completions(there.edited, there.text, there.position).items


def test_a_line_of_a_text_is_found_whatever_ends_it() -> None:
    there = editing("a\rb\r\n[[Caf|", OTHERS)
    assert Source(there.text.encode()).position(len(there.text)).line == 3
    assert completions(there.edited, there.text, there.position).items[0].label == "Café"
