"""From the start of an interpreter to the first token, over https, and no further.

Run as ``python -m benchmarks.first_token HOW ORIGIN``. Nothing is imported that HOW doesn't need.
"""

import sys
import time

from .wire import API_KEY, PASSPHRASE, PATH, PRIVATE_KEY, REQUEST, TOKEN


def by_hand(origin: str) -> object:
    """Mint with httpx and the standard library, as a careful person would write it."""
    import hashlib  # noqa: PLC0415 - what one way of minting needs must not slow another
    import hmac  # noqa: PLC0415 - as above
    import json  # noqa: PLC0415 - as above
    import uuid  # noqa: PLC0415 - as above
    from base64 import b64decode, b64encode  # noqa: PLC0415 - as above

    import httpx  # noqa: PLC0415 - as above

    body = json.dumps(REQUEST, separators=(",", ":"))
    timestamp = str(int(time.time()))
    text = f"{timestamp}POST{PATH}{body}".encode()
    signature = hmac.digest(b64decode(PRIVATE_KEY), text, hashlib.sha256)
    headers = {
        "content-type": "application/json",
        "x-scx-api-key": API_KEY,
        "x-scx-signed": b64encode(signature).decode(),
        "x-scx-timestamp": timestamp,
        "x-scx-passphrase": PASSPHRASE,
        "x-request-id": str(uuid.uuid4()),
    }
    with httpx.Client() as client:
        response = client.post(origin + PATH, content=body, headers=headers)
        response.raise_for_status()
        return response.json()["message"]["token"]


def with_tokenkit(origin: str) -> object:
    """Mint with tokenkit."""
    from tokenkit import ZeroHashClient  # noqa: PLC0415 - as above

    with ZeroHashClient(
        api_key=API_KEY, private_key=PRIVATE_KEY, passphrase=PASSPHRASE, base_url=origin
    ) as client:
        return client.create_client_auth_token(
            participant_code=REQUEST["participant_code"],
            reference_id=REQUEST["reference_id"],
            permissions=REQUEST["permissions"],
        ).token


WAYS = {"by-hand": by_hand, "tokenkit": with_tokenkit}


if __name__ == "__main__":
    if WAYS[sys.argv[1]](sys.argv[2]) != TOKEN:
        raise SystemExit("a wrong token")
