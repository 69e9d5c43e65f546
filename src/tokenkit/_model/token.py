"""What the tokens of all vendors have in common."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from html import escape
from typing import ClassVar

import attrs

from ..errors import FieldError, InvalidInputError
from .codec import response_field, token_text
from .json import JSON

__all__ = ["IssuedToken"]


@attrs.frozen(kw_only=True)
class IssuedToken:
    """A token that a vendor has issued.

    Equality compares everything; the hash is made of the token and its issuer. No repr shows the
    token.

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
            leeway: Seconds before its expiry from which on the token counts as expired.

        Raises:
            InvalidInputError: ``at`` has no time zone.
        """
        if at is not None and at.utcoffset() is None:
            problem = FieldError(field="at", message="must be a datetime with a time zone")
            raise InvalidInputError("is_expired()", (problem,))
        ends = self.expires_at
        now = at or datetime.now(timezone.utc)
        return ends is not None and (ends - now).total_seconds() <= leeway

    def __hash__(self) -> int:
        return hash((self.issuer, self.token))

    def _repr_html_(self) -> str:
        ends = self.expires_at
        left = "unknown lifetime"
        if ends is not None:
            seconds = int((ends - datetime.now(timezone.utc)).total_seconds())
            left = f"{timedelta(seconds=seconds)} left" if seconds > 0 else "expired"
        parts = (self.issuer, type(self).__name__, self.subject or "unknown subject", left)
        return f"<code>{' · '.join(escape(part) for part in parts)}</code>"


def _hide_from_inspection(cls: type[object], name: str) -> None:
    """Replace a slot with a property.

    Tools that show the values in a failing line, such as IPython's verbose tracebacks, read slots
    on their own, ``token.token`` too; they call no properties.
    """
    slot = vars(cls)[name]
    setattr(cls, name, property(slot.__get__, slot.__set__, doc="The token."))


_hide_from_inspection(IssuedToken, "token")
