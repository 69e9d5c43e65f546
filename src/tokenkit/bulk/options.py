"""The options of a bulk run, and their checks."""

import inspect
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

import attrs
from typing_extensions import TypedDict

from .._model.json import type_of
from .._policy.values import check_names, value_text
from .._secret import Secret
from ..errors import ConfigurationError
from .progress import Progress
from .rate_limiter import RateLimiter

__all__ = ["BulkOptions", "Settings"]

MOST_AT_ONCE = 10_000


class BulkOptions(TypedDict, total=False):
    """The options of a bulk run; ``None`` means the default for each of them."""

    concurrency: int | None
    """The most requests in flight at once. Default: 16."""

    share: float | None
    """The part of the vendor's rate limit to use, above 0 and at most 1; the rest is left to
    live traffic. Default: 0.9."""

    ordered: bool | None
    """Yield the results in the order of the calls, not as they come in. Default: ``False``."""

    batch_size: int | None
    """Calls in one request, if the vendor takes several (ZDK). Default: 1."""

    journal: str | os.PathLike[str] | None
    """A file that records which calls are done, so that a killed run can resume. Default: no
    journal."""

    encryption_keys: Sequence[str | bytes] | None
    """Fernet keys; with them the journal keeps the tokens too. The first key encrypts, all
    decrypt. Needs ``cryptography``. Default: the journal keeps no tokens."""

    reuse: bool | None
    """Call ``get_token`` for each call, which mints only tokens that aren't kept yet. Default:
    ``False``."""

    allow_payments: bool | None
    """Send calls that open a payment or a fund session; needs a journal. Default: ``False``."""

    progress: bool | Callable[[Progress], object] | None
    """A function to call with the :class:`Progress`, or ``True`` for a tqdm bar. Default:
    ``False``, no progress."""

    rate_limiter: RateLimiter | None
    """A limit shared with other runs, such as :class:`RedisRateLimiter`, in addition to the
    vendor's own. Default: none."""


@attrs.frozen(kw_only=True)
class Settings:
    """The checked form of :class:`BulkOptions`."""

    concurrency: int = 16
    share: float = 0.9
    ordered: bool = False
    batch_size: int = 1
    journal: str | None = None
    encryption_keys: tuple[Secret, ...] | None = None
    reuse: bool = False
    allow_payments: bool = False
    progress: bool | Callable[[Progress], object] = False
    rate_limiter: RateLimiter | None = None

    @classmethod
    def parse(cls, options: dict[str, Any], *, about: str = "send_many()") -> "Settings":
        """Check options.

        The keys among them become secrets at once, because the frames of an error show their
        values.

        Args:
            options: What the caller passed.
            about: What the caller passed them to, for errors.

        Raises:
            ConfigurationError: Options are invalid; the message names all of them.
            TypeError: There is no such option.
        """
        keys = options.get("encryption_keys")
        if isinstance(keys, Sequence) and not isinstance(keys, (str, bytes)):
            given_keys = cast("Sequence[object]", keys)
            options["encryption_keys"] = keys = tuple(_concealed(key) for key in given_keys)
            del given_keys
        elif keys is not None:
            options["encryption_keys"] = keys = ()
        check_names(about, options, BulkOptions)
        given = {name: value for name, value in options.items() if value is not None}
        problems = list(_problems(given))
        if problems:
            raise ConfigurationError(about, problems)
        if "journal" in given:
            given["journal"] = os.fspath(given["journal"])
        return cls(**given)


def _concealed(key: object) -> Secret | None:
    if isinstance(key, bytes):
        key = key.decode("ascii", "replace")
    if isinstance(key, str):
        return Secret(key)
    return key if isinstance(key, Secret) else None


def _problems(given: Mapping[str, Any]) -> Iterator[str]:
    for name in ("concurrency", "batch_size"):
        value = given.get(name, 1)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MOST_AT_ONCE:
            wanted = f"a whole number from 1 to {MOST_AT_ONCE}"
            yield f"{name} must be {wanted}, not {value_text(value)}"
    share = given.get("share", 1.0)
    if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 < share <= 1:
        yield f"share must be above 0 and at most 1, not {value_text(share)}"
    for name in ("ordered", "reuse", "allow_payments"):
        if not isinstance(given.get(name, True), bool):
            yield f"{name} must be True or False, not {type_of(given[name])}"
    yield from _journal_problems(given)
    progress = given.get("progress", False)
    if inspect.iscoroutinefunction(progress):
        yield "progress must be a plain function: nothing awaits it"
    elif not isinstance(progress, bool) and not callable(progress):
        yield f"progress must be True or a function, not {type_of(progress)}"
    limiter = given.get("rate_limiter")
    if limiter is not None and not callable(getattr(limiter, "wait", None)):
        kind = type_of(limiter)
        yield f"rate_limiter must be a RateLimiter such as RedisRateLimiter(...), not {kind}"


def _journal_problems(given: Mapping[str, Any]) -> Iterator[str]:
    journal = given.get("journal")
    if journal is not None and not isinstance(journal, (str, os.PathLike)):
        yield f"journal must be a path, not {type_of(journal)}"
    elif journal is not None and not isinstance(os.fspath(journal), str):
        yield "journal must be a path as text, not bytes"
    keys = given.get("encryption_keys")
    if keys is not None:
        if not keys or None in keys:
            yield "encryption_keys must be a list of keys made by Fernet.generate_key()"
        if journal is None:
            yield "encryption_keys need a journal: pass journal=... too"
    if given.get("allow_payments") is True and journal is None:
        yield "allow_payments needs a journal, so that no payment is sent twice: pass journal=..."
    if given.get("reuse") is True and given.get("batch_size", 1) != 1:
        yield "reuse gets one token at a time: leave batch_size out"
    if given.get("reuse") is True and keys is not None:
        yield "reuse already keeps the tokens: leave encryption_keys out"
