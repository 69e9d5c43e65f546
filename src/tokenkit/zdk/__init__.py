"""ZDK (ZuCasa Development Kit): user tokens."""

from .calls import ZdkCalls
from .client import AsyncZdkClient, ZdkClient
from .models import (
    ALL_PERMISSIONS,
    CHAT_PERMISSION,
    UserToken,
    UserTokenRequest,
    UserTokensRequest,
)
from .profile import PROFILE

__all__ = [
    "ALL_PERMISSIONS",
    "CHAT_PERMISSION",
    "PROFILE",
    "AsyncZdkClient",
    "UserToken",
    "UserTokenRequest",
    "UserTokensRequest",
    "ZdkCalls",
    "ZdkClient",
]
