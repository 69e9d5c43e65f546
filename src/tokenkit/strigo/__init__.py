"""Strigo: user tokens for the Academy SDK."""

from .calls import StrigoCalls
from .client import AsyncStrigoClient, StrigoClient
from .models import (
    Health,
    HealthRequest,
    SdkSetup,
    SdkToken,
    StrigoCall,
    UserToken,
    UserTokenRequest,
)
from .profile import PROFILE

__all__ = [
    "PROFILE",
    "AsyncStrigoClient",
    "Health",
    "HealthRequest",
    "SdkSetup",
    "SdkToken",
    "StrigoCall",
    "StrigoCalls",
    "StrigoClient",
    "UserToken",
    "UserTokenRequest",
]
