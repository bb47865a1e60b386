"""The findings of a vault in order, put together again at the cost of the files whose findings have changed."""

from bisect import insort
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
    def _ids(self) -> frozenset[int]:
        return frozenset(map(id, self.all))

    def _replaced(self, findings: list[Finding]) -> "OrderedFindings":
        known, now = self._ids, set(map(id, findings))
        changed = {finding.path for finding in findings if id(finding) not in known}
        changed |= {finding.path for finding in self.all if id(finding) not in now}
        rows: dict[str, list[Finding]] = {path: [] for path in changed}
        for finding in findings:
            if finding.path in changed:
                rows[finding.path].append(finding)
        files = {**self.of_files, **{path: in_order(row) for path, row in rows.items()}}
        paths = list(self.of_files)
        for path in changed - self.of_files.keys():
            insort(paths, path)
        return OrderedFindings({path: files[path] for path in paths if files[path]})
