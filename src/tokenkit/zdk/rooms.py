"""Tokens for ZDK's room service."""

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

__all__ = ["RoomToken", "RoomTokenRequest", "RoomTokensRequest"]


@attrs.frozen(kw_only=True)
class RoomToken(ZdkToken):
    """A token that lets a user into a room; its lifetime is not documented.

    Attributes:
        token: The token, opaque.
        user_id: The user's id, as in the request.
        room_id: The room's id, as in the request.
        extra: Always empty: the response contains only tokens.
    """

    room_id: str = attrs.field(default="", metadata=response_field(remembered=True))


@attrs.frozen(kw_only=True)
class RoomTokenRequest(TokenRequest[RoomToken]):
    """Mint one room token: ``POST /room.tokens.private.v1.Service/Create``.

    Args:
        user_id: The user's id in your system.
        room_id: The room's id.
        metadata: Anything else about the user; string values are the safe choice.
        permissions: What the user may do in the room, as names or numbers. Default: not sent.
        extra: Fields that ZDK added later.

    Raises:
        InvalidInputError: A field is invalid.
    """

    operation: ClassVar[str] = "create_room_token"
    service: ClassVar[str | None] = "room"
    path: ClassVar[str] = "/room.tokens.private.v1.Service/Create"

    user_id: str = attrs.field(metadata=param(text()))
    room_id: str = attrs.field(metadata=param(text()))
    metadata: Mapping[str, JSON] | None = attrs.field(
        default=None, hash=False, converter=copy_mapping, metadata=param(json_object)
    )
    permissions: tuple[int | str, ...] | None = attrs.field(
        default=None, converter=to_permissions, metadata=param(permissions)
    )
    extra: Mapping[str, JSON] = extra_fields()

    @classmethod
    def batch(cls, calls: Sequence[Self]) -> BatchCall[RoomToken]:  # pyright: ignore[reportIncompatibleMethodOverride] - Self is each class itself
        """Put many mints into one request; how many ZDK accepts is not documented."""
        return RoomTokensRequest(requests=tuple(calls))

    def token_of(self, token: str) -> RoomToken:
        """Return the token that this request is for."""
        return RoomToken(token=token, user_id=self.user_id, room_id=self.room_id)


def _to_requests(value: Iterable[RoomTokenRequest]) -> tuple[RoomTokenRequest, ...]:
    return to_tuple(value)


@attrs.frozen(kw_only=True)
class RoomTokensRequest(TokensRequest[RoomToken]):
    """Mint many room tokens with one request.

    Args:
        requests: One for each token.
        extra: Fields that ZDK added later, beside ``arguments``.

    Raises:
        InvalidInputError: ``requests`` is empty, or an item is not a request.
    """

    operation: ClassVar[str] = "create_room_tokens"
    service: ClassVar[str | None] = RoomTokenRequest.service
    path: ClassVar[str] = RoomTokenRequest.path

    requests: tuple[RoomTokenRequest, ...] = attrs.field(
        converter=_to_requests,
        metadata=param(instances(RoomTokenRequest, min_items=1), wire_name="arguments"),
    )
    extra: Mapping[str, JSON] = extra_fields()
