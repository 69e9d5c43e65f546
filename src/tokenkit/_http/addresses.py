"""A host's addresses, and the time that each of them gets."""

import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

__all__ = ["Lookup", "look_up", "lookup_took_too_long", "timed_addresses"]

# A zero would make a socket non-blocking.
SHORTEST = 0.001

Lookup: TypeAlias = list[Any] | OSError
"""What a lookup found: ``socket.getaddrinfo()``'s result, or why there is none."""


def look_up(host: str, port: int, deliver: Callable[[Lookup], object]) -> None:
    """Look a name up; ``deliver`` gets what was found.

    That happens in a thread that nobody waits for: the system's resolver takes no timeout,
    and one of a pool's threads would keep the process from ending.
    """

    def run() -> None:
        try:
            found: Lookup = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            found = OSError(str(error))
        deliver(found)

    if _is_address(host):
        run()
    else:
        threading.Thread(target=run, name="tokenkit-name-lookup", daemon=True).start()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def lookup_took_too_long(host: str) -> OSError:
    """Return what stands for an answer that did not come in time."""
    return TimeoutError(f"looking up {host} took too long")


def timed_addresses(found: Lookup, end: float) -> Iterator[tuple[float, Any]]:
    """Yield each address with the seconds that it gets.

    One that swallows packets leaves time for the next ones.

    Args:
        found: The lookup's result.
        end: When a connection must be there, on the monotonic clock.

    Raises:
        OSError: The lookup failed.
    """
    if isinstance(found, OSError):
        raise found
    for tried, address in enumerate(found):
        share = (end - time.monotonic()) / (len(found) - tried)
        yield max(share, SHORTEST), address
