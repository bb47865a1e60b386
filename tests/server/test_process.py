"""`kg serve` as a process: start and end, live notes, answers that break off, slow clients, and what it says."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import kg
from helpers.clients import Running, is_alive, parent, running
from helpers.vaults import write_vault
from kg.core.errors import INTERRUPTED

COUNT = "SELECT (COUNT(*) AS ?n) { ?thing a kg:Concept }"
CARTESIAN = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    vault = write_vault(tmp_path / "vault", {"A.md": "# A\n\nSee [[B]].\n", "B.md": "# B\n"})
    kg.ingest(vault)
    return vault


@pytest.fixture
def server(vault: Path) -> Iterator[Running]:
    with running(vault) as server:
        yield server


def _count(server: Running) -> int:
    with server.client() as client:
        answer = client.get("/sparql", params={"query": COUNT})
        assert answer.status_code == 200, answer.text
        return int(answer.json()["results"]["bindings"][0]["n"]["value"])


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, INTERRUPTED), (signal.SIGTERM, -signal.SIGTERM)])
def test_it_ends_within_a_second_and_leaves_no_process(vault: Path, number: int, code: int) -> None:
    with running(vault, "--private-tag", "private") as server:
        _count(server)
        with server.client() as client, client.stream("GET", "/events") as events:
            assert next(events.iter_lines()) == "event: generation"
            processes = server.processes()
            assert len(processes) >= 4  # the command, the fork server, the follower, a worker
            began = time.monotonic()
            os.kill(server.process.pid or 0, number)
            server.process.join(5)
            assert time.monotonic() - began < 1
        assert server.process.exitcode == code
        _await_end(processes, began + 1)


def test_killed_it_leaves_no_process(vault: Path) -> None:
    with running(vault) as server:
        _count(server)
        processes = server.processes()
        server.process.kill()
        _await_end(processes, time.monotonic() + 3)


def _await_end(processes: list[int], end: float) -> None:
    while time.monotonic() < end and any(map(is_alive, processes)):
        time.sleep(0.02)
    assert not [*filter(is_alive, processes)]


def test_an_edit_is_answered_from_and_told(vault: Path, server: Running) -> None:
    assert _count(server) == 2
    with server.client() as client, client.stream("GET", "/events") as events:
        lines = events.iter_lines()
        first = _told(lines)
        began = time.monotonic()
        (vault / "C.md").write_text("# C\n")
        second = _told(lines)
        assert time.monotonic() - began < 2
        assert second["generation"] > first["generation"]
        assert _count(server) == 3  # at once: the event comes after the swap


def _told(lines: Iterator[str]) -> dict[str, int]:
    for line in lines:
        if line.startswith("data: "):
            told: dict[str, int] = json.loads(line.removeprefix("data: "))
            return told
    raise AssertionError("the stream of events has ended")


@pytest.mark.slow
def test_another_process_may_ingest(vault: Path) -> None:
    with running(vault, "--no-watch") as server:
        (vault / "C.md").write_text("# C\n")
        time.sleep(0.5)
        assert _count(server) == 2
        kg.ingest(vault)
        end = time.monotonic() + 5
        while _count(server) == 2 and time.monotonic() < end:
            time.sleep(0.1)
        assert _count(server) == 3


@pytest.mark.slow
def test_processes_that_the_system_kills_are_replaced(vault: Path) -> None:
    with running(vault) as server:
        _count(server)
        command = server.processes()[0]
        (forks,) = [pid for pid in server.processes() if parent(pid) == command]
        follower, *others = sorted(pid for pid in server.processes() if parent(pid) == forks)
        for pid in others:  # a worker, and what checks the notes
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.2)
        assert _count(server) == 2
        os.kill(follower, signal.SIGKILL)
        time.sleep(2)
        (vault / "C.md").write_text("# C\n")
        end = time.monotonic() + 10
        while _count(server) == 2 and time.monotonic() < end:
            time.sleep(0.1)
        assert _count(server) == 3
        assert "the process that reads the notes has crashed; the last good state stays" in server.said()
        os.kill(forks, signal.SIGKILL)  # which nothing can replace
        server.process.join(10)
        assert server.process.exitcode == 2
        assert server.said().endswith("kg: the process that starts workers has ended\n")


def test_what_it_says(vault: Path) -> None:
    with running(vault, "-v", environment={"KG_SERVE_TOKEN": "my-token"}) as server:
        assert server.token == "my-token"
        _count(server)
        with server.client() as client:
            client.get("/nothing?token=my-token&secret=query")
        (line, *requests) = server.said().splitlines()
        assert line.endswith(f"at {server.url}/?token=my-token (Ctrl-C ends it)")
        assert requests[0].startswith("GET /sparql 200 (")
        assert not [
            request for request in requests if "my-token" in request or "COUNT" in request or "secret" in request
        ]


def test_a_store_is_made_first(tmp_path: Path) -> None:
    with running(write_vault(tmp_path / "new", {"A.md": "a\n"})) as server:
        assert _count(server) == 1


def test_a_vault_that_is_not_there_is_an_error_and_no_state(tmp_path: Path) -> None:
    arguments = [sys.executable, "-m", "kg", "serve", str(tmp_path / "gone")]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (3, f"kg: the vault {tmp_path / 'gone'} does not exist\n")


def test_a_port_in_use_is_named(vault: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(
                AssertionError, match=f"port {port} is in use by another program; port [0-9]+ is free: --port"
            ),
            running(vault, "--port", str(port)),
        ):
            pass


# ---- raw connections -------------------------------------------------------------------------------------------------


def _raw(server: Running, request: str, *, version: str = "1.1") -> bytes:
    """Everything that a server sends to a request."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        head = f"GET {request} HTTP/{version}\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {server.token}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        data = b""
        while piece := connection.recv(1 << 16):
            data += piece
        return data


@pytest.mark.slow
def test_a_long_answer_that_breaks_off_is_seen_to(vault: Path) -> None:
    """HTTP/1.1 ends it with an empty piece, HTTP/1.0 by the length; a broken answer has neither."""
    with running(vault, "--timeout", "0.8") as server:
        _count(server)
        request = "/sparql?query=" + CARTESIAN.replace(" ", "%20").replace("?", "%3F")
        data = _raw(server, request)
        assert data.startswith(b"HTTP/1.1 200")
        assert len(data) > 1_000_000
        assert not data.endswith(b"0\r\n\r\n")
        assert _raw(server, request, version="1.0").startswith(b"HTTP/1.1 503")
        whole = _raw(server, "/store", version="1.0")
        head, _, body = whole.partition(b"\r\n\r\n")
        assert f"content-length: {len(body)}".encode() in head.lower()
        assert _count(server) == 2


@pytest.mark.parametrize("head", [
    "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\rSet-Cookie: b\r\n\r\n", "GET / HTTP/1.1\r\nHost : 127.0.0.1\r\n\r\n", "\x16\x03\x01\x02\x00", "\0" * 100,
    "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", "GET /" + "a" * 100_000 + " HTTP/1.1\r\n\r\n",
    "GET / HTTP/0.9\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + "X: y\r\n" * 20_000 + "\r\n", "GET /%zz%ff?token=%zz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", "TRACE / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
])  # fmt: skip
def test_broken_requests_are_refused(shared: Running, head: str) -> None:
    with socket.create_connection(("127.0.0.1", shared.port), timeout=5) as connection:
        connection.sendall(head.encode("latin-1"))
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while piece := connection.recv(1 << 16):
                answer += piece
        except ConnectionResetError:
            pass
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer[:200]
    assert b"Set-Cookie" not in answer
    assert _count(shared) == 2


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server for the tests that do not change the notes."""
    vault = write_vault(tmp_path_factory.mktemp("shared") / "vault", {"A.md": "# A\n\nSee [[B]].\n", "B.md": "# B\n"})
    with running(vault) as server:
        yield server


def test_a_client_that_goes_frees_its_worker(shared: Running) -> None:
    endless = "SELECT%20(COUNT(*)%20AS%20?n)%20{?a%20?b%20?c.?d%20?e%20?f.?g%20?h%20?i.?j%20?k%20?l}".replace(
        "?", "%3F"
    )
    for _ in range(12):  # more than may be answered at once
        with socket.create_connection(("127.0.0.1", shared.port), timeout=5) as connection:
            connection.sendall(
                f"GET /sparql?query={endless} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {shared.token}\r\n\r\n".encode()
            )
            time.sleep(0.05)
    began = time.monotonic()
    assert _count(shared) == 2
    assert time.monotonic() - began < 1


@pytest.mark.slow
def test_slow_clients_harm_nobody(vault: Path) -> None:
    """Clients that send the head of a request byte by byte, or take nothing of an answer, are cut off."""
    with running(vault, "--timeout", "2") as server:
        slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(50)]
        takers = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(8)]
        request = "/sparql?query=" + CARTESIAN.replace(" ", "%20").replace("?", "%3F")
        for taker in takers:
            taker.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            taker.sendall(
                f"GET {request} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {server.token}\r\n\r\n".encode()
            )
        for character in b"GET / HTTP/1.1\r\nHost":
            for connection in slow:
                try:
                    connection.send(bytes([character]))
                except OSError:
                    continue
            time.sleep(1)
        began = time.monotonic()
        assert _count(server) == 2
        assert time.monotonic() - began < 1
        upload = socket.create_connection(("127.0.0.1", server.port))
        upload.sendall(
            f"POST /sparql HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {server.token}\r\n"
            "Content-Type: application/sparql-query\r\nContent-Length: 100\r\n\r\nASK".encode()
        )
        upload.settimeout(20)
        assert upload.recv(12) == b"HTTP/1.1 408"
        upload.close()
        for connection in slow:  # cut off after 15 seconds
            connection.settimeout(1)
            with pytest.raises(ConnectionError):
                if not connection.recv(1):
                    raise ConnectionError
            connection.close()
        for taker in takers:
            taker.close()


@pytest.mark.slow
def test_ten_thousand_connections_harm_nobody(vault: Path) -> None:
    import resource

    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < 11_000:
        pytest.skip("this system allows too few open files")
    with running(vault) as server:
        connections = [socket.create_connection(("127.0.0.1", server.port), timeout=10) for _ in range(10_000)]
        assert _count(server) == 2
        for connection in connections:
            connection.close()
        assert _count(server) == 2


@pytest.mark.parametrize("library", ["starlette", "uvicorn"])
def test_without_the_extra_it_says_what_to_install(vault: Path, library: str) -> None:
    code = f"import sys; sys.modules['{library}'] = None; sys.argv = ['kg', 'serve', '--port', '0']; from kg.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=vault, capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"kg: this needs {library}")
    assert done.stderr.endswith("which is not installed: pip install 'kg-notes[serve]'\n")
