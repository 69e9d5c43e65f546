"""A fourth vendor and a fourth strategy, written from outside the package.

Acme mints passes: ``POST /passes`` with a digest of the body under a shared secret, which returns
``{"pass": {"token": "…", "ends": <epoch seconds>}}``.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar, Generic, TypeVar

import attrs
from typing_extensions import Unpack

from tokenkit.errors import ConflictError, FailureDetails
from tokenkit.extension import (
    JSON,
    AsyncClient,
    AsyncClientOptions,
    AsyncSecretSource,
    AsyncStrategy,
    Call,
    Client,
    ClientOptions,
    ErrorBody,
    Failure,
    IssuedToken,
    Mismatch,
    Profile,
    Repeat,
    Request,
    ResponseInfo,
    Secret,
    SecretSource,
    Strategy,
    conceal,
    epoch_seconds,
    extra_fields,
    header_secret,
    kind_of,
    operation,
    param,
    read_response,
    response_field,
    text,
    type_of,
    write_model,
)

S = TypeVar("S", bound=AsyncSecretSource)


class DigestKey(Generic[S]):
    """Send ``X-Acme-Digest: <hex of HMAC-SHA512 over method, route, time and body>``."""

    uses_time = True

    def __init__(self, secret: S) -> None:
        self.secrets: Sequence[S | Secret] = (conceal(secret),)

    def headers(
        self, request: Request, secrets: Sequence[Secret], now: float
    ) -> Mapping[str, str]:
        key = header_secret("secret", secrets[0]).reveal().encode()
        signed = f"{request.method} {request.route} {int(now)} ".encode() + request.body
        digest = hmac.new(key, signed, hashlib.sha512).hexdigest()
        return {"x-acme-digest": digest, "x-acme-time": str(int(now))}


class SoldOutError(ConflictError):
    """HTTP 409: no passes are left."""

    def __init__(
        self, text: str = "", *, waiting: int = 0, **details: Unpack[FailureDetails]
    ) -> None:
        super().__init__(text, **details)
        self.waiting: int = waiting


def read_failure(body: ErrorBody) -> Failure:
    """Read ``{"problem": "…", "waiting": 3}``."""
    if not isinstance(body.json, Mapping):
        return Failure()
    problem, waiting = body.json.get("problem"), body.json.get("waiting")

    return Failure(
        message=problem if isinstance(problem, str) else None,
        error=partial(SoldOutError, waiting=waiting) if isinstance(waiting, int) else None,
    )


PROFILE = Profile(
    vendor="Acme",
    base_url="https://passes.acme.example/v2",
    base_url_variable="ACME_BASE_URL",
    credential_variables={"secret": "ACME_SECRET"},
    strategy=DigestKey,
    credential_headers=frozenset({"x-acme-digest", "x-acme-time"}),
    request_id_header="x-acme-trace",
    read_failure=read_failure,
)


@attrs.frozen(kw_only=True)
class Pass(IssuedToken):
    """A pass."""

    issuer: ClassVar[str] = "Acme"

    ends: datetime | None = attrs.field(
        default=None, metadata=response_field(lenient=epoch_seconds)
    )
    holder: str = attrs.field(default="", metadata=response_field(remembered=True))

    @property
    def subject(self) -> str | None:
        return self.holder

    @property
    def expires_at(self) -> datetime | None:
        return self.ends


def lifetime(value: object) -> str | None:
    """Check how long a pass lasts."""
    if isinstance(value, timedelta) and value >= timedelta(seconds=1):
        return None
    return f"must be a timedelta of a second or more, not {type_of(value)}"


def whole_seconds(value: timedelta) -> JSON:
    """Write a timedelta as seconds."""
    return value // timedelta(seconds=1)


@attrs.frozen(kw_only=True)
class PassRequest(Call[Pass]):
    """Mint a pass: ``POST /passes``."""

    path: ClassVar[str] = "/passes"

    holder: str = attrs.field(metadata=param(text(max_length=20)))
    lasts: timedelta | None = attrs.field(
        default=None, metadata=param(lifetime, wire_name="lastsFor", dump=whole_seconds)
    )
    extra: Mapping[str, JSON] = extra_fields()

    @property
    def repeat(self) -> Repeat:
        return Repeat.SAFE

    def encode(self, now: datetime) -> JSON:
        return {"at": now.isoformat(), "pass": write_model(self)}

    def decode(self, body: JSON, response: ResponseInfo) -> Pass:
        del response
        if not isinstance(body, Mapping):
            raise Mismatch(f"expected an object, found {kind_of(body)}")
        return read_response(body.get("pass"), Pass, path="$.pass", holder=self.holder)


@attrs.frozen(kw_only=True)
class PassCount(Call[int]):
    """Ask how many passes are out: ``GET /passes``."""

    method: ClassVar[str] = "GET"
    path: ClassVar[str] = "/passes"
    authenticated: ClassVar[bool] = False

    def decode(self, body: JSON, response: ResponseInfo) -> int:
        del response
        return read_response(body, int)


class AcmeCalls:
    """The calls of Acme's clients."""

    @operation(PassRequest)
    def create_pass(self) -> None:
        """Mint a pass."""

    @operation(PassCount)
    def count_passes(self) -> None:
        """Ask how many passes are out."""


class AcmeClient(AcmeCalls, Client):
    """Mint Acme's passes."""

    profile = PROFILE

    def __init__(
        self,
        *,
        secret: SecretSource | None = None,
        auth: Strategy | None = None,
        **options: Unpack[ClientOptions],
    ) -> None:
        super().__init__(auth=auth, credentials={"secret": secret}, **options)


class AsyncAcmeClient(AcmeCalls, AsyncClient):
    """Mint Acme's passes, on asyncio or trio."""

    profile = PROFILE

    def __init__(
        self,
        *,
        secret: AsyncSecretSource | None = None,
        auth: AsyncStrategy | None = None,
        **options: Unpack[AsyncClientOptions],
    ) -> None:
        super().__init__(auth=auth, credentials={"secret": secret}, **options)
