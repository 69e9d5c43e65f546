"""Hits in other caches and credential libraries.

Each peer already has the token; a request would be an error.
"""

import functools
import json
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from importlib import import_module
from types import SimpleNamespace
from typing import Any

__all__ = ["DISTRIBUTIONS", "async_peers", "peers"]

DISTRIBUTIONS = (
    "aiocache",
    "anthropic",
    "async-lru",
    "authlib",
    "aws-secretsmanager-caching",
    "azure-identity",
    "botocore",
    "cachetools",
    "cashews",
    "diskcache",
    "dogpile-cache",
    "google-auth",
    "msal",
)
TOKEN = "t" * 900
AN_HOUR = timedelta(hours=1)
AUTHORITY = "https://login.microsoftonline.com/tenant"
SCOPE = "https://example.com/.default"

Hit = Callable[[], object]
AsyncHit = Callable[[], Coroutine[Any, Any, object]]


def peers() -> Iterator[tuple[str, Hit]]:
    """Yield the hits of sync peers, as far as they are installed."""
    yield "functools.lru_cache (no expiry)", functools.partial(functools.lru_cache(_mint), "a")
    for name, make in SYNC.items():
        with suppress(ModuleNotFoundError):
            hit = make()
            hit()
            yield name, hit


def async_peers() -> Iterator[tuple[str, AsyncHit]]:
    """Yield the hits of async peers, as far as they are installed."""
    for name, make in ASYNC.items():
        with suppress(ModuleNotFoundError):
            yield name, make()


def _mint(_: str) -> str:
    return TOKEN


async def _mint_async(_: str) -> str:
    return TOKEN


def _cachetools_ttl() -> Hit:
    cachetools: Any = import_module("cachetools")
    cache = cachetools.TTLCache(10_000, AN_HOUR.total_seconds())
    return functools.partial(cachetools.cached(cache, lock=threading.RLock())(_mint), "a")


def _cachetools_tlru() -> Hit:
    cachetools: Any = import_module("cachetools")
    token = SimpleNamespace(token=TOKEN, ends=time.time() + AN_HOUR.total_seconds())

    def ends(_: object, value: Any, __: float) -> float:
        found: float = value.ends
        return found

    cache = cachetools.TLRUCache(10_000, ends, timer=time.time)

    def mint(_: str) -> object:
        return token

    return functools.partial(cachetools.cached(cache, lock=threading.RLock())(mint), "a")


def _dogpile() -> Hit:
    region: Any = import_module("dogpile.cache").make_region()
    region.configure("dogpile.cache.memory", expiration_time=3600)
    return lambda: region.get_or_create("k", lambda: TOKEN)


def _dogpile_decorator() -> Hit:
    region: Any = import_module("dogpile.cache").make_region()
    region.configure("dogpile.cache.memory", expiration_time=3600)
    return functools.partial(region.cache_on_arguments()(_mint), "a")


def _diskcache() -> Hit:
    disk: Any = import_module("diskcache").Cache(tempfile.mkdtemp())
    disk.set("k", TOKEN, expire=3600)
    return lambda: disk.get("k")


def _authlib() -> Hit:
    kept = {"access_token": TOKEN, "expires_at": time.time() + 3600}
    client: Any = import_module("authlib.oauth2.client").OAuth2Client(session=None, token=kept)
    return lambda: client.ensure_active_token(client.token)


def _google_auth() -> Hit:
    soon = datetime.now(timezone.utc).replace(tzinfo=None) + AN_HOUR
    one: Any = import_module("google.oauth2.credentials").Credentials(TOKEN, expiry=soon)
    return lambda: one.before_request(None, "GET", "https://x", {})


def _botocore() -> Hit:
    later = datetime.now(timezone.utc) + AN_HOUR
    kind: Any = import_module("botocore.credentials").RefreshableCredentials
    found: Hit = kind("a", "b", TOKEN, later, dict, "method").get_frozen_credentials
    return found


def _anthropic() -> Hit:
    module: Any = import_module("anthropic.lib.credentials._cache")
    token = module.AccessToken(token=TOKEN, expires_at=int(time.time() + 3600))

    def provide(**_: object) -> object:
        return token

    found: Hit = module.TokenCache(provide).get_token
    return found


def _secrets_manager() -> Hit:
    caching: Any = import_module("aws_secretsmanager_caching")

    def describe(**_: object) -> object:
        return {"VersionIdsToStages": {"v": ["AWSCURRENT"]}}

    def get(**_: object) -> object:
        return {"SecretString": TOKEN}

    meta = SimpleNamespace(config=None)
    client = SimpleNamespace(meta=meta, describe_secret=describe, get_secret_value=get)
    cache = caching.SecretCache(config=caching.SecretCacheConfig(), client=client)
    return lambda: cache.get_secret_string("a")


def _microsoft(url: str) -> str:
    """Answer like Microsoft's identity platform."""
    if "openid-configuration" in url:
        names = ("authorization_endpoint", "token_endpoint")
        ends = {name: f"{AUTHORITY}/{name}" for name in names}
        return json.dumps({**ends, "issuer": f"{AUTHORITY}/v2.0", "tenant_region_scope": None})
    return json.dumps({"access_token": TOKEN, "expires_in": 86_400, "token_type": "Bearer"})


def _msal() -> Hit:
    def answer(url: str, **_: object) -> object:
        return SimpleNamespace(
            status_code=200, text=_microsoft(url), headers={}, raise_for_status=lambda: None
        )

    app = import_module("msal").ConfidentialClientApplication(
        "client",
        client_credential="secret",
        authority=AUTHORITY,
        instance_discovery=False,
        http_client=SimpleNamespace(get=answer, post=answer, close=lambda: None),
    )
    return lambda: app.acquire_token_for_client([SCOPE])


def _azure_identity() -> Hit:
    base: Any = import_module("azure.core.pipeline.transport").HttpTransport

    class Transport(base):  # type: ignore[misc] # it is imported only if it is there
        def open(self) -> None: ...

        def close(self) -> None: ...

        def __exit__(self, *_: object) -> None: ...

        def send(self, request: Any, **_: object) -> object:
            content = _microsoft(request.url)

            def text(encoding: object = None) -> str:
                del encoding
                return content

            return SimpleNamespace(
                status_code=200,
                reason="OK",
                headers={"content-type": "application/json"},
                content_type="application/json",
                text=text,
                body=content.encode,
                request=request,
                context=None,
            )

    credential = import_module("azure.identity").ClientSecretCredential(
        "tenant", "client", "secret", transport=Transport(), disable_instance_discovery=True
    )
    return lambda: credential.get_token(SCOPE)


def _async_lru() -> AsyncHit:
    decorate: Any = import_module("async_lru").alru_cache(ttl=3600)
    return functools.partial(decorate(_mint_async), "a")


def _aiocache() -> AsyncHit:
    decorate: Any = import_module("aiocache").cached(ttl=3600)
    return functools.partial(decorate(_mint_async), "a")


def _cashews() -> AsyncHit:
    cache: Any = import_module("cashews").Cache()
    cache.setup("mem://")
    return functools.partial(cache(ttl="1h")(_mint_async), "a")


def _cashews_early() -> AsyncHit:
    cache: Any = import_module("cashews").Cache()
    cache.setup("mem://")
    return functools.partial(cache.early(ttl="1h", early_ttl="50m")(_mint_async), "a")


SYNC: dict[str, Callable[[], Hit]] = {
    "Authlib ensure_active_token (one token)": _authlib,
    "anthropic TokenCache (one token)": _anthropic,
    "cachetools TTLCache, lock (one lifetime for all)": _cachetools_ttl,
    "cachetools TLRUCache, lock": _cachetools_tlru,
    "google-auth before_request (one token)": _google_auth,
    "botocore get_frozen_credentials (one token)": _botocore,
    "dogpile.cache get_or_create": _dogpile,
    "dogpile.cache decorator": _dogpile_decorator,
    "diskcache get": _diskcache,
    "aws-secretsmanager-caching": _secrets_manager,
    "msal acquire_token_for_client": _msal,
    "azure-identity get_token": _azure_identity,
}
ASYNC: dict[str, Callable[[], AsyncHit]] = {
    "async-lru, ttl (one lifetime for all)": _async_lru,
    "aiocache decorator": _aiocache,
    "cashews decorator": _cashews,
    "cashews early": _cashews_early,
}
