"""What the site needs beside the pages in docs/: the pages of the repository's root, links that lead out of it, and
blocks of code with the name of a file, as the tests of the pages read them.
"""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md")
FENCE = re.compile(r"^(`{3,}\w+) ([^`\n={}]+)$", re.MULTILINE)
NO_TEST = "no-test"
"""The word after the language of a block that tests do not run."""
LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\((?!\w+:|#)([^)\s#]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the root; their links begin in docs/."""
    for name in PAGES:
        text = (ROOT / name).read_text(encoding="utf-8").replace("](docs/", "](")
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """A link to a file that is not on the site becomes its text; the name of a block's file, its title."""
    folder = Path(page.file.src_uri).parent

    def linked(match: re.Match[str]) -> str:
        text, target, _ = match.groups()
        name = (Path("/") / folder / target).as_posix()
        return match[0] if files.get_file_from_path(_normal(name)) else text

    return FENCE.sub(_titled, LINK.sub(linked, _of_root(markdown)))


def _titled(fence: re.Match[str]) -> str:
    """The first line of a block of code in the words of Material for MkDocs."""
    language, name = fence.groups()
    return language if name.strip() == NO_TEST else f'{language} title="{name.strip()}"'


def _of_root(markdown: str) -> str:
    """A link from docs/ to a page of the root leads to the page on the site."""
    return re.sub(rf"\]\((?:\.\./)+({'|'.join(PAGES)})", r"](/\1", markdown)


def _normal(name: str) -> str:
    """A path without `..`, from docs/ on."""
    parts: list[str] = []
    for part in name.split("/"):
        parts = parts[:-1] if part == ".." else [*parts, part] if part else parts
    return "/".join(parts)
