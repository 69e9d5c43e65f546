"""The time limits of a call's steps."""

import attrs

from .values import LARGEST, refuse, seconds_problem

__all__ = ["LONGEST", "Timeouts"]

LONGEST = LARGEST


@attrs.frozen(kw_only=True)
class Timeouts:
    """How long each step of an attempt may take, in seconds.

    Args:
        connect: Making the connection, including TLS.
        read: Waiting for the next bytes of the response.
        write: Waiting until the next bytes of the request are accepted.

    Raises:
        ConfigurationError: A value is not a positive number of seconds, at most a million; the
            message names all that aren't.
    """

    connect: float = 5.0
    read: float = 30.0
    write: float = 30.0

    def __attrs_post_init__(self) -> None:
        names = ("connect", "read", "write")
        refuse("Timeouts", {name: seconds_problem(getattr(self, name)) for name in names})
