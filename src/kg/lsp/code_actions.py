"""Code actions: the fixes of a finding, its remedy, the missing note, the link of a mention, the missing inverse.

What takes long is done when an action is chosen: `resolve_action` then looks for the remedy.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lsprotocol import types as lsp

from kg.core.errors import KgError
from kg.core.findings import Finding
from kg.core.text import Span
from kg.lsp.code_action_edits import NoteChanges, asks_first, workspace_edit
from kg.lsp.code_action_fixes import link_fixes, offset_of
from kg.lsp.code_action_inverses import missing_inverses
from kg.lsp.code_action_mentions import mention_links
from kg.lsp.code_action_new_notes import new_note
from kg.lsp.code_action_remedies import may_have_remedy, remedy
from kg.lsp.diagnostics import identity
from kg.lsp.edited_note import EditedNote
from kg.lsp.note_elements import link_at

KINDS = (lsp.CodeActionKind.QuickFix, lsp.CodeActionKind.RefactorRewrite)
"""The kinds of code actions."""
_REMEDY = "remedy"
_LONGEST = 80
"""The characters of a finding's message in a title."""


def code_actions(
    edited: EditedNote,
    range: lsp.Range,  # noqa: A002 - the protocol's name
    context: lsp.CodeActionContext,
    *,
    capabilities: lsp.ClientCapabilities | None = None,
) -> list[lsp.CodeAction]:
    """The code actions for a range and its diagnostics; a remedy gets its edit by `resolve_action`."""
    if edited.note.kind != "note":
        return []
    maker = _ActionMaker(edited, capabilities)
    actions: list[lsp.CodeAction] = []
    if _is_wanted(lsp.CodeActionKind.QuickFix, context):
        for diagnostic in context.diagnostics:
            if finding := maker.finding(diagnostic):
                actions += maker.of_finding(finding, diagnostic)
    if _is_wanted(lsp.CodeActionKind.RefactorRewrite, context):
        start, end = edited.positions.offset(range.start), edited.positions.offset(range.end)
        actions += maker.of_selection(Span(start, max(start, end)))
    return actions


def resolve_action(
    edited: EditedNote, action: lsp.CodeAction, *, capabilities: lsp.ClientCapabilities | None = None
) -> lsp.CodeAction:
    """An action with its edit; with the reason why it has none, if the finding has no remedy."""
    data: Any = action.data
    if action.edit or not isinstance(data, Mapping) or data.get("kind") != _REMEDY:
        return action
    try:
        found = remedy(edited, dict(data["finding"]))
    except KgError as error:
        return _without_edit(action, str(error))
    if found.is_elsewhere and not asks_first(capabilities):
        return _without_edit(action, f"what would mend it is in another note: {found.text}")
    asking = lsp.ChangeAnnotation(label=action.title, needs_confirmation=True, description=found.text)
    edit = workspace_edit(edited, found.changes, capabilities, asking)
    if edit is None:
        return _without_edit(action, f"this editor cannot make the edit: {found.text}")
    return lsp.CodeAction(action.title, action.kind, action.diagnostics, edit=edit, data=action.data)


def _without_edit(action: lsp.CodeAction, reason: str) -> lsp.CodeAction:
    """An action that cannot be done, with the reason."""
    disabled = lsp.CodeActionDisabled(reason)
    return lsp.CodeAction(action.title, action.kind, action.diagnostics, disabled=disabled, data=action.data)


def _is_wanted(kind: lsp.CodeActionKind, context: lsp.CodeActionContext) -> bool:
    """Whether an editor wants actions of a kind: it may name that kind, or one that includes it."""
    return not context.only or any(kind.value == only or kind.value.startswith(f"{only}.") for only in context.only)


@dataclass(frozen=True)
class _ActionMaker:
    edited: EditedNote
    capabilities: lsp.ClientCapabilities | None

    def finding(self, diagnostic: lsp.Diagnostic) -> Finding | None:
        """The finding of a diagnostic, which the editor gives back."""
        findings = self.edited.state.findings.get(self.edited.path, ())
        data: Any = diagnostic.data
        if isinstance(data, Mapping):
            return next((f for f in findings if identity(f).items() <= data.items()), None)
        same_code = (f for f in findings if f.code == diagnostic.code)
        return next((f for f in same_code if self.edited.positions.of_finding(f) == diagnostic.range), None)

    # ---- of a finding ------------------------------------------------------------------------------------------------

    def of_finding(self, finding: Finding, diagnostic: lsp.Diagnostic) -> Iterator[lsp.CodeAction]:
        """The actions that mend a finding."""
        fixes = link_fixes(self.edited, finding)
        for fix in fixes:
            changes = NoteChanges({self.edited.path: fix.edits})
            yield from self._quick_fix(fix.title, changes, diagnostic, is_preferred=len(fixes) == 1)
        if finding.code in {"L01", "L23"}:
            yield from self._creation(finding, diagnostic)
        if may_have_remedy(finding):
            yield self._remedy(finding, diagnostic)

    def _creation(self, finding: Finding, diagnostic: lsp.Diagnostic) -> Iterator[lsp.CodeAction]:
        offset = offset_of(self.edited, finding)
        link = link_at(self.edited.note, offset) if offset is not None else None
        note = new_note(self.edited, link) if link else None
        if note:
            folder = note.path.rpartition("/")[0]
            title = f"Create “{note.name}”{f' in {folder}' if folder else ''}"
            yield from self._quick_fix(title, note.changes, diagnostic)

    def _remedy(self, finding: Finding, diagnostic: lsp.Diagnostic) -> lsp.CodeAction:
        message = finding.message if len(finding.message) <= _LONGEST else f"{finding.message[: _LONGEST - 1]}…"
        return lsp.CodeAction(
            title=f"Find a remedy: {message}",
            kind=lsp.CodeActionKind.QuickFix,
            diagnostics=[diagnostic],
            data={"kind": _REMEDY, "finding": identity(finding)},
        )

    def _quick_fix(
        self, title: str, changes: NoteChanges, diagnostic: lsp.Diagnostic, *, is_preferred: bool = False
    ) -> Iterator[lsp.CodeAction]:
        edit = workspace_edit(self.edited, changes, self.capabilities)
        if edit:
            kind = lsp.CodeActionKind.QuickFix
            yield lsp.CodeAction(title, kind, [diagnostic], is_preferred or None, edit=edit)

    # ---- of a selection ----------------------------------------------------------------------------------------------

    def of_selection(self, selected: Span) -> Iterator[lsp.CodeAction]:
        """The actions for what is selected, or what is at the cursor."""
        for mention in mention_links(self.edited, selected):
            yield from self._rewrite(
                f"Link this mention: {mention.written}", NoteChanges({self.edited.path: (mention.edit,)})
            )
        for row in missing_inverses(self.edited, selected):
            name = row.path.rpartition("/")[2].removesuffix(".md")
            title = f"Add the inverse to “{name}”: {row.key} {row.link}"
            yield from self._rewrite(title, NoteChanges({row.path: (row.edit,)}))

    def _rewrite(self, title: str, changes: NoteChanges) -> Iterator[lsp.CodeAction]:
        edit = workspace_edit(self.edited, changes, self.capabilities)
        if edit:
            yield lsp.CodeAction(title, lsp.CodeActionKind.RefactorRewrite, edit=edit)
