"""The time limits of a call's steps."""

import attrs

from ..errors import ConfigurationError

__all__ = ["LONGEST", "Timeouts", "check_seconds"]

LONGEST = 1_000_000


@attrs.frozen(kw_only=True)
class Timeouts:
    """How long each step of an attempt may take, in seconds.

    Args:
        connect: Making the connection, including TLS.
        read: Waiting for the next bytes of the response.
        write: Waiting until the next bytes of the request are accepted.

    Raises:
        ConfigurationError: A value is not a positive number of seconds, below a million.
    """

    connect: float = 5.0
    read: float = 30.0
    write: float = 30.0

    def __attrs_post_init__(self) -> None:
        for name in ("connect", "read", "write"):
            check_seconds(f"the {name} timeout", getattr(self, name))


def check_seconds(name: str, value: object, *, alternative: str = "") -> None:
    """Check a time limit.

    Raises:
        ConfigurationError: It is not a positive number, or is longer than sockets can wait.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= LONGEST:
        raise ConfigurationError(
            f"{name} must be a positive number of seconds, below a million{alternative}"
        )
