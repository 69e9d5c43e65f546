"""Tokens for ZDK's chat service."""

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

__all__ = ["ChatToken", "ChatTokenRequest", "ChatTokensRequest"]


@attrs.frozen(kw_only=True)
class ChatToken(ZdkToken):
    """A token that lets a user into a chat; its lifetime is not documented.

    Attributes:
        token: The token, opaque.
        user_id: The user's id, as in the request.
        chat_id: The chat's id, as in the request.
        extra: Always empty: the response contains only tokens.
    """

    chat_id: str = attrs.field(default="", metadata=response_field(remembered=True))


@attrs.frozen(kw_only=True)
class ChatTokenRequest(TokenRequest[ChatToken]):
    """Mint one chat token: ``POST /chat.tokens.private.v1.Service/Create``.

    Args:
        user_id: The user's id in your system.
        chat_id: The chat's id.
        metadata: Anything else about the user; string values are the safe choice.
        permissions: What the user may do in the chat, as names or numbers. Default: not sent.
        extra: Fields that ZDK added later.

    Raises:
        InvalidInputError: A field is invalid.
    """

    operation: ClassVar[str] = "create_chat_token"
    service: ClassVar[str | None] = "chat"
    path: ClassVar[str] = "/chat.tokens.private.v1.Service/Create"

    user_id: str = attrs.field(metadata=param(text()))
    chat_id: str = attrs.field(metadata=param(text()))
    metadata: Mapping[str, JSON] | None = attrs.field(
        default=None, hash=False, converter=copy_mapping, metadata=param(json_object)
    )
    permissions: tuple[int | str, ...] | None = attrs.field(
        default=None, converter=to_permissions, metadata=param(permissions)
    )
    extra: Mapping[str, JSON] = extra_fields()

    @classmethod
    def batch(cls, calls: Sequence[Self]) -> BatchCall[ChatToken]:  # pyright: ignore[reportIncompatibleMethodOverride] - Self is each class itself
        """Put many mints into one request; how many ZDK accepts is not documented."""
        return ChatTokensRequest(requests=tuple(calls))

    def token_of(self, token: str) -> ChatToken:
        """Return the token that this request is for."""
        return ChatToken(token=token, user_id=self.user_id, chat_id=self.chat_id)


def _to_requests(value: Iterable[ChatTokenRequest]) -> tuple[ChatTokenRequest, ...]:
    return to_tuple(value)


@attrs.frozen(kw_only=True)
class ChatTokensRequest(TokensRequest[ChatToken]):
    """Mint many chat tokens with one request.

    Args:
        requests: One for each token.
        extra: Fields that ZDK added later, beside ``arguments``.

    Raises:
        InvalidInputError: ``requests`` is empty, or an item is not a request.
    """

    operation: ClassVar[str] = "create_chat_tokens"
    service: ClassVar[str | None] = ChatTokenRequest.service
    path: ClassVar[str] = ChatTokenRequest.path

    requests: tuple[ChatTokenRequest, ...] = attrs.field(
        converter=_to_requests,
        metadata=param(instances(ChatTokenRequest, min_items=1), wire_name="arguments"),
    )
    extra: Mapping[str, JSON] = extra_fields()
