"""How long a page of 5,000 things takes until it can answer questions, beside a limit of 3 s.

    python benchmarks/page.py [--notes 2600] [--runs 5]

Needs node, Chromium and the packages of tests/system/browser (npm ci). The page is opened over file://, without a network,
with the map drawn by software. The time is the median of several openings.
"""

import argparse
import json
import statistics
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from helpers.browsing import browsed
from helpers.company import Company
from kg.config import load
from kg.export.selection import Choice, export
from kg.export.web_page import html
from kg.ingestion.pipeline import ingest
from kg.notes.vault import Vault
from kg.store.project import Project

LIMIT = 3.0


def main() -> None:
    """Make the page and open it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notes", type=int, default=2_600)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        vault = Company(options.notes).write(Path(name) / "vault")
        config = load(vault)
        ingest(Vault(config=config))
        page, cases = Path(name) / "page.html", Path(name) / "cases.json"
        made = export(Project.open(config), Choice(), "notes", vault)
        with page.open("wb") as out:
            html(replace(made, queryable=True), out)
        cases.write_text(json.dumps({"texts": [], "openings": options.runs}))
        said = browsed("ask", page, str(cases))
        print(f"{said['things']:,} things, {page.stat().st_size / 1e6:.1f} MB")
        median = statistics.median(said["answering"]) / 1_000
        print(f"ready to answer  {median:5.2f} s  {median / LIMIT:5.0%} of the limit of {LIMIT:.0f} s")


if __name__ == "__main__":
    main()
