"""Webhooks from zerohash: verified, and read into typed events.

    event = zerohash.webhooks.verify(request.body, request.headers, secrets=[secret])

zerohash documents the header names, the event types and the HMAC's formula. Only
*observed* in working integrations: the key is the secret's text, undecoded; a timestamp may be
5 minutes off; RSA's hash and padding.
"""

from .arguments import Scheme, WallClock
from .events import (
    AchPaymentStatusChanged,
    DepositFundComplete,
    Event,
    ExternalAccountStatusChanged,
    ParticipantStatusChanged,
    ParticipantUpdated,
    PaymentStatusChanged,
)
from .seen import Seen, SeenStore, forget
from .signatures import Padding
from .verification import verify

__all__ = [
    "AchPaymentStatusChanged",
    "DepositFundComplete",
    "Event",
    "ExternalAccountStatusChanged",
    "Padding",
    "ParticipantStatusChanged",
    "ParticipantUpdated",
    "PaymentStatusChanged",
    "Scheme",
    "Seen",
    "SeenStore",
    "WallClock",
    "forget",
    "verify",
]
