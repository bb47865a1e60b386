"""What starts quickly stays so: heavy libraries are imported by the command that needs them."""

import subprocess
import sys
from pathlib import Path

import pytest

from helpers.commanding import run

HEAVY = (
    "rdflib",
    "networkx",
    "pyshacl",
    "owlrl",
    "pandas",
    "SPARQLWrapper",
    "yaml",
    "rich",
    "pyoxigraph",
    "pyromark",
    "rapidfuzz",
    "numpy",
    "scipy",
    "msgspec",
)

CODE = """
import sys
sys.argv = ["kg", *{args!r}]
from kg.cli.main import run
run()
print("loaded:", *sorted(set(sys.modules) & set({heavy!r})), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "args", [["--version"], ["--help"], ["query", "--help"], ["ingest", "--help"], ["test", "--help"]]
)
def test_nothing_heavy_is_imported(args: list[str]) -> None:
    code = CODE.format(args=args, heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1].strip() == "loaded:"


def test_a_query_needs_only_the_store(project: Path) -> None:
    run("ingest", "-q", cwd=project)  # of notes that were written a moment ago, an ingest keeps no fingerprint
    query = "SELECT ?note { ?note a kg:Note ; kg:path 'Good.md' }"
    code = CODE.format(args=["query", "--store", str(project / ".kg"), query], heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Good.md" in done.stdout
    assert done.stderr.splitlines()[-1] == "loaded: pyoxigraph"


def test_the_version_is_told_in_this_process() -> None:
    """Only what comes from outside is worth the time of a fork."""
    code = "import os, sys\nos.fork = None\nsys.argv = ['kg', '--version']\nfrom kg.cli.main import main\nmain()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("kg ")


def test_the_public_names_are_all_there() -> None:
    import kg

    assert all(getattr(kg, name) is not None for name in kg.__getattr__("__all__"))
    with pytest.raises(AttributeError):
        getattr(kg, "nothing_of_the_kind")  # noqa: B009
