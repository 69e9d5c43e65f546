"""The experiences of zerohash's SDK: a request for each, with what that experience takes.

    token = client.send(experiences.crypto_buy(participant_code="CUST01"))

Each function returns a :class:`~tokenkit.zerohash.ClientAuthTokenRequest` and asks for what the
schema variant of its experience requires; what the variant lists besides is optional. The variants
are documented, and none of them forbids other fields: ``attrs.evolve(request, …)`` adds one, or
further permissions for the same token.
"""

from .crypto import (
    crypto_buy,
    crypto_deposits,
    crypto_payouts,
    crypto_sell,
    crypto_withdrawals,
    payins,
)
from .fiat import fiat_account_link, fiat_deposits, fiat_withdrawals
from .funding import (
    account_funding_account_link,
    account_funding_deposits,
    account_funding_withdrawals,
)
from .participants import (
    onboarding_new,
    onboarding_resumed,
    participant_profile,
    update_participant,
)

__all__ = [
    "account_funding_account_link",
    "account_funding_deposits",
    "account_funding_withdrawals",
    "crypto_buy",
    "crypto_deposits",
    "crypto_payouts",
    "crypto_sell",
    "crypto_withdrawals",
    "fiat_account_link",
    "fiat_deposits",
    "fiat_withdrawals",
    "onboarding_new",
    "onboarding_resumed",
    "participant_profile",
    "payins",
    "update_participant",
]
