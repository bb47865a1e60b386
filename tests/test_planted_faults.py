"""Faults planted in a vault that is otherwise without any: each is reported once, where it stands, and none besides.

`⟦CODE⟧` in a text stands directly before the place where that finding is to be; it is taken out before the file is written.
Several at one place stand one after another.
"""

import re
from pathlib import Path

import pytest

import kg
from kg.config import load
from kg.validation import validate

MARK = re.compile(r"⟦([A-Z]\d\d)⟧")
Place = tuple[str, int, int, str]

CLEAN = {
    "Home.md": "---\ndefinition: Where to begin\n---\n[[Growth]], [[Retention]], [[Onboarding]], [[Checklist]], [[A book]], [[Ann Lee]], [[Notes on Ann]], [[Lists]]\n",
    "Growth.md": "# Definition\nMore of what is wanted.\n# Outcomes\n- [[Retention]]\n# Outputs\n- [[Checklist]]\n# Sources\n- [[A book]]\n\nSee [[Home]].\n",
    "Retention.md": "---\ntype: Outcome\nachieved through: '[[Checklist]]'\n---\nPeople stay. [[Home]]\n",
    "Onboarding.md": "---\ndefinition: The first week\n---\n# Outcomes\nNew people ship in a week, given a [[Checklist]].\n# Resources\n- First days - Ann Lee\n- [A page](https://example.org/a)\n\nSee [[Home]].\n",
    "Checklist.md": "---\ntype: output\n---\nA list. [[Home]]\n",
    "A book.md": "---\ntype: Resource\nauthor: Ann Lee\n---\nSee [[Home]].\n",
    "Ann Lee.md": "---\ntype: Author\n---\nSee [[Home]].\n",
    "Notes on Ann.md": "---\ndefinition: What she said\nauthor: Robert Martin\nrelated: '[[Growth]]'\n---\nSee [[Home]].\n",
    "Lists.md": "---\ndefinition: Lists of all kinds\naliases: [Catalogue]\n---\n## Part\n## Part of it\nA line ^one\n\nSee [[Home]].\n",
}

FAULTS = {
    # Links
    "Links.md": "---\ndefinition: Links that are wrong\nsource: '⟦L01⟧[[Gone in front]]'\n---\n"
    "Sée ⟦L01⟧[[Gone]], ⟦L02⟧[[Lists#No part]], ⟦L03⟧[[Lists#^two]] and ⟦L04⟧![[gone.png]].\n"
    "- ⟦L07⟧[[https://example.org]]\n- ⟦L09⟧[[Catalogue]]\n- ⟦L11⟧[[lists]]\n- ⟦L17⟧[[Lists^one]]\n- ⟦L20⟧[[#Own]]\n\n"
    "# Own\n%%\n⟦L21⟧[[Home]]\n%%\n⟦L01⟧⟦L23⟧[[Hub]] ⟦L01⟧[[Hub]] ⟦L01⟧[[Hub]]\n| a |\n| --- |\n| ⟦L01⟧[[Gone\\|there]] |\nSee [[Home]].\n",
    "Twice.md": "---\ndefinition: Two of one\n---\n⟦L10⟧[[Same#Head]] ⟦L08⟧[[Plan]] [[Home]]\n",
    "Same.md": "---\ndefinition: Two headings\n---\n# Head\n# Head\nSee [[Home]].\n",
    "a/Plan.md": "---\ndefinition: One plan\n---\nSee [[Home]].\n",
    "b/Plan.md": "---\ndefinition: Another plan\n---\nSee [[Home]].\n",
    "Circle.md": "---\ndefinition: Goes round\n---\n⟦L24⟧![[Round]]\n",
    "Round.md": "---\ndefinition: Goes round too\n---\n![[Circle]]\n",
    # Properties
    "Quotes.md": "---\ndefinition: Without quotes\nup: ⟦L05⟧[[Home]]\n---\nSee [[Home]].\n",
    "Broken.md": "---\na: b⟦L06⟧: c\n---\n# Definition\nBroken\n\nSee [[Home]].\n",
    "Old.md": "---\ndefinition: Old words\n⟦L14⟧tag: x\n---\nSee [[Home]].\n",
    "Double.md": "---\ndefinition: One\n⟦P03⟧definition: Two\n---\nSee [[Home]].\n",
    "Typed 1.md": "---\ndefinition: A date\nreviewed: 2026-01-01\n---\nSee [[Home]].\n",
    "Typed 2.md": "---\ndefinition: A date\nreviewed: 2026-01-02\n---\nSee [[Home]].\n",
    "Typed 3.md": "---\ndefinition: A date\nreviewed: ⟦L15⟧soon\n---\nSee [[Home]].\n",
    "Anchor.md": "---\na: ⟦P02⟧&x y\n---\n# Definition\nAn anchor\n\nSee [[Home]].\n",
    # Shapes
    "Undefined.md": "⟦S02⟧[[Home]]\n",
    "Undefined too.md": "---\n⟦S02⟧type: concept\n---\nSee [[Home]].\n",
    "Undefined by tag.md": "---\ntags:\n  - one\n  - ⟦S02⟧concept\n---\nSee [[Home]].\n",
    "Bare outcome.md": "---\n⟦S03⟧⟦S04⟧type: Outcome\n---\nSee [[Home]].\n",
    "Outcome by tag.md": "---\nachieved through: '[[Checklist]]'\n---\n[[Home]] ⟦S04⟧#outcome\n",
    "Listed.md": "---\ndefinition: With a list\n---\n# Outcomes\n⟦S03⟧- All is well\n⟦S03⟧- All are glad\n\n# Outputs\n⟦S06⟧- A poster\n\nSee [[Home]].\n",
    "Headed.md": "---\ndefinition: With a heading\n---\n⟦S03⟧# Outcome\nAll is quiet.\n⟦S06⟧# Output\nA sound.\n\nSee [[Home]].\n",
    "Bare output.md": "---\n⟦S06⟧type: output\n---\nSee [[Home]].\n",
    "Both.md": "---\ntags: [outcome, ⟦S05⟧output]\nachieved through: '[[Checklist]]'\noutcome of: '[[Growth]]'\ncontributes to: '[[Retention]]'\n---\nSee [[Home]].\n",
    "Bare resource.md": "---\n⟦S08⟧type: Resource\n---\nSee [[Home]].\n",
    "Reading.md": "---\ndefinition: To be read\n---\n# Further reading\n⟦S08⟧- A book without an author\n- A book - Ann Lee\n\nSee [[Home]].\n",
    "Wrong kind.md": "---\ndefinition: Links astray\n⟦X00⟧related: ⟦S10⟧'[[Checklist]]'\noutcome: ['[[Retention]]', ⟦S10⟧'[[Checklist]]']\nauthor: ⟦S10⟧'[[Growth]]'\n---\n"
    "Its output:: ⟦S10⟧[[Retention]]\n\nSee [[Home]].\n".replace("⟦X00⟧", "").replace("Its output:: ", "has output:: "),
    "Names.md": "---\ndefinition: Names\nauthors:\n  - ⟦S11⟧Robert Martim\n  - Robert Martin\n---\nBy #RobertMartin [[Home]]\n",
}
FAULTS["Home of faults.md"] = (
    "---\ndefinition: Leads to all\n---\n[[Home]] "
    + " ".join(f"[[{path.removesuffix('.md')}]]" for path in FAULTS)
    + "\n"
)
CLEAN_HOME = "Home.md"


def marked(files: dict[str, str]) -> list[Place]:
    """Where the findings have to be."""
    found = []
    for path, text in files.items():
        for mark in MARK.finditer(text):
            before = MARK.sub("", text[: mark.start()])
            found.append((path, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1, mark.group(1)))
    return sorted(found)


def reported(folder: Path, files: dict[str, str], *, end: str = "\n", bom: bytes = b"") -> list[Place]:
    vault = folder / "vault"
    for path, text in files.items():
        (vault / path).parent.mkdir(parents=True, exist_ok=True)
        (vault / path).write_bytes(bom + MARK.sub("", text).replace("\n", end).encode())
    found = validate(kg.Vault(config=load(vault, cwd=vault, store=folder / "store")))
    return sorted((one.path, one.line, one.column, one.code) for one in found.findings)


ALL = {**CLEAN, **FAULTS}
ALL[CLEAN_HOME] += "\n[[Home of faults]]\n"


def test_there_are_forty_or_more() -> None:
    assert len(marked(ALL)) >= 40
    assert len({code for *_, code in marked(ALL)}) >= 25


@pytest.mark.parametrize(("end", "bom"), [("\n", b""), ("\r\n", b"\xef\xbb\xbf")], ids=["LF", "CRLF and BOM"])
def test_each_fault_is_reported_once_where_it_stands_and_none_besides(tmp_path: Path, end: str, bom: bytes) -> None:
    assert reported(tmp_path, ALL, end=end, bom=bom) == marked(ALL)


def test_a_vault_without_faults_has_no_findings(tmp_path: Path) -> None:
    assert reported(tmp_path, CLEAN) == []
