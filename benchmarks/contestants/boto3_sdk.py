"""boto3: an OpenID token of Amazon Cognito, for a developer's identity."""

from contextlib import contextmanager
from typing import Any

from ..wire import API_KEY, PRIVATE_KEY
from . import Calls, library

# As long as the request of the others, all in all.
ARGUMENTS: dict[str, Any] = {
    "IdentityPoolId": "eu-west-1:3fc51610-3dd9-409f-b531-38f78de8ca8a",
    "Logins": {"login.example.com": "x" * 180},
}


@contextmanager
def boto3_sync(origin: str) -> Calls:
    """Open a client of ``boto3``."""
    boto3 = library("boto3")
    client = boto3.client(
        "cognito-identity",
        region_name="eu-west-1",
        endpoint_url=origin,
        aws_access_key_id=API_KEY,
        aws_secret_access_key=PRIVATE_KEY,
    )
    yield lambda: client.get_open_id_token_for_developer_identity(**ARGUMENTS)["Token"]
    client.close()
