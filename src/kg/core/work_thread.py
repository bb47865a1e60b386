"""A thread whose result, or exception, comes back to the thread that waits for it."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Result = TypeVar("Result")


class WorkThread(threading.Thread, Generic[Result]):
    """A thread that runs `work`. After `join`, `result` returns what the work returned or raises what it raised."""

    def __init__(self, work: Callable[[], Result], *, daemon: bool = False) -> None:
        super().__init__(name="kg", daemon=daemon)
        self._work = work
        self._results: list[Result] = []
        self._errors: list[BaseException] = []

    def run(self) -> None:
        """Run the work, as the thread."""
        try:
            self._results.append(self._work())
        except BaseException as error:  # noqa: BLE001 - raised by `result`
            import traceback

            # Oxigraph's results must die in the thread that made them: no frame may keep one alive.
            for exception in (error, error.__cause__, error.__context__):
                traceback.clear_frames(exception.__traceback__ if exception else None)
            self._errors.append(error)

    def result(self) -> Result:
        """Return the result, or raise the exception, of work that has ended; once."""
        if self._errors:
            raise self._errors.pop()
        return self._results.pop()
