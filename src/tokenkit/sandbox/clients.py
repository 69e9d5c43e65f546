"""Ready-made clients for a running sandbox.

Each vendor is imported when its client is requested: a copy of the package may lack some.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..extension import AsyncClientOptions, ClientOptions
    from ..strigo.client import AsyncStrigoClient, StrigoClient
    from ..zdk.client import AsyncZdkClient, ZdkClient
    from ..zerohash.client import AsyncZeroHashClient, ZeroHashClient

__all__ = ["ClientFactory"]


class ClientFactory:
    """Makes clients with the sandbox's credentials and address."""

    @property
    def environment(self) -> dict[str, str]:
        """The credentials and base URLs, by the names of the environment variables for them."""
        raise NotImplementedError

    def zdk_client(self, **options: "Unpack[ClientOptions]") -> "ZdkClient":
        """Return a new ZDK client; the caller closes it."""
        from ..zdk.client import ZdkClient  # noqa: PLC0415 - see the module

        return ZdkClient.from_env(environ=self.environment, **options)

    def async_zdk_client(self, **options: "Unpack[AsyncClientOptions]") -> "AsyncZdkClient":
        """Return a new async ZDK client; the caller closes it."""
        from ..zdk.client import AsyncZdkClient  # noqa: PLC0415 - see the module

        return AsyncZdkClient.from_env(environ=self.environment, **options)

    def zerohash_client(self, **options: "Unpack[ClientOptions]") -> "ZeroHashClient":
        """Return a new zerohash client; the caller closes it."""
        from ..zerohash.client import ZeroHashClient  # noqa: PLC0415 - see the module

        return ZeroHashClient.from_env(environ=self.environment, **options)

    def async_zerohash_client(
        self, **options: "Unpack[AsyncClientOptions]"
    ) -> "AsyncZeroHashClient":
        """Return a new async zerohash client; the caller closes it."""
        from ..zerohash.client import AsyncZeroHashClient  # noqa: PLC0415 - see the module

        return AsyncZeroHashClient.from_env(environ=self.environment, **options)

    def strigo_client(self, **options: "Unpack[ClientOptions]") -> "StrigoClient":
        """Return a new Strigo client; the caller closes it."""
        from ..strigo.client import StrigoClient  # noqa: PLC0415 - see the module

        return StrigoClient.from_env(environ=self.environment, **options)

    def async_strigo_client(self, **options: "Unpack[AsyncClientOptions]") -> "AsyncStrigoClient":
        """Return a new async Strigo client; the caller closes it."""
        from ..strigo.client import AsyncStrigoClient  # noqa: PLC0415 - see the module

        return AsyncStrigoClient.from_env(environ=self.environment, **options)
