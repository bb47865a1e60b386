"""No test passes or fails by chance: what is drawn is drawn alike in every run."""

import re
from pathlib import Path

import pytest
from hypothesis import settings

from helpers import drawing

UNSEEDED = re.compile(r"random\.(?:random|choice|choices|randint|sample|shuffle|randrange)\(|\bRandom\(\)|uuid\.uuid[14]\(|default_rng\(\)")  # fmt: skip
OVERRIDDEN = re.compile(
    r"\bderandomize\s*=|\bload_profile\(|use_true_random=True|^from hypothesis import.*\bseed\b", re.M
)


@pytest.mark.skipif(drawing.IS_NEW, reason="KG_DRAW=new asks for other examples")
def test_examples_are_the_same_in_every_run() -> None:
    assert settings.default is not None
    assert settings.default.derandomize
    assert settings(max_examples=7).derandomize


def test_no_test_draws_otherwise() -> None:
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        if file.name not in {"drawing.py", Path(__file__).name}:
            text = file.read_text(encoding="utf-8")
            assert not OVERRIDDEN.search(text), file.name
            found = [
                text.count("\n", 0, one.start()) + 1
                for one in UNSEEDED.finditer(text)
                if text[one.start() - 1] not in "._"
            ]
            assert not found, (file.name, found)
