import inspect
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import attrs
import pytest
from core_driver import untyped

from tokenkit import strigo, zdk, zerohash
from tokenkit._model.codec import write_model
from tokenkit._model.json import JSON
from tokenkit._model.request import (
    RequestModel,
    extra_fields,
    extra_of,
    json_object,
    param,
    wire_names,
)
from tokenkit.errors import FieldError, InvalidInputError

JWT = "e30.eyJqdGkiOiJqIn0.c2ln"


def problems(build: Any, **arguments: object) -> dict[str | None, str]:
    """Return the problems of a model that must be refused, by field."""
    with pytest.raises(InvalidInputError) as caught:
        build(**arguments)
    assert isinstance(caught.value, ValueError)
    return {error.field: error.message for error in caught.value.errors}


def test_all_problems_are_reported_at_once() -> None:
    """One error names every invalid field, by its Python and its JSON name."""
    with pytest.raises(InvalidInputError) as caught:
        strigo.UserTokenRequest(
            email="",
            name=untyped(5),
            external_user_id="a\nb",
            expiration=untyped(1648100582468),
            groups=untyped("staff"),
            extra=untyped([]),
        )
    assert [error.field for error in caught.value.errors] == [
        "email",
        "name",
        "external_user_id",
        "expiration",
        "groups",
        "extra",
    ]
    text = str(caught.value)
    assert text.startswith("UserTokenRequest: ")
    assert "email must not be empty" in text
    assert (
        "external_user_id ('externalUserId' in JSON) must not contain control characters" in text
    )
    assert "groups must be a list of strings, not a single string" in text
    assert "expiration must be a datetime or a timedelta, not int" in text


def test_checks_across_fields_come_last() -> None:
    """Rules about several fields are checked only if each field is valid."""
    assert problems(zerohash.ClientAuthTokenRequest, permissions=["fwc"]) == {
        "participant_code": "is missing; pass it or email"
    }
    assert problems(zerohash.ClientAuthTokenRequest, permissions=[]) == {
        "permissions": "must not be empty"
    }


@pytest.mark.parametrize(
    ("given", "missing"), [("underlying_asset", "network"), ("network", "underlying_asset")]
)
def test_assets_come_with_networks(given: str, missing: str) -> None:
    """A withdrawal's asset and network are given together or not at all."""
    assert problems(zerohash.WithdrawalDetails, **{given: "x"}) == {
        missing: f"is missing: {given} needs it"
    }
    zerohash.WithdrawalDetails(underlying_asset="BTC", network="bitcoin")


@pytest.mark.parametrize("arguments", [{}, {"email": "a@example.com", "mail": "x"}])
def test_missing_and_unknown_keywords_are_type_errors(arguments: dict[str, str]) -> None:
    """A missing or misspelt keyword is Python's own TypeError."""
    build: Any = strigo.UserTokenRequest
    with pytest.raises(TypeError):
        build(**arguments)


def test_positional_arguments_are_type_errors() -> None:
    """Requests take keywords only."""
    build: Any = zdk.UserTokenRequest
    with pytest.raises(TypeError):
        build("user-1")


def test_none_means_not_sent() -> None:
    """Fields that are missing or None are left to the vendor's default."""
    request = strigo.UserTokenRequest(email="a@example.com", name=None, groups=None)
    assert write_model(request) == {"email": "a@example.com"}


@attrs.frozen(kw_only=True)
class Door(RequestModel):
    """A model whose fields have defaults of their own."""

    minutes: int | None = 10
    open: bool = True
    name: str | None = None
    extra: Mapping[str, JSON] = extra_fields()


def test_a_default_of_the_models_own_is_sent() -> None:
    """What a field says is sent, also if that is its default: the vendor's may be another one."""
    assert write_model(Door()) == {"minutes": 10, "open": True}
    door = Door(minutes=None, open=False, name="a", extra={"new": None})
    assert write_model(door) == {"open": False, "name": "a", "new": None}


def test_none_is_refused_where_a_value_is_required() -> None:
    """A required field does not accept None."""
    assert problems(strigo.UserTokenRequest, email=None) == {"email": "must be a string, not None"}


def test_empty_text_and_empty_lists_are_sent() -> None:
    """Where the vendor allows an empty value, it is sent, unlike None."""
    request = strigo.UserTokenRequest(
        email="a@example.com", name="", external_user_id="", groups=[]
    )
    assert write_model(request) == {
        "email": "a@example.com",
        "name": "",
        "externalUserId": "",
        "groups": [],
    }


def test_extra_is_sent_as_given() -> None:
    """Fields that the vendor added later are sent beside the known ones."""
    request = zdk.UserTokenRequest(id="u", extra={"newField": [1, None]})
    assert write_model(request) == {"id": "u", "newField": [1, None]}


@pytest.mark.parametrize(
    ("key", "parameter"), [("externalUserId", "external_user_id"), ("email", "email")]
)
def test_extra_must_not_repeat_a_parameter(key: str, parameter: str) -> None:
    """A known field in extra is refused with a message that names its parameter."""
    with pytest.raises(InvalidInputError, match=f"'{key}' has its own parameter: {parameter}"):
        strigo.UserTokenRequest(email="a@example.com", extra={key: "x"})


def test_extra_may_use_a_python_name_that_is_no_wire_name() -> None:
    """Only names in JSON collide."""
    request = strigo.UserTokenRequest(email="a@example.com", extra={"external_user_id": "x"})
    assert write_model(request) == {"email": "a@example.com", "external_user_id": "x"}


@pytest.mark.parametrize("extra", [None, 5, "x", [("a", 1)], {1: 2}, {None: 1}])
def test_extra_must_be_a_mapping_of_texts(extra: object) -> None:
    """Anything but a mapping with string keys is refused."""
    found = problems(zdk.UserTokenRequest, id="u", extra=extra)
    assert list(found) == ["extra"]


def test_extra_is_copied() -> None:
    """A later change to the caller's mapping does not change the request."""
    extra: dict[str, int] = {"a": 1}
    request = zdk.UserTokenRequest(id="u", extra=extra)
    extra["b"] = 2
    assert request.extra == {"a": 1}


def test_metadata_is_copied() -> None:
    """A later change to the metadata does not change the request."""
    metadata: dict[str, str] = {"a": "1"}
    request = zdk.UserTokenRequest(id="u", metadata=metadata)
    metadata.clear()
    assert request.metadata == {"a": "1"}


def test_requests_are_frozen_values() -> None:
    """A request cannot be changed, compares by value, and evolves with its checks."""
    request = zdk.UserTokenRequest(id="u", permissions=[100])
    assert request == zdk.UserTokenRequest(id="u", permissions=(100,))
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        untyped(request).id = "v"
    with pytest.raises(InvalidInputError):
        attrs.evolve(request, id="")


def test_a_token_to_revoke_is_in_no_repr() -> None:
    """The repr of a revocation's request does not show the token."""
    assert JWT not in repr(zerohash.RevokeAuthTokenRequest(token=JWT))
    assert zerohash.RevokeAuthTokenRequest(token=JWT).tokens == (JWT,)


def test_nested_objects_are_classes() -> None:
    """A mapping instead of a nested object is refused with a message that names the class."""
    found = problems(
        zerohash.ClientAuthTokenRequest,
        participant_code="CUST01",
        permissions=["crypto-pay"],
        payment_details={"purchase_amount": "1"},
        custom_fees_and_spreads=5,
    )
    assert found == {
        "payment_details": "must be a PaymentDetails(...), not dict",
        "custom_fees_and_spreads": "must be a CustomFeesAndSpreads(...), not int",
    }


def test_nested_objects_are_written_with_their_amounts_as_text() -> None:
    """Amounts in nested objects and lists are sent digit for digit, as strings."""
    fee = zerohash.Fee(type="notional", amount=Decimal("0.10"), name="fee", extra={"n": 1})
    costs = zerohash.FeesAndSpread(spread_bps=25, fees=[fee])
    request = zerohash.ClientAuthTokenRequest(
        participant_code="CUST01",
        permissions=["crypto-buy"],
        custom_fees_and_spreads=zerohash.CustomFeesAndSpreads(crypto_buy=costs),
    )
    assert write_model(request)["custom_fees_and_spreads"] == {
        "crypto_buy": {
            "spread_bps": "25",
            "fees": [{"type": "notional", "amount": "0.10", "name": "fee", "n": 1}],
        }
    }


def test_the_signature_is_the_models_own() -> None:
    """Inspect shows a model's parameters, not those of the metaclass."""
    parameters = inspect.signature(strigo.UserTokenRequest).parameters
    assert set(parameters) == {
        "email",
        "name",
        "external_user_id",
        "expiration",
        "groups",
        "extra",
    }
    assert all(item.kind is inspect.Parameter.KEYWORD_ONLY for item in parameters.values())


def vendors_models(base: Any = RequestModel) -> Iterator[Any]:
    """Yield the request models of the three vendors, and what they are derived from."""
    for model in base.__subclasses__():
        yield from vendors_models(model)
        if model.__module__.startswith(("tokenkit.z", "tokenkit.strigo")):
            yield model


def test_fields_are_in_the_order_that_readers_expect() -> None:
    """In each model what is required comes first and ``extra`` last, for type checkers too."""
    models = list(vendors_models())
    assert zdk.RoomTokenRequest in models
    for model in models:
        fields = attrs.fields(model)
        given = [field.default is not attrs.NOTHING for field in fields]
        assert given == sorted(given), model
        assert "extra" not in [field.name for field in fields[:-1]], model


def test_wire_names() -> None:
    """Each field knows its name in JSON."""
    assert wire_names(strigo.UserTokenRequest) == {
        "email": "email",
        "name": "name",
        "external_user_id": "externalUserId",
        "expiration": "expiration",
        "groups": "groups",
    }


def test_fields_without_a_check() -> None:
    """A field without a check is accepted as it is."""

    @attrs.frozen(kw_only=True)
    class Loose(RequestModel):
        anything: object = attrs.field()
        even: int = attrs.field(
            default=0, metadata=param(lambda value: "must be even" if value % 2 else None)
        )

    assert Loose(anything=object(), even=2).even == 2
    with pytest.raises(InvalidInputError) as caught:
        Loose(anything=None, even=3)
    assert caught.value.errors == (FieldError(field="even", message="must be even"),)


def test_json_object() -> None:
    """A JSON object is a mapping with string keys."""
    assert json_object({"a": 1}) is None
    assert json_object([]) == "must be a mapping, not list"
    assert json_object({1: 1}) == "must have only strings as keys"


def test_extra_has_no_place_in_a_get() -> None:
    """A GET has no body, so extra fields for one are refused, not dropped."""

    @attrs.frozen(kw_only=True)
    class Window(zerohash.TimeRequest):
        extra: Mapping[str, JSON] = extra_fields()

    assert problems(Window, extra={"a": 1}) == {
        "extra": "cannot be used in a GET, which has no body"
    }


def test_a_model_has_extra_only_if_it_says_so() -> None:
    """A model without the line for it takes no ``extra``, and nothing is sent for it."""
    build: Any = zerohash.TimeRequest
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'extra'$"):
        build(extra={})
    assert extra_of(zerohash.TimeRequest()) == {}
    assert extra_of(strigo.UserTokenRequest(email="a@b.io", extra={"a": 1})) == {"a": 1}
