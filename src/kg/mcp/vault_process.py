"""The process that answers about a vault, beside the one that speaks the protocol.

It reads the notes, and answers one call after another within limits of time and memory; a call that overruns them ends
with it, and the next call has another. It can open no socket, and nothing it prints gets anywhere.
"""

import gc
import pickle
import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from kg.config import Config
from kg.core.errors import KgError, TimedOut
from kg.core.fork_server import ForkServer
from kg.core.limits import Limits, OutOfMemory, Page, limited, report_to
from kg.core.sandbox import end_with_parent
from kg.mcp.fresh_vault import FreshVault

_BEGUN = "begun"
_SOME = 50
"""After how many calls all is collected that refers to itself."""
_GRACE = 3.0
"""The seconds in which late work may end by itself."""
_READING = 3_600.0
"""The seconds that reading the notes may take."""


class VaultProcessEnded(KgError):
    """The process that answers has ended in the middle of a call."""

    def __init__(self) -> None:
        super().__init__("the call has ended the process that answers, probably for want of memory: ask for less")


class TimedWork(NamedTuple):
    """A function to call with the vault, its other arguments, and the seconds it may take."""

    work: Callable[..., Any]
    arguments: tuple[Any, ...]
    seconds: float


def answer_calls(connection: socket.socket, *, config: Config, private_tags: tuple[str, ...]) -> None:
    """Answer calls until the connection ends."""
    signal.signal(signal.SIGTERM, _stop)
    end_with_parent(gently=True)
    report_to(Page())
    source = FreshVault(config, private_tags)
    try:
        with Connection(connection.detach()) as pipe:
            gc.disable()  # a call does not wait for a look at all that is kept for later ones
            for number in count(1):
                call: TimedWork = pipe.recv()
                pipe.send(_outcome(source, call, lambda: pipe.send(_BEGUN)))
                gc.collect(1 if number % _SOME else 2)
    except EOFError:
        pass
    finally:
        source.close()
        source.checks.close()


def _stop(number: int, frame: object) -> None:
    raise SystemExit


def _outcome(source: FreshVault, call: TimedWork, begun: Callable[[], None]) -> tuple[Any, Exception | None]:
    """The result of a call, or its exception; `begun` is called once the notes are read."""
    memory = source.config.max_memory
    try:
        vault = source.latest()
        begun()
        with limited("the call", Limits(call.seconds, memory)):
            result = call.work(vault, *call.arguments)
        pickle.dumps(result)
    except MemoryError:
        return None, OutOfMemory(memory, "the call")
    except RecursionError:
        return None, KgError("the call cannot be read: it is nested too deeply")
    except KgError as error:
        return None, _carried(error)
    except Exception as error:  # noqa: BLE001 - told to the client instead of ending the process
        return None, RuntimeError(f"{type(error).__name__}: {error}")
    return result, None


def _carried(error: KgError) -> KgError:
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - of this process
    except Exception:  # noqa: BLE001 - an error that cannot be pickled is sent as its sentence
        return KgError(str(error))
    return error


def _prepare() -> None:
    """Import what calls need, once for all processes."""
    import kg.analysis.tables
    import kg.ingestion.changing
    import kg.mcp.answering
    import kg.mcp.resources
    import kg.validation.validator  # noqa: F401


@dataclass
class VaultProcess:
    """The process that answers about a vault; another is started if it ends. To be closed by a `with`."""

    config: Config
    private_tags: tuple[str, ...] = ()
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _forks: ForkServer | None = None
    _child: tuple[int, Connection] | None = None

    def __enter__(self) -> "VaultProcess":
        work = partial(answer_calls, config=self.config, private_tags=self.private_tags)
        self._forks = ForkServer([work], _prepare)
        self._started()
        return self

    def __exit__(self, *error: object) -> None:
        self._end()
        if self._forks:
            self._forks.close()

    def ask(self, work: Callable[..., Any], *arguments: Any, seconds: float) -> Any:
        """The result of a function of a module, called with the vault and the arguments. Raises what it raises."""
        with self._lock:
            try:
                result, error = self._answer(TimedWork(work, arguments, seconds))
            except (EOFError, OSError) as failure:
                self._end()
                raise VaultProcessEnded from failure
            except BaseException:
                self._end()
                raise
        if error:
            raise error
        return result

    def _answer(self, call: TimedWork) -> tuple[Any, Exception | None]:
        _, pipe = self._child or self._started()
        pipe.send(call)
        if not pipe.poll(_READING):
            raise TimedOut(_READING, "reading the notes")
        answer = pipe.recv()
        if answer == _BEGUN:
            if not pipe.poll(call.seconds + _GRACE):
                raise TimedOut(call.seconds, "the call")
            answer = pipe.recv()
        result, error = answer
        return result, error

    def _started(self) -> tuple[int, Connection]:
        assert self._forks is not None
        forked = self._forks.start(0)
        self._child = forked.pid, Connection(forked.connection.detach())
        return self._child

    def _end(self) -> None:
        """End the process, which may be at work."""
        if self._child and self._forks:
            pid, pipe = self._child
            self._child = None
            pipe.close()
            self._forks.end(pid, gently=True)
