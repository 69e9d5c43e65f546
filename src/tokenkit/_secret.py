"""Secrets that never show their value, and tracebacks that show none."""

import hmac
import sys
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from types import TracebackType
from typing import Any, NoReturn, TypeAlias, TypeVar, cast

from ._error_details import type_of
from ._redaction import REDACTED
from .errors import ConfigurationError

__all__ = [
    "AnySecretGroup",
    "AsyncSecretGroup",
    "AsyncSecretMember",
    "AsyncSecretSource",
    "Secret",
    "SecretGroup",
    "SecretMember",
    "SecretSource",
    "conceal",
    "outside_frames",
    "with_members",
    "without_frames",
]

B = TypeVar("B", bound=BaseException)
S = TypeVar("S")


class Secret:
    """A credential that never shows itself in a repr, a log, a pickle or an error.

    Args:
        value: The credential.

    Raises:
        ConfigurationError: It is not a string.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        if not issubclass(type(value), str):  # pyright: ignore[reportUnnecessaryIsInstance]  # not every caller checks types
            kind = type_of(value)
            del value  # keep it out of the traceback
            raise ConfigurationError(f"Secret() takes a string, not {kind}")
        self._value: str = str.__str__(value)  # an f-string shows an enum's name

    def reveal(self) -> str:
        """Return the credential as a string."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({REDACTED})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        ours, theirs = (
            secret.reveal().encode("utf-8", "surrogatepass") for secret in (self, other)
        )
        return hmac.compare_digest(ours, theirs)

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> "Secret":
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "A Secret can't be pickled; create the client where it is needed, for example with "
            "its from_env()"
        )

    # object's own would return the slot's value.
    def __getstate__(self) -> NoReturn:
        self.__reduce__()


SecretSource: TypeAlias = str | Secret | Callable[[], str | Secret]
"""A secret: a string, a :class:`Secret`, or a callable that returns one (for rotation)."""

AsyncSecretSource: TypeAlias = SecretSource | Callable[[], Awaitable[str | Secret]]
"""A :data:`SecretSource`, or an async callable that returns a secret."""


class SecretGroup:
    """Several credentials from one read, such as a secret that is a JSON object.

    Pass ``group["name"]`` wherever a secret's callable is accepted. The group is read once per
    attempt, so credentials that are rotated together are used together::

        keys = SecretGroup(lambda: json.loads(read_secret("zerohash")))
        client = ZeroHashClient(
            api_key=keys["api_key"], private_key=keys["private_key"], passphrase=keys["passphrase"]
        )

    Args:
        read: Returns the credentials by name.

    Raises:
        ConfigurationError: ``read`` is not a function.
    """

    def __init__(self, read: Callable[[], Mapping[str, str | Secret]]) -> None:
        _check_reader(self, read)
        self.read = read

    def __getitem__(self, name: str) -> "SecretMember":
        return SecretMember(self, name)


class AsyncSecretGroup:
    """A :class:`SecretGroup` for async clients, whose ``read`` is async.

    Args:
        read: Returns the credentials by name.

    Raises:
        ConfigurationError: ``read`` is not a function.
    """

    def __init__(self, read: Callable[[], Awaitable[Mapping[str, str | Secret]]]) -> None:
        _check_reader(self, read)
        self.read = read

    def __getitem__(self, name: str) -> "AsyncSecretMember":
        return AsyncSecretMember(self, name)


def _check_reader(group: object, read: object) -> None:
    if not callable(read):
        kind = type_of(read)
        del read  # it may be the secrets, and error reports show this frame
        problem = f"read must be a function that returns the credentials by name, not {kind}"
        raise ConfigurationError(type(group).__name__, [problem])


AnySecretGroup: TypeAlias = SecretGroup | AsyncSecretGroup


class SecretMember:
    """One of a group's credentials."""

    def __init__(self, group: SecretGroup, name: str) -> None:
        self.group = group
        self.name = name

    def __call__(self) -> str | Secret:
        """Read the group, and return this credential."""
        return self.group.read()[self.name]


class _Picked(Awaitable[str | Secret]):
    def __init__(self, read: Awaitable[Mapping[str, str | Secret]], name: str) -> None:
        self._read = read
        self._name = name

    def __await__(self) -> Generator[Any, Any, str | Secret]:
        secrets = yield from self._read.__await__()
        return secrets[self._name]


class AsyncSecretMember:
    """One of an async group's credentials."""

    def __init__(self, group: AsyncSecretGroup, name: str) -> None:
        self.group = group
        self.name = name

    def __call__(self) -> Awaitable[str | Secret]:
        """Read the group, and return this credential."""
        return _Picked(self.group.read(), self.name)


def conceal(source: S) -> S | Secret:
    """Wrap a secret given as a string; return everything else unchanged."""
    return Secret(source) if isinstance(source, str) else source


def without_frames(error: B) -> B:
    """Remove an exception's frames: their locals may contain headers and bodies.

    Those of a group's exceptions go too.
    """
    for one in with_members(error):
        _keep(one, None)
    return error


# The packages whose frames may hold a request: this one, and those that it is built on.
BELOW = frozenset(
    {
        __name__.rpartition(".")[0].partition(".")[0],
        *("anyio", "asyncio", "contextlib", "gevent", "eventlet", "h11", "h2", "hpack"),
        *("httpcore", "httpcore2", "httpx", "httpx2", "selectors", "sniffio", "socket"),
        *("socksio", "ssl", "trio", "uvloop"),
        *("attr", "attrs", "cattrs", "cryptography", "redis", "typing_extensions"),
    }
)
# What those call, with a key or a body as its argument. Code that attrs and cattrs generate
# belongs to no module.
STANDARD = frozenset({*sys.stdlib_module_names, ""})


def outside_frames(error: B) -> B:
    """Remove an exception's frames, down to the last that may hold the request.

    What remains shows where a hook, a mock or a signal handler raised it. For a group, the same
    goes for each of its exceptions.
    """
    for one in with_members(error):
        _keep(one, _outside(one.__traceback__))
    return error


def with_members(error: BaseException) -> list[BaseException]:
    """Return an exception and, if it is a group, all that are in it."""
    found, seen = [error], {id(error)}
    for one in found:
        for member in _members(one):
            if isinstance(member, BaseException) and id(member) not in seen:
                found.append(member)
                seen.add(id(member))
    return found


def _members(error: BaseException) -> Sequence[object]:
    # By the attribute: Python 3.10 has no exception groups.
    members: object = getattr(error, "exceptions", None)
    return cast("Sequence[object]", members) if isinstance(members, (list, tuple)) else ()


def _keep(error: BaseException, trace: TracebackType | None) -> None:
    error.__cause__ = error.__context__ = None
    error.__traceback__ = trace


def _outside(trace: TracebackType | None) -> TracebackType | None:
    kept, inside = trace, True
    while trace is not None:
        name = _package_of(trace)
        inside = name in BELOW or (inside and name in STANDARD)
        if inside:
            kept = trace.tb_next
        trace = trace.tb_next
    return kept


def first_outside(trace: TracebackType | None) -> TracebackType | None:
    """Return the first frame of a traceback that isn't this package's or below it."""
    while trace is not None and _package_of(trace) in BELOW | STANDARD:
        trace = trace.tb_next
    return trace


def _package_of(trace: TracebackType) -> str:
    return str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
