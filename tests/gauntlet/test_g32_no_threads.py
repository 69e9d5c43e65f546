"""G32: calls by host name work if no thread can be started, and with patched sockets."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest
from all_clients import HEALTH, HEALTHY
from connect_proxy import proxy_to
from credentials import strigo_client
from network_calls import each_flavour, send_strigo
from raw_server import RawServer, responding
from tls_servers import AUTHORITY, server_context, tls_server
from unmeasured import unmeasured

if TYPE_CHECKING:
    from pathlib import Path

    from network_calls import Flavour
    from raw_server import Peer

healthy = responding(lambda _: HEALTHY)


@each_flavour
def test_a_name_is_looked_up_without_threads(
    flavour: Flavour, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a limit of threads, the name is looked up in the calling thread."""
    with RawServer(healthy) as server:
        # The server starts threads, too.
        start = threading.Thread.start

        def refuse(thread: threading.Thread) -> None:
            if thread.name.startswith("tokenkit") or "trio" in thread.name.lower():
                raise RuntimeError("can't start new thread")
            start(thread)

        monkeypatch.setattr(threading.Thread, "start", refuse)
        send_strigo(flavour, f"http://localhost:{server.port}", HEALTH, deadline=10)


def test_a_queue_that_was_replaced_is_not_waited_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Callers wait in the queue of now, with connections of its own; all are closed in the end."""
    with RawServer(healthy) as server:
        client = strigo_client(server.url)
        client.check_health()
        monkeypatch.setattr(queue, "SimpleQueue", queue.Queue)
        client.check_health()
        assert [request.connection for request in server.requests] == [1, 2]
        client.close()
        server.wait_all_closed()


PATCHED = """
import gc, sys, warnings
warnings.simplefilter("ignore")
library, moment, calls, url = sys.argv[1:]

def patch():
    if library == "eventlet":
        sys.modules["trio"] = None  # httpcore would import it, which fails from then on
        import eventlet
        eventlet.monkey_patch()
    else:
        from gevent import monkey
        monkey.patch_all(thread=library == "gevent")

if moment == "early":
    patch()
from tokenkit import StrigoClient
client = StrigoClient(org_id="o", api_key="k", base_url=url, deadline=20)
if moment == "called":
    client.check_health()
if moment != "early":
    patch()
if library == "eventlet":
    import eventlet
    done = list(eventlet.GreenPool(200).imap(lambda _: client.check_health(), range(int(calls))))
else:
    import gevent
    tasks = [gevent.spawn(client.check_health) for _ in range(int(calls))]
    done = [task.get() for task in gevent.joinall(tasks)]
print(sum(one.status == "ok" for one in done))
for _ in range(5):
    client.check_health()
if library != "eventlet":
    from gevent.hub import Hub
    print(sum(isinstance(one, Hub) for one in gc.get_objects()))
"""


def run_patched(
    library: str, moment: str, calls: int, server: RawServer, authority: str = "", **variables: str
) -> list[str]:
    """Make calls in a process whose sockets a library replaces; return what it writes."""
    if find_spec(library.partition("-")[0]) is None:
        pytest.skip(f"{library} is not installed")
    url = server.url.replace("127.0.0.1", "localhost")
    done = subprocess.run(
        [sys.executable, "-c", PATCHED, library, moment, str(calls), url],
        # Another package's modules for names, which eventlet would load, can't be patched.
        env=unmeasured(EVENTLET_NO_GREENDNS="yes", SSL_CERT_FILE=authority, **variables),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize("moment", ["early", "built", "called"])
@pytest.mark.parametrize("library", ["gevent", "gevent-without-threads", "eventlet"])
def test_calls_with_replaced_sockets(library: str, moment: str, tmp_path: Path) -> None:
    """More calls at once than connections succeed, whenever the sockets were replaced.

    They go over TLS, with authorities that the environment names.
    """
    authority = tmp_path / "authority.pem"
    AUTHORITY.cert_pem.write_to_path(str(authority))
    with tls_server("localhost") as server:
        assert run_patched(library, moment, 110, server, str(authority))[0] == "110"


@pytest.mark.parametrize("library", ["gevent", "gevent-without-threads", "eventlet"])
def test_calls_through_an_https_proxy_with_replaced_sockets(library: str, tmp_path: Path) -> None:
    """The proxy's TLS settings suit the sockets of now, too, not those of the client's making."""
    authority = tmp_path / "authority.pem"
    AUTHORITY.cert_pem.write_to_path(str(authority))
    with tls_server("localhost") as server, proxy_to(server, server_context("localhost")) as proxy:
        way = {"HTTPS_PROXY": proxy.url.replace("127.0.0.1", "localhost"), "NO_PROXY": ""}
        done = run_patched(library, "called", 4, server, str(authority), **way)
        assert done[0] == "4"
        assert proxy.connections == server.connections == 10


def close_after_it(peer: Peer) -> None:
    peer.read_request()
    peer.send(HEALTHY.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))


@pytest.mark.parametrize("library", ["gevent", "gevent-without-threads"])
def test_looking_up_a_name_leaves_no_event_loop(library: str) -> None:
    """However many connections are opened, gevent has the one loop of its thread."""
    with RawServer(close_after_it) as server:
        assert run_patched(library, "early", 10, server) == ["10", "1"]


AT_EXIT = """
import atexit, sys, threading
from tokenkit import StrigoClient
client = StrigoClient(org_id="o", api_key="k", base_url=sys.argv[1], deadline=10)
atexit.register(lambda: print(client.check_health().status))
"""


def test_a_call_at_the_end_of_a_process() -> None:
    """A call by host name works in an atexit handler."""
    with RawServer(healthy) as server:
        url = f"http://localhost:{server.port}"
        done = subprocess.run(
            [sys.executable, "-c", AT_EXIT, url],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.stdout.strip() == "ok", done.stderr
