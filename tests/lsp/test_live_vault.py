"""A vault that editors have open goes on being followed, whatever happens while it is validated."""

import asyncio
from pathlib import Path

import pytest

from helpers.editing import editing
from helpers.vaults import write_vault
from kg.config import load
from kg.lsp.diagnostics import DiagnosticMaker
from kg.lsp.live_vault import Listener, LiveVault
from kg.session.session import Session
from kg.validation.validator import Validation

OTHERS = {"a/Twin.md": "", "b/Twin.md": ""}


def test_diagnostics_of_a_text_that_has_become_shorter() -> None:
    before = editing("one\n\n\n\n[[Twin]]\n", OTHERS, checked=True).edited
    findings = [finding for finding in before.state.findings[before.path] if finding.code == "L08"]
    after = editing("one", OTHERS, saved=True).edited
    (diagnostic,) = DiagnosticMaker(after.state, after.encoding, {}).of_file(after.path, findings).items
    assert diagnostic.range.start == diagnostic.range.end
    assert (diagnostic.range.start.line, diagnostic.range.start.character) == (0, 3)


def test_a_fault_of_kg_is_told_and_the_next_edit_is_validated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vault = write_vault(tmp_path / "vault", {"kg.toml": "", "A.md": "[[Nowhere]]\n"})
    validate, problems = Session.validate, list[str]()

    def faulty(session: Session) -> Validation:
        if not problems:
            raise IndexError("list index out of range")
        return validate(session)

    async def edited() -> set[str]:
        told = asyncio.Event()

        def problem(text: str) -> None:
            problems.append(text)
            told.set()

        listener = Listener(lambda *_: None, lambda _: None, problem)
        live = LiveVault(load(vault, cwd=vault), "utf-16", "warning", listener)
        live.start()
        async with asyncio.timeout(60):
            await told.wait()
            live.edit("A.md", "[[Elsewhere]]\n", 1)
            await live.first.wait()
        codes = {str(one.code) for one in live.diagnostics["A.md"].items}
        await live.close()
        return codes

    monkeypatch.setattr(Session, "validate", faulty)
    assert asyncio.run(edited()) == {"L01"}
    assert problems == ["internal error: IndexError: list index out of range (please report it)"]
