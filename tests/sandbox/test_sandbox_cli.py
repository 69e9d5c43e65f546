from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from sandbox_requests import CLIENT, zerohash_headers

from tokenkit.sandbox.cli import run
from tokenkit.sandbox.log import logger

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    import httpx

    from tokenkit.sandbox import Sandbox

# asyncio's debug mode warns of slow steps, which are the machine's.
MAIN = """
import logging, sys
from tokenkit.sandbox.cli import run
logging.getLogger("asyncio").setLevel(logging.ERROR)
sys.exit(run())
"""


@contextlib.contextmanager
def served() -> Generator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """Run the command in a process of its own and read the lines that it writes."""
    process = subprocess.Popen(
        [sys.executable, "-X", "dev", "-W", "error", "-c", MAIN],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        lines = [process.stdout.readline().rstrip("\n") for _ in range(9)]
        try:
            yield process, dict(line.split("=", 1) for line in lines)
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_command(number: signal.Signals) -> None:
    """Stdout has just the settings, stderr a line per request, and a signal ends it cleanly."""
    with served() as (process, settings):
        url = settings["STRIGO_BASE_URL"] + "/academy/users/token"
        pair = f"{settings['STRIGO_ORG_ID']}:{settings['STRIGO_API_KEY']}"
        headers = {"authorization": f"Bearer {pair}"}
        minted = CLIENT.post(url, json={"email": "a@example.com"}, headers=headers)
        CLIENT.get(settings["ZEROHASH_BASE_URL"] + "/nowhere?x=1")
        process.send_signal(number)
        rest, log = process.communicate(timeout=30)
    token = minted.json()["data"]["token"]
    first, second = log.splitlines()
    assert (process.returncode, rest) == (0, "")
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", first)
    path = urlsplit(url).path
    assert first.endswith(
        f"strigo POST {path} 200 ok subject='a@example.com' token={token[:6]}..."
    )
    assert second.endswith("zerohash GET /nowhere?x=1 404 refused: 'Not Found'")


class StopWhenFlushed:
    """Standard output that asks the program to stop once it has been flushed."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.status = 0

    def writelines(self, lines: Iterator[str]) -> None:
        self.lines.extend(lines)

    def flush(self) -> None:
        signal.raise_signal(signal.SIGTERM)


def test_run_restores_what_it_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a signal the caller's handlers are back, and nothing is left on the logger."""
    stdout = StopWhenFlushed()
    monkeypatch.setattr(sys, "stdout", stdout)
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM), logger.level
    assert run() == 0
    assert (
        signal.getsignal(signal.SIGINT),
        signal.getsignal(signal.SIGTERM),
        logger.level,
    ) == before
    assert logger.handlers == []
    assert [line.partition("=")[0] for line in stdout.lines] == [
        "ZDK_API_KEY",
        "ZDK_BASE_URL",
        "ZEROHASH_API_KEY",
        "ZEROHASH_PRIVATE_KEY",
        "ZEROHASH_PASSPHRASE",
        "ZEROHASH_BASE_URL",
        "STRIGO_ORG_ID",
        "STRIGO_API_KEY",
        "STRIGO_BASE_URL",
    ]


class StopAfterRequest(StopWhenFlushed):
    """Standard output that lets another thread send a request before the program stops."""

    def flush(self) -> None:
        threading.Thread(target=self.use).start()

    def use(self) -> None:
        settings = dict(line.rstrip().split("=", 1) for line in self.lines)
        self.status = CLIENT.get(settings["ZEROHASH_BASE_URL"] + "/time").status_code
        signal.raise_signal(signal.SIGINT)


def test_late_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    """It serves until the signal comes, however often it has checked for one in vain."""
    stdout = StopAfterRequest()
    monkeypatch.setattr(sys, "stdout", stdout)
    monkeypatch.setattr("tokenkit.sandbox.cli.POLL", 0.0001)
    assert run() == 0
    assert stdout.status == 200


def test_webhooks_of_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a webhook address, the secret of their signatures is among the variables."""
    stdout = StopWhenFlushed()
    monkeypatch.setattr(sys, "stdout", stdout)
    assert run(webhook_url="http://localhost:1/hooks", unknown_permissions=True) == 0
    assert stdout.lines[-1] == "ZEROHASH_WEBHOOK_SECRET=sandbox-zerohash-webhook-secret\n"


def test_port_taken(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """A taken port is reported on stderr and gives exit code 1."""
    assert run(port=urlsplit(sandbox.url).port or 0) == 1
    written = capsys.readouterr()
    assert written.out == ""
    start = "python -m tokenkit sandbox: error: the sandbox cannot listen on 127.0.0.1 port "
    assert written.err.startswith(start)
    assert written.err.count("127.0.0.1") == 1


class AskWhenFlushed(StopWhenFlushed):
    """Standard output that asks for the time and for Strigo's health before the program stops."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[httpx.Response] = []

    def flush(self) -> None:
        settings = dict(line.rstrip().split("=", 1) for line in self.lines)
        for _ in range(3):
            self.answers.append(CLIENT.get(settings["ZEROHASH_BASE_URL"] + "/time"))
            self.answers.append(CLIENT.get(settings["STRIGO_BASE_URL"] + "/health"))
        signal.raise_signal(signal.SIGTERM)


def ask(monkeypatch: pytest.MonkeyPatch, **options: Any) -> list[httpx.Response]:
    """Run the command with options and return its responses: zerohash, then Strigo."""
    stdout = AskWhenFlushed()
    monkeypatch.setattr(sys, "stdout", stdout)
    assert run(**options) == 0
    return stdout.answers


def test_faults_of_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each fault on the command line hits its own requests, with its share and count."""
    faults = ["vendor=zerohash,status=503,share=0.5", "vendor=strigo; status=500; times=1"]
    answers = ask(monkeypatch, faults=faults)
    assert [answer.status_code for answer in answers] == [200, 500, 503, 401, 200, 401]


def test_clock_of_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """The issuers' clock can be off by what the command line says."""
    answers = ask(monkeypatch, clock_skew=3600)
    assert 3500 < answers[0].json()["epoch"] - time.time() < 3700


def test_documented_rate_limits_of_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """The documented limits, once turned on, count down Strigo's sample of 60."""
    answers = ask(monkeypatch, rate_limits=True)
    remaining = [answer.headers["x-ratelimit-remaining"] for answer in answers[1::2]]
    assert remaining == ["59", "58", "57"]


def test_rate_limits_of_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each vendor's limit can be set, with or without its window."""
    answers = ask(monkeypatch, strigo_rate_limit="1/7", zerohash_rate_limit="2")
    assert [answer.status_code for answer in answers] == [200, 401, 200, 429, 429, 429]
    assert answers[3].headers["retry-after"] == "7"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"faults": ["stauts=503"]}, "no field is called 'stauts'"),
        ({"clock_skew": float("nan")}, "clock_skew must be seconds"),
        ({"strigo_rate_limit": "5 a minute"}, "must be REQUESTS or REQUESTS/SECONDS, not '5 a mi"),
        ({"strigo_rate_limit": "0"}, "strigo_rate_limit must be a whole number of requests, "),
        (
            {"zerohash_rate_limit": "5/0"},
            "zerohash_rate_window must be a number of seconds above",
        ),
    ],
)
def test_wrong_options(
    options: dict[str, Any], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong option is reported on stderr, and nothing is served."""
    assert run(**options) == 2
    written = capsys.readouterr()
    assert written.out == ""
    assert message in written.err


def test_log_of_a_refused_signature(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    """The log shows the text that was expected to be signed, escaped, and the likely mistake."""
    body = b'{"x":\n1}'
    headers = zerohash_headers(sandbox, "POST", "/client_auth_token", body)
    headers["X-SCX-SIGNED"] = headers["X-SCX-SIGNED"].rstrip("=")
    with caplog.at_level("INFO", logger=logger.name):
        CLIENT.post(sandbox.url + "/client_auth_token", content=body, headers=headers)
    (message,) = [record.getMessage() for record in caplog.records if record.name == logger.name]
    assert "401 refused: 'Invalid signature'; expected to be signed: '" in message
    assert r'POST/client_auth_token{"x":\n1}' in message
    assert message.endswith("hint: the signature lacks base64's padding")


def test_log_of_what_no_issuer_sees(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    """The front page and preflights have their line too."""
    with caplog.at_level("INFO", logger=logger.name):
        CLIENT.get(sandbox.url)
    assert "- GET / 200" in [record.getMessage() for record in caplog.records]
