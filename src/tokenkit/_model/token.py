"""What the tokens of all vendors have in common."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from html import escape
from typing import Any, ClassVar

import attrs
from typing_extensions import Self

from ..errors import FieldError, InvalidInputError
from .codec import read_plain, response_field, token_text, write_plain
from .json import JSON, is_object, kind_of

__all__ = ["IssuedToken"]


@attrs.frozen(kw_only=True)
class IssuedToken:
    """A token that a vendor has issued.

    Equality compares everything; the hash covers the token and its issuer. The repr hides the
    token and shows how long it is still valid.

    Attributes:
        token: The token, for the vendor's browser module.
        extra: Fields of the response that this release does not know.
    """

    issuer: ClassVar[str] = ""
    """The vendor's name."""

    token: str = attrs.field(repr=False, metadata=response_field(load=token_text))
    extra: Mapping[str, JSON] = attrs.field(factory=dict[str, JSON], repr=False)

    @property
    def subject(self) -> str | None:
        """Who the token is for, if known."""
        return None

    @property
    def expires_at(self) -> datetime | None:
        """When the token expires, in UTC; ``None`` if unknown."""
        return None

    def is_expired(self, at: datetime | None = None, *, leeway: float = 0.0) -> bool:
        """Return whether the token has expired; ``False`` if its expiry is unknown.

        Args:
            at: The time to compare with, with a time zone. Default: now.
            leeway: The token counts as expired this many seconds before it expires.

        Raises:
            InvalidInputError: ``at`` has no time zone.
        """
        if at is not None and at.utcoffset() is None:
            problem = FieldError(field="at", message="must be a datetime with a time zone")
            raise InvalidInputError("is_expired()", (problem,))
        ends = self.expires_at
        now = at or datetime.now(timezone.utc)
        return ends is not None and (ends - now).total_seconds() <= leeway

    def to_json(self) -> dict[str, JSON]:
        """Return the token as a JSON object, its text included, for your own storage.

        Nothing else turns a token into JSON.
        """
        return {"issuer": self.issuer, "kind": type(self).__name__, **write_plain(self)}

    @classmethod
    def from_json(cls, value: JSON) -> Self:
        """Return the token that :meth:`to_json` was called on.

        Args:
            value: What it returned.

        Raises:
            InvalidInputError: It is not what :meth:`to_json` returns, or is another kind of token.
        """
        problem = f"must be an object, not {kind_of(value)}"
        if is_object(value):
            wanted, found = (cls.issuer, cls.__name__), (value.get("issuer"), value.get("kind"))
            token = read_plain(value, cls) if found == wanted else None
            if token is not None:
                return token
            kind = f"{cls.issuer} {cls.__name__}"
            problem = f"is not the JSON form of a {kind}; pass what to_json() returned"
        del value  # it holds a token; keep it out of the traceback
        error = FieldError(field="value", message=problem)
        raise InvalidInputError(f"{cls.__name__}.from_json()", (error,))

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # Otherwise attrs makes one that shows only the fields, and one that hashes ``extra`` too.
        if "__repr__" not in vars(cls):
            cls.__repr__ = IssuedToken.__repr__  # type: ignore[method-assign] # as in its body
        if "__hash__" not in vars(cls):
            cls.__hash__ = IssuedToken.__hash__  # type: ignore[method-assign] # as in its body

    def __hash__(self) -> int:
        return hash((self.issuer, self.token))

    def __repr__(self) -> str:
        fields = [field.name for field in attrs.fields(type(self)) if field.repr]
        shown = [f"{name}={getattr(self, name)!r}" for name in fields]
        return f"{type(self).__name__}({', '.join([*shown, self._time_left()])})"

    def _repr_html_(self) -> str:
        name, left = type(self).__name__, self._time_left()
        parts = (self.issuer, name, self.subject or "unknown subject", left)
        return f"<code>{' · '.join(escape(part) for part in parts)}</code>"

    def _time_left(self) -> str:
        ends = self.expires_at
        if ends is None:
            return "unknown lifetime"
        seconds = int((ends - datetime.now(timezone.utc)).total_seconds())
        return f"{timedelta(seconds=seconds)} left" if seconds > 0 else "expired"


def _hide_from_inspection(cls: type[object], name: str) -> None:
    """Replace a slot with a property.

    Tools that show the values in a failing line, such as IPython's verbose tracebacks, read
    slots, ``token.token`` included, but call no properties.
    """
    slot = vars(cls)[name]
    setattr(cls, name, property(slot.__get__, slot.__set__, doc="The token."))


_hide_from_inspection(IssuedToken, "token")
