"""The pictures of notes/ in the documentation: python docs/picture.py [FOLDER]

`notes.svg` is in docs/analyzing.md: what notes say alone, as `kg analyze` has it. `tree.svg` and `tree-dark.svg` are in
docs/exporting.md; a test compares them with those that it draws.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from kg.cli.commands import kg

DOCS = Path(__file__).parent
TREE = ("--layout", "tree", "--title", "What we make, and what for", "--size", "1280x720")
PICTURES = {
    "notes.svg": ("--no-inferred",),
    "tree.svg": TREE,
    "tree-dark.svg": (*TREE, "--theme", "dark"),
}
"""The options of each picture."""


def draw(folder: Path) -> None:
    """Draw all pictures into a folder."""
    with TemporaryDirectory() as temporary:
        store = ["--store", f"{temporary}/store", "-q"]
        kg.main(["ingest", str(DOCS.parent / "notes"), *store], standalone_mode=False)
        for name, options in PICTURES.items():
            kg.main(["export", *options, "-o", str(folder / name), *store], standalone_mode=False)


if __name__ == "__main__":
    draw(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS)
