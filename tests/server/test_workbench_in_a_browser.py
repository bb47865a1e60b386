"""The workbench in a browser: a newcomer's tasks by clicks and keys, light and dark, with nothing asked elsewhere."""

import shutil
import subprocess
from pathlib import Path

import pytest

import kg
from helpers.browsing import browsed, is_faultless
from helpers.outcomes import OUTCOMES
from helpers.serving import kg_serving
from helpers.vaults import ROOT, write_vault

pytestmark = pytest.mark.system


def test_a_newcomers_tasks(tmp_path: Path) -> None:
    vault = write_vault(tmp_path / "vault", OUTCOMES)
    kg.ingest(vault)
    with kg_serving(vault) as address:
        said = browsed("workbench", address)
    is_faultless(said)
    assert [row[0] for row in said["listed"]] == ["Calm nights", "Fast start", "Few calls"]
    assert [(row[0], row[-1]) for row in said["sorted"]][0] == ("Few calls", "Guided setup, Help pages")
    assert [row[0] for row in said["sorted"]] == ["Few calls", "Calm nights", "Fast start"]
    assert said["order"] == "ascending"
    assert [text.partition("\n")[0] for text in said["offered"]] == ["kg:Outcome", "kg:achievedThrough", "Guided setup"]
    assert said["link"] == said["written"]
    assert "?x a kg:Outcome ; kg:achievedThrough n:Guided%20setup ; skos:prefLabel ?y ." in said["written"]
    assert sorted(said["answer"]) == [["Fast start", "Fast start"], ["Few calls", "Few calls"]]
    assert said["problem"].startswith("Line 2, column 4: the prefix “nope:” is not known")
    assert said["marked"] == "nope:y"
    assert said["names"] == ["Plan"] and said["outline"][0][:3] == ["1", "1", "Goals"]


def test_it_is_built_as_it_was_committed(tmp_path: Path) -> None:
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("needs node and npm; `make test-all` as root installs them")
    shutil.copytree(ROOT / "web", tmp_path / "web", ignore=shutil.ignore_patterns("node_modules"))
    subprocess.run([npm, "ci", "--silent"], cwd=tmp_path / "web", check=True, timeout=300)
    subprocess.run([node, "build.mjs", tmp_path / "built"], cwd=tmp_path / "web", check=True, timeout=120)
    committed = {file.name: file.read_bytes() for file in (ROOT / "src" / "kg" / "server" / "web").iterdir()}
    assert {file.name: file.read_bytes() for file in (tmp_path / "built" / "server" / "web").iterdir()} == committed
