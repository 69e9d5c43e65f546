import ast
import hashlib
import hmac
import inspect
import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sample_vendor
from clocks import frozen_clock
from sample_vendor import AcmeClient, AsyncAcmeClient, DigestKey, Pass, PassRequest, SoldOutError
from vendors_support import Listener, Received, copies, listening

from tokenkit import (
    AuthenticationError,
    ClientClosedError,
    ConfigurationError,
    DecodeError,
    InvalidInputError,
    StrigoClient,
    extension,
)

SECRET = "acme-shared-secret"


def respond(request: Received) -> tuple[int, object]:
    """Do as Acme does: check the digest of what was received, then respond."""
    if request.method == "GET":
        return 200, 42
    signed = f"{request.method} {request.route} {request.headers['x-acme-time']} ".encode()
    expected = hmac.new(SECRET.encode(), signed + request.body, hashlib.sha512).hexdigest()
    if not hmac.compare_digest(request.headers["x-acme-digest"], expected):
        return 401, {"problem": "Wrong digest"}
    wanted = json.loads(request.body)["pass"]
    match wanted["holder"]:
        case "late":
            return 409, {"problem": "Sold out", "waiting": 3}
        case "broken":
            return 200, {"pass": {"ends": 1}}
        case holder:
            ends = 1_893_456_000 + wanted.get("lastsFor", 0)
            return 201, {"pass": {"token": f"pass-of-{holder}", "ends": ends, "gate": "B"}}


@pytest.fixture(scope="module")
def acme() -> Iterator[Listener]:
    with listening(respond) as server:
        yield server


@pytest.fixture
def client(acme: Listener) -> Iterator[AcmeClient]:
    environ = {"ACME_SECRET": SECRET, "ACME_BASE_URL": f"{acme.url}/v2"}
    with AcmeClient.from_env(environ=environ) as client:
        yield client


def test_public_names_only() -> None:
    """The sample imports no name and no module that starts with an underscore."""
    tree = ast.parse(Path(sample_vendor.__file__).read_text(encoding="utf-8"))
    imported: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            imported |= {*node.module.split("."), *(alias.name for alias in node.names)}
        elif isinstance(node, ast.Import):
            imported |= {part for alias in node.names for part in alias.name.split(".")}
    assert {"tokenkit", "extension", "operation", "Profile"} <= imported
    assert not [name for name in imported if name.startswith("_")]
    assert set(extension.__all__) >= imported & set(dir(extension))


def test_mint(acme: Listener, client: AcmeClient) -> None:
    """The fourth vendor's client mints over a socket, signed by the fourth strategy."""
    token = client.create_pass(holder="ann", lasts=timedelta(minutes=2))
    assert token == Pass(
        token="pass-of-ann",
        ends=datetime(2030, 1, 1, 0, 2, tzinfo=timezone.utc),
        holder="ann",
        extra={"gate": "B"},
    )
    request = acme.received[-1]
    assert (request.method, request.route) == ("POST", "/v2/passes")
    body = json.loads(request.body)
    assert body["pass"] == {"holder": "ann", "lastsFor": 120}
    assert datetime.fromisoformat(body["at"]).tzinfo is not None
    assert request.headers["x-acme-trace"]
    assert request.headers["content-type"] == "application/json"


@pytest.mark.anyio
async def test_async_mint(acme: Listener) -> None:
    """The async client does the same, on either event loop, with an async secret."""

    async def secret() -> str:
        return SECRET

    async with AsyncAcmeClient(secret=secret, base_url=f"{acme.url}/v2") as client:
        token = await client.create_pass(holder="bob")
        count = await client.count_passes()
    assert (token.token, token.subject, token.issuer) == ("pass-of-bob", "bob", "Acme")
    assert count == 42
    assert json.loads(acme.received[-2].body)["pass"] == {"holder": "bob"}


def test_a_call_without_credentials(acme: Listener, client: AcmeClient) -> None:
    """A call that needs no authentication sends none."""
    assert client.count_passes() == 42
    assert not [name for name in acme.received[-1].headers if name in {"x-acme-digest", "cookie"}]
    assert acme.received[-1].body == b""


def test_errors_of_its_own(client: AcmeClient) -> None:
    """The vendor's reader makes the vendor's error, with the parts that it found."""
    with pytest.raises(SoldOutError) as caught:
        client.create_pass(holder="late")
    assert caught.value.waiting == 3
    assert str(caught.value) == "HTTP 409: Sold out"
    assert [copied.waiting for copied in copies(caught.value)] == [3, 3, 3]


def test_a_wrong_secret(acme: Listener) -> None:
    """A wrong secret is refused by the server."""
    with (
        AcmeClient(secret="wrong-secret", base_url=acme.url) as client,
        pytest.raises(AuthenticationError) as caught,
    ):
        client.create_pass(holder="ann")
    assert str(caught.value) == "HTTP 401: Wrong digest"


def test_an_unreadable_response(client: AcmeClient) -> None:
    """A response without the token says where it is missing."""
    with pytest.raises(DecodeError) as caught:
        client.create_pass(holder="broken")
    assert caught.value.path == "$.pass.token"


def test_unfit_arguments(client: AcmeClient) -> None:
    """The vendor's own checks run with the others, and all problems are reported."""
    with pytest.raises(InvalidInputError) as caught:
        client.create_pass(holder="x" * 21, lasts=timedelta(0))
    assert str(caught.value) == (
        "AcmeClient.create_pass(): holder must have at most 20 characters, not 21; "
        "lasts ('lastsFor' in JSON) must be a timedelta of a second or more, not timedelta"
    )


def test_settings() -> None:
    """The profile gives the fourth vendor everything that the three have."""
    with pytest.raises(ConfigurationError) as caught:
        AsyncAcmeClient.from_env(environ={})
    assert str(caught.value) == "AsyncAcmeClient: set ACME_SECRET in the environment"
    with pytest.raises(ConfigurationError, match=r"AcmeClient: pass secret=\.\.\. or auth=\.\.\."):
        AcmeClient()
    with pytest.raises(ConfigurationError, match="X-Acme-Digest is set by the client's auth"):
        AcmeClient(secret="s", headers={"X-Acme-Digest": "d"})
    client = AcmeClient(secret="s")
    assert repr(client) == "AcmeClient(base_url='https://passes.acme.example/v2')"
    client.close()
    with pytest.raises(ClientClosedError):
        client.create_pass(holder="ann")


def test_methods() -> None:
    """Its methods are like those of the three vendors."""
    kinds: list[Any] = [AcmeClient, AsyncAcmeClient]
    for kind in kinds:
        signature = inspect.signature(kind.create_pass)
        assert list(signature.parameters)[:3] == ["self", "holder", "lasts"]
        assert signature.return_annotation is Pass
        assert inspect.getdoc(kind.create_pass) == "Mint a pass."
    assert inspect.iscoroutinefunction(kinds[1].create_pass)
    assert inspect.signature(kinds[0].count_passes).return_annotation is int


def test_tokens() -> None:
    """Its tokens behave like every vendor's."""
    token = Pass(token="pass-s3cret", holder="ann")
    assert repr(token) == "Pass(ends=None, holder='ann', unknown lifetime)"
    assert copies(token) == [token] * 3
    assert not token.is_expired()
    assert PassRequest(holder="ann") == PassRequest(holder="ann")


def test_the_strategy_on_another_vendors_client() -> None:
    """The fourth strategy works with any vendor's client."""
    with (
        listening(lambda _: (200, {"status": "ok", "message": "Healthy"})) as server,
        StrigoClient(
            auth=DigestKey("k"), base_url=server.url, clock=frozen_clock(1_714_445_704.9)
        ) as client,
    ):
        client.check_health()
    (request,) = server.received
    expected = hmac.new(b"k", b"GET /health 1714445704 ", hashlib.sha512).hexdigest()
    assert request.headers["x-acme-digest"] == expected
    assert "authorization" not in request.headers
