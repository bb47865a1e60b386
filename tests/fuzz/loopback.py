"""A server on the loopback that answers with any bytes."""

import contextlib
import socket
import threading


class Answering:
    """Answers each request with a status line, headers and a body that are set from outside."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listening.getsockname()[1]}/query"
        self.answer: tuple[bytes, bytes] = (b"200", b"")
        self.asked: list[bytes] = []
        """What was asked, each with its head and body."""
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listening.accept()
            self.asked.append(b"")
            with connection, contextlib.suppress(OSError):
                connection.settimeout(2)
                self.asked[-1] = self._read(connection)
                connection.sendall(self._written())

    @staticmethod
    def _read(connection: socket.socket) -> bytes:
        """A request to its end, so that the connection is not reset."""
        data = b""
        while b"\r\n\r\n" not in data and (more := connection.recv(65536)):
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        while len(body) < length and (more := connection.recv(65536)):
            body += more
        return head + b"\n\n" + body

    def _written(self) -> bytes:
        head, body = self.answer
        status, *headers = head.split(b"\n")
        if not any(line.lower().startswith((b"content-length", b"transfer-encoding")) for line in headers):
            headers.append(b"Content-Length: %d" % len(body))
        return b"\r\n".join([b"HTTP/1.1 " + status, *headers, b"Connection: close", b"", body])


def answering() -> Answering:
    """A server that listens."""
    return Answering()
