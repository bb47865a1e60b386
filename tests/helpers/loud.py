"""Work that logs, warns and prints, as a library may."""

import logging
import sys
import warnings
from collections.abc import Callable


class _Falling:
    def __del__(self) -> None:
        raise ValueError("ignored by Python")


def work() -> Callable[[], int]:
    """Return a function that answers 42, loudly."""

    def answer() -> int:
        handler = logging.StreamHandler(sys.stderr)
        logging.getLogger("library").addHandler(handler)
        logging.getLogger("library").error("an error", exc_info=ValueError("x"))
        warnings.warn("a warning", stacklevel=1)
        print("printed")
        print("printed", file=sys.stderr)
        _Falling()
        return 42

    return answer
