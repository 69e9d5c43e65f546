"""ZDK's requests and responses, as its documentation and samples show them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import ClassVar

import attrs
from typing_extensions import Self, TypedDict

from ..extension import (
    JSON,
    BatchCall,
    Call,
    IssuedToken,
    Repeat,
    ResponseInfo,
    copy_mapping,
    instances,
    json_object,
    param,
    permissions,
    response_field,
    text,
    to_tuple,
    write_model,
)
from .arguments import read_tokens, split_tokens, to_permissions

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
class UserToken(IssuedToken):
    """A token for ZDK's user module; its lifetime is not documented.

    Attributes:
        token: The token, opaque.
        user_id: The user's id, from the request.
        extra: Always empty: the response has nothing but tokens.
    """

    issuer: ClassVar[str] = "ZDK"

    user_id: str = attrs.field(default="", metadata=response_field(remembered=True))

    @property
    def subject(self) -> str | None:
        """The user's id."""
        return self.user_id

    def to_sdk_setup(self) -> SdkSetup:
        """Return what a page passes to ``user.actions.open``; it holds the token."""
        return {"userToken": self.token}

    # Otherwise attrs hashes every field, and ``extra`` isn't hashable.
    def __hash__(self) -> int:
        return super().__hash__()


@attrs.frozen(kw_only=True)
class UserTokenRequest(Call[UserToken]):
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
    reusable: ClassVar[bool] = True

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

    @property
    def repeat(self) -> Repeat:
        """A repeated mint only creates another token."""
        return Repeat.SAFE

    @classmethod
    def batch(cls, calls: Sequence[Self]) -> BatchCall[UserToken]:
        """Put many mints into one request; how many ZDK takes is not documented."""
        return UserTokensRequest(requests=tuple(calls))

    def encode(self, now: datetime) -> JSON:
        """Write the request as the only argument."""
        del now
        return {"arguments": [write_model(self)]}

    def decode(self, body: JSON, response: ResponseInfo) -> UserToken:
        """Read the only token."""
        del response
        (token,) = read_tokens(body, 1)
        return UserToken(token=token, user_id=self.id)


def _to_requests(value: Iterable[UserTokenRequest]) -> tuple[UserTokenRequest, ...]:
    return to_tuple(value)


@attrs.frozen(kw_only=True)
class UserTokensRequest(BatchCall[UserToken]):
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

    @property
    def repeat(self) -> Repeat:
        """Repeated mints only create other tokens."""
        return Repeat.SAFE

    def decode(self, body: JSON, response: ResponseInfo) -> tuple[UserToken, ...]:
        """Read one token for each request, in their order."""
        del response
        tokens = zip(self.requests, read_tokens(body, len(self.requests)), strict=True)
        return tuple(UserToken(token=token, user_id=request.id) for request, token in tokens)

    def split(self, body: JSON) -> Sequence[JSON]:
        """Return a body with one token for each request."""
        return split_tokens(body)
