"""ZDK's user-token service, ``POST /user.tokens.private.v1.Service/Create``.

The request, its response and the bearer key are documented. Errors are not: they are modelled on
the Connect protocol's unary JSON errors. The token's format is not documented either: it is
modelled as 372 opaque base64url characters, like a sibling token in the documentation.
"""

import secrets
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

import attrs

from ..exchange import (
    Refusal,
    Request,
    Response,
    Vendor,
    json_object,
    refusal,
    settle,
)
from ..json_text import JSON, encode
from ..ledger import Issued, Ledger
from ..settings import CREDENTIALS, same_secret

CREATE_PATH = "/user.tokens.private.v1.Service/Create"
TOKEN_BYTES = 279  # 372 characters of base64url, without padding

Code: TypeAlias = Literal["unauthenticated", "invalid_argument", "unimplemented"]
STATUS: Mapping[Code, int] = {
    "unauthenticated": 401,
    "invalid_argument": 400,
    "unimplemented": 501,
}
"""HTTP statuses of the Connect codes that this sandbox sends; modelled."""


@attrs.frozen
class ZdkIssuer:
    """Issue user tokens as ZDK's private API does."""

    ledger: Ledger
    vendor: Vendor = "zdk"

    def respond(self, request: Request, instead: Response | None = None) -> Response:
        """Respond to any request below ZDK's service paths."""
        return instead or settle(self._create, request)

    def _create(self, request: Request) -> Response:
        if request.method != "POST" or request.path != CREATE_PATH:
            raise _refuse("unimplemented", f"{request.method} {request.path} is not implemented")
        _authenticate(request)
        body = json_object(request, lambda _, text: _refuse("invalid_argument", text))
        users = _users(body)
        tokens = [secrets.token_urlsafe(TOKEN_BYTES) for _ in users]
        for user, token in zip(users, tokens, strict=True):
            self.ledger.issue(
                Issued(
                    vendor=self.vendor, token=token, subject=user, expires_at=None, request=body
                )
            )
        return Response(
            status=200,
            content=encode({"tokens": tokens}),
            subject=", ".join(users),
            token="".join(tokens[:1]),
        )


def _refuse(code: Code, message: str) -> Refusal:
    return refusal(STATUS[code], {"code": code, "message": message}, message)


def _authenticate(request: Request) -> None:
    scheme, _, key = request.header("authorization").partition(" ")
    if scheme.lower() != "bearer":
        raise _refuse("unauthenticated", "authorization must be 'Bearer <company API key>'")
    if not same_secret(key, CREDENTIALS.zdk_api_key):
        raise _refuse("unauthenticated", "unknown API key")


def _users(body: Mapping[str, JSON]) -> list[str]:
    """Check the arguments and give the users' ids; an empty list is modelled as legal."""
    arguments = body.get("arguments")
    if not isinstance(arguments, list):
        raise _refuse("invalid_argument", "arguments must be a list")
    users: list[str] = []
    for index, argument in enumerate(arguments):
        where = f"arguments[{index}]"
        if not isinstance(argument, Mapping):
            raise _refuse("invalid_argument", f"{where} must be an object")
        users.append(_user(argument, where))
    return users


def _user(argument: Mapping[str, JSON], where: str) -> str:
    """Check one argument and give its id.

    Any text passes as id: every sample is a UUID, but the documentation asks for none. Unknown
    fields are ignored, which is modelled.
    """
    user = argument.get("id")
    if not isinstance(user, str) or not user:
        raise _refuse("invalid_argument", f"{where}.id must be a non-empty text")
    for name in ("nickname", "fullname", "avatar"):
        if not isinstance(argument.get(name, ""), str):
            raise _refuse("invalid_argument", f"{where}.{name} must be a text")
    if not isinstance(argument.get("metadata", {}), Mapping):
        raise _refuse("invalid_argument", f"{where}.metadata must be an object")
    if not _are_permissions(argument.get("permissions", [])):
        raise _refuse(
            "invalid_argument", f"{where}.permissions must be a list of integers or enum names"
        )
    return user


def _are_permissions(value: JSON) -> bool:
    return (
        isinstance(value, Sequence)
        and not isinstance(value, str)
        and all(_is_permission(item) for item in value)
    )


def _is_permission(value: JSON) -> bool:
    if isinstance(value, str):
        return bool(value)
    return isinstance(value, int) and not isinstance(value, bool)
