"""The findings in a text while somebody writes it: those of its own links and properties, at once.

What follows from the whole vault (shapes, contradictions, who links here) comes from the last validation, moved to
where its lines are now.
"""

from collections.abc import Iterable
from dataclasses import replace
from itertools import takewhile

from kg.core.findings import Finding, Severity, in_order
from kg.core.text import lines_of
from kg.session.vault_state import Draft, VaultState
from kg.validation.link_checks import Checker
from kg.validation.validator import Validation

_OF_THE_VAULT = frozenset(("L13", "L15", "L16", "L22", "L23", "L24", "P05", "K01", "F05"))
"""The codes of findings that follow from other notes, too."""


def draft_findings(state: VaultState, draft: Draft, severity: Severity) -> tuple[Finding, ...]:
    """The findings in a draft of the vault."""
    last = (finding for finding in state.findings.get(draft.path, ()) if is_of_the_vault(finding))
    rest = moved(last, state.validated.get(draft.path, draft).text, draft.text)
    if draft.note is None:
        return in_order([*draft.findings, *rest])
    checked = Checker(state.index, state.settings).check(draft.note)
    instructions = {draft.path: checked.instructions} if checked.instructions else {}
    own = Validation(in_order([*draft.findings, *checked.findings]), {}, instructions=instructions)
    reported = own.without_suppressed(unused=False).by(state.vault.config.findings).at_least(severity)
    return in_order([*reported.findings, *rest])


def is_of_the_vault(finding: Finding) -> bool:
    """Whether a finding follows from more than the text, the names and the headings of the vault."""
    return bool(finding.result) or finding.code in _OF_THE_VAULT or finding.code[0] in "CO"


def moved(findings: Iterable[Finding], before: str, after: str) -> list[Finding]:
    """Findings of a text at their places in another: those of a line that is gone are left out."""
    findings = list(findings)
    if not findings or before == after:
        return findings
    old, new = lines_of(before), lines_of(after)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
    rest = zip(reversed(old[same:]), reversed(new[same:]), strict=False)
    end = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], rest))
    shift = len(new) - len(old)

    def line(number: int) -> int:
        """The line now; 0 if it is gone. A line that was edited keeps what was said of it."""
        if number <= same or (not shift and number <= len(new)):
            return number
        return number + shift if number > len(old) - end else 0

    return [
        replace(finding, line=at, end_line=at + finding.end_line - finding.line)
        for finding in findings
        if (at := line(finding.line))
    ]
