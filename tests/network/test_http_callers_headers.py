"""A caller's client adds its headers, and changes nothing that is signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING

from all_clients import ZEROHASH_MINT, ZEROHASH_MINTED
from callers_clients import send_through
from credentials import ZEROHASH_API_KEY, ZEROHASH_PRIVATE_KEY
from network_calls import each_family, each_flavour
from raw_server import RawServer, responding

if TYPE_CHECKING:
    from network_calls import Family, Flavour
    from raw_server import RawRequest

CALLERS_HEADERS = {
    "x-team": "payments",
    "user-agent": "callers/1.0",
    "authorization": "Bearer the-callers-own",
    "cookie": "session=the-callers-own",
    "x-api-key": "the-callers-own",
    "content-encoding": "gzip",
    "x-scx-api-key": "not this one",
}

CREDENTIALS = """
    Api_Key Bearer DPoP License Macaroon PHPSESSID Pwd SID SSL-Client-Verify Username X-2FA-Code
    X-Access X-Assertion X-Auth X-Challenge X-Client-Cert X-Credential X-Forwarded-Client-Cert
    X-HMAC X-Hmac-Sha256 X-Identity X-Login X-MFA-Code X-Nonce X-Otp X-Pass X-Pin X-Principal
    X-Private X-Honeycomb-Team X-Impersonate X-On-Behalf-Of X-Act-As X-Basic Sentry-Dsn
    X-Remote-User X-SAML-Assertion X-Sid X-Ticket X_Pin X-JFrog-Art-Api X-Ovh-Consumer X-Creds
    X-Amzn-Oidc-Data X-Cred X-Api-Creds X-Psk X-Pw X-Tfa X-Security-Code X-Sas
"""
CHANGES = """
    A-IM Accept-Charset Content-Digest Digest Early-Data Expect Forwarded If-Match If-None-Match
    Keep-Alive Max-Forwards Prefer Proxy-Connection Range Repr-Digest Transfer-Encoding Via
    Want-Digest X-Forwarded-For X-HTTP-Method X-HTTP-Method-Override X-Original-URL X-Rewrite-URL
"""
HARMLESS_HEADERS = """
    Accept-Language Baggage Traceparent X-Correlation-Id X-Datadog-Trace-Id X-Environment
    X-Machine-Id X-Message-Id X-Path X-Ping X-Process X-Region X-Service X-Span-Id X-Tenant
"""


def signature_of(request: RawRequest) -> str:
    """Sign a request as zerohash's documentation says."""
    route = request.line.split(" ")[1]
    text = f"{request.headers['x-scx-timestamp']}POST{route}".encode() + request.body
    key = base64.b64decode(ZEROHASH_PRIVATE_KEY)
    return base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


@each_family
@each_flavour
def test_a_callers_client_adds_only_its_headers(flavour: Flavour, family: Family) -> None:
    """A caller's client's default headers are sent below ours, unless they may be credentials."""
    with RawServer(responding(lambda _: ZEROHASH_MINTED)) as server:
        send_through(
            flavour,
            family,
            server.url,
            ZEROHASH_MINT,
            auth=("user", "word"),
            params={"tenant": "7"},
            headers=CALLERS_HEADERS,
        )
    (request,) = server.requests
    headers = request.headers
    assert request.line == "POST /client_auth_token HTTP/1.1"
    assert headers["x-scx-api-key"] == ZEROHASH_API_KEY
    assert headers["x-scx-signed"] == signature_of(request)
    assert headers["x-team"] == "payments"
    assert headers["user-agent"].startswith("tokenkit/")
    assert request.head.lower().count(b"x-scx-api-key") == 1
    assert "the-callers-own" not in request.head.decode()
    assert "content-encoding" not in headers


@each_family
@each_flavour
def test_which_of_a_callers_headers_are_sent(flavour: Flavour, family: Family) -> None:
    """A caller's client sends no credentials, and nothing that changes what a request means."""
    harmless = HARMLESS_HEADERS.split()
    names = [*CREDENTIALS.split(), *CHANGES.split(), *harmless]
    with RawServer(responding(lambda _: ZEROHASH_MINTED)) as server:
        headers = dict.fromkeys(names, "the-callers-own")
        send_through(flavour, family, server.url, ZEROHASH_MINT, headers=headers)
    (request,) = server.requests
    sent = {name for name, value in request.headers.items() if value == "the-callers-own"}
    assert sent == {name.lower() for name in harmless}
