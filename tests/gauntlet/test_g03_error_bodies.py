"""G3: error bodies of every shape: the APIError of the status, with the body kept, redacted."""

from __future__ import annotations

import base64
import json
from itertools import product
from typing import TYPE_CHECKING

import pytest
from all_clients import TOKEN, VENDORS
from clocks import frozen_clock
from credentials import (
    STRIGO_API_KEY,
    STRIGO_ORG_ID,
    ZDK_API_KEY,
    ZEROHASH_API_KEY,
    ZEROHASH_PASSPHRASE,
    ZEROHASH_PRIVATE_KEY,
)
from driven_calls import (
    driven_client,
    each_vendor,
    errors,
    outcomes,
)
from network_calls import NO_RETRIES, each_family, each_flavour
from raw_server import RawServer, http, responding

from tokenkit import (
    APIError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    UnprocessableError,
    zerohash,
)

if TYPE_CHECKING:
    from driven_calls import Vendor
    from network_calls import Family, Flavour
    from raw_server import Peer, RawRequest

JSON = "Content-Type: application/json"
HTML = "Content-Type: text/html"
TEXT = "Content-Type: text/plain"

BY_STATUS: dict[int, type[APIError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    402: APIError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    418: APIError,
    422: UnprocessableError,
    429: RateLimitError,
    500: ServerError,
    502: ServerError,
    503: ServerError,
    504: ServerError,
    599: ServerError,
}

# The header, the body, and what is kept of it.
SHAPES: dict[str, tuple[str, bytes, str]] = {
    "empty": (JSON, b"", ""),
    "HTML": (HTML, b"<html><h1>502 Bad Gateway</h1></html>", "<h1>502 Bad Gateway</h1>"),
    "text": (TEXT, b"no healthy upstream", "no healthy upstream"),
    "HTML as JSON": (JSON, b"<html>Oops</html>", "<html>Oops</html>"),
    "list": (JSON, b'["a", {"b": 1}]', '["a", {"b": 1}]'),
    "null": (JSON, b"null", "null"),
    "number": (JSON, b"-1.5e3", "-1.5e3"),
    "string": (JSON, b'"x"', '"x"'),
    "error x": (JSON, b'{"error": "x"}', '{"error": "x"}'),
    "error true": (JSON, b'{"error": true}', '{"error": true}'),
    "error object": (JSON, b'{"error": {}}', '{"error": {}}'),
    "error list": (JSON, b'{"error": [[]]}', '{"error": [[]]}'),
    "error null": (JSON, b'{"error": null}', '{"error": null}'),
    "no errors": (JSON, b'{"errors": []}', '{"errors": []}'),
    "odd errors": (JSON, b'{"errors": [null, 5, {}]}', '{"errors": [null, 5, {}]}'),
    "odd errors of Strigo": (JSON, b'{"error": {"errors": [null, {"msg": 5}]}}', '"msg": 5'),
    "odd code": (JSON, b'{"code": {"a": 1}, "message": ["b"]}', '{"code": {"a": 1}'),
    "odd requirements": (JSON, b'{"missing_requirements": 5}', '{"missing_requirements": 5}'),
    "deep": (JSON, b"[" * 50_000, "[[[["),
    "truncated": (JSON, b'{"error": "half', '{"error": "half'),
    "invalid UTF-8": (JSON, b'{"error": "\xff\xfe"}', '{"error": "\ufffd\ufffd"}'),
    "UTF-16": (JSON, "oops".encode("utf-16-le"), "oops"),
    "lying charset": (f"{JSON}; charset=utf-7", b'{"error": "x"}', '{"error": "x"}'),
    "charset of no text": (f"{JSON}; charset=base64", b'{"error": "x"}', '{"error": "x"}'),
    "unknown charset": (f"{TEXT}; charset=klingon", b"oops", "oops"),
    "empty charset": (f"{TEXT}; charset=", b"oops", "oops"),
    "truthful charset": (f"{TEXT}; charset=ISO-8859-1", b"tr\xe8s", "tr\u00e8s"),
}

SECRETS: dict[Vendor, tuple[str, ...]] = {
    "strigo": (STRIGO_API_KEY, f"{STRIGO_ORG_ID}:{STRIGO_API_KEY}"),
    "zdk": (ZDK_API_KEY,),
    "zerohash": (ZEROHASH_API_KEY, ZEROHASH_PRIVATE_KEY, ZEROHASH_PASSPHRASE),
}


@each_flavour
@each_family
@each_vendor
def test_any_body_of_any_failure(flavour: Flavour, family: Family, vendor: Vendor) -> None:
    """Whatever a failure's body contains, its status decides the class, and the body is kept."""
    few = [(status, BY_STATUS[status]) for status in (401, 418, 503)]
    cases = list(product(few, SHAPES.items()))
    cases += product(BY_STATUS.items(), [("error true", SHAPES["error true"])])
    waiting = iter([http(status, body, head) for (status, _), (_, (head, body, _)) in cases])
    with RawServer(responding(lambda _: next(waiting))) as server:
        client = driven_client(
            flavour, vendor, server.url, frozen_clock(), http_family=family, retry=NO_RETRIES
        )
        ends = outcomes(client, flavour, *[VENDORS[vendor].mint] * len(cases))
        assert len(server.requests) == len(cases)
    for ((status, kind), (name, (_, _, kept))), end in zip(cases, ends, strict=True):
        (error,) = errors(kind, [end])
        assert (error.status, error.attempts) == (status, 1)
        assert kept in error.body, name
        assert str(error).startswith(f"HTTP {status}"), name


@each_flavour
@each_family
@each_vendor
@pytest.mark.parametrize(("status", "kind"), [(400, BadRequestError), (503, ServerError)])
@pytest.mark.parametrize("framing", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
def test_a_body_that_is_cut_short(
    flavour: Flavour,
    family: Family,
    vendor: Vendor,
    framing: str,
    status: int,
    kind: type[APIError],
) -> None:
    """A failure whose body is cut short is still that failure, with the part that arrived."""
    came = b'{"error": "it bro'
    chunk = b"3e8\r\n" if "chunked" in framing else b""

    def break_off(peer: Peer) -> None:
        peer.read_request()
        head = f"HTTP/1.1 {status} No\r\n{framing}\r\n\r\n"
        peer.send(head.encode() + chunk + came)

    with RawServer(break_off) as server:
        client = driven_client(
            flavour, vendor, server.url, frozen_clock(), http_family=family, retry=NO_RETRIES
        )
        (error,) = errors(kind, outcomes(client, flavour, VENDORS[vendor].mint))
    assert error.body in (came.decode(), "")


def credentials(request: RawRequest) -> list[str]:
    """Return the values of the headers that authenticate a request."""
    public = {"x-scx-timestamp"}
    return [
        value
        for name, value in request.headers.items()
        if name == "authorization" or (name.startswith("x-scx-") and name not in public)
    ]


@each_flavour
@each_family
@each_vendor
@pytest.mark.parametrize("status", [400, 401, 500])
@pytest.mark.parametrize("form", ["text", "json", "header"])
def test_echoed_credentials_are_replaced(
    flavour: Flavour, family: Family, vendor: Vendor, status: int, form: str
) -> None:
    """If a server echoes the request, no credential or signature gets into the error."""

    def echo(request: RawRequest) -> bytes:
        heads = dict(request.headers)
        if form == "json":
            return http(status, json.dumps({"message": str(heads), "seen": heads}).encode(), JSON)
        if form == "header":
            return http(status, b"seen", *[f"X-Echo-{name}: {heads[name]}" for name in heads])
        return http(status, b"seen: " + request.head, TEXT)

    with RawServer(responding(echo)) as server:
        client = driven_client(
            flavour, vendor, server.url, frozen_clock(), http_family=family, retry=NO_RETRIES
        )
        (end,) = outcomes(client, flavour, VENDORS[vendor].mint)
        (request,) = server.requests
    (error,) = errors(BY_STATUS[status], [end])
    shown = "".join([str(error), error.body, repr(vars(error)), *error.headers.values()])
    sent = credentials(request)
    assert len(sent) == (3 if vendor == "zerohash" else 1)
    for secret in (*sent, *(value.removeprefix("Bearer ") for value in sent), *SECRETS[vendor]):
        assert secret not in shown
    assert "seen" in error.body
    assert "tokenkit" in shown  # the user agent, which is no secret


JTI_TOKEN = f"e30.{base64.urlsafe_b64encode(json.dumps({'jti': '1' * 20}).encode()).decode()}.c2ln"


@each_flavour
@each_family
@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"error": f"cannot revoke {JTI_TOKEN}"}),
        json.dumps({"error": True, "request": {"note": [JTI_TOKEN]}}),
        f"cannot revoke {JTI_TOKEN}",
        f'{{"error": "cannot revoke {JTI_TOKEN}',
    ],
)
def test_the_token_of_the_call_is_replaced(flavour: Flavour, family: Family, body: str) -> None:
    """A revocation that fails never shows the token that it should have revoked."""
    call = zerohash.RevokeAuthTokenRequest(token=JTI_TOKEN)
    with RawServer(responding(lambda _: http(422, body.encode()))) as server:
        client = driven_client(flavour, "zerohash", server.url, frozen_clock(), http_family=family)
        (error,) = errors(UnprocessableError, outcomes(client, flavour, call))
    assert error.body
    assert JTI_TOKEN not in str(error) + repr(vars(error)) + error.body


@each_flavour
@each_family
@each_vendor
def test_a_minted_token_in_a_failure_is_replaced(
    flavour: Flavour, family: Family, vendor: Vendor
) -> None:
    """A token in an error response is nowhere in the error."""
    body = json.dumps({"message": f"have {TOKEN}", "data": {"token": TOKEN}, "tokens": [TOKEN]})
    with RawServer(responding(lambda _: http(409, body.encode(), JSON))) as server:
        client = driven_client(flavour, vendor, server.url, frozen_clock(), http_family=family)
        (error,) = errors(ConflictError, outcomes(client, flavour, VENDORS[vendor].mint))
    assert '"message": "have ' in error.body
    assert TOKEN not in str(error) + repr(vars(error)) + error.body
