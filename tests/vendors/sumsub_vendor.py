"""A vendor as a user of the package would add it: Sumsub's tokens for its WebSDK.

Requests are signed with HMAC-SHA256 under a key given as text, in lower-case hex, over time,
method, path and body; a token's lifetime is relative, and an error names its request in the body.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import ClassVar

import attrs
from typing_extensions import Unpack

from tokenkit.auth import AsyncStrategy, HmacScheme, Strategy
from tokenkit.extension import (
    JSON,
    AsyncClient,
    AsyncClientOptions,
    AsyncSecretSource,
    Call,
    Client,
    ClientOptions,
    ErrorBody,
    Failure,
    IssuedToken,
    Profile,
    Repeat,
    ResponseInfo,
    SecretSource,
    extra_fields,
    integer,
    operation,
    param,
    read_response,
    response_field,
    text,
    visible_text,
)


@attrs.frozen(kw_only=True)
class SdkToken(IssuedToken):
    """An access token for Sumsub's WebSDK."""

    issuer: ClassVar[str] = "Sumsub"

    user_id: str = attrs.field(metadata=response_field(wire_name="userId"))
    ends: datetime | None = attrs.field(default=None, metadata=response_field(remembered=True))

    @property
    def subject(self) -> str | None:
        return self.user_id

    @property
    def expires_at(self) -> datetime | None:
        return self.ends


@attrs.frozen(kw_only=True)
class SdkTokenRequest(Call[SdkToken]):
    """Mint an access token.

    Args:
        user_id: The applicant's id in your system.
        level_name: The verification level.
        ttl_in_secs: The lifetime in seconds, at most a day. Default: 600.
        extra: Fields that Sumsub added later.
    """

    operation: ClassVar[str] = "create_sdk_token"
    path: ClassVar[str] = "/resources/accessTokens/sdk"

    user_id: str = attrs.field(metadata=param(text(), wire_name="userId"))
    level_name: str = attrs.field(metadata=param(text(), wire_name="levelName"))
    ttl_in_secs: int | None = attrs.field(
        default=None,
        metadata=param(integer(minimum=1, maximum=86_400), wire_name="ttlInSecs"),
    )
    extra: Mapping[str, JSON] = extra_fields()

    @property
    def repeat(self) -> Repeat:
        return Repeat.SAFE

    def decode(self, body: JSON, response: ResponseInfo) -> SdkToken:
        ends = response.received_at + timedelta(seconds=self.ttl_in_secs or 600)
        return read_response(body, SdkToken, ends=ends)


def read_failure(body: ErrorBody) -> Failure:
    if not isinstance(body.json, Mapping):
        return Failure(message=visible_text(body.text))
    description, request_id = (body.json.get(name) for name in ("description", "correlationId"))
    return Failure(
        message=description if isinstance(description, str) else None,
        request_id=request_id if isinstance(request_id, str) else None,
        hint="check the app token and the secret key" if body.status == 401 else None,
    )


SCHEME = HmacScheme(
    api_key_header="x-app-token",
    signature_header="x-app-access-sig",
    timestamp_header="x-app-access-ts",
    key_format="text",
    signature_format="hex",
    credential_names=("app_token", "secret_key"),
)


SUMSUB = Profile(
    vendor="Sumsub",
    base_url="https://api.sumsub.com",
    base_url_variable="SUMSUB_BASE_URL",
    credential_variables={"app_token": "SUMSUB_APP_TOKEN", "secret_key": "SUMSUB_SECRET_KEY"},
    strategy=SCHEME,
    credential_headers=frozenset({"x-app-token", "x-app-access-ts", "x-app-access-sig"}),
    headers={"X-Sdk": "tokenkit"},
    read_failure=read_failure,
)


class SumsubCalls:
    """The calls of Sumsub's clients."""

    @operation(SdkTokenRequest)
    def create_sdk_token(self) -> None:
        """Mint an SDK access token."""


class SumsubClient(SumsubCalls, Client):
    """Mint Sumsub's tokens; pass ``app_token`` and ``secret_key``, or ``auth``."""

    profile = SUMSUB

    def __init__(
        self,
        *,
        app_token: SecretSource | None = None,
        secret_key: SecretSource | None = None,
        auth: Strategy | None = None,
        **options: Unpack[ClientOptions],
    ) -> None:
        credentials = {"app_token": app_token, "secret_key": secret_key}
        super().__init__(auth=auth, credentials=credentials, **options)


class AsyncSumsubClient(SumsubCalls, AsyncClient):
    """Mint Sumsub's tokens on asyncio or trio."""

    profile = SUMSUB

    def __init__(
        self,
        *,
        app_token: AsyncSecretSource | None = None,
        secret_key: AsyncSecretSource | None = None,
        auth: AsyncStrategy | None = None,
        **options: Unpack[AsyncClientOptions],
    ) -> None:
        credentials = {"app_token": app_token, "secret_key": secret_key}
        super().__init__(auth=auth, credentials=credentials, **options)
