"""zerohash's requests and answers, as its API documentation describes them."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import Enum
from typing import ClassVar

import attrs

from ..errors import FieldError
from ..extension import (
    JSON,
    Call,
    IssuedToken,
    Mismatch,
    Repeat,
    ResponseInfo,
    epoch_milliseconds,
    epoch_seconds,
    instance,
    kind_of,
    one_of,
    param,
    read_response,
    response_field,
    text,
    text_value,
    texts,
    to_texts,
)
from .details import (
    ClientDeviceInfo,
    CustomFeesAndSpreads,
    DepositDetails,
    PaymentDetails,
    WithdrawalDetails,
)
from .jwt import claimed_time, unverified_claims

__all__ = [
    "ClientAuthToken",
    "ClientAuthTokenRequest",
    "Permission",
    "RevokeAuthTokenRequest",
    "ServerTime",
    "TimeRequest",
]


class Permission(str, Enum):
    """The SDK experiences that zerohash documents; a text that is not here is sent as it is."""

    ONBOARDING = "onboarding"
    UPDATE_PARTICIPANT = "update-participant"
    PARTICIPANT_PROFILE = "participant-profile"
    CSP_ACTIVE = "csp-active"
    CSP_RECOVERY = "csp-recovery"
    FIAT_DEPOSITS = "fiat-deposits"
    FIAT_WITHDRAWALS = "fiat-withdrawals"
    FIAT_ACCOUNT_LINK = "fiat-account-link"
    CRYPTO_DEPOSITS = "crypto-deposits"
    CRYPTO_WITHDRAWALS = "crypto-withdrawals"
    CRYPTO_ACCOUNT_LINK = "crypto-account-link"
    CRYPTO_PAYOUTS = "crypto-payouts"
    CRYPTO_PAY = "crypto-pay"
    CRYPTO_BUY = "crypto-buy"
    CRYPTO_SELL = "crypto-sell"
    FWC = "fwc"


OPENS_PAYMENT = frozenset({"crypto-withdrawals", "crypto-payouts", "crypto-pay"})
OPENS_NO_PAYMENT = frozenset(permission.value for permission in Permission) - OPENS_PAYMENT
LEAVES_NOTHING_OPEN = OPENS_NO_PAYMENT - {"fwc"}


def _message_of(body: JSON) -> Mapping[str, JSON]:
    message = body.get("message") if isinstance(body, Mapping) else None
    if not isinstance(body, Mapping):
        raise Mismatch(f"expected an object, found {kind_of(body)}")
    if not isinstance(message, Mapping):
        raise Mismatch(f"expected an object, found {kind_of(message)}", "$.message")
    return message


@attrs.frozen(kw_only=True)
class ClientAuthToken(IssuedToken):
    """A client access token: a JWT for zerohash's SDK modules.

    Its claims are read when they are asked for, and not verified: zerohash does not publish
    the key.

    Attributes:
        token: The JWT.
        participant_code: The participant that it was asked for; ``None`` for an e-mail.
        email: The e-mail that it was asked for.
        deposit_intent_id: Comes with the permission ``fwc``.
        payment_id: Comes with ``crypto-withdrawals`` and ``crypto-payouts``: the only id by
            which later webhooks can be matched.
        extra: Fields of the answer that this release does not know.
    """

    issuer: ClassVar[str] = "zerohash"

    deposit_intent_id: str | None = attrs.field(
        default=None, metadata=response_field(lenient=text_value)
    )
    payment_id: str | None = attrs.field(default=None, metadata=response_field(lenient=text_value))
    participant_code: str | None = attrs.field(
        default=None, metadata=response_field(remembered=True)
    )
    email: str | None = attrs.field(default=None, metadata=response_field(remembered=True))

    @property
    def subject(self) -> str | None:
        """The participant code, or the e-mail before onboarding."""
        return self.participant_code or self.email

    @property
    def unverified_claims(self) -> Mapping[str, JSON]:
        """The JWT's claims, unverified; empty where it cannot be read."""
        return unverified_claims(self.token)

    @property
    def expires_at(self) -> datetime | None:
        """When the token ends, from the claim ``exp``: 5 minutes to 1 hour after minting."""
        return claimed_time(self.unverified_claims, "exp")

    @property
    def jti(self) -> str | None:
        """The JWT's id."""
        jti = self.unverified_claims.get("jti")
        return jti if isinstance(jti, str) else None

    @property
    def permissions(self) -> tuple[str, ...]:
        """The permissions that the JWT holds."""
        permissions = self.unverified_claims.get("permissions")
        if not isinstance(permissions, list):
            return ()
        return tuple(item for item in permissions if isinstance(item, str))

    # attrs would else make a hash of all fields, and ``extra`` has none.
    def __hash__(self) -> int:
        return super().__hash__()


@attrs.frozen(kw_only=True)
class ClientAuthTokenRequest(Call[ClientAuthToken]):
    """Mint a client access token: ``POST /client_auth_token``.

    Args:
        permissions: One or more SDK experiences; see :class:`Permission`. Others are sent as
            they are.
        participant_code: The participant, 6 characters. This or ``email``.
        email: The e-mail of somebody who is not onboarded yet. This or ``participant_code``.
        phone_number: The phone number of somebody who is not onboarded yet, such as
            ``+15551234567``.
        otp_verified: The channel that was verified by OTP: ``email`` or ``sms``.
        reference_id: Your id to link later events by, at most 50 characters. It does not make
            the request idempotent.
        merchant_participant_code: The merchant, 1 to 50 characters. Default: the platform.
        withdrawal_details: For crypto withdrawals and payouts.
        deposit_details: For deposits.
        payment_details: For crypto payments.
        client_device_info: Where the SDK will run.
        custom_fees_and_spreads: For crypto trades.
        extra: Fields that zerohash added later.

    Raises:
        InvalidInputError: A field breaks what is said above.
    """

    operation: ClassVar[str] = "create_client_auth_token"
    path: ClassVar[str] = "/client_auth_token"

    participant_code: str | None = attrs.field(
        default=None, metadata=param(text(min_length=6, max_length=6))
    )
    email: str | None = attrs.field(default=None, metadata=param(text()))
    phone_number: str | None = attrs.field(default=None, metadata=param(text()))
    otp_verified: str | None = attrs.field(default=None, metadata=param(one_of("email", "sms")))
    reference_id: str | None = attrs.field(default=None, metadata=param(text(max_length=50)))
    merchant_participant_code: str | None = attrs.field(
        default=None, metadata=param(text(max_length=50))
    )
    permissions: tuple[str, ...] = attrs.field(
        converter=to_texts, metadata=param(texts(min_items=1))
    )
    withdrawal_details: WithdrawalDetails | None = attrs.field(
        default=None, metadata=param(instance(WithdrawalDetails))
    )
    deposit_details: DepositDetails | None = attrs.field(
        default=None, metadata=param(instance(DepositDetails))
    )
    payment_details: PaymentDetails | None = attrs.field(
        default=None, metadata=param(instance(PaymentDetails))
    )
    client_device_info: ClientDeviceInfo | None = attrs.field(
        default=None, metadata=param(instance(ClientDeviceInfo))
    )
    custom_fees_and_spreads: CustomFeesAndSpreads | None = attrs.field(
        default=None, metadata=param(instance(CustomFeesAndSpreads))
    )

    def check(self) -> Iterator[FieldError]:
        """Check that somebody is named."""
        if self.participant_code is None and self.email is None:
            yield FieldError(field="participant_code", message="must be given, or email")

    @property
    def repeat(self) -> Repeat:
        """Not safe where a lost first answer may have opened a payment."""
        harmless = OPENS_NO_PAYMENT.issuperset(self.permissions)
        return Repeat.SAFE if harmless else Repeat.IF_NOT_PERFORMED

    @property
    def opens_payment(self) -> bool:
        """Whether a permission opens a payment or a fund session, or is unknown."""
        return not LEAVES_NOTHING_OPEN.issuperset(self.permissions)

    def decode(self, body: JSON, response: ResponseInfo) -> ClientAuthToken:
        """Read the token."""
        del response
        return read_response(
            _message_of(body),
            ClientAuthToken,
            path="$.message",
            participant_code=self.participant_code,
            email=self.email,
        )


def _token_text(token: ClientAuthToken | str) -> str:
    return token.token if isinstance(token, ClientAuthToken) else token


@attrs.frozen(kw_only=True)
class RevokeAuthTokenRequest(Call[None]):
    """Revoke a client access token: ``POST /revoke_auth_token``.

    Args:
        token: The token: a :class:`ClientAuthToken`, or the JWT's text.
        extra: Fields that zerohash added later.

    Raises:
        InvalidInputError: The token is no JWT with a ``jti`` claim.
    """

    operation: ClassVar[str] = "revoke_client_auth_token"
    path: ClassVar[str] = "/revoke_auth_token"
    reads_body: ClassVar[bool] = False

    token: str = attrs.field(repr=False, converter=_token_text, metadata=param(text()))

    def check(self) -> Iterator[FieldError]:
        """Check what zerohash asks of the token."""
        if not isinstance(unverified_claims(self.token).get("jti"), str):
            yield FieldError(field="token", message="must be a JWT with a jti claim")

    @property
    def tokens(self) -> tuple[str, ...]:
        """The token to revoke."""
        return (self.token,)

    @property
    def repeat(self) -> Repeat:
        """A token may be revoked twice."""
        return Repeat.SAFE

    def decode(self, body: JSON, response: ResponseInfo) -> None:
        """Read nothing: any success means that the token is revoked."""
        del body, response


@attrs.frozen(kw_only=True)
class ServerTime:
    """zerohash's clock.

    Attributes:
        time: The time, in UTC.
        extra: The answer's other fields.
    """

    time: datetime
    extra: Mapping[str, JSON] = attrs.field(factory=dict[str, JSON], repr=False)


@attrs.frozen(kw_only=True)
class TimeRequest(Call[ServerTime]):
    """Ask for zerohash's clock: ``GET /time``, without authentication."""

    method: ClassVar[str] = "GET"
    operation: ClassVar[str] = "get_time"
    path: ClassVar[str] = "/time"
    authenticated: ClassVar[bool] = False

    def decode(self, body: JSON, response: ResponseInfo) -> ServerTime:
        """Read either of the two documented shapes: bare seconds, or milliseconds in detail."""
        del response
        if isinstance(body, Mapping) and "message" in body:
            found, path, read = _message_of(body), "$.message.epoch", epoch_milliseconds
        elif isinstance(body, Mapping):
            found, path, read = body, "$.epoch", epoch_seconds
        else:
            raise Mismatch(f"expected an object, found {kind_of(body)}")
        rest = {name: value for name, value in found.items() if name != "epoch"}
        try:
            return ServerTime(time=read(found.get("epoch")), extra=rest)
        except Mismatch as mismatch:
            problem = mismatch.problem
        raise Mismatch(problem, path)
