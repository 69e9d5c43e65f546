"""How permissions that this release does not know are treated."""

import warnings

import pytest

from tokenkit import TokenKitWarning, zerohash


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("fcw", "fwc"),
        ("FWC", "fwc"),
        ("crypto-payout", "crypto-payouts"),
        ("fiat_deposits", "fiat-deposits"),
    ],
)
def test_a_misspelt_permission_warns(given: str, meant: str) -> None:
    """A misspelling is sent unchanged, with a warning at the caller's line and the right name."""
    with pytest.warns(zerohash.UnknownPermissionWarning, match=f"did you mean '{meant}'") as told:
        call = zerohash.ClientAuthTokenRequest(participant_code="CUST01", permissions=[given])
    assert call.permissions == (given,)
    assert [warning.filename for warning in told] == [__file__]
    assert issubclass(told[0].category, TokenKitWarning)


@pytest.mark.parametrize("given", ["crypto-lending", "stocks", "é" * 1000, "x" * 60_000])
def test_a_new_permission_does_not_warn(given: str) -> None:
    """A permission that looks like no known one is new, and is sent without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        call = zerohash.ClientAuthTokenRequest(
            participant_code="CUST01", permissions=[given, "fwc"]
        )
    assert call.permissions == (given, "fwc")
