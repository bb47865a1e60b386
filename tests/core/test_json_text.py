"""JSON that every reader accepts, whatever the numbers."""

import ast
import json
from decimal import Decimal
from pathlib import Path

import pytest

import kg
from kg.core.json_text import json_text

SOURCE = Path(kg.__file__).parent


def _strict(text: str) -> object:
    def refused(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    return json.loads(text, parse_constant=refused)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (float("nan"), "NaN"),
        (float("inf"), "INF"),
        (float("-inf"), "-INF"),
        (1e300, 1e300),
        (True, True),
        (10**30, 10**30),
        pytest.param(10**5000, "1" + "0" * 5000, id="huge"),
        pytest.param(-(10**5000), "-1" + "0" * 5000, id="negative"),
        (Decimal("2.50"), 2.5),
        (Decimal("2.00"), 2),
        (Decimal("1e400"), 10**400),
        (Decimal("1" + "0" * 400 + ".5"), "1" + "0" * 400 + ".5"),
        (Decimal("1e5000"), "1" + "0" * 5000),
        (Decimal("NaN"), "NaN"),
        (Decimal("-Infinity"), "-INF"),
        (Decimal("sNaN"), "NaN"),
        (Decimal("1e99999999"), "1E+99999999"),
        ("NaN “é漢”", "NaN “é漢”"),
        ({"a": [float("nan"), (1, float("inf"))], "b": None}, {"a": ["NaN", [1, "INF"]], "b": None}),
    ],
)
def test_every_number_is_json(value: object, read: object) -> None:
    for indent in (None, 1):
        assert _strict(json_text(value, indent=indent)) == read
        assert _strict(json_text([{"x": value}])) == [{"x": read}]


def test_another_value_is_an_error() -> None:
    with pytest.raises(TypeError, match="set has no form in JSON"):
        json_text({1})


@pytest.mark.parametrize("package", ["cli", "rendering", "export"])
def test_what_users_see_is_written_by_it(package: str) -> None:
    """`json.dumps` writes NaN; in these packages only a text may be written with it."""
    users = set()
    for file in (SOURCE / package).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in {"dumps", "dump"}:
                users.add(file.name)
    assert users <= {"neo4j.py"}
