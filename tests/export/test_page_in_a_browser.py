"""The page of kg export -f html in a browser with the network off, and that it is built again as it was committed."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from helpers.browsing import browsed, is_faultless
from helpers.drawing import at_length
from helpers.exporting import SCRIPTS, page_of
from helpers.synthetic_graph import synthetic
from helpers.vaults import NOTES, ROOT, Write, ingest
from kg.export.web_page import html

pytestmark = pytest.mark.system


def looked_at(page: Path, name: str) -> dict[str, Any]:
    """What a browser says of a page that people look around in."""
    said = browsed("look", page, name)
    is_faultless(said)
    assert said["drawn"] > 0.0005 and said["closed"]
    return said


def synthetic_page(folder: Path, things: int, links: int) -> Path:
    file = folder / "page.html"
    with file.open("wb") as out:
        html(synthetic(things, links), out)
    return file


def test_the_notes(tmp_path: Path) -> None:
    file = tmp_path / "notes.html"
    file.write_text(page_of(ingest(NOTES, tmp_path / "store").store), encoding="utf-8")
    said = looked_at(file, "Discovery")
    assert said["found"] == said["clicked"] == "Discovery & Delivery"
    for part in ("concept", "Properties", "Links to", "Linked from", "Open in Obsidian"):
        assert part in said["panel"]
    (link,) = (one for one in said["open"] if not one.startswith("#/"))
    assert link.startswith("obsidian://open?path=") and link.endswith("Discovery%20%26%20Delivery.md")


def test_what_notes_say_does_nothing(write: Write, tmp_path: Path) -> None:
    file = tmp_path / "hostile.html"
    file.write_text(page_of(ingest(write(SCRIPTS), tmp_path / "store").store), encoding="utf-8")
    said = looked_at(file, "A")
    assert said["clicked"] == "A" and "</script><script>alert(1)</script>" in said["panel"]
    assert [one for one in said["open"] if not one.startswith(("#/", "obsidian://open?path="))] == []


def test_five_thousand_things_are_ready_in_five_seconds(tmp_path: Path) -> None:
    said = looked_at(synthetic_page(tmp_path, 5_000, 15_000), "Learning test cycles 4201")
    assert said["things"] == 5_000 and said["ready"] < 5_000
    assert said["found"] == said["clicked"] == "Learning test cycles 4201"


def test_fifty_thousand_things_load(tmp_path: Path) -> None:
    """Fifty thousand in `make soak`."""
    things = at_length(50_000)
    said = looked_at(synthetic_page(tmp_path, things, 2 * things), "Learning test cycles 4201")
    assert said["things"] == things and said["ready"] < 60_000
    assert said["found"] == "Learning test cycles 4201" and "Links to" in said["panel"]


def test_it_is_built_as_it_was_committed(tmp_path: Path) -> None:
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("needs node and npm; `make test-all` as root installs them")
    shutil.copytree(ROOT / "web", tmp_path / "web", ignore=shutil.ignore_patterns("node_modules"))
    subprocess.run([npm, "ci", "--silent"], cwd=tmp_path / "web", check=True, timeout=300)
    subprocess.run([node, "build.mjs", tmp_path / "built"], cwd=tmp_path / "web", check=True, timeout=120)
    for package in ("export", "server"):
        committed = {file.name: file.read_bytes() for file in (ROOT / "src" / "kg" / package / "web").iterdir()}
        built = {file.name: file.read_bytes() for file in (tmp_path / "built" / package / "web").iterdir()}
        assert built == committed, f"src/kg/{package}/web"
