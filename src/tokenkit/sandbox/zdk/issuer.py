"""ZDK's token services: ``POST /user.tokens.private.v1.Service/Create``, and room, chat and event.

The requests, their responses and the bearer key are documented; so are the services' own hosts
(``user.``, ``room.``, ``chat.``, ``event.``), which the sandbox merges into one. Errors are not
documented: they are modelled on the Connect protocol's unary JSON errors. The tokens' format isn't
either: it is modelled as 372 opaque base64url characters, like a sample in the documentation.
"""

import secrets
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

import attrs

from ..exchange import (
    ErrorResponse,
    Request,
    Response,
    Vendor,
    error_response,
    json_object,
    settle,
)
from ..json_text import JSON, encode
from ..ledger import Issued, Ledger
from ..settings import CREDENTIALS, same_secret

__all__ = ["ZdkIssuer"]

SERVICES: Mapping[str, tuple[str, ...]] = {
    "/user.tokens.private.v1.Service/Create": ("id",),
    "/room.tokens.private.v1.Service/Create": ("user_id", "room_id"),
    "/chat.tokens.private.v1.Service/Create": ("user_id", "chat_id"),
    "/event.tokens.private.v1.Service/Create": ("user_id", "event_id"),
}
"""The fields that each argument of a service must have, the user's first.

That they are required is modelled: the documentation marks nothing as required.
"""
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
    """Issues user tokens as ZDK's private API does."""

    ledger: Ledger
    vendor: Vendor = "zdk"

    def respond(self, request: Request, instead: Response | None = None) -> Response:
        """Respond to any request below ZDK's service paths."""
        return instead or settle(self._create, request)

    def _create(self, request: Request) -> Response:
        identities = SERVICES.get(request.path)
        if request.method != "POST" or identities is None:
            raise _refuse("unimplemented", f"{request.method} {request.path} is not implemented")
        _authenticate(request)
        body = json_object(request, lambda _, text: _refuse("invalid_argument", text))
        users = _users(body, identities)
        tokens = [secrets.token_urlsafe(TOKEN_BYTES) for _ in users]
        self.ledger.issue(
            *(
                Issued(
                    vendor=self.vendor,
                    token=token,
                    subject=user,
                    expires_at=None,
                    body=request.body,
                )
                for user, token in zip(users, tokens, strict=True)
            )
        )
        return Response(
            status=200,
            content=encode({"tokens": tokens}),
            subject=", ".join(users),
            token="".join(tokens[:1]),
        )


def _refuse(code: Code, message: str) -> ErrorResponse:
    return error_response(STATUS[code], {"code": code, "message": message}, message)


def _authenticate(request: Request) -> None:
    scheme, _, key = request.header("authorization").partition(" ")
    if scheme.lower() != "bearer":
        raise _refuse("unauthenticated", "authorization must be 'Bearer <company API key>'")
    if not same_secret(key, CREDENTIALS.zdk_api_key):
        raise _refuse("unauthenticated", "unknown API key")


def _users(body: Mapping[str, JSON], identities: Sequence[str]) -> list[str]:
    """Check the arguments and return the users' ids; accepting an empty list is modelled."""
    arguments = body.get("arguments")
    if not isinstance(arguments, list):
        raise _refuse("invalid_argument", "arguments must be a list")
    users: list[str] = []
    for index, argument in enumerate(arguments):
        where = f"arguments[{index}]"
        if not isinstance(argument, Mapping):
            raise _refuse("invalid_argument", f"{where} must be an object")
        users.append(_user(argument, where, identities))
    return users


def _user(argument: Mapping[str, JSON], where: str, identities: Sequence[str]) -> str:
    """Check one argument and return its user's id.

    Any string is accepted as an id: every sample is a UUID, but the documentation does not require
    one. Unknown fields are ignored, which is modelled.
    """
    for name in identities:
        value = argument.get(name)
        if not isinstance(value, str) or not value:
            raise _refuse("invalid_argument", f"{where}.{name} must be a non-empty string")
    for name in ("nickname", "fullname", "avatar"):
        if not isinstance(argument.get(name, ""), str):
            raise _refuse("invalid_argument", f"{where}.{name} must be a string")
    if not isinstance(argument.get("metadata", {}), Mapping):
        raise _refuse("invalid_argument", f"{where}.metadata must be an object")
    if not _are_permissions(argument.get("permissions", [])):
        raise _refuse(
            "invalid_argument", f"{where}.permissions must be a list of integers or enum names"
        )
    return str(argument[identities[0]])


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
