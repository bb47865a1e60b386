"""The settings of an editor for the server: `initializationOptions`, or the section `kg` of its configuration."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from kg.core.findings import SEVERITIES, Severity


class EditorSettings(NamedTuple):
    """What an editor's user has set. A value of another kind than expected counts as not set."""

    store: Path | None = None
    severity: Severity = "warning"
    """The least severe findings that are shown."""
    inlay_hints: bool = True
    code_lens: bool = True

    @classmethod
    def of(cls, given: object) -> "EditorSettings":
        """Read the settings; those of a section `kg` count, where there is one."""
        table: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
        table = table["kg"] if isinstance(table.get("kg"), Mapping) else table
        store, severity = table.get("store"), table.get("severity")
        return cls(
            Path(store).expanduser() if isinstance(store, str) and store else None,
            next((one for one in SEVERITIES if one == severity), "warning"),
            table.get("inlayHints") is not False,
            table.get("codeLens") is not False,
        )
