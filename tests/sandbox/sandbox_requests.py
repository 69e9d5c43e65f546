"""What the sandbox's tests share: requests made by hand, without the sandbox's code."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tokenkit.sandbox import Sandbox

ZDK_CREATE = "/user.tokens.private.v1.Service/Create"
STRIGO_MINT = "/api/v1/academy/users/token"

CLIENT = httpx.Client(
    limits=httpx.Limits(max_keepalive_connections=0), timeout=30, trust_env=False
)
"""One client for all requests, as each new one reads the certificates; it keeps no socket."""


def signature(private_key: str, message: bytes) -> str:
    key = base64.b64decode(private_key)
    return base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()


def zerohash_headers(
    sandbox: Sandbox, method: str, route: str, body: bytes = b"", *, timestamp: str = ""
) -> dict[str, str]:
    """Sign a request as the vendor's documentation says."""
    environment = sandbox.environment
    timestamp = timestamp or str(int(time.time()))
    message = f"{timestamp}{method}{route}".encode() + (body or b"{}")
    return {
        "Content-Type": "application/json",
        "X-SCX-API-KEY": environment["ZEROHASH_API_KEY"],
        "X-SCX-SIGNED": signature(environment["ZEROHASH_PRIVATE_KEY"], message),
        "X-SCX-TIMESTAMP": timestamp,
        "X-SCX-PASSPHRASE": environment["ZEROHASH_PASSPHRASE"],
    }


def zerohash_post(
    sandbox: Sandbox,
    route: str,
    body: object,
    *,
    timestamp: str = "",
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    """Send a signed zerohash request; bytes go out as they are, other values as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    signed = zerohash_headers(sandbox, "POST", route, content, timestamp=timestamp)
    sent = {**signed, **(headers or {})}
    return CLIENT.post(sandbox.url + route, content=content, headers=sent)


def zerohash_get(
    sandbox: Sandbox, route: str, *, headers: Mapping[str, str] | None = None
) -> httpx.Response:
    """Send a signed zerohash request without a body, by the sandbox's clock."""
    signed = zerohash_headers(sandbox, "GET", route, timestamp=str(int(sandbox.time())))
    return CLIENT.get(sandbox.url + route, headers={**signed, **(headers or {})})


def zerohash_mint(sandbox: Sandbox, *permissions: str, **fields: object) -> dict[str, str]:
    """Mint by the sandbox's clock, and return the response's message."""
    body = {"participant_code": "CUST01", "permissions": permissions, **fields}
    timestamp = str(int(sandbox.time()))
    response = zerohash_post(sandbox, "/client_auth_token", body, timestamp=timestamp)
    assert response.status_code == 201
    message: dict[str, str] = response.json()["message"]
    return message


def zdk_post(sandbox: Sandbox, body: object, **headers: str) -> httpx.Response:
    """Send a ZDK request with the right key, unless `headers` say otherwise."""
    key = sandbox.environment["ZDK_API_KEY"]
    return CLIENT.post(
        sandbox.url + ZDK_CREATE, json=body, headers={"authorization": f"Bearer {key}", **headers}
    )


def strigo_authorization(sandbox: Sandbox) -> dict[str, str]:
    environment = sandbox.environment
    pair = f"{environment['STRIGO_ORG_ID']}:{environment['STRIGO_API_KEY']}"
    return {"authorization": f"Bearer {pair}"}


def strigo_post(sandbox: Sandbox, body: object) -> httpx.Response:
    """Send a Strigo mint with the right credentials."""
    return CLIENT.post(sandbox.url + STRIGO_MINT, json=body, headers=strigo_authorization(sandbox))
