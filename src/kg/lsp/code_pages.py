"""A page about the codes of findings, to which diagnostics link: what each means, with an example and a remedy."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from kg.config import Config
from kg.core.errors import KgError
from kg.core.findings import CODES
from kg.rendering.code_explanations import CodeExplanation
from kg.validation.codes import codes_of


class CodePages:
    """The page in a temporary folder, which goes with it."""

    def __init__(self, config: Config) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="kg-codes-", ignore_cleanup_errors=True)
        self.uris: Mapping[str, str] = self._written(config)
        """The address of each code's explanation."""

    def close(self) -> None:
        """Remove the page."""
        self._folder.cleanup()

    def _written(self, config: Config) -> dict[str, str]:
        try:
            known = codes_of(config)
        except KgError:  # the shapes cannot be read: a finding says so
            known = {**CODES}
        page, lines, parts = Path(self._folder.name, "findings.md"), 0, []
        uris = {}
        for name, code in known.items():
            uris[name] = f"{page.as_uri()}#L{lines + 1}"
            parts.append(f"{CodeExplanation.of(code).markdown()}\n")
            lines += parts[-1].count("\n")
        page.write_text("".join(parts), encoding="utf-8")
        return uris
