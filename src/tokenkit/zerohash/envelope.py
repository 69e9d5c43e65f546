"""The ``message`` that wraps zerohash's responses."""

from collections.abc import Mapping

from ..extension import JSON, Mismatch, kind_of

__all__ = ["listed", "message_of"]


def message_of(body: JSON) -> Mapping[str, JSON]:
    """Return the object in ``message``.

    Raises:
        Mismatch: It has no such object.
    """
    message = _enveloped(body)
    if not isinstance(message, (dict, Mapping)):
        raise Mismatch(f"expected an object, found {kind_of(message)}", "$.message")
    return message


def listed(body: JSON) -> JSON:
    """Return a whole response whose ``message`` is an array.

    Raises:
        Mismatch: It has no such array.
    """
    message = _enveloped(body)
    if not isinstance(message, list):
        raise Mismatch(f"expected an array, found {kind_of(message)}", "$.message")
    return body


def _enveloped(body: JSON) -> JSON:
    if not isinstance(body, (dict, Mapping)):
        raise Mismatch(f"expected an object, found {kind_of(body)}")
    return body.get("message")
