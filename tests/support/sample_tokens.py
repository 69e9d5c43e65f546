"""One token of each vendor."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from tokenkit import strigo, zdk, zerohash

if TYPE_CHECKING:
    from tokenkit.extension import IssuedToken

JWT = "e30.eyJleHAiOiAyMDAwMDAwMDAwLCAianRpIjogImoifQ.c2ln"

TOKENS: tuple[IssuedToken, ...] = (
    strigo.UserToken(
        token="strigo-token-text",
        user_id="X7",
        expiration=datetime(2030, 1, 2, 3, 4, 5, 678000, tzinfo=timezone.utc),
        email="é@example.com",
        extra={"new": [1, None, {"deep": True}]},
    ),
    zdk.UserToken(token="zdk-token-text", user_id="u"),
    zerohash.ClientAuthToken(token=JWT, participant_code="CUST01", payment_id="p"),
)
