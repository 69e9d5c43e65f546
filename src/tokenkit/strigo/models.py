"""Strigo's requests and responses, as its API documentation describes them."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import ClassVar, Generic, TypeVar

import attrs
from typing_extensions import TypedDict

from ..errors import FieldError, InvalidInputError
from ..extension import (
    JSON,
    Call,
    IssuedToken,
    Mismatch,
    Repeat,
    ResponseInfo,
    aware_datetime,
    epoch_milliseconds,
    extra_fields,
    kind_of,
    param,
    read_response,
    response_field,
    text,
    text_value,
    texts,
    to_texts_or_none,
    type_of,
    write_model,
)

__all__ = [
    "Health",
    "HealthRequest",
    "SdkSetup",
    "SdkToken",
    "StrigoCall",
    "UserToken",
    "UserTokenRequest",
]

T_co = TypeVar("T_co", covariant=True)

LONGEST_LIFETIME = timedelta(days=62)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def _milliseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)


def _expiration(value: object) -> str | None:
    if isinstance(value, timedelta):
        return None
    if isinstance(value, datetime):
        return aware_datetime(value)
    return f"must be a datetime or a timedelta, not {type_of(value)}"


class SdkToken(TypedDict):
    """The ``token`` of :class:`SdkSetup`."""

    token: str
    """The token."""

    expiration: int | None
    """When it expires, in milliseconds since 1970; ``None`` if Strigo doesn't say."""


class SdkSetup(TypedDict):
    """What ``Strigo.setup`` in the browser takes."""

    email: str
    """The user's email address."""

    token: SdkToken
    """The token and its expiration."""


@attrs.frozen(kw_only=True)
class StrigoCall(Call[T_co], Generic[T_co]):
    """A call whose response is in Strigo's envelope, ``{"result": …, "data": …}``.

    A subclass defines :meth:`read` for the ``data``.
    """

    def is_failure(self, body: JSON) -> bool:
        """Judge by ``result``: a 2xx may come with a failure, and a failure with data."""
        return isinstance(body, Mapping) and body.get("result") == "failure"

    def decode(self, body: JSON, response: ResponseInfo) -> T_co:
        """Read the envelope."""
        del response
        if not isinstance(body, Mapping):
            raise Mismatch(f"expected an object, found {kind_of(body)}")
        if body.get("result") != "success":
            found = kind_of(body.get("result"))
            raise Mismatch(f"expected 'success' or 'failure', found {found}", "$.result")
        return self.read(body.get("data"))

    def read(self, data: JSON) -> T_co:
        """Read the envelope's ``data``, which is at ``$.data``."""
        raise NotImplementedError


@attrs.frozen(kw_only=True)
class UserToken(IssuedToken):
    """A token for Strigo's browser SDK.

    Attributes:
        token: The token: 43 characters, opaque.
        user_id: Strigo's id of the learner.
        expiration: When the token expires, in UTC.
        email: The learner's e-mail, from the request.
        extra: Fields of the response that this release does not know.
    """

    issuer: ClassVar[str] = "Strigo"

    user_id: str | None = attrs.field(default=None, metadata=response_field(lenient=text_value))
    expiration: datetime | None = attrs.field(
        default=None, metadata=response_field(lenient=epoch_milliseconds)
    )
    email: str = attrs.field(default="", metadata=response_field(remembered=True))

    @property
    def subject(self) -> str | None:
        """The learner's e-mail."""
        return self.email

    @property
    def expires_at(self) -> datetime | None:
        """When the token expires, in UTC."""
        return self.expiration

    def to_sdk_setup(self) -> SdkSetup:
        """Return what a page passes to ``Strigo.setup``; it contains the token."""
        ends = None if self.expiration is None else _milliseconds(self.expiration)
        return {"email": self.email, "token": {"token": self.token, "expiration": ends}}


@attrs.frozen(kw_only=True)
class UserTokenRequest(StrigoCall[UserToken]):
    """Mint a token that identifies one learner: ``POST /academy/users/token``.

    Args:
        email: The learner's unique e-mail.
        name: The learner's name. Default: empty.
        external_user_id: The learner's id in your system. Default: empty.
        expiration: When the token expires: a datetime with a time zone, or how long it lasts
            from the first attempt on. At most 2 months ahead (up to 62 days are allowed;
            Strigo checks the rest). Default: 2 months.
        groups: The groups of the learner. Default: none.
        extra: Fields that Strigo added later.

    Raises:
        InvalidInputError: A field is invalid; the range of ``expiration`` is checked when the
            request is sent.
    """

    operation: ClassVar[str] = "create_user_token"
    path: ClassVar[str] = "/academy/users/token"
    reusable: ClassVar[bool] = True

    email: str = attrs.field(metadata=param(text()))
    name: str | None = attrs.field(default=None, metadata=param(text(min_length=0)))
    external_user_id: str | None = attrs.field(
        default=None, metadata=param(text(min_length=0), wire_name="externalUserId")
    )
    expiration: datetime | timedelta | None = attrs.field(
        default=None, metadata=param(_expiration, dump=_milliseconds)
    )
    groups: tuple[str, ...] | None = attrs.field(
        default=None, converter=to_texts_or_none, metadata=param(texts())
    )
    extra: Mapping[str, JSON] = extra_fields()

    @property
    def repeat(self) -> Repeat:
        """Safe: a repeated mint only creates another token."""
        return Repeat.SAFE

    def encode(self, now: datetime) -> JSON:
        """Write the body, with ``expiration`` in milliseconds."""
        if self.expiration is None:
            return write_model(self)
        lasts = (
            self.expiration if isinstance(self.expiration, timedelta) else self.expiration - now
        )
        if not timedelta(0) < lasts <= LONGEST_LIFETIME:
            problem = "must be in the future, at most 2 months (62 days) ahead"
            errors = (FieldError(field="expiration", message=problem),)
            raise InvalidInputError(type(self).__name__, errors)
        return write_model(attrs.evolve(self, expiration=now + lasts))

    def read(self, data: JSON) -> UserToken:
        """Read the token."""
        return read_response(data, UserToken, path="$.data", email=self.email)


@attrs.frozen(kw_only=True)
class Health:
    """Strigo's health.

    Attributes:
        status: ``ok`` when all is well.
        message: The status in words.
        extra: Fields of the response that this release does not know.
    """

    status: str
    message: str
    extra: Mapping[str, JSON] = attrs.field(factory=dict[str, JSON], repr=False)


@attrs.frozen(kw_only=True)
class HealthRequest(Call[Health]):
    """Check the server and the credentials: ``GET /health``."""

    method: ClassVar[str] = "GET"
    operation: ClassVar[str] = "check_health"
    path: ClassVar[str] = "/health"

    def decode(self, body: JSON, response: ResponseInfo) -> Health:
        """Read the body, which has no envelope."""
        del response
        return read_response(body, Health)
