"""The experiences of zerohash's SDK: a request model for each, with its fields.

    token = client.send(CryptoBuy(participant_code="CUST01"))

Each class requires the fields that its experience's variant of the schema requires, and accepts
those that the variant lists as optional.
"""

from .base import Experience
from .crypto import CryptoBuy, CryptoDeposits, CryptoPayouts, CryptoSell, CryptoWithdrawals, Payins
from .fiat import FiatAccountLink, FiatDeposits, FiatWithdrawals
from .funding import AccountFundingAccountLink, AccountFundingDeposits, AccountFundingWithdrawals
from .participants import OnboardingNew, OnboardingResumed, ParticipantProfile, UpdateParticipant

__all__ = [
    "AccountFundingAccountLink",
    "AccountFundingDeposits",
    "AccountFundingWithdrawals",
    "CryptoBuy",
    "CryptoDeposits",
    "CryptoPayouts",
    "CryptoSell",
    "CryptoWithdrawals",
    "Experience",
    "FiatAccountLink",
    "FiatDeposits",
    "FiatWithdrawals",
    "OnboardingNew",
    "OnboardingResumed",
    "ParticipantProfile",
    "Payins",
    "UpdateParticipant",
]
