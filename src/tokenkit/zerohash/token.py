"""zerohash's client access token, and what a page needs from it."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

import attrs

from ..errors import FieldError
from ..extension import JSON, IssuedToken, response_field, text_value
from .jwt import claimed_time, unverified_claims
from .page import SdkSetup, WebViewMessage, WebViewPayload, app_for, asking, page_for

__all__ = ["ClientAuthToken"]


@attrs.frozen(kw_only=True)
class ClientAuthToken(IssuedToken):
    """A client access token: a JWT for zerohash's SDK modules.

    Its claims are not verified, because zerohash does not publish the key.

    Attributes:
        token: The JWT.
        participant_code: The participant in the request; ``None`` if it had only an e-mail.
        email: The e-mail in the request.
        environment: The environment that it came from, such as ``us-cert``; ``None`` for a host
            that is not one of zerohash's own.
        deposit_intent_id: The deposit intent; only with the permission ``fwc``.
        payment_id: The payment; only with ``crypto-withdrawals`` and ``crypto-payouts``. No other
            id matches later webhooks.
        extra: Fields of the response that this release does not know.
    """

    issuer: ClassVar[str] = "zerohash"

    deposit_intent_id: str | None = attrs.field(
        default=None, metadata=response_field(lenient=text_value)
    )
    payment_id: str | None = attrs.field(default=None, metadata=response_field(lenient=text_value))
    participant_code: str | None = attrs.field(
        default=None, metadata=response_field(remembered=True)
    )
    email: str | None = attrs.field(default=None, metadata=response_field(remembered=True))
    environment: str | None = attrs.field(default=None, metadata=response_field(remembered=True))

    @property
    def subject(self) -> str | None:
        """The participant code, or the e-mail before onboarding."""
        return self.participant_code or self.email

    @property
    def unverified_claims(self) -> Mapping[str, JSON]:
        """The JWT's claims, unverified; empty if it cannot be read."""
        return unverified_claims(self.token)

    @property
    def expires_at(self) -> datetime | None:
        """When the token expires, from the claim ``exp``: 5 minutes to 1 hour after minting."""
        return claimed_time(self.unverified_claims, "exp")

    @property
    def jti(self) -> str | None:
        """The JWT's id."""
        jti = self.unverified_claims.get("jti")
        return jti if isinstance(jti, str) else None

    @property
    def permissions(self) -> tuple[str, ...]:
        """The JWT's permissions."""
        permissions = self.unverified_claims.get("permissions")
        if not isinstance(permissions, list):
            return ()
        return tuple(item for item in permissions if isinstance(item, str))

    def to_sdk_setup(
        self,
        app: str | None = None,
        *,
        environment: str | None = None,
        apps_url: str | None = None,
    ) -> SdkSetup:
        """Return what a page passes to zerohash's browser SDK; it contains the token.

        Mint a token for each page load: how the page reports an expired one is not documented.

        Args:
            app: The module to open; see :class:`AppIdentifier`. Default: the one documented for
                the token's only permission.
            environment: As for the client. Default: the one that the token came from.
            apps_url: The URL of the SDK's apps. Default: the one documented for the environment;
                ``eu-cert`` has none.

        Raises:
            InvalidInputError: An argument is needed that cannot be inferred from the token.

        Source: zerohash's SDK documentation, "Web SDK".
        """
        identifier = app_for(self.permissions, app)
        page = page_for(self.environment, environment, apps_url)
        if isinstance(identifier, FieldError) or isinstance(page, FieldError):
            raise asking("to_sdk_setup()", identifier, page)
        url, env = page
        return {
            "zeroHashAppsURL": url,
            "env": env,
            "appIdentifier": identifier,
            "jwt": self.token,
        }

    def to_webview_message(self, app: str | None = None) -> WebViewMessage:
        """Return what an app posts to the SDK in a WebView; it contains the token.

        Wait for the message ``SDK_MOBILE_READY`` first.

        Args:
            app: As for :meth:`to_sdk_setup`.

        Raises:
            InvalidInputError: The module is not given and cannot be inferred from the token.

        Source: zerohash's SDK documentation, "Mobile".
        """
        identifier = app_for(self.permissions, app)
        if isinstance(identifier, FieldError):
            raise asking("to_webview_message()", identifier)
        payload: WebViewPayload = {"jwt": self.token, "appIdentifier": identifier}
        return {"type": "OPEN_MODAL", "payload": payload}
