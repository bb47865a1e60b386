"""How the examples of tests are drawn: the same in every run, so that no test fails by chance, or new ones.

KG_DRAW=NUMBER draws others, the same for the same number; `make test-all` gives the day's date, so that a run that fails
can be repeated on that day. KG_DRAW=new draws new ones each time.
"""

import os
import random
from collections.abc import Callable
from typing import Any

from hypothesis import seed, settings

_DRAW = os.environ.get("KG_DRAW", "")
IS_NEW = bool(_DRAW)
SEED = int(_DRAW) if _DRAW.isdecimal() else random.SystemRandom().getrandbits(32)
"""The seed of what is drawn otherwise than by Hypothesis, which has `--hypothesis-seed`."""

_SHARE = 1 if os.environ.get("KG_SOAK") else 10

PART = 1 if IS_NEW else 4

settings.register_profile("same", max_examples=100 // PART, derandomize=True, database=None, deadline=None)
settings.register_profile("new", derandomize=False, deadline=None, print_blob=True)
settings.load_profile("new" if IS_NEW else "same")


def examples(number: int) -> int:
    """How many examples a test draws: a quarter of this number in `make test`, all in `make test-all`."""
    return -(-number // PART)


def at_length(number: int) -> int:
    """The size of a long run: this number in `make soak`, a tenth of it in `make test-all`."""
    return -(-number // _SHARE)


def draws(number: int) -> Callable[[Any], Any]:
    """The seed of a long run: this number, or a new one, which is printed so that the run can be repeated."""
    if IS_NEW:
        number += SEED
        print(f"drawn with seed({number})")
    return seed(number)
