"""The headers of a webhook, from whatever a framework provides."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeAlias

from ..errors import WebhookProblem, WebhookVerificationError

__all__ = ["HeaderItems", "HeaderSource", "HookHeaders"]

PREFIX = "x-zh-hook-"
LONGEST = 4096


class HeaderItems(Protocol):
    """A mapping of headers, such as the ``request.headers`` of FastAPI, Django and Flask."""

    @property
    def items(self) -> Callable[[], Iterable[tuple[Any, Any]]]:
        """Return pairs of names and values."""
        ...


HeaderSource: TypeAlias = HeaderItems | Iterable[tuple[str, str] | tuple[bytes, bytes]]
"""Headers: a mapping, or pairs of names and values, such as those of an ASGI scope."""


class HookHeaders:
    """The headers that zerohash documents for a webhook.

    Args:
        source: All headers of the request.

    Raises:
        WebhookVerificationError: They cannot be read, or have one of zerohash's twice.
    """

    def __init__(self, source: HeaderSource) -> None:
        found = _hook_headers(source)
        if isinstance(found, str):
            raise _problem(found)
        self._values = found

    def get(self, name: str) -> str | None:
        """Return a header's value; ``None`` if it is missing or empty."""
        return self._values.get(PREFIX + name) or None

    def need(self, name: str) -> str:
        """Return a header's value.

        Raises:
            WebhookVerificationError: It is missing or empty.
        """
        value = self.get(name)
        if value is None:
            raise _problem(f"the header {PREFIX}{name} is missing")
        return value


def _problem(text: str) -> WebhookVerificationError:
    return WebhookVerificationError(f"Webhook: {text}", problem=WebhookProblem.HEADERS)


def _hook_headers(source: Any) -> dict[str, str] | str:
    """Return zerohash's headers by their names in lower case, or what is wrong."""
    values: dict[str, str] = {}
    try:
        pairs = source.items() if hasattr(source, "items") else source
        for name, value in pairs:
            key = _text(name).lower()
            if not key.startswith(PREFIX):
                continue
            if key in values:
                return f"the header {key:.100} occurs twice"
            values[key] = _text(value).strip()
            if len(values[key]) > LONGEST or not values[key].isprintable():
                return f"the header {key:.100} is malformed"
    except Exception as error:  # noqa: BLE001 - a framework's headers may raise anything
        return f"the headers cannot be read ({type(error).__name__})"
    return values


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, str):
        return value
    raise TypeError
