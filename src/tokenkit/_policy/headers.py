"""The headers that a caller or a vendor's profile adds to every request, checked."""

import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from .._model.json import type_of
from .._model.messages import HEADER_NAME, header_problem, is_set_by_client

__all__ = ["header_problems"]

WORDS = re.compile(r"[A-Za-z]{0,12}([ _-][A-Za-z]{0,12}){0,4}")


def header_problems(
    headers: Mapping[Any, object],
    credential_headers: AbstractSet[str],
    request_id_header: str | None,
) -> Iterator[str]:
    """Yield what is wrong with headers; no value is quoted.

    Args:
        headers: The headers.
        credential_headers: The names, in lower case, that only a strategy may set.
        request_id_header: The vendor's header for the request's id, if it has one.
    """
    for position, (name, value) in enumerate(headers.items(), 1):
        problem = _problem(position, name, value, credential_headers, request_id_header)
        if problem is not None:
            yield problem


def _problem(
    position: int,
    name: object,
    value: object,
    credential_headers: AbstractSet[str],
    request_id_header: str | None,
) -> str | None:
    if not isinstance(name, str):
        return f"the name of header {position} must be a string, not {type_of(name)}"
    if not HEADER_NAME.fullmatch(name):
        # Only words are quoted: "x-key: SECRET" and a name that took the value's place come here.
        told = f"the name of header {position} is not valid"
        if WORDS.fullmatch(name):
            told = f"{name!r} is not a valid header name"
        return f"{told}; use letters, digits and hyphens"
    if name.lower() in credential_headers:
        return f"{name} is set by the client's auth strategy"
    if is_set_by_client(name, request_id_header):
        return f"{name} is set by the client itself"
    problem = header_problem(value)
    return None if problem is None else f"the value of {name} {problem}"
