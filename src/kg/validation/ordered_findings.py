"""The findings of a vault in order, put together again at the cost of the files whose findings have changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from kg.core.findings import Finding, by_path, in_order


@dataclass(frozen=True)
class OrderedFindings:
    """Findings in order of file, line and column, each once."""

    of_files: Mapping[str, tuple[Finding, ...]]
    """The findings of each file that has any, in order of the paths."""

    @classmethod
    def of(cls, findings: Iterable[Finding], before: "OrderedFindings | None" = None) -> "OrderedFindings":
        """Put findings in order; `before` are those of the last time, of which most are the very same objects."""
        return before._replaced(list(findings)) if before else cls(by_path(in_order(findings)))

    @cached_property
    def all(self) -> tuple[Finding, ...]:
        """All findings."""
        return tuple(chain.from_iterable(self.of_files.values()))

    @cached_property
    def _by_id(self) -> Mapping[int, Finding]:
        return {id(finding): finding for finding in self.all}

    def _replaced(self, findings: list[Finding]) -> "OrderedFindings":
        before, now = self._by_id, dict(zip(map(id, findings), findings, strict=True))
        rows: dict[str, list[Finding]] = {before[number].path: [] for number in before.keys() - now.keys()}
        for number in now.keys() - before.keys():
            rows.setdefault(now[number].path, []).append(now[number])
        files = dict(self.of_files)
        for path, new in rows.items():
            files[path] = in_order([*(row for row in files.get(path, ()) if id(row) in now), *new])
        if files.keys() != self.of_files.keys():
            files = dict(sorted(files.items()))
        return OrderedFindings({path: found for path, found in files.items() if found})
