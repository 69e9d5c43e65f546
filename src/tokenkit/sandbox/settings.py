"""The sandbox's fixed credentials, and the switches for what the vendors leave open.

The credentials are the same in every sandbox and deliberately look fake: they work nowhere else.
"""

import base64
import hmac
from typing import Literal

import attrs

from .clock import Clock
from .hosts import host_of, is_loopback

__all__ = ["CREDENTIALS", "STRIGO_BASE_PATH", "WEBHOOK_SECRET", "Switches", "same_secret"]

STRIGO_BASE_PATH = "/api/v1"
"""The path of Strigo's base URL, as in the documented ``https://app.strigo.io/api/v1``."""


@attrs.frozen(kw_only=True)
class Credentials:
    """The credentials that each issuer accepts."""

    zdk_api_key: str = "sandbox-zdk-api-key"
    zerohash_api_key: str = "sandbox-zerohash-api-key"
    zerohash_private_key: str = base64.b64encode(b"sandbox-zerohash-private-key-32b").decode()
    """Base64 of 32 bytes, as in every documented sample."""
    zerohash_passphrase: str = "sandbox-zerohash-" + "passphrase"
    strigo_org_id: str = "sandbox-strigo-org-id"
    strigo_api_key: str = "sandbox-strigo-api-key"

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values to treat as secret, though they are fake."""
        return (
            self.zdk_api_key,
            self.zerohash_private_key,
            self.zerohash_passphrase,
            self.strigo_api_key,
            WEBHOOK_SECRET,
        )

    def environment(self, url: str) -> dict[str, str]:
        """Return the credentials and the base URLs below ``url`` as environment variables."""
        variables = {
            "ZDK_API_KEY": self.zdk_api_key,
            "ZDK_BASE_URL": url,
            "ZEROHASH_API_KEY": self.zerohash_api_key,
            "ZEROHASH_PRIVATE_KEY": self.zerohash_private_key,
            "ZEROHASH_PASSPHRASE": self.zerohash_passphrase,
            "ZEROHASH_BASE_URL": url,
            "STRIGO_ORG_ID": self.strigo_org_id,
            "STRIGO_API_KEY": self.strigo_api_key,
            "STRIGO_BASE_URL": url + STRIGO_BASE_PATH,
        }
        if url.startswith("http:") and not is_loopback(host_of(url)):
            # With it, clients accept plain http for names within a private network.
            variables["TOKENKIT_ALLOW_INSECURE_HTTP"] = "1"
        return variables


WEBHOOK_SECRET = "sandbox-zerohash-webhook-secret"  # noqa: S105 - fake, like all of these
"""Key of the HMAC signatures of zerohash's webhooks, unless a run has another."""

CREDENTIALS = Credentials()
"""The credentials of every sandbox."""


@attrs.frozen(kw_only=True)
class Switches:
    """Switches for behaviour that the vendors' documentation leaves open."""

    clock: Clock
    """Wall time in seconds since the epoch; everything that depends on time uses it."""
    zerohash_auth_failure_status: Literal[401, 403] = 401
    """Status for bad zerohash credentials; the vendor's sources disagree."""
    zerohash_time_shape: Literal["epoch", "message"] = "epoch"
    """Body of ``GET /time``: ``{"epoch": seconds}``, or a ``message`` object with milliseconds."""
    strigo_rate_limit: int | None = None
    """Strigo requests allowed in a window; None for no limit."""
    strigo_rate_window: int = 60
    """Seconds of Strigo's window; a minute is documented."""
    strigo_success_status: Literal[200, 201] = 200
    """Status of a Strigo mint; the vendor's sources vary."""
    zerohash_rate_limit: int | None = None
    """zerohash requests allowed per address in a rolling window; None for no limit."""
    zerohash_rate_window: float = 10.0
    """Seconds of that window, and of the block after it; 10 are documented."""
    zerohash_unknown_permissions: bool = False
    """Whether undocumented permissions are accepted; that they are refused is modelled."""
    zerohash_lists_open_fund_sessions: bool = False
    """Whether ``GET /fund/transactions`` shows sessions that have not ended."""


def same_secret(given: str, expected: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(given.encode(), expected.encode())
