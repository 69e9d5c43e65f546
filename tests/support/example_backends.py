"""Start the backends in `examples/` as their README does, each in its own process."""

from __future__ import annotations

import contextlib
import os
import queue
import re
import shlex
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import attrs
import httpx

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

EXAMPLES = Path(__file__).parents[2] / "examples"
PATIENCE = 30.0


@attrs.frozen(kw_only=True)
class Example:
    """An example, and its names for what all of them have."""

    name: str
    any_port: tuple[str, ...]
    vendor: str
    user_field: str
    users: tuple[str, str]
    mint_path: str
    token_field: str = "token"

    def __str__(self) -> str:
        return self.name

    @property
    def command(self) -> list[str]:
        """The README's command, with any free port."""
        readme = (EXAMPLES / "README.md").read_text("utf-8")
        written = re.search(
            rf"^env \$\(cat sandbox.env\) python (-m .*{self.name}.*)", readme, re.MULTILINE
        )
        assert written is not None
        return [sys.executable, *shlex.split(written[1]), *self.any_port]

    def token(self, response: dict[str, Any]) -> str:
        """Take the token out of what the page gets."""
        token: str = response["token"]["token"] if self is FLASK else response[self.token_field]
        return token


FASTAPI = Example(
    name="fastapi_zdk",
    any_port=("--port", "0"),
    vendor="zdk",
    user_field="user_id",
    users=("user-1", "user-2"),
    mint_path="/user-token",
    token_field="userToken",
)
FLASK = Example(
    name="flask_strigo",
    any_port=("--port", "0"),
    vendor="strigo",
    user_field="email",
    users=("user1@example.com", "user2@example.com"),
    mint_path="/strigo-setup",
)
DJANGO = Example(
    name="django_zerohash",
    any_port=("--noreload", "127.0.0.1:0"),
    vendor="zerohash",
    user_field="participant_code",
    users=("CUST01", "CUST02"),
    mint_path="/client-auth-token",
    token_field="jwt",
)
ALL = (FASTAPI, FLASK, DJANGO)


def readme_environment() -> dict[str, str]:
    """Read the variables that the README passes to each backend."""
    lines = (EXAMPLES / "sandbox.env").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines)


def sandbox_environment(issuers: Mapping[str, str]) -> dict[str, str]:
    """Point those variables at a sandbox at another address."""
    written = readme_environment()
    changed = {
        name: value.replace(written["ZDK_BASE_URL"], issuers["ZDK_BASE_URL"])
        for name, value in written.items()
    }
    return {**changed, **issuers}


class Backend:
    """A running backend: where it is, and what it writes."""

    def __init__(self, output: IO[str]) -> None:
        self._output = output
        self._lines: queue.Queue[str] = queue.Queue()
        self._log = ""
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.url = self.log_until(r"http://127\.0\.0\.1:\d+").group()

    def _read(self) -> None:
        for line in self._output:
            self._lines.put(line)

    def log_until(self, pattern: str) -> re.Match[str]:
        """Wait until something is logged; the match's `string` is the log so far."""
        while (match := re.search(pattern, self._log)) is None:
            self._log += self._next_line(pattern)
        return match

    def _next_line(self, awaited: str) -> str:
        try:
            return self._lines.get(timeout=PATIENCE)
        except queue.Empty:
            raise AssertionError(f"no {awaited!r} in the log:\n{self._log}") from None


@contextlib.contextmanager
def running(example: Example, environment: Mapping[str, str]) -> Generator[Backend]:
    """Start an example's server on a free port."""
    with subprocess.Popen(
        example.command,
        cwd=EXAMPLES,
        env={**os.environ, **environment, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            backend = Backend(process.stdout)
            yield backend
        finally:
            process.terminate()
        backend.reader.join(PATIENCE)


@contextlib.contextmanager
def visitor(backend: Backend) -> Generator[httpx.Client]:
    """Visit a backend with separate cookies."""
    with httpx.Client(base_url=backend.url, trust_env=False) as client:
        yield client


def csrf_token(client: httpx.Client) -> dict[str, str]:
    """Take from the page what Django requires in a POST; the others require nothing."""
    return csrf_token_in(client.get("/").text)


def csrf_token_in(page: str) -> dict[str, str]:
    found = re.search(r'(?:csrfmiddlewaretoken" value|data-csrf-token)="(\w+)"', page)
    return {} if found is None else {"X-CSRFToken": found[1]}


def log_in(client: httpx.Client, example: Example, user: str) -> None:
    """Log in with the example's form."""
    response = client.post("/login", data={example.user_field: user}, headers=csrf_token(client))
    assert response.is_redirect
