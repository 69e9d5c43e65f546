"""G35: an address that swallows packets doesn't delay the next one."""

from __future__ import annotations

import socket
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from all_clients import HEALTH, HEALTHY
from network_calls import each_family, each_flavour, send_strigo
from raw_server import RawServer, responding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from network_calls import Family, Flavour


@pytest.fixture
def hole() -> Iterator[tuple[str, int]]:
    """Listen with a full queue, so that further packets are swallowed."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    fillers = [socket.socket() for _ in range(4)]
    for one in fillers:
        one.settimeout(0)
        one.connect_ex(listener.getsockname())
    time.sleep(0.1)
    yield listener.getsockname()
    for one in (*fillers, listener):
        one.close()


@each_family
@each_flavour
@pytest.mark.parametrize("dead", [1, 3])
def test_the_next_address_is_tried_soon(
    flavour: Flavour,
    family: Family,
    dead: int,
    hole: tuple[str, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Dead addresses of one family cost a quarter of a second each, not the whole timeout."""
    real = socket.getaddrinfo
    with RawServer(responding(lambda _: HEALTHY)) as server:
        alive = ("127.0.0.1", server.port)

        def resolve(host: Any, *rest: Any, **options: Any) -> Any:
            if host != "localhost":
                return real(host, *rest, **options)
            where = [*([hole] * dead), alive]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", one) for one in where]

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        began = time.monotonic()
        send_strigo(
            flavour, f"http://localhost:{server.port}", HEALTH, http_family=family, timeout=30
        )
        assert time.monotonic() - began < 3 + dead * 0.3


def test_families_take_turns() -> None:
    """If all addresses of one family are dead, one of the other family is tried second."""
    import httpcore  # noqa: PLC0415 - only here

    from tokenkit._http.network import Attempts  # noqa: PLC0415 - only here

    six = [(socket.AF_INET6, 1, 6, "", (f"::{n}", 1, 0, 0)) for n in range(1, 4)]
    four = [(socket.AF_INET, 1, 6, "", (f"10.0.0.{n}", 1)) for n in range(1, 3)]
    attempts = Attempts(httpcore, "both", [[*six, *four]], time.monotonic() + 60)
    tried = [address for _, (address, _) in zip(range(5), attempts, strict=False)]
    assert tried == [six[0], four[0], six[1], four[1], six[2]]
    shares = [seconds for _, (_, seconds) in zip(range(5), attempts, strict=False)]
    assert all(seconds <= 0.3 for seconds in shares[:2])


@pytest.mark.parametrize(
    ("seconds", "most"),
    [
        ([None, 0.1], 0.4),
        ([None, 0.6], 1.2),
        ([None, None, None, 0.1], 1.2),
        ([0.4] * 8, 1.0),
        ([0.6, None], 3.5),
    ],
)
def test_a_slow_address_is_not_given_up_for_a_dead_one(
    seconds: list[float | None], most: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Addresses that need longer than the first share soon get more time than dead ones."""
    import httpcore  # noqa: PLC0415 - only here

    from tokenkit._http import network  # noqa: PLC0415 - only here

    now = 0.0
    monkeypatch.setattr(network, "time", SimpleNamespace(monotonic=lambda: now))
    needs = {(socket.AF_INET, 1, 6, "", (f"10.0.0.{n}", 1)): it for n, it in enumerate(seconds)}
    attempts = network.Attempts(httpcore, "several", [[*needs]], 5.0)
    for address, longest in attempts:
        need = needs[address]
        if need is not None and need <= longest:
            now += need
            break
        now += longest
        attempts.failed(address, httpcore.ConnectTimeout())
    else:
        pytest.fail("none was given enough time")
    assert now <= most
