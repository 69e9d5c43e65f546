"""G32: calls by host name work if no thread can be started, and with patched sockets."""

from __future__ import annotations

import subprocess
import sys
import threading
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest
from all_clients import HEALTH, HEALTHY
from network_calls import each_flavour, send_strigo
from raw_server import RawServer, responding

if TYPE_CHECKING:
    from network_calls import Flavour

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


PATCHED = """
import sys, warnings
warnings.simplefilter("ignore")
from tokenkit import StrigoClient
from gevent import monkey
monkey.patch_all(thread=sys.argv[2] == "threads")
import gevent
client = StrigoClient(org_id="o", api_key="k", base_url=sys.argv[1], deadline=10)
done = gevent.joinall([gevent.spawn(client.check_health) for _ in range(10)])
print(sum(one.value.status == "ok" for one in done))
"""


@pytest.mark.skipif(find_spec("gevent") is None, reason="needs gevent")
@pytest.mark.parametrize("threads", ["threads", "none"])
def test_calls_under_gevent(threads: str) -> None:
    """Calls by name work under gevent, whether it patches threads or not."""
    with RawServer(healthy) as server:
        url = f"http://localhost:{server.port}"
        done = subprocess.run(
            [sys.executable, "-c", PATCHED, url, threads],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.stdout.strip() == "10", done.stderr


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
