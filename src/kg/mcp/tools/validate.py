"""`validate`: the findings of a vault, a folder or a note; or those that a draft would have, before it is saved."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from kg.core.errors import KgError, NotFound
from kg.core.findings import SEVERITIES, Finding, Severity, is_at_least, of_file
from kg.core.spelling import did_you_mean, nearest
from kg.core.text import nfc
from kg.mcp.agent_vault import AgentVault, DraftFindings
from kg.mcp.answer import AnswerRow, ToolAnswer
from kg.mcp.arguments import BadArguments
from kg.mcp.visible_text import visible_line
from kg.views.folders import is_in

_WINDOW = 100
"""The findings that are read at once; `offset` asks for more."""


class HiddenNotes(KgError):
    """Findings are asked for of a vault that hides notes: they could name what is private."""

    def __init__(self) -> None:
        super().__init__("findings are not shown here, since some notes are private: run kg validate in the vault")


def validate(
    vault: AgentVault, path: str = "", text: str | None = None, severity: Severity = "info", offset: int = 0
) -> ToolAnswer:
    """The findings of a part of the vault, or of a draft. Raises NotFound, KgError."""
    if vault.is_redacted:
        raise HiddenNotes
    path = path.strip().replace("\\", "/").strip("/").removeprefix("./")
    if text is not None:
        return _draft(vault, path, text, severity, offset)
    path = nfc(path)
    checked = vault.checked
    findings = [row for rows in _within(vault, checked.findings, path) for row in rows]
    return _answer(findings, severity, offset, "", checked.remark)


def _within(vault: AgentVault, findings: Mapping[str, Sequence[Finding]], path: str) -> Iterable[Sequence[Finding]]:
    """The findings of a note, a folder or everything. Raises NotFound."""
    if not path:
        return findings.values()
    known = {*findings, *vault.paths}
    if path in known:
        return [findings.get(path, ())]
    if not any(is_in(one, path) for one in known):
        raise NotFound(f"no note or folder is “{path}”{did_you_mean(nearest(path, known))}")
    return [rows for one, rows in findings.items() if is_in(one, path)]


def _draft(vault: AgentVault, path: str, text: str, severity: Severity, offset: int) -> ToolAnswer:
    """The findings of a draft."""
    if not path or any(part.startswith(".") for part in PurePosixPath(path).parts):
        raise BadArguments("validate: a draft needs path, where the note will be: Folder/Name.md")
    if PurePosixPath(path).suffix.lower() not in {".md", ".markdown", ".canvas"}:
        raise BadArguments(f"validate: “{path}” is no path of a note: it ends in .md")
    twin = _twin(vault, path)
    if twin and twin < path:  # of two such files, kg reads the first
        found = DraftFindings((of_file(path, "F05", f"{path} and {PurePosixPath(twin).name} are one name"),), ())
    else:
        found = vault.checks.draft(vault.open, nfc(path), text)
    about = [f"the draft of {visible_line(path)} is not saved; these are its findings"]
    if found.elsewhere:
        about.append(f"it brings {len(found.elsewhere):,} findings to other files, which follow its own")
    if found.resolved:
        about.append(f"it resolves {found.resolved:,} findings of other files")
    return _answer([*found.own, *found.elsewhere], severity, offset, "; ".join(about), "")


def _twin(vault: AgentVault, path: str) -> str:
    """The path of another file that differs from a path by its Unicode form alone; empty if there is none."""
    own = PurePosixPath(path)
    if path.isascii():
        return ""
    try:
        names = [file.name for file in (vault.open.config.vault / own.parent).iterdir()]
    except (OSError, ValueError):
        return ""
    twins = (name for name in names if name != own.name and nfc(name) == nfc(own.name))
    return next((str(own.parent / name) for name in twins), "")


def _answer(findings: Sequence[Finding], severity: Severity, offset: int, about: str, remark: str) -> ToolAnswer:
    chosen = [row for row in findings if is_at_least(row.severity, severity)]
    counts = Counter(row.severity for row in chosen)
    numbers = ", ".join(f"{counts[one]:,} {one}" for one in SEVERITIES if counts[one]) or "no findings"
    codes = ", ".join(f"{code} {number:,}" for code, number in Counter(row.code for row in chosen).most_common(12))
    says = f"{f'{about}: ' if about else ''}{numbers}{f' ({codes})' if codes else ''}"
    rows = [_row(row) for row in chosen[offset : offset + _WINDOW]]
    return ToolAnswer(says, rows, len(chosen), min(offset, len(chosen)), remarks=(remark,))


def _row(row: Finding) -> AnswerRow:
    message, remedy = visible_line(row.message), visible_line(row.remedy)
    values = {"path": row.path, "line": row.line, "column": row.column, "severity": row.severity, "code": row.code,
              "message": message, "hint": remedy}  # fmt: skip
    hint = f" — {remedy}" if remedy else ""
    return AnswerRow(f"{row.path}:{row.line}:{row.column}: {row.severity}: {message} [{row.code}]{hint}", values)
