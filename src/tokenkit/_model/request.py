"""The base of request models: fields with their wire names, checked all together."""

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import attrs

from ..errors import FieldError, InvalidInputError
from .frames import Mixable, forget_arguments
from .json import JSON, is_mapping, type_of

__all__ = ["Check", "RequestModel", "extra_fields", "extra_of", "json_object", "param"]

Check: TypeAlias = Callable[[Any], str | None]
"""Returns what is wrong with a value, as a phrase, or ``None``."""

CHECK = "tokenkit.check"
WIRE_NAME = "tokenkit.wire_name"
DUMP = "tokenkit.dump"
EXTRA = "tokenkit.extra"
EXTRA_LINE = "extra: Mapping[str, JSON] = extra_fields()"


def param(
    check: Check,
    *,
    wire_name: str | None = None,
    dump: Callable[[Any], JSON] | None = None,
) -> Mapping[str, object]:
    """Describe a field of a request, as the ``metadata`` of its ``attrs.field``.

    Args:
        check: What the vendor's documentation requires of the value.
        wire_name: The field's name in JSON, if it differs.
        dump: How to write the value as JSON, if its type doesn't say.

    Raises:
        TypeError: ``check`` can't take a value, as if ``text`` were given instead of ``text()``.
    """
    unchecked: object = check
    if not callable(unchecked):
        raise TypeError(f"param() takes a check such as text(), not {type_of(unchecked)}")
    if unchecked is extra_fields:
        raise TypeError(f"param() takes a check, not extra_fields: write {EXTRA_LINE}")
    if getattr(getattr(unchecked, "__code__", None), "co_argcount", 1) == 0:
        name = getattr(unchecked, "__name__", "")
        raise TypeError(f"param() takes a check: write param({name}()), not param({name})")
    return {CHECK: check, WIRE_NAME: wire_name, DUMP: dump}


@attrs.frozen(eq=False, repr=False)
class _Rule:
    name: str
    wire_name: str | None
    check: Check
    is_optional: bool

    def error(self, problem: str) -> FieldError:
        return FieldError(field=self.name, wire_name=self.wire_name, message=problem)


@cache
def _rules(
    model: type["RequestModel"],
) -> tuple[Callable[[Any], tuple[Any, ...]], tuple[_Rule, ...]]:
    """Return what reads all checked fields at once, and each field's rule in the same order."""
    _refuse_other_extra(model)
    checked = [field for field in attrs.fields(model) if CHECK in field.metadata]
    rules = tuple(
        _Rule(
            field.name,
            field.metadata.get(WIRE_NAME),
            check=field.metadata[CHECK],
            is_optional=field.default is None,
        )
        for field in checked
    )
    names = [field.name for field in checked]
    if len(names) > 1:
        return attrgetter(*names), rules
    return lambda one: tuple(getattr(one, name) for name in names), rules


def _refuse_other_extra(model: type["RequestModel"]) -> None:
    """Refuse an ``extra`` that isn't :func:`extra_fields`: it would be sent as if it were."""
    name = model.__name__
    field = attrs.fields_dict(model).get("extra")
    written: object = getattr(model, "extra", attrs.NOTHING)
    if EXTRA in getattr(written, "metadata", ()):
        raise TypeError(f"{name}.extra: decorate {name} with @attrs.frozen(kw_only=True)")
    # attrs leaves nothing of a field on its class, or its slot: this is a method or a value.
    is_field = written is attrs.NOTHING or inspect.ismemberdescriptor(written)
    if not is_field or (field is not None and EXTRA not in field.metadata):
        raise TypeError(
            f"{name}.extra: write {EXTRA_LINE}; for the vendor's own field called extra use "
            "another name with param(..., wire_name='extra')"
        )


@cache
def wire_names(model: type["RequestModel"]) -> Mapping[str, str]:
    """Map each field's Python name to its name in JSON, without ``extra``."""
    return {
        field.name: field.metadata.get(WIRE_NAME) or field.name
        for field in attrs.fields(model)
        if field.name != "extra"
    }


def json_object(value: object) -> str | None:
    """Check for a mapping with string keys."""
    if not is_mapping(value):
        return f"must be a mapping, not {type_of(value)}"
    if value and not all(isinstance(key, str) for key in value):
        return "must have only strings as keys"
    return None


class _CheckedType(Mixable):
    """Raises a model's problems from the caller's line.

    The generated ``__init__`` has the arguments, perhaps a token, in its frame. An error
    raised there would keep the frame alive.
    """

    # Type checkers must see the model's own constructor, not this one.
    if not TYPE_CHECKING:

        def __call__(cls, *args: object, **kwargs: object) -> object:  # noqa: N805 - of a metaclass
            _, outer, _ = sys.exc_info()
            try:
                return super().__call__(*args, **kwargs)
            except InvalidInputError as error:
                problem = error.with_traceback(None)
            except BaseException as error:
                if not isinstance(error, TypeError) or error.__traceback__.tb_next is not None:
                    # A mistake in the model, or an interrupt; its frames hold the arguments.
                    args, kwargs = (), {}
                    forget_arguments(error, outer)
                    raise
                problem = error.with_traceback(None)
            args, kwargs = (), {}  # keep them out of the traceback
            raise problem

        @property
        def __signature__(cls) -> inspect.Signature:  # noqa: N805 - of a metaclass
            # Otherwise inspect shows the arguments of __call__ above.
            signature = inspect.signature(cls.__init__)
            _, *parameters = signature.parameters.values()
            made = {field.alias: _made_by(field.default) for field in attrs.fields(cls)}
            shown = [
                one.replace(default=made.get(one.name, ...))
                if one.default is attrs.NOTHING
                else one
                for one in parameters
            ]
            return signature.replace(parameters=shown)


def _made_by(default: Any) -> object:
    """Return what a field's factory makes, for its signature; ``...`` if that can't be told."""
    # Checkers know Factory as a function.
    if not isinstance(default, cast("type[Any]", attrs.Factory)) or default.takes_self:
        return ...
    try:
        made: object = default.factory()
    except Exception:  # noqa: BLE001 - a model's factory may raise anything
        return ...
    return made


def copied(extra: Mapping[str, JSON]) -> Mapping[str, JSON]:
    """Copy a mapping, so that a later change to it cannot change the request."""
    unchecked: object = extra
    return dict(extra) if is_mapping(unchecked) else extra


def extra_fields() -> Mapping[str, JSON]:
    """Return the field ``extra``: what the vendor added later, by wire name, sent as given.

    Write it as a model's last field, as type checkers show the fields in the order of the
    classes and their lines::

        extra: Mapping[str, JSON] = extra_fields()
    """
    return attrs.field(
        factory=dict[str, JSON],
        converter=copied,
        hash=False,
        repr=False,
        metadata={**param(json_object), EXTRA: True},
    )


def extra_of(model: "RequestModel") -> Mapping[str, JSON]:
    """Return what a model's ``extra`` holds; nothing if it has no such field."""
    extra: Mapping[str, JSON] = getattr(model, "extra", {})
    return extra


@attrs.frozen(kw_only=True)
class RequestModel(metaclass=_CheckedType):
    """The base of a request's body and of the objects nested in it.

    Fields that are ``None`` are not sent, so that the vendor's default applies. All invalid fields
    are reported at once, or what is wrong between valid ones.

    Raises:
        InvalidInputError: A field is invalid.
    """

    def __attrs_post_init__(self) -> None:
        errors: list[FieldError] = []
        values_of, rules = _rules(type(self))
        for value, rule in zip(values_of(self), rules, strict=False):
            if value is None and rule.is_optional:
                continue
            if (problem := rule.check(value)) is not None:
                errors.append(rule.error(problem))
        if not errors:
            found: Any = self.check()
            if not hasattr(found, "__iter__"):  # Iterable takes ten times as long
                name = f"{type(self).__name__}.check()"
                raise TypeError(f"{name} must yield its problems, not return {type_of(found)}")
            extra = extra_of(self)
            errors = [*(self._check_extra(extra) if extra else ()), *found]
        if errors:
            raise InvalidInputError(type(self).__name__, tuple(errors))

    def check(self) -> Iterator[FieldError]:
        """Yield the problems that involve several fields; each is valid on its own."""
        return iter(())

    def _check_extra(self, extra: Mapping[str, JSON]) -> Iterator[FieldError]:
        names = {wire: name for name, wire in wire_names(type(self)).items()}
        for key in sorted(names.keys() & extra.keys()):
            message = f"{key!r} has its own parameter: {names[key]}"
            yield FieldError(field="extra", message=message)
