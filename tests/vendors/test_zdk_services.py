import inspect
import json
from typing import Any

import pytest
from clocks import frozen_clock
from credentials import ZDK_API_KEY, zdk_client
from vendors_support import (
    Received,
    Script,
    copies,
    listening,
    make_response,
    responding,
    scripted_zdk,
)

from tokenkit import AsyncZdkClient, DecodeError, InvalidInputError, ZdkClient, zdk
from tokenkit.sandbox import Sandbox

SERVICES = ["room", "chat", "event"]
TOKENS: dict[str, Any] = {"room": zdk.RoomToken, "chat": zdk.ChatToken, "event": zdk.EventToken}
REQUESTS: dict[str, Any] = {
    "room": zdk.RoomTokenRequest,
    "chat": zdk.ChatTokenRequest,
    "event": zdk.EventTokenRequest,
}


def one(client: Any, service: str, **fields: Any) -> Any:
    return getattr(client, f"create_{service}_token")(user_id="u-1", **fields)


def many(client: Any, service: str, ids: list[str]) -> Any:
    requests = [REQUESTS[service](**{"user_id": one, f"{service}_id": "x-1"}) for one in ids]
    return getattr(client, f"create_{service}_tokens")(requests=requests)


@pytest.mark.parametrize("service", SERVICES)
def test_one_token(service: str) -> None:
    """A service's token is requested with its own id, host and path."""
    script = responding(200, {"tokens": ["t-1"]})
    token = one(
        scripted_zdk(script),
        service,
        metadata={"a": "b"},
        permissions=["CAN_TALK", 100],
        extra={"later": 1},
        **{f"{service}_id": "x-1"},
    )
    (request,) = script.requests
    assert str(request.url) == (
        f"https://{service}.dev.zu.casa/{service}.tokens.private.v1.Service/Create"
    )
    assert request.headers["authorization"] == f"Bearer {ZDK_API_KEY}"
    assert json.loads(request.content) == {
        "arguments": [
            {
                "user_id": "u-1",
                f"{service}_id": "x-1",
                "metadata": {"a": "b"},
                "permissions": ["CAN_TALK", 100],
                "later": 1,
            }
        ]
    }
    assert isinstance(token, TOKENS[service])
    assert (token.token, token.user_id, getattr(token, f"{service}_id")) == ("t-1", "u-1", "x-1")
    assert (token.subject, token.expires_at, token.issuer) == ("u-1", None, "ZDK")
    assert "t-1" not in repr(token)
    assert [hash(copied) for copied in copies(token)] == [hash(token)] * 3


@pytest.mark.parametrize("service", SERVICES)
def test_many_tokens(service: str) -> None:
    """Many tokens are one request, and come in the order of the arguments."""
    script = responding(200, {"tokens": ["t-1", "t-2"]})
    tokens = many(scripted_zdk(script), service, ["u-1", "u-2"])
    assert [(token.token, token.user_id) for token in tokens] == [("t-1", "u-1"), ("t-2", "u-2")]
    (request,) = script.requests
    assert request.url.host == f"{service}.dev.zu.casa"
    arguments = json.loads(request.content)["arguments"]
    assert [argument["user_id"] for argument in arguments] == ["u-1", "u-2"]


@pytest.mark.parametrize("service", SERVICES)
def test_user_tokens_stay_with_the_user_service(service: str) -> None:
    """A client that mints for a service still mints for users at the same host."""
    script = responding(200, {"tokens": ["t-1"]})
    client = scripted_zdk(script)
    one(client, service, **{f"{service}_id": "x-1"})
    client.create_user_token(id="u-1")
    client.request("GET", "/health")
    hosts = [request.url.host for request in script.requests]
    assert hosts == [f"{service}.dev.zu.casa", "user.dev.zu.casa", "user.dev.zu.casa"]


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({"base_host": "zdk.example.com"}, "https://room.zdk.example.com"),
        ({"base_host": "zdk.example.com:8443"}, "https://room.zdk.example.com:8443"),
        ({"base_host": "user-data.example.com"}, "https://room.user-data.example.com"),
        ({"base_url": "https://user.example.com/zdk"}, "https://user.example.com/zdk"),
        ({"base_url": "http://127.0.0.1:8700"}, "http://127.0.0.1:8700"),
    ],
)
def test_where_a_service_is(options: dict[str, str], url: str) -> None:
    """A base host has a host for each service; a base URL replaces all of them."""
    script = responding(200, {"tokens": ["t-1"]})
    client = zdk_client(transport=script, **options)
    client.create_room_token(user_id="u", room_id="r")
    assert str(script.requests[0].url) == f"{url}/room.tokens.private.v1.Service/Create"


def test_settings_of_a_call_hold_for_services() -> None:
    """A call's own options are sent to the service's host as well."""
    script = responding(200, {"tokens": ["t-1"]})
    client = scripted_zdk(script).with_options(headers={"x-trace": "1"})
    request = zdk.RoomTokenRequest(user_id="u", room_id="r")
    client.send(request, headers={"x-call": "2"})
    (sent,) = script.requests
    assert (sent.url.host, sent.headers["x-trace"], sent.headers["x-call"]) == (
        ("room.dev.zu.casa", "1", "2")
    )


@pytest.mark.parametrize("service", SERVICES)
def test_lost_mints_are_repeated(service: str) -> None:
    """A repeated mint only creates another token."""
    for is_single in (True, False):
        script = Script((make_response(503), make_response(200, {"tokens": ["t-1"]})))
        client = zdk_client(transport=script, clock=frozen_clock())
        if is_single:
            one(client, service, **{f"{service}_id": "x"})
        else:
            many(client, service, ["u"])
        assert len(script.requests) == 2


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"user_id": "", "room_id": "r"}, "user_id must not be empty"),
        ({"user_id": "u", "room_id": ""}, "room_id must not be empty"),
        ({"user_id": "u", "room_id": "r", "permissions": "all"}, "permissions"),
        ({"user_id": "u", "room_id": "r", "metadata": []}, "metadata"),
    ],
)
def test_fields_that_are_refused(fields: Any, words: str) -> None:
    """What cannot be sent is refused by name, and nothing is sent."""
    script = responding(200, {"tokens": ["t-1"]})
    with pytest.raises(InvalidInputError, match=words):
        scripted_zdk(script).create_room_token(**fields)
    with pytest.raises(TypeError, match="room_id"):
        scripted_zdk(script).create_room_token(user_id="u")  # type: ignore[call-arg] # on purpose
    with pytest.raises(InvalidInputError, match="requests"):
        scripted_zdk(script).create_room_tokens(requests=[])
    with pytest.raises(InvalidInputError, match="ChatTokenRequest"):
        scripted_zdk(script).create_chat_tokens(
            requests=[zdk.RoomTokenRequest(user_id="u", room_id="r")]  # type: ignore[list-item] # on purpose
        )
    assert script.requests == []


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"tokens": []}, "$.tokens"),
        ({"tokens": ["a", "b"]}, "$.tokens"),
        ({"tokens": [""]}, "$.tokens[0]"),
        ({"tokens": "t"}, "$.tokens"),
        ([], "$"),
    ],
)
def test_responses_without_the_token(body: object, path: str) -> None:
    """A response with another number of tokens, or none, is an error that says where."""
    for service in SERVICES:
        with pytest.raises(DecodeError) as caught:
            one(scripted_zdk(responding(200, body)), service, **{f"{service}_id": "x"})
        assert caught.value.path == path
        with pytest.raises(DecodeError):
            many(scripted_zdk(responding(200, body)), service, ["u"])


@pytest.mark.parametrize("service", SERVICES)
def test_against_the_sandbox(service: str) -> None:
    """The sandbox issues each kind, one at a time and many at once."""
    with Sandbox() as sandbox, sandbox.zdk_client() as client:
        token = one(client, service, **{f"{service}_id": "x-1"})
        assert [issued.token for issued in sandbox.issued] == [token.token]
        assert len(many(client, service, ["u-1", "u-2"])) == 2


@pytest.mark.parametrize("service", SERVICES)
def test_in_bulk(service: str) -> None:
    """A bulk run puts mints of a service into one request, and returns each user's token."""
    ids = [f"u-{number}" for number in range(6)]
    calls = [REQUESTS[service](**{"user_id": one, f"{service}_id": "x-1"}) for one in ids]
    with (
        Sandbox() as sandbox,
        sandbox.zdk_client() as client,
        client.send_many(calls, batch_size=3) as opened,
    ):
        tokens = {result.value.user_id: result.value for result in opened}
        assert opened.counts.requests == 2
        assert {one.token for one in sandbox.issued} == {one.token for one in tokens.values()}
    assert sorted(tokens) == ids
    assert all(type(token) is TOKENS[service] for token in tokens.values())


@pytest.mark.anyio
async def test_against_the_sandbox_async() -> None:
    """The async client mints them in the same way."""
    with Sandbox() as sandbox:
        async with sandbox.async_zdk_client() as client:
            for service in SERVICES:
                token = await one(client, service, **{f"{service}_id": "x-1"})
                assert isinstance(token, TOKENS[service])
                assert len(await many(client, service, ["u-1", "u-2"])) == 2


def vendor(request: Received) -> tuple[int, object]:
    """Respond as the vendor's documentation shows, with a token for each argument."""
    if request.headers["authorization"] != f"Bearer {ZDK_API_KEY}":
        return 401, {"code": "unauthenticated"}
    return 200, {"tokens": [f"{request.route}-{index}" for index, _ in enumerate(
        json.loads(request.body)["arguments"]
    )]}  # fmt: skip


def test_against_a_server_of_another_make() -> None:
    """A server that shares nothing with the package gets what is documented."""
    with listening(vendor) as server, zdk_client(server.url) as client:
        tokens = client.create_event_tokens(
            requests=[zdk.EventTokenRequest(user_id=one, event_id="e") for one in ("a", "b")]
        )
        assert tokens[1].token == "/event.tokens.private.v1.Service/Create-1"
        assert tokens[1].user_id == "b"


def test_how_the_methods_look() -> None:
    """Required parameters come first, and the type of the result is the service's."""
    for client in (ZdkClient, AsyncZdkClient):
        signature = inspect.signature(client.create_room_token)
        assert list(signature.parameters) == (
            ["self", "user_id", "room_id", "metadata", "permissions", "extra"]
        )
        assert signature.return_annotation is zdk.RoomToken
