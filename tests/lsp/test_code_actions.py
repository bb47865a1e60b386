"""Code actions: a text with the cursor at a mark, what is offered there, and the text after it is done."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from lsprotocol import types as lsp

from helpers.editing import HERE, Editing, applied, editing
from kg.core.findings import Finding
from kg.lsp.code_actions import code_actions, resolve_action
from kg.lsp.edited_note import EditedNote
from kg.notes.obsidian_settings import Settings
from kg.notes.vault import note_of
from kg.validation.link_checks import Checker

OTHERS = {
    "Concepts/Strategy.md": "---\naliases: [Plan of plans]\n---\n# Purpose\n## Use it\ntext ^one\n# See [[X]] now\n",
    "Outputs/Survey.md": "---\ntype: Output\n---\nText\n",
    "Outputs/Poll.md": '---\r\ntype: Output\r\ncontributes to:\r\n  - "[[Other]]"\r\n---\r\nText\r\n',
    "Outputs/Flow.md": '---\ntype: Output\ncontributes to: ["[[Other]]"] # two\n---\n',
    "Outputs/Single.md": '---\ntype: Output\ncontributes to: "[[Other]]"\n---\n',
    "Outputs/Empty.md": "---\ntype: Output\ncontributes to:\n---\n",
    "Outputs/Bare.md": "Nothing above #Output\n",
    "Outputs/Broken.md": "---\ntype: [Output\n---\n",
    "Outputs/Says.md": '---\ntype: Output\ncontributes to: "[[Here]]"\n---\n',
    "Outputs/Field.md": "---\ntype: Output\n---\ncontributes to:: [[Here]]\n",
    "a/Dup.md": "",
    "b/Dup.md": "",
    "img/picture.png": "x",
    "kg.toml": "",
}


def checked(text: str, others: Mapping[str, str] = OTHERS, *, path: str = HERE, mark: str = "‸") -> Editing:
    """A note in an editor, of which the findings about links are known."""
    there = editing(text, others, path=path, mark=mark)
    state = replace(there.edited.state, findings={path: findings_of(there.edited, there.text)})
    return replace(there, edited=EditedNote(state, path, there.edited.note))


def findings_of(edited: EditedNote, text: str) -> tuple[Finding, ...]:
    """The findings of reading a text in the place of a note, and of its links."""
    note = note_of(edited.path, text.encode(), edited.state.vault.config)
    return (*note.findings, *Checker(edited.state.index, Settings()).check(note).findings)


def diagnostics(edited: EditedNote, *codes: str) -> list[lsp.Diagnostic]:
    """The diagnostics of the findings with some codes."""
    names = ("code", "path", "line", "column", "message")
    return [
        lsp.Diagnostic(
            edited.positions.of_finding(finding),
            finding.message,
            code=finding.code,
            data={name: getattr(finding, name) for name in names},
        )
        for finding in edited.state.findings[edited.path]
        if finding.code in codes
    ]


def fixes(there: Editing, code: str) -> list[lsp.CodeAction]:
    """The quick fixes of the findings with a code."""
    context = lsp.CodeActionContext(diagnostics(there.edited, code), [lsp.CodeActionKind.QuickFix])
    assert context.diagnostics, f"no {code}"
    return code_actions(there.edited, there.range, context)


def rewrites(there: Editing, range_: lsp.Range | None = None) -> list[lsp.CodeAction]:
    """The actions for the cursor, or for what is selected."""
    return code_actions(there.edited, range_ or there.range, lsp.CodeActionContext([]))


def after(there: Editing, action: lsp.CodeAction, path: str = HERE) -> str:
    """The text of a note after an action."""
    assert action.edit
    edits: list[lsp.TextEdit] = []
    for change in action.edit.document_changes or ():
        if isinstance(change, lsp.TextDocumentEdit) and change.text_document.uri == there.edited.uri(path):
            assert change.text_document.version is None
            rows = [edit for edit in change.edits if isinstance(edit, lsp.TextEdit | lsp.AnnotatedTextEdit)]
            edits += [lsp.TextEdit(edit.range, edit.new_text) for edit in rows]
    text = there.text if path == there.edited.path else there.edited.state.text(path)
    return applied(text or "", edits)


# ---- fixes of links --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        ("L01", "See [[Stratgy]].", ["See [[Strategy]]."]),
        ("L01", "🎉 漢字 [[Stratgy#Purpose|x]]\r\nend", ["🎉 漢字 [[Strategy#Purpose|x]]\r\nend"]),
        ("L01", "![[Stratgy]]", ["![[Strategy]]"]),
        ("L01", "| a |\n|---|\n| [[Stratgy\\|b]] |\n", ["| a |\n|---|\n| [[Strategy\\|b]] |\n"]),
        ("L01", "[t](Stratgy.md)", ["[t](Strategy.md)"]),
        ("L01", '[t](<Stratgy.md> "title")', ['[t](<Strategy.md> "title")']),
        ("L01", '---\nup: "[[Stratgy]]"\n---\n', ['---\nup: "[[Strategy]]"\n---\n']),
        ("L02", "[[Strategy#Purpos]]", ["[[Strategy#Purpose]]"]),
        ("L02", "[[Strategy#See X nov|x]]", ["[[Strategy#See X now|x]]"]),
        ("L02", "[t](Strategy.md#Use%20i)", ["[t](Strategy.md#Use%20it)"]),
        ("L02", "[[#Mine owm]]\n# Mine own\n", ["[[#Mine own]]\n# Mine own\n"]),
        ("L03", "[[Strategy#^onee]]", ["[[Strategy#^one]]"]),
        ("L04", "![[pictre.png]]", ["![[picture.png]]"]),
        ("L04", "![p](pictre.png)", ["![p](picture.png)"]),
        ("L05", "---\nup: [[Strategy]]\n---\n", ['---\nup: "[[Strategy]]"\n---\n']),
        ("L05", "---\nup:\n  - [[Strategy]] # why\n---\n", ['---\nup:\n  - "[[Strategy]]" # why\n---\n']),
        ("L07", "See [[https://example.org/a|it]].", ["See [it](https://example.org/a)."]),
        ("L07", "See [[https://example.org/a]].", ["See <https://example.org/a>."]),
        ("L08", "[[Dup]]", ["[[a/Dup]]", "[[b/Dup]]"]),
        ("L08", "[[Dup|x]]", ["[[a/Dup|x]]", "[[b/Dup|x]]"]),
        ("L09", "[[Plan of plans]]", ["[[Strategy|Plan of plans]]"]),
        ("L09", "[[plan of plans|shown]]", ["[[Strategy|shown]]"]),
        ("L09", "![[Plan of plans]]", ["![[Strategy]]"]),
        ("L09", "a | b\n--|--\n[[Plan of plans]] | x\n", ["a | b\n--|--\n[[Strategy\\|Plan of plans]] | x\n"]),
        ("L11", "[[strategy]]", ["[[Strategy]]"]),
        ("L11", "[[concepts/STRATEGY#Purpose|x]]", ["[[Concepts/Strategy#Purpose|x]]"]),
        ("L14", "---\ntag: [x, y] # z\n---\n", ["---\ntags: [x, y] # z\n---\n"]),
        ("L14", "---\r\ntags: x\r\n---\r\n", ["---\r\ntags: [x]\r\n---\r\n"]),
        ("L14", "---\ntag: x\ntags: [y]\n---\n", []),
        ("L17", "[[Strategy^one]]", ["[[Strategy#^one]]"]),
    ],
)
def test_a_fix_is_what_the_hint_proposes_and_mends_the_finding(code: str, text: str, expected: list[str]) -> None:
    there = checked(text)
    actions = [action for action in fixes(there, code) if action.title.startswith("Write")]
    assert [after(there, action) for action in actions] == expected
    assert [action.is_preferred for action in actions] == ([True] if len(expected) == 1 else [None] * len(expected))
    for fixed in expected:
        assert code not in {finding.code for finding in findings_of(there.edited, fixed)}
        assert not [finding for finding in findings_of(there.edited, fixed) if finding.severity == "error"]


def test_a_fix_of_a_stale_finding_is_not_offered() -> None:
    there = checked("See [[Stratgy]].")
    state = replace(there.edited.state, findings={HERE: findings_of(there.edited, "Later: [[Stratgy]].")})
    assert fixes(replace(there, edited=replace(there.edited, state=state)), "L01") == []
    state = replace(there.edited.state, findings={HERE: findings_of(there.edited, "\n\n\n\n[[Stratgy]]")})
    assert fixes(replace(there, edited=replace(there.edited, state=state)), "L01") == []


def test_a_fix_that_leads_elsewhere_is_not_offered() -> None:
    there = checked("See [[Stratgy]].")
    wrong = [replace(row, hint="did you mean [[Dup]]?") for row in there.edited.state.findings[HERE]]
    state = replace(there.edited.state, findings={HERE: tuple(wrong)})
    titles = [action.title for action in fixes(replace(there, edited=replace(there.edited, state=state)), "L01")]
    assert titles == ["Create “Stratgy”"]
    wrong = [replace(row, hint="did you mean [[Strategy]]: [[x]]?") for row in there.edited.state.findings[HERE]]
    state = replace(there.edited.state, findings={HERE: tuple(wrong)})
    for action in fixes(replace(there, edited=replace(there.edited, state=state)), "L01"):
        assert "Write [[x]]" not in action.title


def test_a_diagnostic_without_data_is_known_by_its_place() -> None:
    there = checked("See [[Stratgy]].")
    found = diagnostics(there.edited, "L01")
    found[0].data = None
    actions = code_actions(there.edited, there.range, lsp.CodeActionContext(found))
    assert [action.title for action in actions] == ["Write [[Strategy]]", "Create “Stratgy”"]


# ---- the missing note ------------------------------------------------------------------------------------------------


def created(there: Editing) -> tuple[str, str]:
    """The path and the text of the note that a finding lets one make."""
    (action,) = [row for row in fixes(there, "L01") if row.title.startswith("Create")]
    assert action.edit
    assert action.edit.document_changes
    file, text = action.edit.document_changes
    assert isinstance(file, lsp.CreateFile)
    assert file.options == lsp.CreateFileOptions(overwrite=False, ignore_if_exists=False)
    assert isinstance(text, lsp.TextDocumentEdit)
    (edit,) = text.edits
    assert isinstance(edit, lsp.TextEdit)
    folder = there.edited.state.vault.config.vault.absolute().as_uri()
    return file.uri.removeprefix(f"{folder}/"), edit.new_text


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("[[Brand new]]", HERE, ("Brand%20new.md", "# Brand new\n")),
        ("[[Brand new]]\r\n", "Concepts/Here.md", ("Concepts/Brand%20new.md", "# Brand new\r\n")),
        ("[[New/Brand new]]", "Concepts/Here.md", ("New/Brand%20new.md", "# Brand new\n")),
        ("[t](./Brand%20new.md)", "Concepts/Here.md", ("Concepts/Brand%20new.md", "# Brand new\n")),
        ("[[Brand new#Part]]", HERE, ("Brand%20new.md", "# Brand new\n## Part\n")),
        ("[[Brand new#^b]]", HERE, ("Brand%20new.md", "# Brand new\n")),
        (
            '---\nachieved through:\n  - "[[Brand new]]"\n---\n',
            HERE,
            ("Brand%20new.md", "---\ntype: Output\n---\n# Brand new\n"),
        ),
        ("achieved through:: [[Brand new]]", HERE, ("Brand%20new.md", "---\ntype: Output\n---\n# Brand new\n")),
        ("related:: [[Brand new]]", HERE, ("Brand%20new.md", "# Brand new\n")),
    ],
)
def test_the_missing_note_is_made(text: str, path: str, expected: tuple[str, str]) -> None:
    assert created(checked(text, path=path)) == expected


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ('{"newFileLocation": "root"}', "New.md"),
        ('{"newFileLocation": "folder", "newFileFolderPath": "Inbox"}', "Inbox/New.md"),
        ('{"newFileLocation": "folder", "newFileFolderPath": "../out"}', ""),
        ('{"newFileLocation": "current"}', "Concepts/New.md"),
        ("[]", "Concepts/New.md"),
        ("{", "Concepts/New.md"),
    ],
)
def test_the_missing_note_is_made_where_obsidian_would(settings: str, expected: str) -> None:
    there = checked("[[New]]", {**OTHERS, ".obsidian/app.json": settings}, path="Concepts/Here.md")
    if expected:
        assert created(there)[0] == expected
    else:
        assert fixes(there, "L01") == []


@pytest.mark.parametrize("link", ["[[../../Out]]", "[[What?]]", "[[.hidden/x]]", "[[a/../../x]]", "[t](../x.md)"])
def test_no_note_is_made_that_cannot_be(link: str) -> None:
    assert [row for row in fixes(checked(link), "L01") if row.title.startswith("Create")] == []


def test_an_editor_that_makes_no_files_is_offered_none() -> None:
    there = checked("[[Brand new]] and [[Stratgy]]")
    context = lsp.CodeActionContext(diagnostics(there.edited, "L01"))
    for capabilities in (
        lsp.ClientCapabilities(),
        lsp.ClientCapabilities(lsp.WorkspaceClientCapabilities(workspace_edit=lsp.WorkspaceEditClientCapabilities())),
    ):
        actions = code_actions(there.edited, there.range, context, capabilities=capabilities)
        assert [row.title for row in actions] == ["Write [[Strategy]]"]
        assert actions[0].edit
        assert actions[0].edit.document_changes is None
        edits: Mapping[str, Sequence[lsp.TextEdit]] = actions[0].edit.changes or {}
        assert applied(there.text, edits[there.edited.uri(HERE)]) == "[[Brand new]] and [[Strategy]]"


# ---- mentions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Our Stra‸tegy is good.", ["Our [[Strategy]] is good."]),
        ("Our strate‸gy is good.", ["Our [[Strategy|strategy]] is good."]),
        ("A Plan of ‸plans, 🎉.", ["A [[Strategy|Plan of plans]], 🎉."]),
        ("> [!note] 漢字 ‸Strategy\r\n> x", ["> [!note] 漢字 [[Strategy]]\r\n> x"]),
        ("a | b\n--|--\nstrate‸gy | x\n", ["a | b\n--|--\n[[Strategy\\|strategy]] | x\n"]),
        ("About a d‸up here", ["About a [[a/Dup|dup]] here", "About a [[b/Dup|dup]] here"]),
        ("[[Strate‸gy]]", []),
        ("`Strate‸gy`", []),
        ("```\nStrate‸gy\n```", []),
        ("---\ntitle: Strate‸gy\n---\n", []),
        ("#Strate‸gy", []),
        ("nothing ‸here", []),
        ("‸Unknown words", []),
    ],
)
def test_a_mention_is_linked(text: str, expected: list[str]) -> None:
    there = checked(text)
    actions = [row for row in rewrites(there) if row.title.startswith("Link this mention")]
    assert [after(there, action) for action in actions] == expected
    assert all(action.kind == lsp.CodeActionKind.RefactorRewrite for action in actions)


def test_a_selection_must_be_in_the_name() -> None:
    there = checked("Our Strategy is good.")

    def selected(start: int, end: int) -> list[str]:
        range_ = lsp.Range(lsp.Position(0, start), lsp.Position(0, end))
        return [after(there, action) for action in rewrites(there, range_)]

    assert selected(4, 12) == ["Our [[Strategy]] is good."]
    assert selected(4, 15) == []


# ---- inverses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Survey", '---\ntype: Output\ncontributes to: "[[Here]]"\n---\nText\n'),
        ("Poll", '---\r\ntype: Output\r\ncontributes to:\r\n  - "[[Other]]"\r\n  - "[[Here]]"\r\n---\r\nText\r\n'),
        ("Flow", '---\ntype: Output\ncontributes to: ["[[Other]]", "[[Here]]"] # two\n---\n'),
        ("Single", '---\ntype: Output\ncontributes to: ["[[Other]]", "[[Here]]"]\n---\n'),
        ("Empty", '---\ntype: Output\ncontributes to: "[[Here]]"\n---\n'),
        ("Bare", '---\ncontributes to: "[[Here]]"\n---\nNothing above #Output\n'),
        ("Broken", ""),
        ("Says", ""),
        ("Field", ""),
        ("Missing", ""),
        ("picture.png", ""),
    ],
)
@pytest.mark.parametrize(
    "form", ['---\ntype: Outcome\nachieved through: "[[{}‸]]"\n---\n', "achieved through:: [[{}]]‸"]
)
def test_the_missing_inverse_is_added(name: str, expected: str, form: str) -> None:
    there = checked(form.format(name))
    actions = [row for row in rewrites(there) if row.title.startswith("Add the inverse")]
    if not expected:
        assert actions == []
        return
    (action,) = actions
    assert action.title == f"Add the inverse to “{name}”: contributes to [[Here]]"
    assert after(there, action, f"Outputs/{name}.md") == expected


def test_a_property_without_an_inverse_has_no_such_action() -> None:
    assert rewrites(checked('---\nmy key: "[[Survey‸]]"\n---\n')) == []


# ---- remedies --------------------------------------------------------------------------------------------------------


def test_a_remedy_is_looked_for_when_it_is_chosen() -> None:
    others = {"ontology/shapes.ttl": "", "Outputs/Survey.md": "---\ntype: Output\n---\nText\n"}
    there = editing("---\ntype: Outcome\n---\nText\n", others, mark="‸", checked=True)
    shapes = [row for row in there.edited.state.findings[HERE] if row.result]
    context = lsp.CodeActionContext(diagnostics(there.edited, *{row.code for row in shapes}))
    actions = [row for row in code_actions(there.edited, there.range, context) if row.data]
    assert actions
    assert all(row.edit is None and row.title.startswith("Find a remedy") for row in actions)
    resolved = [resolve_action(there.edited, action) for action in actions]
    assert all(row.edit or row.disabled for row in resolved)
    mended = [row for row in resolved if row.edit]
    assert mended
    for action in mended:
        text = after(there, action)
        done = editing(text, others, mark="‸", checked=True)
        assert isinstance(action.data, dict)
        left = {(row.code, row.message) for row in done.edited.state.findings.get(HERE, ())}
        assert (action.data["finding"]["code"], action.data["finding"]["message"]) not in left


def test_the_heading_that_a_link_names_is_written() -> None:
    others = {"Strategy.md": "# Purpose\r\nText\r\n"}
    there = editing("[[Strategy#Aims]]\n", others, mark="‸", checked=True)
    context = lsp.CodeActionContext(diagnostics(there.edited, "L02"))
    (action,) = code_actions(there.edited, there.range, context)
    resolved = resolve_action(there.edited, action)
    assert after(there, resolved, "Strategy.md") == "# Purpose\r\nText\r\n\r\n# Aims\r\n"


def test_an_editor_asks_before_it_writes_a_remedy() -> None:
    there = editing("[[Strategy#Aims]]\n", {"Strategy.md": "# Purpose\n"}, mark="‸", checked=True)
    context = lsp.CodeActionContext(diagnostics(there.edited, "L02"))
    (action,) = code_actions(there.edited, there.range, context)
    resolved = resolve_action(there.edited, action)
    assert resolved.edit
    (asking,) = (resolved.edit.change_annotations or {}).values()
    assert asking.needs_confirmation
    assert asking.description == "Strategy.md: # Aims"
    shy = resolve_action(there.edited, action, capabilities=lsp.ClientCapabilities())
    assert shy.edit is None
    assert shy.disabled
    assert "Strategy.md: # Aims" in shy.disabled.reason


def test_a_finding_that_is_gone_has_no_remedy() -> None:
    there = editing("---\ntype: Outcome\n---\nText\n", {"Other.md": ""}, mark="‸", checked=True)
    data = {"kind": "remedy", "finding": {"code": "S99", "path": HERE, "line": 1, "column": 1, "message": ""}}
    resolved = resolve_action(there.edited, lsp.CodeAction("x", data=data))
    assert resolved.edit is None
    assert resolved.disabled
    assert "reports no S99" in resolved.disabled.reason


def test_an_action_with_its_edit_stays_as_it_is() -> None:
    there = checked("See [[Stratgy]].")
    action = fixes(there, "L01")[0]
    assert resolve_action(there.edited, action) is action


def test_a_canvas_has_no_actions(tmp_path: Path) -> None:
    there = editing('{"nodes": []}', OTHERS, path="New.canvas", mark="‸")
    assert code_actions(there.edited, there.range, lsp.CodeActionContext([])) == []
