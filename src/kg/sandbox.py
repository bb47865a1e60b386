"""Close the network to this process, for good.

Text that comes with a vault is run as SPARQL, and SPARQL can call other servers. To look for SERVICE in the text is not
enough: a second parser always reads something otherwise. So the process that runs it cannot open a socket. Linux
enforces that for the calling thread, for every thread and process that it starts, and for native code (seccomp,
Documentation/userspace-api/seccomp_filter.rst in the kernel's sources). Elsewhere, and on other processors than those
below, only Python's own sockets are closed, and the look at the text stands alone for native code.
"""

import contextlib
import errno
import struct
import sys
import threading
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

Result = TypeVar("Result")

_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2
_PARENT_DEATH = 1
_NUMBER, _ARCHITECTURE = 0, 4  # offsets in struct seccomp_data
_LOAD, _EQUALS, _RETURN = 0x20, 0x15, 0x06  # BPF: load a word, jump if equal, return
_ALLOW, _FAIL = 0x7FFF0000, 0x00050000
_X32 = 0x40000000
_IO_URING = 425
_ARCHITECTURES = {
    "x86_64": (0xC000003E, (41, _X32 + 41, _IO_URING, _X32 + _IO_URING)),
    "aarch64": (0xC00000B7, (198, _IO_URING)),
    "riscv64": (0xC00000F3, (198, _IO_URING)),
}
"""By machine: the number of its architecture (AUDIT_ARCH_…), and of the system calls that give a socket: socket, and
io_uring_setup, which can do what socket does."""

_closed = threading.local()
_hooked = False


def close_network() -> bool:
    """Let this thread, and whatever it starts from now on, open no socket. Whether the system enforces it."""
    if getattr(_closed, "by_system", False):
        return True
    _closed.by_system = _close_by_system()
    if not _closed.by_system:
        _close_python()
    return bool(_closed.by_system)


def is_closed() -> bool:
    """Whether the system keeps this thread from opening a socket; threads that were started since do not know."""
    return bool(getattr(_closed, "by_system", False))


def without_network(work: Callable[[], Result]) -> Result:
    """What some work gives, done where no socket can be opened; the calling thread keeps its network.

    Work that ends in another thread must not give what only its own thread may read, as Oxigraph's solutions are.
    """
    if is_closed() or sys.platform != "linux":
        return work()
    results: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        close_network()
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again in the calling thread
            import traceback

            for one in (error, error.__cause__, error.__context__):  # no frame may keep what must die in this thread
                traceback.clear_frames(one.__traceback__ if one else None)
            errors.append(error)

    thread = threading.Thread(target=run, name="kg without network")
    thread.start()
    thread.join()
    if errors:
        raise errors.pop()
    return results[0]


def end_with_parent() -> None:
    """Have the system end this process when the one that started it ends, however it ends; on Linux."""
    if sys.platform == "linux":
        import ctypes
        import signal

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None, use_errno=True).prctl(_PARENT_DEATH, signal.SIGKILL, 0, 0, 0)


def _close_by_system() -> bool:
    import ctypes
    import platform

    known = _ARCHITECTURES.get(platform.machine())
    if sys.platform != "linux" or known is None or sys.maxsize < 1 << 32:
        return False
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        program = _program(*known)
        if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
            return False
        return not libc.prctl(_SECCOMP, _FILTER, ctypes.byref(program), 0, 0)
    except (OSError, AttributeError):
        return False


def _program(architecture: int, calls: tuple[int, ...]) -> Any:
    """Refuse some system calls, and all of another architecture; allow the rest: as struct sock_fprog of Linux."""
    import ctypes

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))

    refuse = len(calls) + 1
    rows = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUALS, 0, refuse + 1, architecture),
        (_LOAD, 0, 0, _NUMBER),
        *((_EQUALS, refuse - index - 1, 0, call) for index, call in enumerate(calls)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _FAIL | errno.EACCES),
    ]
    return Program(len(rows), b"".join(struct.pack("=HBBI", *row) for row in rows))


def _close_python() -> None:
    """Have Python's own sockets refused, in the threads that closed the network."""
    global _hooked  # noqa: PLW0603 - a hook cannot be taken away, so there is one
    _closed.in_python = True
    if not _hooked:
        _hooked = True
        sys.addaudithook(_refuse_socket)


def _refuse_socket(event: str, arguments: object) -> None:
    if event in {"socket.connect", "socket.getaddrinfo", "socket.sendto"} and getattr(_closed, "in_python", False):
        _refuse()


def _refuse() -> NoReturn:
    raise PermissionError(errno.EACCES, "the network is closed to this process")
