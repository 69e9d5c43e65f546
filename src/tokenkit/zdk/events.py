"""Tokens for ZDK's event service."""

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

import attrs
from typing_extensions import Self

from ..extension import (
    JSON,
    BatchCall,
    copy_mapping,
    extra_fields,
    instances,
    json_object,
    param,
    permissions,
    response_field,
    text,
    to_tuple,
)
from .arguments import TokenRequest, TokensRequest, ZdkToken, to_permissions

__all__ = ["EventToken", "EventTokenRequest", "EventTokensRequest"]


@attrs.frozen(kw_only=True)
class EventToken(ZdkToken):
    """A token that lets a user into an event; its lifetime is not documented.

    Attributes:
        token: The token, opaque.
        user_id: The user's id, as in the request.
        event_id: The event's id, as in the request.
        extra: Always empty: the response contains only tokens.
    """

    event_id: str = attrs.field(default="", metadata=response_field(remembered=True))


@attrs.frozen(kw_only=True)
class EventTokenRequest(TokenRequest[EventToken]):
    """Mint one event token: ``POST /event.tokens.private.v1.Service/Create``.

    Args:
        user_id: The user's id in your system.
        event_id: The event's id.
        metadata: Anything else about the user; string values are the safe choice.
        permissions: What the user may do at the event, as names or numbers. Default: not sent.
        extra: Fields that ZDK added later.

    Raises:
        InvalidInputError: A field is invalid.
    """

    operation: ClassVar[str] = "create_event_token"
    service: ClassVar[str | None] = "event"
    path: ClassVar[str] = "/event.tokens.private.v1.Service/Create"

    user_id: str = attrs.field(metadata=param(text()))
    event_id: str = attrs.field(metadata=param(text()))
    metadata: Mapping[str, JSON] | None = attrs.field(
        default=None, hash=False, converter=copy_mapping, metadata=param(json_object)
    )
    permissions: tuple[int | str, ...] | None = attrs.field(
        default=None, converter=to_permissions, metadata=param(permissions)
    )
    extra: Mapping[str, JSON] = extra_fields()

    @classmethod
    def batch(cls, calls: Sequence[Self]) -> BatchCall[EventToken]:  # pyright: ignore[reportIncompatibleMethodOverride] - Self is each class itself
        """Put many mints into one request; how many ZDK accepts is not documented."""
        return EventTokensRequest(requests=tuple(calls))

    def token_of(self, token: str) -> EventToken:
        """Return the token that this request is for."""
        return EventToken(token=token, user_id=self.user_id, event_id=self.event_id)


def _to_requests(value: Iterable[EventTokenRequest]) -> tuple[EventTokenRequest, ...]:
    return to_tuple(value)


@attrs.frozen(kw_only=True)
class EventTokensRequest(TokensRequest[EventToken]):
    """Mint many event tokens with one request.

    Args:
        requests: One for each token.
        extra: Fields that ZDK added later, beside ``arguments``.

    Raises:
        InvalidInputError: ``requests`` is empty, or an item is not a request.
    """

    operation: ClassVar[str] = "create_event_tokens"
    service: ClassVar[str | None] = EventTokenRequest.service
    path: ClassVar[str] = EventTokenRequest.path

    requests: tuple[EventTokenRequest, ...] = attrs.field(
        converter=_to_requests,
        metadata=param(instances(EventTokenRequest, min_items=1), wire_name="arguments"),
    )
    extra: Mapping[str, JSON] = extra_fields()
