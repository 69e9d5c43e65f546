"""The names of faults."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from ..exchange import Vendor

__all__ = ["VENDOR_OF", "BadBody", "Drop", "NamedResponse"]

Drop: TypeAlias = Literal["before", "during", "after"]
"""When the connection is dropped, relative to the response."""

BadBody: TypeAlias = Literal[
    "empty", "truncated", "text", "html", "wrong-shape", "too-large", "foreign", "not-http"
]
"""How the response's body is spoiled."""

NamedResponse: TypeAlias = Literal[
    "approval-required",
    "approval-pending",
    "approval-rejected",
    "approval-finalized",
    "spend-limit",
    "missing-requirements",
    "kyc-conflict",
    "unknown-participant",
    "no-write-permission",
    "failure-with-200",
    "failure-with-data",
    "too-few-tokens",
]
"""A vendor's response by name; ``responses`` has their texts."""

VENDOR_OF: Mapping[NamedResponse, Vendor] = {
    "approval-required": "zerohash",
    "approval-pending": "zerohash",
    "approval-rejected": "zerohash",
    "approval-finalized": "zerohash",
    "spend-limit": "zerohash",
    "missing-requirements": "zerohash",
    "kyc-conflict": "zerohash",
    "unknown-participant": "zerohash",
    "no-write-permission": "zerohash",
    "failure-with-200": "strigo",
    "failure-with-data": "strigo",
    "too-few-tokens": "zdk",
}
