"""G17: unknown fields and values in responses, unknown permissions in requests: all survive."""

from __future__ import annotations

import base64
import json
import pickle
from typing import TYPE_CHECKING, Any

import pytest
from all_clients import STRIGO, TOKEN, ZDK, ZEROHASH, Vendor, perform
from network_calls import Family, Flavour, each_family, each_flavour
from raw_server import RawServer, json_response, responding

from tokenkit import (
    APIError,
    Reply,
    strigo,
    zdk,
    zerohash,
)

if TYPE_CHECKING:
    from tokenkit.extension import Call

NEW: dict[str, Any] = {
    "x_new": {"deep": [1, 2.5, None, True, {"text": "\xe9"}]},
    "tokens_left": 10**30,
    "extra": "a field of this very name",
    "subject": "a name that the model has for a property",
}


def jwt(claims: object) -> str:
    """Write an unsigned JWT."""
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256"}, claims)]
    written = [base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts]
    return ".".join([*written, "c2ln"])


def served(
    flavour: Flavour, family: Family, vendor: Vendor, answer: bytes, call: Call[Any]
) -> tuple[Reply[Any], Any]:
    """Make a call that gets this response; return the pickled reply's copy and the sent JSON."""
    with RawServer(responding(lambda _: answer)) as server:
        client = vendor.open(flavour, base_url=server.url, http_family=family)
        reply = perform(client, flavour, lambda: call)
        (request,) = server.requests
    twin: Reply[Any] = pickle.loads(pickle.dumps(reply))  # noqa: S301 - our own bytes
    assert twin == reply
    return twin, request.json() if request.body else None


@each_flavour
@each_family
def test_strigo_responses(flavour: Flavour, family: Family) -> None:
    """New fields beside Strigo's token are kept; those outside its data do no harm."""
    data = {"token": TOKEN, "user_id": "u1", **NEW}
    answer = json_response({"result": "success", "data": data, "meta": NEW})
    reply, _ = served(flavour, family, STRIGO, answer, STRIGO.mint)
    assert isinstance(reply.value, strigo.UserToken)
    assert (reply.value.token, reply.value.user_id, reply.value.extra) == (TOKEN, "u1", NEW)


@each_flavour
@each_family
def test_fields_of_an_unknown_form(flavour: Flavour, family: Family) -> None:
    """Fields beside the token that have a new form are kept, and the token is returned."""
    odd = {"user_id": {"id": 7}, "expiration": "in two months"}
    answer = json_response({"result": "success", "data": {"token": TOKEN, **odd}})
    reply, _ = served(flavour, family, STRIGO, answer, STRIGO.mint)
    assert (reply.value.token, reply.value.user_id, reply.value.expires_at) == (TOKEN, None, None)
    assert reply.value.extra == odd


@each_flavour
@each_family
def test_strigo_health(flavour: Flavour, family: Family) -> None:
    """A health status that is not documented is returned as it came."""
    answer = json_response({"status": "degraded", "message": "slow", **NEW})
    reply, _ = served(flavour, family, STRIGO, answer, strigo.HealthRequest())
    assert reply.value == strigo.Health(status="degraded", message="slow", extra=NEW)


@each_flavour
@each_family
def test_zdk_responses(flavour: Flavour, family: Family) -> None:
    """New fields around ZDK's tokens do no harm."""
    reply, _ = served(flavour, family, ZDK, json_response({"tokens": [TOKEN], **NEW}), ZDK.mint)
    assert reply.value == zdk.UserToken(token=TOKEN, user_id="user-1")


@each_flavour
@each_family
def test_zdk_permissions(flavour: Flavour, family: Family) -> None:
    """Undocumented permissions are sent as given, as numbers and as names."""
    call = zdk.UserTokenRequest(id="u", permissions=[100, 950, "CHAT_ALL"], extra={"x_new": NEW})
    answer = json_response({"tokens": [TOKEN]})
    _, sent = served(flavour, family, ZDK, answer, call)
    assert sent == {
        "arguments": [{"id": "u", "permissions": [100, 950, "CHAT_ALL"], "x_new": NEW}]
    }


@each_flavour
@each_family
def test_zerohash_permissions(flavour: Flavour, family: Family) -> None:
    """Permissions that aren't in the enum are sent as given, and come back from the claims."""
    permissions = ["crypto-lending", zerohash.Permission.FWC, "FWC", "ünï"]
    texts = ["crypto-lending", "fwc", "FWC", "ünï"]
    # One of them looks like a slip, which is said and changes nothing.
    with pytest.warns(zerohash.UnknownPermissionWarning, match="'FWC'"):
        call = zerohash.ClientAuthTokenRequest(
            participant_code="CUST01",
            permissions=permissions,
            deposit_details=zerohash.DepositDetails(extra={"x_new": NEW}),
            extra={"y_new": NEW},
        )
    claims = {"jti": "1", "permissions": texts, **NEW}
    message = {"token": jwt(claims), "payment_id": "p1", **NEW}
    reply, sent = served(flavour, family, ZEROHASH, json_response({"message": message}), call)
    assert sent == {
        "participant_code": "CUST01",
        "permissions": texts,
        "deposit_details": {"x_new": NEW},
        "y_new": NEW,
    }
    assert isinstance(reply.value, zerohash.ClientAuthToken)
    assert reply.value.permissions == tuple(texts)
    assert reply.value.unverified_claims == claims
    assert (reply.value.payment_id, reply.value.extra) == ("p1", NEW)
    assert list(zerohash.Permission)[-1] is zerohash.Permission.FWC


@each_flavour
@each_family
def test_zerohash_time(flavour: Flavour, family: Family) -> None:
    """New fields beside zerohash's clock are kept."""
    answer = json_response({"message": {"epoch": 1_000, "epoch_units": "milliseconds", **NEW}})
    reply, _ = served(flavour, family, ZEROHASH, answer, zerohash.TimeRequest())
    assert reply.value.time.timestamp() == 1
    assert reply.value.extra == {"epoch_units": "milliseconds", **NEW}


@each_flavour
@each_family
@pytest.mark.parametrize("status", [418, 451, 499, 599])
def test_statuses_and_states_without_a_name(flavour: Flavour, family: Family, status: int) -> None:
    """A status without its own class is an APIError with the vendor's message."""
    with pytest.raises(APIError) as caught:
        served(
            flavour,
            family,
            ZEROHASH,
            json_response({"error": "new", **NEW}, status),
            ZEROHASH.mint,
        )
    assert (caught.value.status, caught.value.message) == (status, "new")
    assert json.loads(caught.value.body)["x_new"] == NEW["x_new"]


@each_flavour
@each_family
def test_an_unknown_state_of_approval(flavour: Flavour, family: Family) -> None:
    """A manual approval in an undocumented state keeps its text."""
    answer = json_response({"error": "Approval escalated", "transaction_id": "txn_1"}, 403)
    with pytest.raises(zerohash.ManualApprovalError) as caught:
        served(flavour, family, ZEROHASH, answer, ZEROHASH.mint)
    assert (caught.value.state, caught.value.message) == (None, "Approval escalated")
