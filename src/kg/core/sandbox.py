"""Close the network to this process, permanently.

Text that comes with a vault runs as SPARQL, and SPARQL can call other servers. Searching the text for SERVICE is not
enough: a second parser always reads something differently. So the process that runs the text cannot open a socket.
Linux enforces this for the calling thread, for every thread and process that it starts, and for native code (seccomp,
Documentation/userspace-api/seccomp_filter.rst in the kernel's sources). On other systems, and on processors not listed
below, only Python's own sockets are closed, and native code is guarded by the search of the text alone.
"""

import contextlib
import errno
import os
import struct
import sys
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from kg.core.work_thread import WorkThread

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
"""By machine: the number of its architecture (AUDIT_ARCH_…), and the system calls that create a socket: socket, and
io_uring_setup, which can do the same.
"""

_closed = threading.local()
_hooked = False


def close_network() -> bool:
    """Prevent this thread, and all that it starts later, from opening a socket.

    Returns whether the system enforces it.
    """
    if getattr(_closed, "by_system", False):
        return True
    _closed.by_system = _close_by_system()
    if not _closed.by_system:
        _close_python()
    return bool(_closed.by_system)


def is_closed() -> bool:
    """Whether the system prevents this thread from opening a socket.

    False in threads that a closed thread has started, although theirs is closed too.
    """
    return bool(getattr(_closed, "by_system", False))


def without_network(work: Callable[[], Result]) -> Result:
    """Return the result of `work`, run where no socket can be opened; the calling thread keeps its network.

    The work may run in another thread. Its result must then not be bound to that thread, as Oxigraph's solutions are.
    """
    if is_closed() or sys.platform != "linux":
        return work()

    def closed() -> Result:
        close_network()
        return work()

    thread = WorkThread(closed)
    thread.start()
    thread.join()
    return thread.result()


def end_with_parent(*, gently: bool = False) -> None:
    """Have Linux kill this process when its parent ends, however that ends; do nothing on other systems.

    With `gently`, it gets SIGTERM instead, and can clean up.
    """
    if sys.platform == "linux":
        import ctypes
        import signal

        number = signal.SIGTERM if gently else signal.SIGKILL
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None, use_errno=True).prctl(_PARENT_DEATH, number, 0, 0, 0)


def _close_by_system() -> bool:
    if sys.platform != "linux" or sys.maxsize < 1 << 32:
        return False
    architecture = _ARCHITECTURES.get(os.uname().machine)
    if architecture is None:
        return False
    import ctypes

    try:
        libc = ctypes.CDLL(None, use_errno=True)
        program = _program(*architecture)
        if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
            return False
        return not libc.prctl(_SECCOMP, _FILTER, ctypes.byref(program), 0, 0)
    except (OSError, AttributeError):
        return False


def _program(architecture: int, calls: tuple[int, ...]) -> Any:
    """The filter, as struct sock_fprog of Linux, that refuses `calls` and every call of another architecture."""
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
    """Refuse Python's own sockets in the threads that closed the network."""
    global _hooked  # noqa: PLW0603 - an audit hook cannot be removed, so it is added once
    _closed.in_python = True
    if not _hooked:
        _hooked = True
        sys.addaudithook(_refuse_socket)


def _refuse_socket(event: str, arguments: object) -> None:
    if event in {"socket.connect", "socket.getaddrinfo", "socket.sendto"} and getattr(_closed, "in_python", False):
        raise PermissionError(errno.EACCES, "the network is closed to this process")
