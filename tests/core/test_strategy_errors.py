"""What a caller's own strategy raises: the error that a call makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import pytest
from all_clients import ZDK_MINT, ZEROHASH_MINT
from core_driver import Driver, untyped, zdk_plan, zerohash_plan
from credentials import ZDK_API_KEY

from tokenkit._observability.records import CallFailed
from tokenkit._secret import Secret
from tokenkit.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tokenkit._model.messages import Request


class Raising:
    """A strategy that raises what a test says."""

    uses_time = False
    secrets = (Secret(ZDK_API_KEY),)

    def __init__(self, raised: Exception) -> None:
        self.raised = raised

    def headers(
        self, request: Request, secrets: Sequence[Secret], now: float
    ) -> Mapping[str, str]:
        """Raise it."""
        del request, secrets, now
        raise self.raised


def error_of(raised: Exception) -> ConfigurationError:
    """Return the error of a call whose strategy raises."""
    error = Driver().error(ZDK_MINT, zdk_plan(strategy=Raising(raised)))
    assert isinstance(error, ConfigurationError)
    return error


def test_each_call_has_its_own_error() -> None:
    """A strategy may raise the same object for two clients: each error names its own."""
    raised = ConfigurationError("the tenant has no key")
    strategy = Raising(raised)
    first = Driver().error(ZDK_MINT, attrs.evolve(zdk_plan(strategy=strategy), client="ZdkClient"))
    other = attrs.evolve(zerohash_plan(), strategy=strategy, client="ZeroHashClient")
    second = Driver().error(ZEROHASH_MINT, other)
    assert str(first) == "ZdkClient: the tenant has no key"
    assert (first.vendor, first.operation) == ("zdk", "create_user_token")
    assert str(second) == "ZeroHashClient: the tenant has no key"
    assert (second.vendor, second.operation) == ("zerohash", "create_client_auth_token")
    assert (str(raised), raised.vendor, raised.operation) == ("the tenant has no key", None, None)
    assert raised.__traceback__ is None


def test_a_strategys_problems_show_no_secret() -> None:
    """The call's secrets are redacted in the text, the problems and the record of the failure."""
    driver = Driver()
    raised = ConfigurationError("Mine", [f"{ZDK_API_KEY} is of another tenant", "it is too old"])
    raised.__notes__ = [ZDK_API_KEY]  # type: ignore[attr-defined]  # as add_note() does in 3.11
    error = driver.error(ZDK_MINT, zdk_plan(strategy=Raising(raised)))
    assert isinstance(error, ConfigurationError)
    assert error.problems == ("[redacted] is of another tenant", "it is too old")
    (record,) = driver.records
    assert isinstance(record, CallFailed)
    assert ZDK_API_KEY not in f"{error}{vars(error)}{record}"


class OwnError(ConfigurationError):
    """A caller's own error, which holds other problems than strings."""

    def __init__(self, problems: object) -> None:
        Exception.__init__(self)
        if problems is not None:
            self.problems = untyped(problems)


@pytest.mark.parametrize(
    ("problems", "shown"),
    [
        (None, "Client: Raising.headers() raised OwnError"),
        (5, "Client: Raising.headers() raised OwnError"),
        ((ValueError(ZDK_API_KEY),), "Client: Raising.headers() raised OwnError"),
        ((ValueError(ZDK_API_KEY), "no key"), "Client: no key"),
    ],
)
def test_problems_that_are_no_strings(problems: object, shown: str) -> None:
    """An error of a caller's own class leads to a plain one, whatever its problems are."""
    error = error_of(OwnError(problems))
    assert type(error) is ConfigurationError
    assert str(error) == shown


def test_the_cause_of_a_strategys_own_error() -> None:
    """A strategy's own cause stays, without its frames; one that shows a secret is dropped."""

    def caused_by(cause: Exception) -> ConfigurationError:
        raised = ConfigurationError("no key")
        try:
            raise cause
        except type(cause) as error:
            raised.__cause__ = error
        return raised

    cause = OSError("the vault is closed")
    for _ in range(2):  # the strategy's error keeps it
        assert error_of(caused_by(cause)).__cause__ is cause
        assert cause.__traceback__ is None
    group: Any = OSError("two vaults are closed")
    group.exceptions = [OSError("the first"), KeyError(ZDK_API_KEY)]  # as an ExceptionGroup's
    for one in (KeyError(ZDK_API_KEY), group):
        assert error_of(caused_by(one)).__cause__ is None
    assert error_of(ConfigurationError("no key")).__cause__ is None
    # Of another exception, the text isn't part of ours.
    assert error_of(cause).__cause__ is cause
