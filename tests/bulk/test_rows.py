"""Results as plain rows."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import pytest
from bulk_runs import learners, reply, results, run

from tokenkit import Call, ConfigurationError, ConnectionLostError, strigo, zdk, zerohash
from tokenkit.bulk import Failure, Success, as_rows
from tokenkit.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def test_rows_tell_who_got_what(sandbox: Sandbox) -> None:
    """A row has the call's fields, the value's fields and, for a failure, the reason."""
    calls = [*learners(2), strigo.UserTokenRequest(email="no address", name="Ada")]
    with sandbox.strigo_client() as client, client.send_many(calls, ordered=True) as opened:
        rows = as_rows(opened)
    assert [list(row) for row in rows] == [list(rows[0])] * 3
    assert [(row["index"], row["ok"], row["email"], row["name"]) for row in rows] == [
        (0, True, "learner0@example.com", None),
        (1, True, "learner1@example.com", None),
        (2, False, "no address", "Ada"),
    ]
    assert rows[0]["user_id"]
    assert str(rows[0]["expires_at"]).startswith("20")
    assert (rows[2]["error"], rows[2]["status"]) == ("UnprocessableError", 422)
    assert rows[2]["expires_at"] is None


def test_tokens_are_in_the_rows_only_where_asked(sandbox: Sandbox) -> None:
    """Without ``include_tokens`` no cell holds a token."""
    with sandbox.strigo_client() as client, client.send_many(learners(3)) as opened:
        found = list(opened)
    tokens = {result.value.token for result in found if result.ok}
    assert not [row for row in as_rows(found) if tokens.intersection(row.values())]
    with_tokens = as_rows([*found, failure()], include_tokens=True)
    assert {row["token"] for row in with_tokens} == {*tokens, None}


def failure() -> Failure[strigo.UserToken]:
    (call,) = learners(1)
    return Failure(index=9, call=call, error=ConnectionLostError("lost"))


def test_a_string_adds_no_tokens() -> None:
    """A string such as "no" would count as true, and put secrets into the rows."""
    wrong: Any = "no"
    with pytest.raises(ConfigurationError) as caught:
        as_rows([failure()], include_tokens=wrong)
    assert str(caught.value) == "as_rows(): include_tokens must be True or False, not str"


def test_rows_go_through_json_and_csv(sandbox: Sandbox) -> None:
    """JSON and CSV can hold every cell."""
    (call,) = learners(1)
    call = attrs.evolve(call, expiration=timedelta(hours=1), groups=["a", "b"])
    with sandbox.strigo_client() as client, client.send_many([call]) as opened:
        rows = as_rows([*opened, failure()])
    assert json.loads(json.dumps(rows)) == rows
    assert rows[0]["expiration"] == 3600.0
    assert rows[0]["groups"] == "a;b"
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    assert text.getvalue().count("\n") == 3


def test_a_payments_id_is_in_its_row() -> None:
    """The only id that later webhooks can be matched by is kept."""
    call = zerohash.ClientAuthTokenRequest(participant_code="CUST01", permissions=["crypto-pay"])
    token = zerohash.ClientAuthToken(token="a.b.c", payment_id="p-1", participant_code="CUST01")
    (row,) = as_rows([Success(index=0, call=call, value=token)])
    assert (row["payment_id"], row["participant_code"]) == ("p-1", "CUST01")


def test_a_token_to_revoke_is_in_no_row() -> None:
    """A field that the repr hides doesn't become a column."""
    token = zerohash_token()
    calls: list[Any] = [zerohash.RevokeAuthTokenRequest(token=token), zdk.UserTokenRequest(id="1")]
    rows = as_rows(results(run(calls, lambda _: reply(None))))
    assert token not in repr(rows)
    assert sorted(str(row["id"]) for row in rows) == ["1", "None"]


def zerohash_token() -> str:
    with Sandbox() as sandbox, sandbox.zerohash_client() as client:
        return client.create_client_auth_token(
            participant_code="CUST01", permissions=["fiat-deposits"]
        ).token


def test_amounts_and_names_of_sets_are_plain() -> None:
    """The values of a caller's own model become text too."""

    class Colour(str, Enum):
        BLUE = "blue"

    @attrs.frozen(kw_only=True)
    class Own(Call[None]):
        path: ClassVar[str] = "/own"
        amount: Decimal = attrs.field(default=Decimal("1.50"))
        colour: Colour = attrs.field(default=Colour.BLUE)
        details: Any = attrs.field(factory=dict)

    (row,) = as_rows([Success(index=0, call=Own(), value=None)])
    assert (row["amount"], row["colour"]) == ("1.50", "blue")
    assert type(row["colour"]) is str
    assert "details" not in row


def test_no_results_give_no_rows() -> None:
    """An empty run is an empty table."""
    assert as_rows([]) == []
