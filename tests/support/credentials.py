"""The credentials that the tests use, and clients that have them."""

from __future__ import annotations

from typing import Any

from tokenkit import (
    AsyncStrigoClient,
    AsyncZdkClient,
    AsyncZeroHashClient,
    StrigoClient,
    ZdkClient,
    ZeroHashClient,
)

ZDK_API_KEY = "zdk-company-key-5e19b7"
ZEROHASH_API_KEY = "zh-public-3f9d21"
# The key of the vectors that the tests of signatures compare with.
ZEROHASH_PRIVATE_KEY = "2mC4ZvVd4goRkuJm+rjr9byUiaUW1b6tVN4xy9QXNSE="
ZEROHASH_PASSPHRASE = "correct horse battery"
STRIGO_ORG_ID = "org-4Xq81"
STRIGO_API_KEY = "strigo-key-77aa51c0de"
WRONG_KEY = "wr0ng-key"
STORE_KEY = "6lGvYpZ9pH0cqk7y0mH2mX1v2i8mJ0b1n3q5t7u9w0A="

ENVIRONMENT = {
    "ZDK_API_KEY": ZDK_API_KEY,
    "ZEROHASH_API_KEY": ZEROHASH_API_KEY,
    "ZEROHASH_PRIVATE_KEY": ZEROHASH_PRIVATE_KEY,
    "ZEROHASH_PASSPHRASE": ZEROHASH_PASSPHRASE,
    "STRIGO_ORG_ID": STRIGO_ORG_ID,
    "STRIGO_API_KEY": STRIGO_API_KEY,
}
ZDK: dict[str, Any] = {"api_key": ZDK_API_KEY}
ZEROHASH: dict[str, Any] = {
    "api_key": ZEROHASH_API_KEY,
    "private_key": ZEROHASH_PRIVATE_KEY,
    "passphrase": ZEROHASH_PASSPHRASE,
}
STRIGO: dict[str, Any] = {"org_id": STRIGO_ORG_ID, "api_key": STRIGO_API_KEY}


def zdk_client(base_url: str | None = None, **options: Any) -> ZdkClient:
    """Make a client; the options may replace credentials, here and below."""
    return ZdkClient(base_url=base_url, **{**ZDK, **options})


def async_zdk_client(base_url: str | None = None, **options: Any) -> AsyncZdkClient:
    return AsyncZdkClient(base_url=base_url, **{**ZDK, **options})


def zerohash_client(base_url: str | None = None, **options: Any) -> ZeroHashClient:
    return ZeroHashClient(base_url=base_url, **{**ZEROHASH, **options})


def async_zerohash_client(base_url: str | None = None, **options: Any) -> AsyncZeroHashClient:
    return AsyncZeroHashClient(base_url=base_url, **{**ZEROHASH, **options})


def strigo_client(base_url: str | None = None, **options: Any) -> StrigoClient:
    return StrigoClient(base_url=base_url, **{**STRIGO, **options})


def async_strigo_client(base_url: str | None = None, **options: Any) -> AsyncStrigoClient:
    return AsyncStrigoClient(base_url=base_url, **{**STRIGO, **options})
