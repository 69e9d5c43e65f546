"""The search for secrets in everything that an error report could show."""

from __future__ import annotations

import pickle
import traceback
from typing import TYPE_CHECKING

from all_clients import TOKEN
from credentials import STRIGO_API_KEY, ZEROHASH_API_KEY, ZEROHASH_PASSPHRASE, ZEROHASH_PRIVATE_KEY

from tokenkit import zerohash

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest


JWT = "e30.eyJqdGkiOiAidGhlLWp0aS1vZi10aGUtdG9rZW4ifQ.c2lnbmF0dXJlLW9mLWl0"
REVOCATION = zerohash.RevokeAuthTokenRequest(token=JWT)
ZEROHASH_SECRETS = (ZEROHASH_API_KEY, ZEROHASH_PRIVATE_KEY, ZEROHASH_PASSPHRASE, TOKEN, JWT)
OURS = ("tokenkit", "httpx", "httpx2", "httpcore", "httpcore2", "h11", "anyio", "trio", "asyncio")


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and everything behind it and, if it is a group, in it."""
    waiting, seen = [error], set[int]()
    while waiting:
        item = waiting.pop()
        if item is not None and id(item) not in seen:
            seen.add(id(item))
            yield item
            waiting += [item.__cause__, item.__context__, *getattr(item, "exceptions", ())]


def traces(error: BaseException) -> Iterator[tuple[str, str]]:
    """Yield everything that an error report could show, with its place."""
    for link in chain(error):
        name = type(link).__name__
        yield f"text of {name}", f"{link}\n{link!r}\n{link.args!r}\n{vars(link)!r}"
        yield f"report of {name}", "".join(traceback.format_exception(link))
        for frame, _ in traceback.walk_tb(link.__traceback__):
            module = str(frame.f_globals.get("__name__", ""))
            if module.partition(".")[0] in OURS:
                for variable, value in frame.f_locals.items():
                    where = f"{module}.{frame.f_code.co_name}: {variable}"
                    yield where, repr(value)
                    yield f"vars of {where}", repr(getattr(value, "__dict__", ""))


def check_no_secret(error: BaseException, log: pytest.LogCaptureFixture, *more: str) -> None:
    """Check that no secret shows, in the error or in the log."""
    secrets = (*ZEROHASH_SECRETS, STRIGO_API_KEY, *more)
    shown = [*traces(error)]
    shown += [("log", f"{record.getMessage()} {vars(record)!r}") for record in log.records]
    if isinstance(error, Exception):
        shown.append(("pickle", pickle.dumps(error).decode("latin-1")))
    found = [(where, secret) for where, text in shown for secret in secrets if secret in text]
    assert found == [], found
