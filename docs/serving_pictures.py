"""The pictures of the pages of kg serve in docs/serving.md: python docs/serving_pictures.py [FOLDER]

With FOLDER, writes pictures of every page there, of notes/ and of a vault of 3,000 notes, in all looks, to be looked at, and
none of the docs'. Needs node, Chromium and the packages of tests/system/browser (npm ci).
"""

import json
import shutil
import subprocess
import sys
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from helpers.clients import running  # noqa: E402 - found by the path above
from helpers.company import Company  # noqa: E402

DOCS = ROOT / "docs"
FOR_DOCS = (
    ("/thing/Outputs/Weekly%20learning%20demo", "light", "serve-thing"),
    ("/table?class=Outcome", "dark", "serve-table"),
    ("/thing/Concepts/Lean/lean", "phone", "serve-phone"),
)
PAGES = {
    "home": "/", "list": "/list", "class": "/list?class=Outcome", "search": "/search?q=learning", "table": "/table?class=Outcome",
    "thing": "/thing?name=Outcomes", "question": "/query/most-linked", "query": "/query", "map": "/map", "findings": "/findings",
    "gaps": "/gaps", "suggestions": "/suggestions", "duplicates": "/duplicates", "communities": "/communities",
    "history": "/history", "more": "/more",
}  # fmt: skip
LOOKS = ("light", "dark", "phone", "phone dark")


def taken(vault: Path, jobs: list[dict[str, str]], folder: Path) -> None:
    """Take pictures of the pages of a vault."""
    with running(vault, "--no-token") as server:
        rows = [{**job, "address": f"{server.url}{job['path']}"} for job in jobs]
        (folder / "jobs.json").write_text(json.dumps(rows))
        script = ROOT / "tests" / "system" / "browser" / "served_pictures.mjs"
        command = ["node", str(script), str(folder / "jobs.json")]
        subprocess.run(command, check=True)  # noqa: S603 - this project's own script


def main(goal: Path | None) -> None:
    """Take the pictures of the docs, or all pictures into a folder."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        notes = folder / "notes"
        shutil.copytree(ROOT / "notes", notes, ignore=shutil.ignore_patterns(".kg"))
        if goal is None:
            jobs = [{"path": path, "look": look, "out": str(DOCS / f"{name}.webp")} for path, look, name in FOR_DOCS]
            taken(notes, jobs, folder)
            return
        company = folder / "company"
        company.mkdir()
        Company(3_000).write(company)
        for vault in (notes, company):
            rows = product(PAGES.items(), LOOKS)
            out = (
                goal / f"{vault.name}-{name}-{look.replace(' ', '-')}.webp"
                for (name, _), look in product(PAGES.items(), LOOKS)
            )
            jobs = [
                {"path": path, "look": look, "out": str(place)}
                for ((_, path), look), place in zip(rows, out, strict=True)
            ]
            taken(vault, jobs, folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None)
