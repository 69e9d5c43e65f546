"""zerohash: client access tokens for its SDK modules."""

from importlib import import_module
from typing import TYPE_CHECKING

from .calls import ZeroHashCalls
from .client import AsyncZeroHashClient, ZeroHashClient
from .details import (
    ClientDeviceInfo,
    CustomFeesAndSpreads,
    DepositDetails,
    Fee,
    FeesAndSpread,
    PaymentDetails,
    WithdrawalDetails,
)
from .errors import (
    ApprovalState,
    InconclusiveLookupError,
    ManualApprovalError,
    MissingRequirementsError,
    RepeatedWebhookError,
    UnknownPermissionWarning,
    WebhookProblem,
    WebhookSettingsError,
    WebhookVerificationError,
)
from .fund_lookups import FundTransaction, FundTransactionPage, FundTransactionsRequest
from .lost_mints import new_reference_id
from .models import (
    ClientAuthToken,
    ClientAuthTokenRequest,
    Permission,
    RevokeAuthTokenRequest,
    ServerTime,
    TimeRequest,
)
from .page import AppIdentifier, SdkSetup, WebViewMessage, WebViewPayload
from .payment_lookups import (
    Payment,
    PaymentPage,
    PaymentRequest,
    PaymentsRequest,
    PaymentStatus,
    PaymentTransfer,
)
from .profile import ENVIRONMENTS, HMAC_SCHEME, PROFILE

__all__ = [
    "ENVIRONMENTS",
    "HMAC_SCHEME",
    "PROFILE",
    "AppIdentifier",
    "ApprovalState",
    "AsyncZeroHashClient",
    "ClientAuthToken",
    "ClientAuthTokenRequest",
    "ClientDeviceInfo",
    "CustomFeesAndSpreads",
    "DepositDetails",
    "Fee",
    "FeesAndSpread",
    "FundTransaction",
    "FundTransactionPage",
    "FundTransactionsRequest",
    "InconclusiveLookupError",
    "ManualApprovalError",
    "MissingRequirementsError",
    "Payment",
    "PaymentDetails",
    "PaymentPage",
    "PaymentRequest",
    "PaymentStatus",
    "PaymentTransfer",
    "PaymentsRequest",
    "Permission",
    "RepeatedWebhookError",
    "RevokeAuthTokenRequest",
    "SdkSetup",
    "ServerTime",
    "TimeRequest",
    "UnknownPermissionWarning",
    "WebViewMessage",
    "WebViewPayload",
    "WebhookProblem",
    "WebhookSettingsError",
    "WebhookVerificationError",
    "WithdrawalDetails",
    "ZeroHashCalls",
    "ZeroHashClient",
    "experiences",
    "new_reference_id",
    "webhooks",
]

if TYPE_CHECKING:
    from . import experiences, webhooks

if not TYPE_CHECKING:
    # Hidden from type checkers, which would otherwise accept any name.
    def __getattr__(name: str) -> object:
        # A program that mints without them doesn't load them.
        if name in ("experiences", "webhooks"):
            return import_module(f".{name}", __name__)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
