"""The ontology in an OWL tool: the OWL API, which Protégé and ROBOT are built on."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from helpers.vaults import ROOT

pytestmark = pytest.mark.system
JARS = Path("/usr/share/java")


def test_it_is_owl_2_dl_and_owl_2_rl(tmp_path: Path) -> None:
    if not shutil.which("javac") or not (JARS / "owlapi-api.jar").exists():
        pytest.skip("needs default-jdk-headless and libowlapi-java; `make test-all` as root installs them")
    classpath = os.pathsep.join([str(tmp_path), *map(str, sorted(JARS.glob("*.jar")))])
    source = ROOT / "tests" / "system" / "CheckProfiles.java"
    subprocess.run(["javac", "-cp", classpath, "-d", tmp_path, source], check=True)
    command: list[str | Path] = ["java", "-cp", classpath, "CheckProfiles", ROOT / "ontology" / "kg.ttl"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert shown[0].startswith("axioms ")
    assert shown[1:] == ["OWL2_DL true", "OWL2_RL true"]
