"""ZDK (ZuCasa Development Kit): user, room, chat and event tokens."""

from .calls import ZdkCalls
from .chats import ChatToken, ChatTokenRequest, ChatTokensRequest
from .client import AsyncZdkClient, ZdkClient
from .events import EventToken, EventTokenRequest, EventTokensRequest
from .models import (
    ALL_PERMISSIONS,
    CHAT_PERMISSION,
    SdkSetup,
    UserToken,
    UserTokenRequest,
    UserTokensRequest,
)
from .profile import PROFILE
from .rooms import RoomToken, RoomTokenRequest, RoomTokensRequest

__all__ = [
    "ALL_PERMISSIONS",
    "CHAT_PERMISSION",
    "PROFILE",
    "AsyncZdkClient",
    "ChatToken",
    "ChatTokenRequest",
    "ChatTokensRequest",
    "EventToken",
    "EventTokenRequest",
    "EventTokensRequest",
    "RoomToken",
    "RoomTokenRequest",
    "RoomTokensRequest",
    "SdkSetup",
    "UserToken",
    "UserTokenRequest",
    "UserTokensRequest",
    "ZdkCalls",
    "ZdkClient",
]
