"""The rules for paths, so that no library changes what was signed."""

import re

from .json import type_of

__all__ = ["ENCODED", "MAX_URL", "has_encoded_path", "path_problem", "route_problem"]

# Common servers take no more, and httpx takes little more.
MAX_URL = 16_384
# The characters that RFC 3986 allows in a path and a query.
PATH = re.compile(r"(/([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*)*")
DOTS = frozenset({".", ".."})
QUERY = re.compile(r"([A-Za-z0-9._~!$&()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*")

ENCODED = "must be percent-encoded, without '.' and '..' segments"


def has_encoded_path(path: str) -> bool:
    """Return whether a path is percent-encoded, without segments that servers resolve."""
    return PATH.fullmatch(path) is not None and not _has_dots(path)


def _has_dots(path: str) -> bool:
    # Percent-encoded ones count as well: servers and proxies decode them before they look.
    segments = path.lower().replace("%2e", ".").replace("%2f", "/").replace("%5c", "/").split("/")
    return not DOTS.isdisjoint(segments)


def route_problem(path: object) -> str | None:
    """Return why a path, with a query if there is one, can't follow a base URL; or ``None``.

    A model may quote an id of any kind, so its dots count only if they aren't encoded.
    """
    if not isinstance(path, str):
        return f"must be a string, not {type_of(path)}"
    if len(path) > MAX_URL:
        return f"must have at most {MAX_URL} characters"
    if not path.startswith("/") or path.startswith("//"):
        return "must start with one slash: requests go only to the client's own base URL"
    route, mark, query = path.partition("?")
    is_encoded = PATH.fullmatch(route) and QUERY.fullmatch(query)
    if not is_encoded or not DOTS.isdisjoint(route.split("/")):
        return ENCODED
    return "must not end in a lone '?'" if mark and not query else None


def path_problem(path: object) -> str | None:
    """Return what is wrong with the path of a ``request()``, as a phrase, or ``None``."""
    problem = route_problem(path)
    return problem or (ENCODED if _has_dots(str(path).partition("?")[0]) else None)
