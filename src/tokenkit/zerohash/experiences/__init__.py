"""The experiences of zerohash's SDK: a request for each, with the fields that it takes.

    token = client.send(CryptoBuy(participant_code="CUST01"))

Each class requires what the schema's variant for its experience requires, and takes what the
variant lists as optional.
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
