"""The workbench in a browser: a newcomer's tasks by clicks and keys, light and dark, with nothing asked elsewhere."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from helpers.browsing import BROWSER, browsed, is_faultless
from helpers.clients import running
from helpers.outcomes import OUTCOMES
from helpers.vaults import write_vault

pytestmark = pytest.mark.system


def test_a_newcomers_tasks(tmp_path: Path) -> None:
    vault = write_vault(tmp_path / "vault", OUTCOMES)
    with running(vault, "--no-token") as server:
        said = browsed("workbench", f"{server.url}/")
    is_faultless(said)
    assert [row[0] for row in said["listed"]] == ["Calm nights", "Fast start", "Few calls"]
    first = said["sorted"][0]
    assert (first[0], first[-1]) == ("Few calls", "Guided setup, Help pages")
    assert [row[0] for row in said["sorted"]] == ["Few calls", "Calm nights", "Fast start"]
    assert said["order"] == "ascending"
    assert [text.partition("\n")[0] for text in said["offered"]] == ["kg:Outcome", "kg:achievedThrough", "Guided setup"]
    assert said["link"] == said["written"]
    assert "?x a kg:Outcome ; kg:achievedThrough n:Guided%20setup ; skos:prefLabel ?y ." in said["written"]
    assert sorted(said["answer"]) == [["Fast start", "Fast start"], ["Few calls", "Few calls"]]
    assert said["problem"].startswith("Line 2, column 4: the prefix “nope:” is not known")
    assert said["marked"] == "nope:y"
    assert said["names"] == ["Plan"] and said["outline"][0][:3] == ["1", "1", "Goals"]


PLACES = {
    "SEL|": ["keyword", "SEL", []],
    "SELECT ?x { ?x |": ["property", "", []],
    "SELECT ?x { ?x a kg:Ou|": ["class", "kg:Ou", ["kg:Ou"]],
    "SELECT ?x { ?x a kg:Outcome ; kg:|": ["property", "kg:", ["kg:Outcome"]],
    "SELECT ?x { ?x kg:linksTo Le|": ["value", "Le", []],
    "SELECT ?x { ?x kg:linksTo ?y , |": ["value", "", []],
    "SELECT ?x { ?x kg:linksTo ?y . |": ["subject", "", []],
    "SELECT ?x { ?x p:effort 5.5 |": ["keyword", "", []],
    "SELECT ?x { ?x skos:broader/|": ["property", "", []],
    "SELECT ?x { ?x ^(skos:broader*) |": ["value", "", []],
    'SELECT ?x { ?x skos:prefLabel "Le|': ["text", "Le", []],
    "SELECT ?x { ?x a ?y FILTER(STRLEN(?y) > 3 && |": ["expression", "", []],
    "SELECT ?x { ?x a ?y FILTER(STRLEN(?y) > 3) |": ["subject", "", ["?y"]],
    "SELECT ?x { OPTIONAL { ?x a ?y } ?x |": ["property", "", ["?y"]],
    "SELECT ?x { ?x kg:p [ a kg:X ] ; |": ["property", "", []],
    "SELECT ?x { # com|": ["comment", "", []],
    "PREFIX |": ["prefix", "", []],
    "SELECT (COUNT(|": ["expression", "", []],
}
"""What may stand at the cursor: its kind, what is typed, and the classes of the subject."""


def test_the_editor_knows_where_the_cursor_is() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node; `make test-all` as root installs it")
    done = subprocess.run([node, BROWSER / "places.mjs", *PLACES], capture_output=True, check=True, timeout=60)
    assert dict(zip(PLACES, json.loads(done.stdout), strict=True)) == PLACES
