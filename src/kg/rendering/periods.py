"""The output formats for the times at which triples hold: one row per format."""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

from kg.comparison.since import Period
from kg.core.escaping import printable
from kg.core.json_text import json_text
from kg.rendering.difference_report import sentence
from kg.revisions.git_repository import Commit


def _since(periods: Sequence[Period]) -> str:
    """The periods of a triple, oldest first."""
    rows = [sentence(periods[-1].fact)]
    for period in periods:
        rows.append(f"  since {period.since}")
        rows += [f"      {_kind(period)}"]
        rows += [f"  until {period.until}"] if period.until else []
    return "".join(f"{printable(row)}\n" for row in rows)


def _kind(period: Period) -> str:
    if period.inferred:
        return f"inferred {period.why}".rstrip()
    return period.why or "asserted"


def _blame(periods: Sequence[Period]) -> str:
    """The facts of a thing below the commits that brought them."""
    rows = []
    for commit, facts in groupby(periods, lambda period: period.since):
        rows.append(str(commit))
        for period in facts:
            mark = "  (inferred)" if period.inferred else ""
            rows.append(f"  {sentence(period.fact)}{mark}")
    return "".join(f"{printable(row)}\n" for row in rows)


def _json(periods: Sequence[Period]) -> str:
    return json_text([_object(period) for period in periods], indent=1) + "\n"


def _object(period: Period) -> dict[str, Any]:
    return {
        **period.fact.as_json(),
        "inferred": period.inferred,
        "why": period.why,
        "since": _commit(period.since),
        "until": _commit(period.until) if period.until else None,
    }


def _commit(commit: Commit) -> dict[str, str]:
    return {
        "hash": commit.hash,
        "time": commit.time.isoformat(),
        "author": commit.author,
        "subject": commit.subject,
    }


WHEN: Mapping[str, Callable[[Sequence[Period]], str]] = {"text": _since, "json": _json}
BLAME: Mapping[str, Callable[[Sequence[Period]], str]] = {"text": _blame, "json": _json}
