"""G2: 200 with truncated JSON, wrong types, missing fields, null, [] or deep nesting.

The result is a DecodeError with the JSON path, never a raw exception or a wrong value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from all_clients import STRIGO_MINT, TOKEN, VENDORS
from clocks import frozen_clock
from driven_calls import driven_client, each_vendor, errors, outcomes, replies
from network_calls import each_family, each_flavour
from raw_server import RawServer, http, json_response, responding

from tokenkit import DecodeError, strigo

if TYPE_CHECKING:
    from driven_calls import Vendor
    from network_calls import Family, Flavour

JSON = "Content-Type: application/json"
QUOTED = b'"%s"' % TOKEN.encode()

# Unreadable for every vendor, whatever its format.
ANYWHERE: dict[str, bytes] = {
    "nothing": b"",
    "truncated in a text": b'{"result": "success", "data": {"token": "' + TOKEN.encode()[:-4],
    "truncated after a text": b'{"tokens": [' + QUOTED,
    "truncated at a key": b'{"message": {"token": ' + QUOTED + b', "us',
    "null": b"null",
    "a list": b"[]",
    "a list of tokens": b"[" + QUOTED + b"]",
    "a text": QUOTED,
    "a number": b"5",
    "true": b"true",
    "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"data":' * 100_000 + b"5" + b"}" * 100_000,
    "invalid UTF-8": b'{"result": "success", "data": {"token": "\xff\xfe"}}',
    "UTF-16": '{"tokens": ["a"]}'.encode("utf-16"),
    "NaN": b'{"result": "success", "data": NaN, "tokens": NaN, "message": NaN}',
    "two values": b"{}{}",
    "a trailing comma": b'{"tokens": [' + QUOTED + b",]}",
    "a huge number": b"9" * 5000,
}

# Readable JSON of the wrong shape: the answer, and where it goes wrong.
SHAPES: list[tuple[Vendor, object, str]] = [
    ("strigo", {}, "$.result"),
    ("strigo", {"result": None}, "$.result"),
    ("strigo", {"result": ["success"]}, "$.result"),
    ("strigo", {"result": TOKEN, "data": {"token": TOKEN}}, "$.result"),
    ("strigo", {"result": "success"}, "$.data"),
    ("strigo", {"result": "success", "data": None}, "$.data"),
    ("strigo", {"result": "success", "data": [{"token": TOKEN}]}, "$.data"),
    ("strigo", {"result": "success", "data": {}}, "$.data.token"),
    ("strigo", {"result": "success", "data": {"token": None}}, "$.data.token"),
    ("strigo", {"result": "success", "data": {"token": 5}}, "$.data.token"),
    ("strigo", {"result": "success", "data": {"token": True}}, "$.data.token"),
    ("strigo", {"result": "success", "data": {"token": [TOKEN]}}, "$.data.token"),
    ("strigo", {"result": "success", "data": {"token": ""}}, "$.data.token"),
    ("zdk", {}, "$.tokens"),
    ("zdk", {"tokens": None}, "$.tokens"),
    ("zdk", {"tokens": TOKEN}, "$.tokens"),
    ("zdk", {"tokens": {"0": TOKEN}}, "$.tokens"),
    ("zdk", {"tokens": []}, "$.tokens"),
    ("zdk", {"tokens": [TOKEN, TOKEN]}, "$.tokens"),
    ("zdk", {"tokens": [None]}, "$.tokens[0]"),
    ("zdk", {"tokens": [5]}, "$.tokens[0]"),
    ("zdk", {"tokens": [{"token": TOKEN}]}, "$.tokens[0]"),
    ("zdk", {"tokens": [""]}, "$.tokens[0]"),
    ("zerohash", {}, "$.message"),
    ("zerohash", {"message": None}, "$.message"),
    ("zerohash", {"message": TOKEN}, "$.message"),
    ("zerohash", {"message": {}}, "$.message.token"),
    ("zerohash", {"message": {"token": None}}, "$.message.token"),
    ("zerohash", {"message": {"token": 5}}, "$.message.token"),
    ("zerohash", {"message": {"token": {"jwt": TOKEN}}}, "$.message.token"),
    ("zerohash", {"message": {"token": ""}}, "$.message.token"),
]


def refused(
    flavour: Flavour, family: Family, vendor: Vendor, answers: list[bytes]
) -> list[DecodeError]:
    waiting = iter(answers)
    with RawServer(responding(lambda _: next(waiting))) as server:
        client = driven_client(flavour, vendor, server.url, frozen_clock(), http_family=family)
        found = errors(
            DecodeError, outcomes(client, flavour, *[VENDORS[vendor].mint] * len(answers))
        )
        assert len(server.requests) == len(answers)
    for error in found:
        assert TOKEN[:10] not in str(error) + repr(vars(error))
        assert f"(at {error.path})" in str(error)
    return found


@each_flavour
@each_family
@each_vendor
def test_what_is_no_readable_object(flavour: Flavour, family: Family, vendor: Vendor) -> None:
    """Broken JSON, and JSON that is not an object, is a DecodeError at the root."""
    answers = [http(200, body, JSON) for body in ANYWHERE.values()]
    found = refused(flavour, family, vendor, answers)
    assert {(error.status, error.content_type) for error in found} == {(200, "application/json")}
    paths = {name: error.path for name, error in zip(ANYWHERE, found, strict=True)}
    assert paths == dict.fromkeys(ANYWHERE, "$")


@each_flavour
@each_family
@each_vendor
def test_wrong_shapes_are_told_by_their_path(
    flavour: Flavour, family: Family, vendor: Vendor
) -> None:
    """A field that is missing or has the wrong type is named by its JSON path."""
    shapes = [(answer, path) for of_vendor, answer, path in SHAPES if of_vendor == vendor]
    answers = [json_response(answer) for answer, _ in shapes]
    found = refused(flavour, family, vendor, answers)
    assert [(answer, error.path) for (answer, _), error in zip(shapes, found, strict=True)] == (
        shapes
    )


@each_flavour
@each_family
def test_odd_extras_do_not_cost_the_token(flavour: Flavour, family: Family) -> None:
    """Once a token was made, values of wrong types beside it are kept in extra."""
    data = {"token": TOKEN, "user_id": 5, "expiration": "soon", "more": [[[None]]]}
    answer = json_response({"result": "success", "data": data})
    with RawServer(responding(lambda _: answer)) as server:
        client = driven_client(flavour, "strigo", server.url, frozen_clock(), http_family=family)
        (reply,) = replies(outcomes(client, flavour, STRIGO_MINT))
    token: strigo.UserToken = reply.value
    assert (token.token, token.user_id, token.expires_at) == (TOKEN, None, None)
    assert token.extra == {"user_id": 5, "expiration": "soon", "more": [[[None]]]}
