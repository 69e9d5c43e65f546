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
    ManualApprovalError,
    MissingRequirementsError,
    UnknownPermissionWarning,
)
from .models import (
    ClientAuthToken,
    ClientAuthTokenRequest,
    Permission,
    RevokeAuthTokenRequest,
    ServerTime,
    TimeRequest,
)
from .profile import ENVIRONMENTS, HMAC_SCHEME, PROFILE

__all__ = [
    "ENVIRONMENTS",
    "HMAC_SCHEME",
    "PROFILE",
    "ApprovalState",
    "AsyncZeroHashClient",
    "ClientAuthToken",
    "ClientAuthTokenRequest",
    "ClientDeviceInfo",
    "CustomFeesAndSpreads",
    "DepositDetails",
    "Fee",
    "FeesAndSpread",
    "ManualApprovalError",
    "MissingRequirementsError",
    "PaymentDetails",
    "Permission",
    "RevokeAuthTokenRequest",
    "ServerTime",
    "TimeRequest",
    "UnknownPermissionWarning",
    "WithdrawalDetails",
    "ZeroHashCalls",
    "ZeroHashClient",
    "experiences",
]

if TYPE_CHECKING:
    from . import experiences


def __getattr__(name: str) -> object:
    # Who writes requests by hand need not load them.
    if name == "experiences":
        return import_module(".experiences", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
