"""zerohash's requests and responses, as its API documentation describes them."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from enum import Enum
from typing import ClassVar

import attrs

from ..errors import FieldError, MismatchedResponse
from ..extension import (
    JSON,
    Call,
    Mismatch,
    Repeat,
    ResponseInfo,
    edits,
    epoch_milliseconds,
    epoch_seconds,
    extra_fields,
    instance,
    kind_of,
    one_of,
    param,
    read_response,
    text,
    texts,
    to_texts,
    warn_caller,
)
from .details import (
    ClientDeviceInfo,
    CustomFeesAndSpreads,
    DepositDetails,
    PaymentDetails,
    WithdrawalDetails,
)
from .envelope import message_of
from .errors import ENVIRONMENT_OF, UnknownPermissionWarning
from .jwt import claims_another, unverified_claims
from .token import ClientAuthToken

__all__ = [
    "ClientAuthToken",
    "ClientAuthTokenRequest",
    "Permission",
    "RevokeAuthTokenRequest",
    "ServerTime",
    "TimeRequest",
]


class Permission(str, Enum):
    """The SDK experiences that zerohash documents; any other string is sent unchanged."""

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


PAYMENT_ADVICE = "a payment may have been opened: to find out, call "
SESSION_ADVICE = (
    "a fund session may have been started, which moves no money: mint again, or look for it with "
    "find_minted(request, since=...)"
)
FIND_IT = "find_minted(request, since=...), or wait for the webhook with the mint's reference_id"
LIST_THEM = (
    "iter_payments() for the participant's payments since just before the call; with a "
    "reference_id from new_reference_id() for each mint, find_minted() finds it"
)
ASK = "; if it is not listed, ask zerohash, which does not say where payments with {} are listed"
# Their payments are listed by GET /payments.
LISTED = frozenset({"crypto-withdrawals", "crypto-payouts"})
OPENS_PAYMENT = LISTED | {"crypto-pay"}
OPENS_NO_PAYMENT = frozenset(permission.value for permission in Permission) - OPENS_PAYMENT
# A fund session belongs to one page view: each mint has its own deposit_intent_id.
REUSABLE = OPENS_NO_PAYMENT - {"fwc"}
PERMISSIONS = OPENS_PAYMENT | OPENS_NO_PAYMENT
# A new permission differs from today's by more than a typo does.
MOST_EDITS = 2


def _warn_of_misspelt(permissions: Iterable[str]) -> None:
    for permission in sorted(frozenset(permissions) - PERMISSIONS):
        nearest = min(sorted(PERMISSIONS), key=lambda known: edits(permission.lower(), known))
        if edits(permission.lower(), nearest) <= MOST_EDITS:
            warn_caller(
                f"permission {permission!a:.50} is sent unchanged, but zerohash documents no "
                f"such permission; did you mean {nearest!r}?",
                UnknownPermissionWarning,
            )


def unlisted_in(permissions: Iterable[str]) -> tuple[str, ...]:
    """Return the permissions that may open a payment that is listed in an undocumented place."""
    return tuple(sorted({*permissions} - OPENS_NO_PAYMENT - LISTED))


def quoted(permissions: Iterable[str]) -> str:
    """Write permissions for a text."""
    return ", ".join(f"{one!a:.50}" for one in permissions)


CODE = param(text(min_length=6, max_length=6))
CONTACT = param(text())
CHANNEL = param(one_of("email", "sms"))
REFERENCE = param(text(max_length=50))
WITHDRAWAL = param(instance(WithdrawalDetails))
DEPOSIT = param(instance(DepositDetails))
PAYMENT = param(instance(PaymentDetails))
DEVICE = param(instance(ClientDeviceInfo))
FEES = param(instance(CustomFeesAndSpreads))


@attrs.frozen(kw_only=True)
class ClientAuthTokenCall(Call[ClientAuthToken]):
    """The base of all requests for a client access token: ``POST /client_auth_token``."""

    operation: ClassVar[str] = "create_client_auth_token"
    path: ClassVar[str] = "/client_auth_token"
    reusable: ClassVar[bool] = True

    def asked_permissions(self) -> tuple[str, ...]:
        """Return the permissions for the token."""
        raise NotImplementedError

    @property
    def repeat(self) -> Repeat:
        """Safe, unless the first request may have opened a payment."""
        harmless = OPENS_NO_PAYMENT.issuperset(self.asked_permissions())
        return Repeat.SAFE if harmless else Repeat.IF_NOT_PERFORMED

    @property
    def opens_payment(self) -> bool:
        """Whether a permission opens a payment or a fund session, or is unknown."""
        return not REUSABLE.issuperset(self.asked_permissions())

    @property
    def reuse_problem(self) -> str | None:
        """A payment or a fund session belongs to one page view, never to two."""
        problems = [name for name in self.asked_permissions() if name not in REUSABLE]
        if not problems:
            return None
        opens = "may open" if problems[0] not in {*OPENS_PAYMENT, "fwc"} else "opens"
        what = "a fund session" if problems[0] == "fwc" else "a payment"
        return (
            f"the permission {problems[0]!r:.60} {opens} {what}, and such a token serves one page "
            "view; mint it with create_client_auth_token()"
        )

    @property
    def advice_if_unknown(self) -> str | None:
        """How to find out whether a payment was opened, or a fund session started."""
        has_reference = bool(getattr(self, "reference_id", None))
        if self.repeat is Repeat.SAFE:
            is_session = has_reference and Permission.FWC.value in self.asked_permissions()
            return SESSION_ADVICE if is_session else None
        how = FIND_IT if has_reference else LIST_THEM
        unlisted = unlisted_in(self.asked_permissions())
        return PAYMENT_ADVICE + how + (ASK.format(quoted(unlisted)) if unlisted else "")

    def decode(self, body: JSON, response: ResponseInfo) -> ClientAuthToken:
        """Read the token.

        Raises:
            MismatchedResponse: The token belongs to another participant.
        """
        participant_code: str | None = getattr(self, "participant_code", None)
        token = read_response(
            message_of(body),
            ClientAuthToken,
            path="$.message",
            participant_code=participant_code,
            email=getattr(self, "email", None),
            environment=ENVIRONMENT_OF.get(response.origin),
        )
        if participant_code is not None and claims_another(
            token.token, "participant_code", participant_code
        ):
            raise MismatchedResponse(
                "the token belongs to another participant, so it is not returned"
            )
        return token


@attrs.frozen(kw_only=True)
class ClientAuthTokenRequest(ClientAuthTokenCall):
    """Mint a client access token: ``POST /client_auth_token``.

    Args:
        permissions: One or more SDK experiences; see :class:`Permission`. Others are sent
            unchanged.
        participant_code: The participant, 6 characters. This or ``email``.
        email: The e-mail of someone who is not onboarded yet. This or ``participant_code``.
        phone_number: The phone number of someone who is not onboarded yet, such as
            ``+15551234567``.
        otp_verified: The channel that was verified by OTP: ``email`` or ``sms``.
        reference_id: Your id for matching later events, at most 50 characters. It does not
            make the request idempotent. Give each mint its own, from ``new_reference_id()``,
            so that ``find_minted()`` can find what a lost mint started.
        merchant_participant_code: The merchant, 1 to 50 characters. Default: the platform.
        withdrawal_details: For crypto withdrawals and payouts.
        deposit_details: For deposits.
        payment_details: For crypto payments.
        client_device_info: Where the SDK will run.
        custom_fees_and_spreads: For crypto trades.
        extra: Fields that zerohash added later.

    Raises:
        InvalidInputError: A field is invalid.
    """

    permissions: tuple[str, ...] = attrs.field(
        converter=to_texts, metadata=param(texts(min_items=1))
    )
    participant_code: str | None = attrs.field(default=None, metadata=CODE)
    email: str | None = attrs.field(default=None, metadata=CONTACT)
    phone_number: str | None = attrs.field(default=None, metadata=CONTACT)
    otp_verified: str | None = attrs.field(default=None, metadata=CHANNEL)
    reference_id: str | None = attrs.field(default=None, metadata=REFERENCE)
    merchant_participant_code: str | None = attrs.field(default=None, metadata=REFERENCE)
    withdrawal_details: WithdrawalDetails | None = attrs.field(default=None, metadata=WITHDRAWAL)
    deposit_details: DepositDetails | None = attrs.field(default=None, metadata=DEPOSIT)
    payment_details: PaymentDetails | None = attrs.field(default=None, metadata=PAYMENT)
    client_device_info: ClientDeviceInfo | None = attrs.field(default=None, metadata=DEVICE)
    custom_fees_and_spreads: CustomFeesAndSpreads | None = attrs.field(default=None, metadata=FEES)
    extra: Mapping[str, JSON] = extra_fields()

    def check(self) -> Iterator[FieldError]:
        """Check that a participant or an e-mail is given."""
        if self.participant_code is None and self.email is None:
            yield FieldError(field="participant_code", message="is missing; pass it or email")
        _warn_of_misspelt(self.permissions)

    def asked_permissions(self) -> tuple[str, ...]:
        """Return the permissions."""
        return self.permissions


def _token_text(token: ClientAuthToken | str) -> str:
    return token.token if isinstance(token, ClientAuthToken) else token


@attrs.frozen(kw_only=True)
class RevokeAuthTokenRequest(Call[None]):
    """Revoke a client access token: ``POST /revoke_auth_token``.

    Args:
        token: The token: a :class:`ClientAuthToken`, or the JWT as a string.
        extra: Fields that zerohash added later.

    Raises:
        InvalidInputError: The token is not a JWT with a ``jti`` claim.
    """

    operation: ClassVar[str] = "revoke_client_auth_token"
    path: ClassVar[str] = "/revoke_auth_token"
    reads_body: ClassVar[bool] = False

    token: str = attrs.field(repr=False, converter=_token_text, metadata=param(text()))
    extra: Mapping[str, JSON] = extra_fields()

    def check(self) -> Iterator[FieldError]:
        """Check that the token is a JWT with a ``jti`` claim."""
        if not isinstance(unverified_claims(self.token).get("jti"), str):
            yield FieldError(field="token", message="must be a JWT with a jti claim")

    @property
    def tokens(self) -> tuple[str, ...]:
        """The token to revoke."""
        return (self.token,)

    @property
    def ends_tokens(self) -> tuple[str, ...]:
        """The token to revoke."""
        return (self.token,)

    @property
    def repeat(self) -> Repeat:
        """Safe: a token may be revoked twice."""
        return Repeat.SAFE

    def decode(self, body: JSON, response: ResponseInfo) -> None:
        """Return ``None``: any success means that the token is revoked."""
        del body, response


@attrs.frozen(kw_only=True)
class ServerTime:
    """zerohash's time.

    Attributes:
        time: The time, in UTC.
        extra: The response's other fields.
    """

    time: datetime
    extra: Mapping[str, JSON] = attrs.field(factory=dict[str, JSON], repr=False)


@attrs.frozen(kw_only=True)
class TimeRequest(Call[ServerTime]):
    """Get zerohash's time: ``GET /time``, without authentication."""

    method: ClassVar[str] = "GET"
    operation: ClassVar[str] = "get_time"
    path: ClassVar[str] = "/time"
    authenticated: ClassVar[bool] = False

    def decode(self, body: JSON, response: ResponseInfo) -> ServerTime:
        """Read either of the two documented shapes: bare seconds, or milliseconds in detail."""
        del response
        if isinstance(body, Mapping) and "message" in body:
            found, path, read = message_of(body), "$.message.epoch", epoch_milliseconds
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
