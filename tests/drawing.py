"""How the examples of tests are drawn: the same in every run, so that no test fails by chance, or new ones.

KG_DRAW=new draws new ones; `make test-all` and `make fuzz` set it.
"""

import os
import random
from collections.abc import Callable
from typing import Any

from hypothesis import seed, settings

IS_NEW = os.environ.get("KG_DRAW") == "new"

settings.register_profile("same", derandomize=True, database=None, deadline=None)
settings.register_profile("new", derandomize=False, deadline=None, print_blob=True)
settings.load_profile("new" if IS_NEW else "same")


def draws(number: int) -> Callable[[Any], Any]:
    """The seed of a long run: this number, or a new one, which is printed so that the run can be repeated."""
    if IS_NEW:
        number = random.SystemRandom().getrandbits(32)
        print(f"drawn with seed({number})")
    return seed(number)
