"""The picture of notes/ in docs/analyzing.md: python docs/picture.py

As `kg export -f svg --no-inferred` draws it: of what notes say alone, as `kg analyze` has it.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from kg.cli.commands import kg

DOCS = Path(__file__).parent

if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        store = ["--store", f"{folder}/store", "-q"]
        kg.main(["ingest", str(DOCS.parent / "notes"), *store], standalone_mode=False)
        kg.main(["export", "--no-inferred", "-o", str(DOCS / "notes.svg"), *store], standalone_mode=False)
