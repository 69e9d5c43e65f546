"""The body of zerohash's ``POST /client_auth_token``: its fields, and the rules between them.

Fields, lengths, enumerations and pairings are documented. Where two revisions of the
documentation differ, the newer one holds: nothing is required within ``withdrawal_details`` and
``deposit_details``. Unknown fields pass through. What an experience needs in addition to
``participant_code`` is guidance in the documentation, not a schema, and is not enforced.
"""

from collections.abc import Iterator, Mapping

from ..json_text import JSON
from .checks import (
    amount,
    ip_address,
    list_of,
    matching,
    one_of,
    table,
    text,
)
from .permissions import misspelt, permissions

__all__ = ["DETAILS", "faults", "hint"]

_TEXT = text()
_WHOLE = matching("^[0-9]+$")


def _fee(value: JSON, where: str) -> list[str]:
    """Check a fee: a ``bps`` amount is an integer, a ``notional`` one may have decimals."""
    kind = value.get("type") if isinstance(value, Mapping) else None
    amount_check = _WHOLE if kind == "bps" else amount
    fields = {"type": one_of("bps", "notional"), "amount": amount_check, "name": _TEXT}
    return table(fields)(value, where)


_FEES = table({"spread_bps": _WHOLE, "fees": list_of(_fee)})

_WITHDRAWAL = table(
    {
        "quoted_asset": _TEXT,
        "withdrawal_request_amount": amount,
        "external_account_id": _TEXT,
        "account_label": _TEXT,
        "underlying_asset": _TEXT,
        "network": _TEXT,
    }
)
_DEPOSIT = table(
    {
        "account_label": _TEXT,
        "external_wallet_address": _TEXT,
        "deposit_amount": amount,
        "denominated_currency": one_of("USD"),
    }
)
_PAYMENT = table(
    {"purchase_amount": amount, "denominated_currency": _TEXT},
    required=("purchase_amount", "denominated_currency"),
)
_DEVICE = table(
    {"ip_address": ip_address, "location": matching("^[A-Z]{2}-[A-Z0-9]{1,3}$")},
    required=("ip_address", "location"),
)

DETAILS = {
    "withdrawal_details": _WITHDRAWAL,
    "deposit_details": _DEPOSIT,
    "payment_details": _PAYMENT,
    "client_device_info": _DEVICE,
    "custom_fees_and_spreads": table({"crypto_buy": _FEES, "crypto_sell": _FEES}),
}
"""The detail objects, which the token's ``payload`` repeats."""

_BODY = table(
    {
        "permissions": list_of(text(minimum=1), minimum=1),
        "participant_code": matching("^[A-Z0-9]{6}$"),
        "email": matching(r"^[^@\s]+@[^@\s]+$"),
        "phone_number": _TEXT,
        "otp_verified": one_of("email", "sms"),
        "reference_id": text(maximum=50),
        "merchant_participant_code": text(minimum=1, maximum=50),
        **DETAILS,
    },
    required=("permissions",),
)

_BELONGS_TO = {
    "external_wallet_address": "crypto-deposits",
    "deposit_amount": "fwc",
}
"""Deposit details that are documented for one permission only; refusing others is modelled."""


def faults(body: Mapping[str, JSON]) -> list[str]:
    """Return every problem with a mint's body."""
    return _BODY(body, "body") or list(_rule_faults(body))


def hint(body: Mapping[str, JSON]) -> str:
    """Return the likely mistake behind a refused body; empty if none is recognised."""
    if "permission" in body and "permissions" not in body:
        return "the field is called 'permissions'"
    return misspelt(body)


def _rule_faults(body: Mapping[str, JSON]) -> Iterator[str]:
    if "participant_code" not in body:
        if "email" not in body:
            yield "body must have participant_code or email"
        elif set(permissions(body)) != {"onboarding"}:
            yield "body/participant_code is required: email alone is for onboarding only"
    withdrawal = body.get("withdrawal_details")
    if isinstance(withdrawal, Mapping):
        present = {"underlying_asset", "network"} & withdrawal.keys()
        if len(present) == 1:
            missing = "network" if "underlying_asset" in present else "underlying_asset"
            yield f"body/withdrawal_details/{missing} is required"
    deposit = body.get("deposit_details")
    if isinstance(deposit, Mapping):
        for name, permission in _BELONGS_TO.items():
            if name in deposit and permission not in permissions(body):
                yield f"body/deposit_details/{name} is only for {permission}"
