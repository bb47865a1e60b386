"""Entity tags: an answer depends on the generation and on the request, so its tag is known before it is computed."""

import hashlib
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from kg.server.served_vault import Generation


def entity_tag(generation: Generation, *request: object) -> str:
    """The tag of an answer to a request about a generation, which determine it together."""
    digest = hashlib.sha256(repr(request).encode("utf-8", "backslashreplace")).hexdigest()[:16]
    return f'"{generation.digest}-{digest}"'


def tagged(tag: str, *, vary: str = "Accept") -> Mapping[str, str]:
    """The headers of an answer that has a tag."""
    return {"ETag": tag, "Vary": vary}


def unchanged(request: Request, tag: str) -> Response | None:
    """The reply to a client that has the answer already (304); None if it has not."""
    given = request.headers.get("if-none-match", "")
    if request.method in {"GET", "HEAD"} and tag in (part.strip().removeprefix("W/") for part in given.split(",")):
        return Response(status_code=304, headers=tagged(tag))
    return None
