"""The bytes of the benchmark: one request, and an answer of about one size for each contestant.

Every answer holds ``TOKEN``, and every contestant returns it: so each has parsed its answer.
"""

import json
from collections.abc import Mapping
from typing import Any

PARTICIPANT = "CUST01"
API_KEY = "bench-public-key"
PRIVATE_KEY = "2mC4ZvVd4goRkuJm+rjr9byUiaUW1b6tVN4xy9QXNSE="
PASSPHRASE = "bench passphrase"
# With 1,000 calls at a time, some defaults are too short to wait for one of 100 connections.
TIMEOUT = 120.0

# A JWT of zerohash's form; nobody verifies it here.
TOKEN = (
    "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9."
    "eyJleHAiOjE3NjAwMDAwMDAsImlhdCI6MTc1OTk5NjQwMCwianRpIjoiM2ZjNTE2MTAtM2RkOS00MDlmLWI1MzEtMzhm"
    "NzhkZThjYTdhIiwicGFydGljaXBhbnRfY29kZSI6IkNVU1QwMSIsInBlcm1pc3Npb25zIjpbImZ3YyJdfQ."
    "c2lnbmF0dXJlLW9mLXRoZS1iZW5jaG1hcmstd2hpY2gtbm9ib2R5LXZlcmlmaWVzLWFuZC13aGljaC1maWxscy11cC1z"
    "cGFjZQ"
)
ANSWER_SIZE = 488

REQUEST: dict[str, Any] = {
    "participant_code": PARTICIPANT,
    "reference_id": "order-2024-0001-3fc51610-4f1e-b531-38f78de8ca8a-7",
    "permissions": ["fwc", "crypto-deposits"],
    "deposit_details": {
        "account_label": "general",
        "deposit_amount": "1125.50",
        "denominated_currency": "USD",
    },
    "client_device_info": {"ip_address": "203.0.113.107", "location": "US-IL"},
}
REQUEST_BODY = json.dumps(REQUEST, separators=(",", ":")).encode()
REQUEST_HEADERS = {
    "accept": "application/json",
    "content-type": "application/json",
    "x-scx-api-key": API_KEY,
    "x-scx-passphrase": PASSPHRASE,
}
PATH = "/client_auth_token"

CREATED = 1_760_000_000
# For each path, what the SDK that asks there can read. A bare "/" is Amazon's.
ANSWERS: Mapping[str, dict[str, Any]] = {
    PATH: {"message": {"token": TOKEN, "deposit_intent_id": ""}},
    "/": {"IdentityId": "eu-west-1:", "Token": TOKEN},
    "/chat/completions": {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": CREATED,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": TOKEN},
            }
        ],
    },
    "/v1/messages": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [{"type": "text", "text": TOKEN}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 1, "output_tokens": 1},
    },
    "/v1/customer_sessions": {
        "object": "customer_session",
        "client_secret": TOKEN,
        "created": CREATED,
        "customer": "cus_1",
        "expires_at": CREATED,
        "livemode": False,
    },
    "/api/v1/auth/app-portal-access/app_1": {"token": TOKEN, "url": "https://app.example.com/"},
    "/app/installations/1/access_tokens": {
        "token": TOKEN,
        "expires_at": "2026-01-01T00:00:00Z",
        "permissions": {"contents": "read"},
    },
    "/widgets/token": {"token": TOKEN},
}


def padded(answer: dict[str, Any]) -> bytes:
    """Write an answer, filled up to the common size with a field that no SDK knows."""
    missing = ANSWER_SIZE - len(json.dumps(answer | {"pad": ""}, separators=(",", ":")))
    return json.dumps(answer | {"pad": "x" * max(missing, 0)}, separators=(",", ":")).encode()
