"""zerohash's profile."""

from collections.abc import Mapping

from ..auth import HmacScheme
from ..errors import APIError, ConfigurationError
from ..extension import (
    BaseURLSetting,
    Profile,
    Rate,
    Request,
    choice_problem,
)
from .errors import ENVIRONMENT_OF, WRITE_PERMISSION_HINT, read_failure
from .retries import RETRIES

__all__ = ["ENVIRONMENTS", "HMAC_SCHEME", "PROFILE"]

ENVIRONMENTS: Mapping[str, str] = {name: origin for origin, name in ENVIRONMENT_OF.items()}
"""The base URL of each environment."""


def _base_url(environment: object) -> str:
    if isinstance(environment, str) and environment in ENVIRONMENTS:
        return ENVIRONMENTS[environment]
    raise ConfigurationError(f"environment {choice_problem(environment, ENVIRONMENTS)}")


def _canonical_text(timestamp: str, request: Request) -> bytes:
    head = f"{timestamp}{request.method}{request.route}".encode()
    # A request without a body signs an empty object instead.
    return head + (request.body or b"{}")


HMAC_SCHEME = HmacScheme(
    api_key_header="x-scx-api-key",
    signature_header="x-scx-signed",
    timestamp_header="x-scx-timestamp",
    passphrase_header="x-scx-passphrase",  # noqa: S106 - a header's name
    canonical_text=_canonical_text,
)
"""How zerohash requires requests to be signed."""


def _blames_credentials(error: APIError) -> bool:
    # The sources disagree on 401 and 403, and payments are refused with a 403 too; only refused
    # credentials get the hint.
    hinted = error.hint is not None and error.hint != WRITE_PERMISSION_HINT
    return error.status in (401, 403) and hinted


PROFILE = Profile(
    vendor="zerohash",
    base_url=ENVIRONMENTS["us-cert"],
    base_url_variable="ZEROHASH_BASE_URL",
    base_url_settings={
        "environment": BaseURLSetting(variable="ZEROHASH_ENVIRONMENT", base_url=_base_url)
    },
    credential_variables={
        "api_key": "ZEROHASH_API_KEY",
        "private_key": "ZEROHASH_PRIVATE_KEY",
        "passphrase": "ZEROHASH_PASSPHRASE",
    },
    strategy=HMAC_SCHEME,
    credential_headers=frozenset(
        {
            "authorization",
            "x-scx-api-key",
            "x-scx-passphrase",
            "x-scx-signed",
            "x-scx-timestamp",
        }
    ),
    request_id_header="x-request-id",
    echoes_request_id=True,
    blames_credentials=_blames_credentials,
    retries=RETRIES,
    rate=Rate(requests=2000, per=10.0),
    read_failure=read_failure,
    tokens_are_revocable=True,
)
