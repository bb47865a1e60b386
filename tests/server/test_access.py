"""Who may ask: other hosts, other origins, the token; and the headers of every answer."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from helpers.clients import serving
from kg.server.settings import Access, all_hosts

TOKEN = "s3cret-token"
ADDRESSES = ("/", "/sparql?query=ASK{}", "/store?default", "/.well-known/void", "/events", "/files/map.png", "/nothing")
NAVIGATION = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@pytest.fixture(scope="module")
def guarded(served_vault: Path) -> Iterator[TestClient]:
    with serving(served_vault, access=Access(TOKEN)) as client:
        yield client


@pytest.mark.parametrize("host", [
    "evil.example", "evil.example:7454", "localhost.evil.example", "127.0.0.1.nip.io", "127.0.0.2", "", "localhost@evil.example",
    "[::1", "[::1].evil.example", "evil.example#127.0.0.1", "127.0.0.1/evil.example", "ⓛocalhost", "localhost.", "0.0.0.0",
])  # fmt: skip
@pytest.mark.parametrize("address", ADDRESSES)
def test_another_host_is_misdirected(client: TestClient, host: str, address: str) -> None:
    """A page of another site can have its own name resolve to 127.0.0.1 (DNS rebinding)."""
    answer = client.get(address, headers=[(b"Host", host.encode())])
    assert answer.status_code == 421


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:7454", "localhost:1", "LOCALHOST", "[::1]", "[::1]:7454"])
def test_the_own_names_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/sparql?query=ASK{}", headers={"Host": host}).status_code == 200


def test_hosts_can_be_allowed() -> None:
    assert all_hosts("", ("Kg.Example",)) == ("127.0.0.1", "localhost", "::1", "kg.example")
    assert "*" in all_hosts("0.0.0.0", ())
    assert "192.168.1.5" in all_hosts("192.168.1.5", ())


def test_on_all_addresses_each_address_is_a_name_but_no_name_is(served_vault: Path) -> None:
    with serving(served_vault, access=Access(hosts=all_hosts("0.0.0.0", ("kg.example",)))) as client:
        for host, status in (("192.168.1.5:7454", 200), ("[fe80::1]", 200), ("kg.example", 200), ("evil.example", 421)):
            assert client.get("/sparql?query=ASK{}", headers={"Host": host}).status_code == status


@pytest.mark.parametrize("origin", [
    "https://evil.example", "null", "http://127.0.0.1:9999", "http://localhost", "http://127.0.0.1.evil.example", "file://", "http://[", "",
])  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_another_origin_is_refused(client: TestClient, origin: str, method: str) -> None:
    answer = client.request(method, "/sparql?query=ASK{}", headers={"Origin": origin})
    assert answer.status_code == 403
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_the_own_origin_is_answered(client: TestClient) -> None:
    assert client.get("/sparql?query=ASK{}", headers={"Origin": "http://127.0.0.1"}).status_code == 200


def test_other_sites_may_link_here_but_embed_nothing(client: TestClient) -> None:
    for site in ("cross-site", "same-site"):
        embedded = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
        framed = {**NAVIGATION, "Sec-Fetch-Dest": "iframe"}
        assert client.get("/files/map.png", headers=embedded).status_code == 403
        assert client.get("/", headers=framed).status_code == 403
        assert client.get("/", headers={**NAVIGATION, "Sec-Fetch-Site": site}).status_code == 200
    assert client.get("/", headers={"Sec-Fetch-Site": "none"}).status_code == 200


def test_origins_can_be_allowed(served_vault: Path) -> None:
    with serving(served_vault, access=Access(TOKEN, origins=("https://tool.example",))) as client:
        asked = {"Origin": "https://tool.example", "Access-Control-Request-Method": "POST"}
        preflight = client.options("/sparql", headers=asked)
        assert (preflight.status_code, preflight.headers["Access-Control-Allow-Origin"]) == (
            204,
            "https://tool.example",
        )
        assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
        answer = client.get(
            "/sparql?query=ASK{}", headers={"Origin": "https://tool.example", "Authorization": f"Bearer {TOKEN}"}
        )
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "https://tool.example")
        assert {"Origin", "Accept"} <= set(answer.headers["Vary"].split(", "))
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert client.get("/sparql?query=ASK{}", headers={"Origin": "https://tool.example"}).status_code == 401
        assert client.get("/sparql?query=ASK{}", headers={"Origin": "https://evil.example"}).status_code == 403


# ---- the token -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("headers", [
    {}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer"}, {"Authorization": f"Basic {TOKEN}"},
    {"Cookie": "kg-80=wrong"}, {"Cookie": f"other={TOKEN}"}, {"Cookie": "kg-80="}, {"Cookie": "\xff=;;;"},
])  # fmt: skip
def test_without_the_token_nothing_is_answered(guarded: TestClient, address: str, headers: dict[str, str]) -> None:
    guarded.cookies.clear()
    answer = guarded.get(address, headers=[(name.encode(), value.encode("latin-1")) for name, value in headers.items()])
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="kg"')
    assert TOKEN not in answer.text + str(answer.headers)


def test_programs_send_the_token(guarded: TestClient) -> None:
    for form in ("Bearer", "bearer"):
        assert guarded.get("/sparql?query=ASK{}", headers={"Authorization": f"{form} {TOKEN}"}).status_code == 200


def test_the_token_of_the_address_becomes_a_cookie(guarded: TestClient) -> None:
    guarded.cookies.clear()
    answer = guarded.get(f"/some%20page?a=1&token={TOKEN}&b=%C3%A9")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/some%20page?a=1&b=%C3%A9")
    cookie = answer.headers["Set-Cookie"]
    assert all(part in cookie for part in (f"kg-80={TOKEN}", "HttpOnly", "SameSite=strict", "Path=/"))
    assert "Domain" not in cookie
    assert answer.headers["Cache-Control"] == "no-store"
    assert guarded.get("/sparql?query=ASK{}").status_code == 200  # the client has kept it
    guarded.cookies.clear()


def test_a_wrong_token_in_the_address_is_refused(guarded: TestClient) -> None:
    assert guarded.get("/?token=wrong").status_code == 401
    assert guarded.get("/?token=").status_code == 401
    assert guarded.get(f"/?token=wrong&token={TOKEN}").status_code == 401
    assert guarded.post(f"/sparql?token={TOKEN}", data={"query": "ASK {}"}).status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "/\\evil.example",
        "//evil.example/%2e%2e",
        "/%5Cevil.example",
        "/%0d%0aX-Evil:1",
        "/%2F%2Fevil.example",
    ],
)
def test_the_redirection_stays_here(guarded: TestClient, path: str) -> None:
    guarded.cookies.clear()
    answer = guarded.get(f"http://127.0.0.1{path}?token={TOKEN}")
    place = answer.headers["Location"]
    assert place.startswith("/")
    assert place[1:2] not in {"/", "\\"}
    assert "\r" not in place
    assert "X-Evil" not in answer.headers


# ---- headers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [a for a in ADDRESSES if a != "/events"])
def test_every_answer_is_protected(client: TestClient, address: str) -> None:
    headers = client.get(address).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "'unsafe-inline'" not in policy.replace(
        "style-src 'unsafe-inline'", "" if address.startswith("/files") else "!"
    )
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Server" not in headers


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: x=1", "a%0d%0aSet-Cookie:%20x=1", "\u2028"])
def test_no_header_is_smuggled(client: TestClient, value: str) -> None:
    for address in ("/sparql", "/store", "/files/x", "/"):
        answer = client.get(address, params={"query": value, "graph": value, "format": value, "path": value})
        assert "Set-Cookie" not in answer.headers
