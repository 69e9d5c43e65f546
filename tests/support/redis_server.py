"""A real redis-server, started for the tests and ended with them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from typing_extensions import Self

PATIENCE = 20.0


def redis_program() -> str:
    """Return the path of redis-server or valkey-server; skip the test if there is neither."""
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found is None:
        pytest.skip("redis-server is not installed")
    return found


class RedisServer:
    """A server on a socket file of its own, which keeps nothing.

    Args:
        *options: Further options of its command line.
        port: A TCP port to listen on as well; 0 for none.
    """

    def __init__(self, *options: str, port: int = 0) -> None:
        pytest.importorskip("redis", reason="redis-py is not installed")
        self._program = redis_program()
        self._options: Sequence[str] = options
        self._port = port
        # Socket paths must be short.
        self._directory = tempfile.TemporaryDirectory(prefix="tk")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def path(self) -> str:
        """The socket's path."""
        return str(Path(self._directory.name) / "s")

    @property
    def url(self) -> str:
        """The server's URL."""
        return f"unix://{self.path}"

    @property
    def client(self) -> Any:
        """A client with short timeouts; redis-py's own types leave much open."""
        import redis  # noqa: PLC0415 - not everybody has it

        return redis.Redis(
            unix_socket_path=self.path, socket_timeout=0.25, socket_connect_timeout=0.25
        )

    def start(self) -> Self:
        """Start the server, and wait until it responds."""
        self._process = subprocess.Popen(
            [
                self._program,
                *("--port", str(self._port), "--unixsocket", self.path, "--save", ""),
                *("--appendonly", "no", "--dir", self._directory.name, *self._options),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + PATIENCE
        while not self.is_up():
            assert time.monotonic() < until, "redis-server did not start"
            time.sleep(0.02)
        return self

    def is_up(self) -> bool:
        """Return whether the server responds."""
        import redis  # noqa: PLC0415 - not everybody has it

        with self.client as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False

    def kill(self) -> None:
        """End the server at once."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def pause(self) -> None:
        """Make the server hang."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let the server continue."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGCONT)

    def dump(self) -> bytes:
        """Return everything that the server holds."""
        with self.client as client:
            client.save()
        return (Path(self._directory.name) / "dump.rdb").read_bytes() + b"".join(
            str(self._contents()).encode() for _ in range(1)
        )

    def _contents(self) -> list[object]:
        with self.client as client:
            return [
                (key, client.hgetall(key) if client.type(key) == b"hash" else client.get(key))
                for key in client.keys("*")
            ]

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
        self._directory.cleanup()
