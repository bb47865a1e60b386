"""The pictures of the page in docs/exporting.md: python docs/page_pictures.py [FOLDER]

With FOLDER, writes pictures of three vaults (40, 350 and 5,700 notes) in all looks there, to be looked at, and none of the
docs'. Needs node, Chromium and the packages of tests/system/browser (npm ci).
"""

import json
import subprocess
import sys
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from helpers.company import Company  # noqa: E402 - found by the path above
from kg.cli.commands import kg  # noqa: E402

DOCS = ROOT / "docs"
BROWSER = ROOT / "tests" / "system" / "browser"
THINGS = {"notes": "lean", "company-350": "Concept 13", "company-5700": "Concept 13"}
FOR_DOCS = (
    ("notes", "light", "lean", "page"),
    ("company-350", "light", "", "page-350"),
    ("company-5700", "dark", "", "page-large"),
    ("notes", "phone", "Outcomes over Outputs", "page-phone"),
    ("queryable", "light", "", "page-ask"),
)
QUESTION = {"question": "Every place that links to a thing", "value": "lean"}
"""What the queryable page of notes/ is asked."""
LOOKS = ("light", "dark", "phone", "phone dark")


def page(name: str, folder: Path) -> Path:
    """The page of a vault by its name."""
    vault = ROOT / "notes"
    if name not in {"notes", "queryable"}:
        vault = folder / "vaults" / name
        vault.mkdir(parents=True)
        Company(int(name.partition("-")[2])).write(vault)
    store = ["--store", str(folder / f"{name}.store"), "-q"]
    kg.main(["ingest", str(vault), *store], standalone_mode=False)
    options = ["--queryable"] if name == "queryable" else []
    kg.main(["export", "-o", str(folder / f"{name}.html"), *options, *store], standalone_mode=False)
    return folder / f"{name}.html"


def jobs(pages: dict[str, Path], goal: Path | None) -> list[dict[str, str]]:
    """The pictures to take: those of the docs, or all into a folder."""
    if goal is None:
        rows = [(name, look, thing, DOCS / f"{called}.webp") for name, look, thing, called in FOR_DOCS]
    else:
        things = ((name, look, thing) for (name, own), look in product(THINGS.items(), LOOKS) for thing in ("", own))
        rows = [(*row, goal / f"{row[0]}-{row[1].replace(' ', '-')}{'-panel' * bool(row[2])}.webp") for row in things]
    return [
        {"page": str(pages[name]), "look": look, "thing": thing, "out": str(out)}
        | (QUESTION if name == "queryable" else {})
        for name, look, thing, out in rows
    ]


def main(goal: Path | None) -> None:
    """Take the pictures of the docs, or all pictures into a folder."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        names = THINGS if goal else dict.fromkeys(row[0] for row in FOR_DOCS)
        (folder / "jobs.json").write_text(json.dumps(jobs({name: page(name, folder) for name in names}, goal)))
        command = ["node", str(BROWSER / "pictures.mjs"), str(folder / "jobs.json")]
        subprocess.run(command, check=True)  # noqa: S603 - this project's own script


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None)
