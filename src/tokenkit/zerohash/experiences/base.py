"""The base of the experiences."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar

import attrs

from ...errors import FieldError
from ...extension import JSON, extra_of, write_model
from ..models import ClientAuthTokenCall, ClientAuthTokenRequest, Permission

__all__ = ["Experience"]


@attrs.frozen(kw_only=True)
class Experience(ClientAuthTokenCall):
    """A mint for one experience of zerohash's SDK.

    Its required fields are those that zerohash's schema requires (documented). The participant is
    given by code, because an e-mail alone works for onboarding only (documented).

    Raises:
        InvalidInputError: A field is invalid.

    Source: zerohash's API reference, "Generate a client access token", the schema's variant for
    the experience (documented).
    """

    permission: ClassVar[Permission]
    """The permission that the token gets."""

    def asked_permissions(self) -> tuple[str, ...]:
        """Return the experience's permission."""
        return (self.permission.value,)

    def check(self) -> Iterator[FieldError]:
        """Check that ``extra`` does not replace the permission."""
        if "permissions" in extra_of(self):
            problem = "'permissions' is set by the experience; use as_request() for further ones"
            yield FieldError(field="extra", message=problem)

    def encode(self, now: datetime) -> JSON:
        """Return the body: the fields and the permission."""
        del now
        return {"permissions": [self.permission.value], **write_model(self)}

    def as_request(self) -> ClientAuthTokenRequest:
        """Return the same mint as a request, for further permissions or fields on one token.

        No variant of the schema forbids them (documented)::

            request = CryptoBuy(participant_code="CUST01").as_request()
            attrs.evolve(request, permissions=["crypto-buy", "crypto-sell"])
        """
        fields: dict[str, Any] = {
            field.name: getattr(self, field.name) for field in attrs.fields(type(self))
        }
        return ClientAuthTokenRequest(permissions=[self.permission], **fields)
