"""Mint, revoke and reuse the short-lived user tokens of ZDK, zerohash and Strigo.

    from tokenkit import StrigoClient

    with StrigoClient(org_id="...", api_key="...") as strigo:
        token = strigo.create_user_token(email="user1@example.com")

Names are loaded when they are first used, so a vendor that you don't use costs nothing.
"""

from importlib import import_module

# Type checkers know the name; importing typing for it would take most of this module's time. Jedi
# believes a bare False.
TYPE_CHECKING: bool = False

if TYPE_CHECKING:
    # One name per line, here and below: a copy of the package can drop the lines of a vendor.
    from . import (
        auth,
        bulk,
        errors,
        extension,
        stores,
        strigo,
        zdk,
        zerohash,
    )
    from ._model.call import Call, Reply
    from ._observability.hooks import Hooks
    from ._policy.retry import RetryBudget, RetryPolicy
    from ._policy.timeouts import Timeouts
    from ._reuse.cache import TokenCache
    from ._secret import AsyncSecretGroup, Secret, SecretGroup
    from .errors import (
        APIError,
        AuthenticationError,
        BadRequestError,
        ClientClosedError,
        ConfigurationError,
        ConflictError,
        ConnectError,
        ConnectionLostError,
        DeadlineExceeded,
        DecodeError,
        InterruptedMintError,
        InvalidInputError,
        MismatchedResponse,
        NotFoundError,
        PermissionDeniedError,
        ProtocolError,
        RateLimitError,
        RequestTimeoutError,
        ResponseTooLarge,
        ServerError,
        StoreError,
        TokenKitError,
        TokenKitWarning,
        TransportError,
        UnexpectedRedirect,
        UnprocessableError,
    )
    from .strigo.client import AsyncStrigoClient, StrigoClient
    from .zdk.client import AsyncZdkClient, ZdkClient
    from .zerohash.client import AsyncZeroHashClient, ZeroHashClient

__version__ = "0.1.0"

__all__ = [
    "APIError",
    "AsyncSecretGroup",
    "AsyncStrigoClient",
    "AsyncZdkClient",
    "AsyncZeroHashClient",
    "AuthenticationError",
    "BadRequestError",
    "Call",
    "ClientClosedError",
    "ConfigurationError",
    "ConflictError",
    "ConnectError",
    "ConnectionLostError",
    "DeadlineExceeded",
    "DecodeError",
    "Hooks",
    "InterruptedMintError",
    "InvalidInputError",
    "MismatchedResponse",
    "NotFoundError",
    "PermissionDeniedError",
    "ProtocolError",
    "RateLimitError",
    "Reply",
    "RequestTimeoutError",
    "ResponseTooLarge",
    "RetryBudget",
    "RetryPolicy",
    "Secret",
    "SecretGroup",
    "ServerError",
    "StoreError",
    "StrigoClient",
    "Timeouts",
    "TokenCache",
    "TokenKitError",
    "TokenKitWarning",
    "TransportError",
    "UnexpectedRedirect",
    "UnprocessableError",
    "ZdkClient",
    "ZeroHashClient",
    "auth",
    "bulk",
    "errors",
    "extension",
    "stores",
    "strigo",
    "zdk",
    "zerohash",
]

_MODULES = frozenset(
    {
        "auth",
        "bulk",
        "errors",
        "extension",
        "sandbox",
        "stores",
        "strigo",
        "zdk",
        "zerohash",
    }
)
_HOMES = {
    "AsyncSecretGroup": "_secret",
    "AsyncStrigoClient": "strigo.client",
    "AsyncZdkClient": "zdk.client",
    "AsyncZeroHashClient": "zerohash.client",
    "Call": "_model.call",
    "Hooks": "_observability.hooks",
    "Reply": "_model.call",
    "RetryBudget": "_policy.retry",
    "RetryPolicy": "_policy.retry",
    "Secret": "_secret",
    "SecretGroup": "_secret",
    "StrigoClient": "strigo.client",
    "Timeouts": "_policy.timeouts",
    "TokenCache": "_reuse.cache",
    "ZdkClient": "zdk.client",
    "ZeroHashClient": "zerohash.client",
}

if not TYPE_CHECKING:
    # Hidden from type checkers, which would otherwise accept any name.
    def __getattr__(name: str) -> object:
        if name in _MODULES:
            return import_module(f".{name}", __name__)
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        home = import_module(f".{_HOMES.get(name, 'errors')}", __name__)
        value: object = getattr(home, name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return __all__
