"""The form that ZDK's token services share: ``arguments`` in, ``tokens`` out."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Generic, TypeVar

import attrs

from ..extension import (
    JSON,
    BatchCall,
    Call,
    IssuedToken,
    Mismatch,
    Repeat,
    ResponseInfo,
    instances,
    kind_of,
    param,
    response_field,
    to_tuple,
    token_text,
    write_model,
)

__all__ = [
    "TokenRequest",
    "TokensRequest",
    "ZdkToken",
    "to_permissions",
]

T_co = TypeVar("T_co", covariant=True)


def to_permissions(value: Iterable[int | str] | None) -> tuple[int | str, ...] | None:
    """Turn permissions into a tuple; ``None`` stays."""
    return None if value is None else to_tuple(value)


def _read_tokens(body: JSON, count: int) -> tuple[str, ...]:
    """Read the tokens of a response, one for each argument, in their order.

    Raises:
        Mismatch: There are more or fewer of them, or one is not a token.
    """
    if not isinstance(body, Mapping):
        raise Mismatch(f"expected an object, found {kind_of(body)}")
    tokens = body.get("tokens")
    if not isinstance(tokens, list):
        raise Mismatch(f"expected an array of tokens, found {kind_of(tokens)}", "$.tokens")
    if len(tokens) != count:
        expected = "one token" if count == 1 else f"{count} tokens, one for each request"
        problem = f"expected {expected}, found {len(tokens)}"
        raise Mismatch(problem, "$.tokens")
    return tuple(_read_token(token, f"$.tokens[{index}]") for index, token in enumerate(tokens))


def _read_token(value: JSON, path: str) -> str:
    try:
        return token_text(value)
    except Mismatch as mismatch:
        problem = mismatch.problem
    raise Mismatch(problem, path)


@attrs.frozen(kw_only=True)
class TokenRequest(Call[T_co], Generic[T_co]):
    """Mint one token: the request is the only argument."""

    reusable: ClassVar[bool] = True

    @property
    def repeat(self) -> Repeat:
        """Safe: a repeated mint only creates another token."""
        return Repeat.SAFE

    def encode(self, now: datetime) -> JSON:
        """Return the body, with the request as the only argument."""
        del now
        return {"arguments": [write_model(self)]}

    def decode(self, body: JSON, response: ResponseInfo) -> T_co:
        """Read the only token."""
        del response
        (token,) = _read_tokens(body, 1)
        return self.token_of(token)

    def token_of(self, token: str) -> T_co:
        """Return the token that this request is for."""
        raise NotImplementedError


@attrs.frozen(kw_only=True)
class ZdkToken(IssuedToken):
    """A token of one of ZDK's services.

    Attributes:
        token: The token, opaque.
        user_id: The user's id, from the request.
        extra: Always empty: the response contains only tokens.
    """

    issuer: ClassVar[str] = "ZDK"

    user_id: str = attrs.field(default="", metadata=response_field(remembered=True))

    @property
    def subject(self) -> str | None:
        """The user's id."""
        return self.user_id


@attrs.frozen(kw_only=True)
class TokensRequest(BatchCall[T_co], Generic[T_co]):
    """Mint many tokens with one request: each is an argument.

    Args:
        requests: One for each token; a subclass says of which class.

    Raises:
        InvalidInputError: ``requests`` is empty, or an item is not a request.
    """

    requests: tuple[TokenRequest[T_co], ...] = attrs.field(
        metadata=param(instances(TokenRequest, min_items=1), wire_name="arguments")
    )

    @property
    def repeat(self) -> Repeat:
        """Safe: repeated mints only create other tokens."""
        return Repeat.SAFE

    def decode(self, body: JSON, response: ResponseInfo) -> tuple[T_co, ...]:
        """Read one token for each request, in their order."""
        del response
        tokens = zip(self.requests, _read_tokens(body, len(self.requests)), strict=True)
        return tuple(request.token_of(token) for request, token in tokens)

    def split(self, body: JSON) -> Sequence[JSON]:
        """Return a body with one token for each request."""
        return [{"tokens": [token]} for token in _read_tokens(body, len(self.requests))]
