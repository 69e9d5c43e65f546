from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from vendors_support import responding, scripted_zdk

from tokenkit import (
    AsyncZdkClient,
    DecodeError,
    InvalidInputError,
    ZdkClient,
    zdk,
)
from tokenkit.sandbox import Sandbox

IDS = ["0d1f9e3c-4a9b-4a0e-9a39-0b5d9a3f0001", "0d1f9e3c-4a9b-4a0e-9a39-0b5d9a3f0002"]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[ZdkClient]:
    with sandbox.zdk_client() as client:
        yield client


def test_sync_against_another_process(issuers: Mapping[str, str]) -> None:
    """A sync client mints one token and many over a real socket."""
    with ZdkClient.from_env(environ=issuers) as client:
        token = client.create_user_token(id=IDS[0], permissions=zdk.ALL_PERMISSIONS)
        many = client.create_user_tokens(requests=[zdk.UserTokenRequest(id=user) for user in IDS])
    assert (token.user_id, len(token.token), token.expires_at) == (IDS[0], 372, None)
    assert [one.user_id for one in many] == IDS
    assert len({token.token, *(one.token for one in many)}) == 3


@pytest.mark.anyio
async def test_async_against_another_process(issuers: Mapping[str, str]) -> None:
    """An async client does the same, on either event loop."""
    async with AsyncZdkClient.from_env(environ=issuers) as client:
        token = await client.create_user_token(id=IDS[0], nickname="")
        many = await client.create_user_tokens(
            requests=(zdk.UserTokenRequest(id=user) for user in IDS)
        )
    assert (token.user_id, len(token.token)) == (IDS[0], 372)
    assert [one.user_id for one in many] == IDS


def test_wire_form_of_everything(sandbox: Sandbox, client: ZdkClient) -> None:
    """ZDK gets one argument with the documented names; numbers and names are sent as given."""
    client.create_user_token(
        id=IDS[0],
        nickname="Zoë",
        fullname="Zoë Quinn",
        avatar="https://example.com/a.png",
        metadata={"team": "red", "level": 3, "tags": ["a", None]},
        permissions=[100, "ROOM_ALL"],
        extra={"locale": "de"},
    )
    assert sandbox.issued[-1].request == {
        "arguments": [
            {
                "id": IDS[0],
                "nickname": "Zoë",
                "fullname": "Zoë Quinn",
                "avatar": "https://example.com/a.png",
                "metadata": {"team": "red", "level": 3, "tags": ["a", None]},
                "permissions": [100, "ROOM_ALL"],
                "locale": "de",
            }
        ]
    }


def test_wire_form_of_the_sample(sandbox: Sandbox, client: ZdkClient) -> None:
    """The documentation's sample is sent as it is there."""
    client.create_user_token(
        id=IDS[0],
        avatar="",
        fullname="",
        nickname="ExampleNickname",
        metadata={},
        permissions=zdk.ALL_PERMISSIONS,
    )
    assert sandbox.issued[-1].request == {
        "arguments": [
            {
                "id": IDS[0],
                "avatar": "",
                "fullname": "",
                "nickname": "ExampleNickname",
                "metadata": {},
                "permissions": [100, 200, 300, 400, 500, 600, 700, 800],
            }
        ]
    }


def test_permissions_never_widen(sandbox: Sandbox, client: ZdkClient) -> None:
    """Permissions that are not given are not sent."""
    client.create_user_token(id="user-1")
    assert sandbox.issued[-1].request == {"arguments": [{"id": "user-1"}]}


def test_wire_form_of_many(sandbox: Sandbox, client: ZdkClient) -> None:
    """Many requests become the arguments of one, in their order, and so do the tokens."""
    count = len(sandbox.issued)
    tokens = client.create_user_tokens(
        requests=[
            zdk.UserTokenRequest(id="b", permissions=[zdk.CHAT_PERMISSION]),
            zdk.UserTokenRequest(id="a", nickname="A", extra={"x": 1}),
            zdk.UserTokenRequest(id="b"),
        ],
        extra={"dry_run": False},
    )
    issued = sandbox.issued[count:]
    assert [token.token for token in tokens] == [record.token for record in issued]
    assert [token.user_id for token in tokens] == ["b", "a", "b"]
    assert issued[0].request == {
        "arguments": [
            {"id": "b", "permissions": [100]},
            {"id": "a", "nickname": "A", "x": 1},
            {"id": "b"},
        ],
        "dry_run": False,
    }


@pytest.mark.anyio
async def test_async_wire_form(sandbox: Sandbox) -> None:
    """The async client sends exactly the same body."""
    async with sandbox.async_zdk_client() as client:
        await client.create_user_token(id="user-1", metadata={"a": "b"}, permissions=(100, 200))
    assert sandbox.issued[-1].request == {
        "arguments": [{"id": "user-1", "metadata": {"a": "b"}, "permissions": [100, 200]}]
    }


def test_metadata_is_copied() -> None:
    """A later change to the caller's mapping does not change an existing request."""
    metadata = {"team": "red"}
    call = zdk.UserTokenRequest(id="user-1", metadata=metadata)
    metadata["team"] = "blue"
    transport = responding(200, {"tokens": ["t"]})
    scripted_zdk(transport).send(call)
    assert transport.bodies == [b'{"arguments":[{"id":"user-1","metadata":{"team":"red"}}]}']


def test_bodies_are_compact_utf8() -> None:
    """The body holds no needless spaces and no escapes."""
    transport = responding(200, {"tokens": ["t"]})
    scripted_zdk(transport).create_user_token(id="ü", nickname="名")
    assert transport.bodies == ['{"arguments":[{"id":"ü","nickname":"名"}]}'.encode()]


@pytest.mark.parametrize(
    ("answer", "path", "problem"),
    [
        ({"tokens": []}, "$.tokens", "expected one token, found 0"),
        ({"tokens": ["a", "b"]}, "$.tokens", "expected one token, found 2"),
        ({}, "$.tokens", "expected an array of tokens, found null"),
        ({"tokens": "a"}, "$.tokens", "expected an array of tokens, found a string"),
        ({"tokens": [{"token": "a"}]}, "$.tokens[0]", "expected a string, found an object"),
        ({"tokens": [""]}, "$.tokens[0]", "expected a token, found an empty string"),
        (["a"], "$", "expected an object, found an array"),
        (b"", "$", "the body is empty"),
        (b'{"tokens":["s3cret-token', "$", "not JSON"),
    ],
)
def test_unreadable_responses(answer: object, path: str, problem: str) -> None:
    """A 200 without the token is a DecodeError that says what is wrong and where."""
    with pytest.raises(DecodeError) as caught:
        scripted_zdk(responding(200, answer)).create_user_token(id="user-1")
    assert (caught.value.path, caught.value.status) == (path, 200)
    assert problem in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_too_few_tokens() -> None:
    """Fewer tokens than requests are a DecodeError, never tokens for the wrong users."""
    requests = [zdk.UserTokenRequest(id=user) for user in IDS]
    with pytest.raises(DecodeError) as caught:
        scripted_zdk(responding(200, {"tokens": ["only-one"]})).create_user_tokens(
            requests=requests
        )
    assert str(caught.value) == (
        "HTTP 200, application/json: the response cannot be read: "
        "expected 2 tokens, one for each request, found 1 (at $.tokens)"
    )


def test_which_of_many_is_unreadable() -> None:
    """The path says which of several tokens cannot be read."""
    requests = [zdk.UserTokenRequest(id=user) for user in IDS]
    with pytest.raises(DecodeError) as caught:
        scripted_zdk(responding(200, {"tokens": ["a", None]})).create_user_tokens(
            requests=requests
        )
    assert caught.value.path == "$.tokens[1]"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"id": ""}, "id must not be empty"),
        ({"id": 7}, "id must be a string, not int"),
        ({"id": "a", "nickname": 7}, "nickname must be a string, not int"),
        ({"id": "a", "metadata": "team"}, "metadata must be a mapping, not str"),
        ({"id": "a", "metadata": {1: 2}}, "metadata must have only strings as keys"),
        ({"id": "a", "permissions": "100"}, "permissions must be a list of permissions"),
        ({"id": "a", "permissions": 100}, "permissions must be a list of permissions"),
        ({"id": "a", "permissions": [1.5]}, "permissions: item 0 must be a number or a name"),
        ({"id": "a", "permissions": [True]}, "permissions: item 0 must be a number or a name"),
        ({"id": "a", "extra": {"id": "b"}}, "extra: 'id' has its own parameter: id"),
    ],
)
def test_unfit_arguments(arguments: dict[str, Any], problem: str) -> None:
    """What ZDK's documentation rules out is refused before anything is sent."""
    transport = responding(200)
    with pytest.raises(InvalidInputError) as caught:
        scripted_zdk(transport).create_user_token(**arguments)
    assert problem in str(caught.value)
    assert transport.requests == []


@pytest.mark.parametrize(
    ("requests", "problem"),
    [
        ([], " must not be empty"),
        (
            [{"id": "a"}],
            ": item 0 must be a UserTokenRequest(...), not dict",
        ),
        (
            zdk.UserTokenRequest(id="a"),
            " must be a list of UserTokenRequest objects, not UserTokenRequest",
        ),
    ],
)
def test_unfit_requests(requests: Any, problem: str) -> None:
    """Anything but a list of requests is refused with a message that names the class."""
    with pytest.raises(InvalidInputError) as caught:
        scripted_zdk(responding(200)).create_user_tokens(requests=requests)
    assert str(caught.value) == (
        f"ZdkClient.create_user_tokens(): requests ('arguments' in JSON){problem}"
    )


def test_whatever_text_is_an_id() -> None:
    """An id need not be a UUID: nothing says that it must."""
    token = scripted_zdk(responding(200, {"tokens": ["t"]})).create_user_token(id="user 7 / é")
    assert (token.user_id, token.subject, token.issuer) == ("user 7 / é", "user 7 / é", "ZDK")
