"""ZDK's requests and responses, as its documentation and samples show them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

import attrs
from typing_extensions import Self, TypedDict

from ..extension import (
    JSON,
    BatchCall,
    copy_mapping,
    extra_fields,
    instances,
    json_object,
    param,
    permissions,
    text,
    to_tuple,
)
from .arguments import TokenRequest, TokensRequest, ZdkToken, to_permissions

__all__ = [
    "ALL_PERMISSIONS",
    "CHAT_PERMISSION",
    "SdkSetup",
    "UserToken",
    "UserTokenRequest",
    "UserTokensRequest",
]

CHAT_PERMISSION = 100
"""Grants everything about chat: the first number of a group grants the whole group."""

ALL_PERMISSIONS = (100, 200, 300, 400, 500, 600, 700, 800)
"""The first numbers of all eight groups, which every sample sends. ZDK documents only chat."""


class SdkSetup(TypedDict):
    """What a page needs for ``user.actions.open(userToken)``."""

    userToken: str
    """The token."""


@attrs.frozen(kw_only=True)
class UserToken(ZdkToken):
    """A token for ZDK's user module; its lifetime is not documented.

    Attributes:
        token: The token, opaque.
        user_id: The user's id, from the request.
        extra: Always empty: the response contains only tokens.
    """

    def to_sdk_setup(self) -> SdkSetup:
        """Return what a page passes to ``user.actions.open``; it contains the token."""
        return {"userToken": self.token}


@attrs.frozen(kw_only=True)
class UserTokenRequest(TokenRequest[UserToken]):
    """Mint one user token: ``POST /user.tokens.private.v1.Service/Create``.

    Args:
        id: The user's id in your system; every sample sends a UUID.
        nickname: The user's nickname; may be empty.
        fullname: The user's full name; may be empty.
        avatar: The user's avatar; may be empty.
        metadata: Anything else about the user; string values are the safe choice.
        permissions: What the user may do, as numbers or names: :data:`CHAT_PERMISSION`,
            :data:`ALL_PERMISSIONS`. Default: not sent.
        extra: Fields that ZDK added later.

    Raises:
        InvalidInputError: A field is invalid.
    """

    operation: ClassVar[str] = "create_user_token"
    path: ClassVar[str] = "/user.tokens.private.v1.Service/Create"

    id: str = attrs.field(metadata=param(text()))
    nickname: str | None = attrs.field(default=None, metadata=param(text(min_length=0)))
    fullname: str | None = attrs.field(default=None, metadata=param(text(min_length=0)))
    avatar: str | None = attrs.field(default=None, metadata=param(text(min_length=0)))
    metadata: Mapping[str, JSON] | None = attrs.field(
        default=None, hash=False, converter=copy_mapping, metadata=param(json_object)
    )
    permissions: tuple[int | str, ...] | None = attrs.field(
        default=None, converter=to_permissions, metadata=param(permissions)
    )
    extra: Mapping[str, JSON] = extra_fields()

    @classmethod
    def batch(cls, calls: Sequence[Self]) -> BatchCall[UserToken]:  # pyright: ignore[reportIncompatibleMethodOverride] - Self is each class itself
        """Put many mints into one request; how many ZDK accepts is not documented."""
        return UserTokensRequest(requests=tuple(calls))

    def token_of(self, token: str) -> UserToken:
        """Return the token that this request is for."""
        return UserToken(token=token, user_id=self.id)


def _to_requests(value: Iterable[UserTokenRequest]) -> tuple[UserTokenRequest, ...]:
    return to_tuple(value)


@attrs.frozen(kw_only=True)
class UserTokensRequest(TokensRequest[UserToken]):
    """Mint many user tokens with one request.

    Args:
        requests: One for each token.
        extra: Fields that ZDK added later, beside ``arguments``.

    Raises:
        InvalidInputError: ``requests`` is empty, or an item is not a request.
    """

    operation: ClassVar[str] = "create_user_tokens"
    path: ClassVar[str] = UserTokenRequest.path

    requests: tuple[UserTokenRequest, ...] = attrs.field(
        converter=_to_requests,
        metadata=param(instances(UserTokenRequest, min_items=1), wire_name="arguments"),
    )
    extra: Mapping[str, JSON] = extra_fields()
