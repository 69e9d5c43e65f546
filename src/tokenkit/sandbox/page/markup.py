"""HTML that is escaped by construction, and the text in it that comes from requests."""

import html
import re
from collections.abc import Iterable
from typing import TypeAlias

from ..log import shorten, visible
from ..settings import CREDENTIALS

__all__ = ["Child", "Markup", "join", "redacted", "tag"]

TOKEN = re.compile(r"[A-Za-z0-9_.-]{40,}")
"""What may be a token: the shortest, Strigo's, has 43 of these characters; a UUID has 36."""


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Child: TypeAlias = "str | Markup"


def tag(name: str, *children: Child, **attributes: str) -> Markup:
    """Make an element; children that aren't ``Markup`` are escaped, and so are attributes.

    A trailing underscore in an attribute's name is dropped; others become hyphens.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(value)}"'
        for key, value in attributes.items()
    )
    return Markup(f"<{name}{written}>{join(children)}</{name}>")


def join(children: Iterable[Child]) -> Markup:
    """Join children."""
    return Markup(
        "".join(
            child if isinstance(child, Markup) else html.escape(child, quote=False)
            for child in children
        )
    )


def redacted(text: str) -> str:
    """Make text from a request safe to show: no secret, no whole token, nothing invisible."""
    for secret in CREDENTIALS.secrets:
        text = text.replace(secret, "[secret]")
    text = TOKEN.sub(lambda found: shorten(found[0]), text)
    return visible(text)
