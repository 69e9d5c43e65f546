"""Convert between models and JSON: exact types, unknown fields kept, errors with JSON paths."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from functools import cache, partial
from typing import Any, TypeVar

import attrs
from cattrs import ClassValidationError, Converter, transform_error
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from .arrays import array_hook, is_array
from .checks import SURROGATE, plain_decimal
from .data_errors import DATA_ERRORS, raise_what_struck
from .json import (
    JSON,
    JSONObject,
    Mismatch,
    is_object,
    kind_of,
)
from .request import DUMP, WIRE_NAME, RequestModel, extra_of

__all__ = [
    "epoch_milliseconds",
    "epoch_seconds",
    "read_plain",
    "read_response",
    "response_field",
    "text_value",
    "token_text",
    "write_model",
    "write_plain",
]

M = TypeVar("M")

LOAD = "tokenkit.load"
LENIENT = "tokenkit.lenient"
REMEMBERED = "tokenkit.remembered"
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
PATH_MARK = " @ $"


def response_field(
    *,
    wire_name: str | None = None,
    load: Callable[[JSON], object] | None = None,
    lenient: Callable[[JSON], object] | None = None,
    remembered: bool = False,
) -> Mapping[str, object]:
    """Describe a field of a response, as the ``metadata`` of its ``attrs.field``.

    Args:
        wire_name: The field's name in JSON, if it differs.
        load: How to read the value, if its type doesn't say.
        lenient: The same, but the field becomes ``None`` if the value cannot be read, and the
            value is kept in ``extra``. Once a token exists, nothing else in the response may be an
            error.
        remembered: Whether the field comes from the request instead of the response.
    """
    return {WIRE_NAME: wire_name, LOAD: load, LENIENT: lenient, REMEMBERED: remembered}


def text_value(value: JSON) -> str:
    """Read a string."""
    return _exact_text(value)


def token_text(value: JSON) -> str:
    """Read an issued token: a string that is not empty."""
    token = _exact_text(value)
    if not token:
        raise Mismatch("expected a token, found an empty string")
    return token


def epoch_seconds(value: JSON) -> datetime:
    """Read a time in seconds since 1970."""
    return _time(value, timedelta(seconds=1))


def epoch_milliseconds(value: JSON) -> datetime:
    """Read a time in milliseconds since 1970."""
    return _time(value, timedelta(milliseconds=1))


def _time(value: JSON, unit: timedelta) -> datetime:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Mismatch(f"expected a time as a number, found {kind_of(value)}")
    try:
        return EPOCH + value * unit
    except (OverflowError, ValueError):
        pass
    raise Mismatch("expected a time as a number, found one out of range")


def _exact_text(value: object, _: object = None) -> str:
    if not isinstance(value, str):
        raise Mismatch(f"expected a string, found {kind_of(value)}")
    if not value.isascii() and SURROGATE.search(value):
        raise Mismatch("expected a string, found lone surrogates")
    return value


def _exact(expected: type, name: str) -> Callable[[object, object], Any]:
    def structure(value: object, _: object) -> object:
        if type(value) is not expected:
            raise Mismatch(f"expected {name}, found {kind_of(value)}")
        return value

    return structure


def _is_json(annotation: object) -> bool:
    return annotation in (JSON, JSONObject, Mapping[str, JSON])


def _is_request_model(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, RequestModel)


def _same(value: Any) -> Any:
    return value


def _write_hook(model: type[Any], converter: Converter) -> Callable[[Any], dict[str, JSON]]:
    overrides: dict[str, Any] = {
        field.name: override(
            rename=field.metadata.get(WIRE_NAME),
            omit_if_default=field.default is None,
            unstruct_hook=field.metadata.get(DUMP),
        )
        for field in attrs.fields(model)
    }
    overrides["extra"] = override(omit=True)
    known = make_dict_unstructure_fn(model, converter, **overrides)
    has_defaults = any(
        field.default not in (None, attrs.NOTHING) and field.name != "extra"
        for field in attrs.fields(model)
    )

    def write(value: Any) -> dict[str, JSON]:
        return {**known(value), **extra_of(value)}

    def write_set(value: Any) -> dict[str, JSON]:
        written = {name: one for name, one in known(value).items() if one is not None}
        return {**written, **extra_of(value)}

    return write_set if has_defaults else write


def _read_hook(model: type[Any], converter: Converter) -> Callable[[object, object], Any]:
    fields = attrs.fields(model)
    overrides: dict[str, Any] = {}
    names: dict[str, attrs.Attribute[Any]] = {}
    for field in fields:
        absent = field.name == "extra" or field.metadata.get(REMEMBERED)
        if not absent:
            names[field.metadata.get(WIRE_NAME) or field.name] = field
        lenient = field.metadata.get(LENIENT)
        load = _or_none(lenient) if lenient else field.metadata.get(LOAD)
        overrides[field.name] = override(
            rename=field.metadata.get(WIRE_NAME),
            omit=True if absent else None,
            struct_hook=_ignoring_type(load) if load else None,
        )
    wire_names = {field.name: wire for wire, field in names.items()}
    lenient_names = {wire: f.name for wire, f in names.items() if f.metadata.get(LENIENT)}
    keeps_unknown = "extra" in overrides
    known = make_dict_structure_fn(
        model,
        converter,
        _cattrs_detailed_validation=converter.detailed_validation,
        _cattrs_include_init_false=False,
        **overrides,
    )

    def read(value: object, annotation: object) -> Any:
        if not is_object(value):
            raise Mismatch(f"expected an object, found {kind_of(value)}")
        try:
            result = known(value, annotation)
        except ClassValidationError as error:
            for _, note in error.group_exceptions()[0]:
                note.name = wire_names[note.name]
            raise
        if not keeps_unknown:
            return result
        unread = {
            wire_name: value[wire_name]
            for wire_name, name in lenient_names.items()
            if value.get(wire_name) is not None and getattr(result, name) is None
        }
        if unread or not value.keys() <= names.keys():
            unknown: dict[str, JSON] = {key: value[key] for key in value if key not in names}
            # Nothing else refers to it yet, and evolve() takes 6 times as long.
            object.__setattr__(result, "extra", unknown | unread)
        return result

    return read


def _or_none(load: Callable[[JSON], object]) -> Callable[[JSON], object]:
    def load_or_none(value: JSON) -> object:
        try:
            return load(value)
        except DATA_ERRORS as error:
            raise_what_struck(error)
            return None

    return load_or_none


def _ignoring_type(load: Callable[[JSON], object]) -> Callable[[Any, Any], object]:
    return lambda value, _: load(value)


def _converter(*, detailed: bool) -> Converter:
    converter = Converter(detailed_validation=detailed)
    converter.register_unstructure_hook(Decimal, plain_decimal)
    converter.register_unstructure_hook_func(_is_json, _same)
    converter.register_unstructure_hook_factory(
        _is_request_model, partial(_write_hook, converter=converter)
    )
    converter.register_structure_hook(str, _exact_text)
    converter.register_structure_hook(int, _exact(int, "a whole number"))
    converter.register_structure_hook(bool, _exact(bool, "a boolean"))
    converter.register_structure_hook_func(_is_json, lambda value, _: value)
    converter.register_structure_hook_factory(is_array, partial(array_hook, converter=converter))
    converter.register_structure_hook_factory(attrs.has, partial(_read_hook, converter=converter))
    return converter


@cache
def _fast() -> Converter:
    return _converter(detailed=False)


@cache
def _explaining() -> Converter:
    """Build the converter that reports where a response is wrong; only failures pay for it."""
    return _converter(detailed=True)


def write_model(model: RequestModel) -> dict[str, JSON]:
    """Turn a request model into a JSON object."""
    written: dict[str, JSON] = _fast().unstructure(model)
    return written


def _describe(error: BaseException, _: object) -> str:
    if isinstance(error, KeyError):
        return "a required field is missing"
    if isinstance(error, Mismatch):
        return error.problem
    return f"unreadable ({type(error).__name__})"


def _explain(value: JSON, model: type[M], path: str) -> Mismatch:
    try:
        _explaining().structure(value, model)
    except DATA_ERRORS as error:
        raise_what_struck(error)
        first = transform_error(error, "$", format_exception=_describe)[0]
    else:
        first = f"unreadable{PATH_MARK}"
    problem, _, place = first.partition(PATH_MARK)
    return Mismatch(problem, path + place)


def read_response(value: JSON, model: type[M], *, path: str = "$", **remembered: object) -> M:
    """Read a part of a response as a model.

    Args:
        value: The part of the response.
        model: The attrs class to read it as.
        path: Where ``value`` is in the response, for error messages.
        **remembered: Fields from the request that the response does not repeat.

    Raises:
        Mismatch: The value does not fit; the error names the path and the types, never values.
    """
    try:
        result = _fast().structure(value, model)
    except DATA_ERRORS:  # the explaining converter reports it
        result = None
    if result is None:
        raise _explain(value, model, path)
    for name, known in remembered.items():
        # Nothing else refers to it yet, and evolve() takes 6 times as long.
        object.__setattr__(result, name, known)
    return result


@cache
def _plain() -> Converter:
    """Build the converter for tokenkit's own form: fields by name, times in ISO 8601."""
    converter = Converter(detailed_validation=False)
    converter.register_unstructure_hook(datetime, datetime.isoformat)
    converter.register_unstructure_hook_func(_is_json, _same)
    converter.register_structure_hook(datetime, _iso_time)
    converter.register_structure_hook(str, _exact_text)
    converter.register_structure_hook_func(_is_json, _json_object)
    return converter


def _iso_time(value: object, _: object) -> datetime:
    moment = datetime.fromisoformat(_exact_text(value))
    if moment.utcoffset() is None:
        raise Mismatch("expected a time with a time zone")
    return moment


def _json_object(value: object, _: object) -> Mapping[str, JSON]:
    if not is_object(value):
        raise Mismatch(f"expected an object, found {kind_of(value)}")
    return value


def write_plain(value: Any) -> dict[str, JSON]:
    """Turn an attrs object into a JSON object that :func:`read_plain` reads."""
    written: dict[str, JSON] = _plain().unstructure(value)
    return written


def read_plain(value: Mapping[str, JSON], model: type[M]) -> M | None:
    """Read what :func:`write_plain` wrote; ``None`` for anything else."""
    try:
        return _plain().structure(value, model)
    except DATA_ERRORS:  # write_plain() didn't write it
        return None
