"""The checks of a vault as a whole are the same, whether all notes are looked at or only those that have changed."""

import random

from kg.core.findings import Finding, in_order
from kg.notes.obsidian_settings import Settings
from kg.validation.link_checks import Checked, Typed
from kg.validation.ordered_findings import OrderedFindings
from kg.validation.whole_vault_checks import WholeVaultBefore, combine

NAMES = [f"{folder}{name}.md" for folder in ("", "a/") for name in ("N", "n", "B:c", "D", "E", "F")]
SETTINGS = Settings(types={"declared": "number"})
ROUNDS = 200


def note(chance: random.Random, path: str) -> Checked:
    """A checked note with links, embeds, missing notes and properties by chance."""

    def some(most: int, rows: list[str]) -> list[str]:
        return chance.sample(rows, chance.randrange(most))

    def place(code: str, message: str = "") -> Finding:
        return Finding(path, chance.randrange(9), 1, 1, 1, code, message)

    others = [name for name in NAMES if name != path]
    wants = [(f"urn:{name}", name, place("L23")) for name in some(4, ["X", "Y", "Z"]) for _ in range(2)]
    keys = [
        (key, chance.choice(["text", "number", "date", "list"])) for key in some(4, ["p", "q", "title", "declared"])
    ]
    return Checked(
        path,
        tuple(place("L01", name) for name in some(3, ["one", "two", "three"])),
        {"resolved": chance.randrange(3), "missing": len(wants)},
        frozenset(some(4, others)),
        {name: place("L24") for name in some(2, others)},
        tuple(wants),
        tuple(Typed(key, type_, place("L15", key)) for key, type_ in keys),
        frozenset(),
    )


def test_what_has_changed_is_enough() -> None:
    chance, checked, before, ordered = random.Random(7), dict[str, Checked](), None, None
    for _ in range(ROUNDS):
        changed = set(chance.sample(NAMES, chance.randrange(1, 5)))
        checked = {path: checks for path, checks in checked.items() if path not in changed}
        checked |= {path: note(chance, path) for path in changed if chance.random() < 0.8}
        notes = frozenset(checked)
        links = combine(checked, notes, notes, SETTINGS, before)
        whole = combine(dict(sorted(checked.items())), notes, notes, SETTINGS)
        assert in_order(links.findings) == in_order(whole.findings)
        assert (links.classes, links.instructions) == (whole.classes, whole.instructions)
        ordered = OrderedFindings.of(links.findings, ordered)
        assert ordered.all == in_order(whole.findings)
        assert list(ordered.of_files) == sorted({finding.path for finding in whole.findings})
        before = WholeVaultBefore(links.whole, frozenset(NAMES))
