"""G10: the debug logs of the libraries below show no credential while a call runs."""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from all_clients import HEALTH, HEALTHY
from callers_clients import tokens
from connect_proxy import socks_proxy_to, socks_url
from network_calls import CORES, NO_RETRIES, each_family, each_flavour, echo_token, send_strigo
from raw_server import RawServer, http, responding
from surplus import CALLS, RIGHT
from tls_servers import HOST, tls_server, trusting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from network_calls import Family, Flavour
    from raw_server import RawRequest

SECRET = "token-9f8e7d6c5b4a"


@pytest.fixture(autouse=True)
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Log everything in the whole process."""
    with caplog.at_level(logging.DEBUG):
        yield caplog


def logged_below(log: pytest.LogCaptureFixture, family: Family) -> list[str]:
    """Return what the library below has logged."""
    core = CORES[family]
    return [one.getMessage() for one in log.records if one.name.split(".")[0] == core]


@each_family
@each_flavour
def test_an_events_own_name_decides(
    flavour: Flavour, family: Family, log: pytest.LogCaptureFixture
) -> None:
    """A response header that looks like a harmless event lets no record through."""
    head = f"X-Job: send_request_body.started {SECRET} close.started"
    with RawServer(
        responding(lambda _: http(200, HEALTHY.partition(b"\r\n\r\n")[2], head))
    ) as one:
        send_strigo(flavour, one.url, HEALTH, http_family=family)
    said = logged_below(log, family)
    assert any(text.startswith("send_request_headers.started") for text in said)
    assert [text for text in said if SECRET in text or "X-Job" in text] == []


@each_family
@each_flavour
def test_a_socks_proxys_password_is_not_logged(
    flavour: Flavour, family: Family, log: pytest.LogCaptureFixture
) -> None:
    """Httpcore's log of its talk with a SOCKS proxy has the password; ours is kept out of it."""
    seen: list[bytes] = []
    with (
        tls_server(HOST) as server,
        socks_proxy_to(server, method=b"\x05\x02", seen=seen) as proxy,
    ):
        send_strigo(
            flavour,
            f"https://{HOST}",
            HEALTH,
            proxy=socks_url(proxy, f"user:{SECRET}@"),
            http_family=family,
            ssl_context=trusting(),
            retry=NO_RETRIES,
        )
    assert SECRET.encode() in seen[0]
    assert logged_below(log, family)
    assert SECRET not in log.text


@each_family
@each_flavour
def test_an_unknown_event_is_not_logged(
    flavour: Flavour,
    family: Family,
    log: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """If httpcore renames its events, none of them gets through."""
    logger = logging.getLogger(f"{CORES[family]}.http11")
    debug = logger.debug

    def renamed(message: str, *args: Any) -> None:
        debug(f"http11-{message}", *args)

    monkeypatch.setattr(logger, "debug", renamed)
    with RawServer(responding(lambda _: HEALTHY)) as server:
        send_strigo(flavour, server.url, HEALTH, http_family=family)
    said = logged_below(log, family)
    assert any(text.startswith("connect_tcp.started") for text in said)
    assert [text for text in said if text.startswith("http11-")] == []


@each_family
@each_flavour
def test_a_logger_made_later_shows_no_credential(
    flavour: Flavour,
    family: Family,
    log: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A logger that the library makes only after a first call is watched like the others."""
    sent = f"Authorization: {SECRET}"
    with RawServer(responding(lambda _: HEALTHY)) as server:
        send_strigo(flavour, server.url, HEALTH, http_family=family)
        loggers = [logging.getLogger(f"{CORES[family]}.made_later_{flavour}")]
        logger = logging.getLogger(f"{CORES[family]}.http11")

        def log_elsewhere(*_: object) -> None:
            loggers[-1].debug(sent)

        monkeypatch.setattr(logger, "debug", log_elsewhere)
        send_strigo(flavour, server.url, HEALTH, http_family=family)
        assert SECRET not in log.text
        del logging.root.manager.loggerDict[loggers[0].name]
        loggers.append(logging.getLogger(f"{CORES[family]}.made_instead_{flavour}"))
        send_strigo(flavour, server.url, HEALTH, http_family=family)
        assert SECRET not in log.text
    loggers[-1].debug(sent)
    assert SECRET in log.text  # outside a call it is nobody's business


@each_family
@each_flavour
@pytest.mark.parametrize("reason", ["OK", SECRET])
def test_a_reason_phrase_is_logged_only_if_it_is_one_of_http(
    flavour: Flavour, family: Family, reason: str, log: pytest.LogCaptureFixture
) -> None:
    """A caller's client logs each response with its reason phrase, which may be anything."""

    def respond(request: RawRequest) -> bytes:
        return echo_token(request).replace(b" 200 Whatever", f" 200 {reason}".encode(), 1)

    with RawServer(responding(respond)) as server:
        assert tokens(flavour, family, "client", server.url) == RIGHT
    said = [record.getMessage() for record in log.records if record.name == family]
    assert [text.endswith(f'200 {"OK" if reason == "OK" else ""}"') for text in said] == [True] * 3
    assert SECRET not in log.text


@each_family
def test_a_reason_phrase_that_is_in_the_line_already_is_not_logged(
    family: Family, log: pytest.LogCaptureFixture
) -> None:
    """A caller's own filter may have written the line before, or for another version."""
    logger = logging.getLogger(family)

    def write(record: logging.LogRecord) -> bool:
        record.msg, record.args = f"[req-1] {record.getMessage()} in 3 ms", ()
        return True

    def rewrite(record: logging.LogRecord) -> bool:
        record.msg, record.args = f"HTTP Request: {SECRET}", ()
        return True

    def hide_url(record: logging.LogRecord) -> bool:
        line = record.getMessage()
        record.msg, record.args = line.replace("http://", "[the URL] "), ()
        return True

    def respond(request: RawRequest) -> bytes:
        reason = f' 200 {SECRET} HTTP Request: POST / "HTTP/1.1 200 OK'.encode()
        return echo_token(request).replace(b" 200 Whatever", reason, 1)

    logger.filters.insert(0, write)
    try:
        with RawServer(responding(respond)) as server:
            assert tokens("sync", family, "client", server.url) == RIGHT
            for logger.filters[0] in (rewrite, hide_url):
                assert tokens("sync", family, "client", server.url) == RIGHT
    finally:
        del logger.filters[0]
    said = [record.getMessage() for record in log.records if record.name == family]
    assert [text.startswith("[req-1] HTTP Request: ") for text in said] == [True] * len(RIGHT)
    assert [text.endswith(' 200 "') for text in said] == [True] * len(RIGHT)
    assert SECRET not in log.text


class Growing(dict[str, Any]):
    """The process's loggers, while another thread adds one."""

    def __reversed__(self) -> Any:
        names = super().__reversed__()
        logging.getLogger(f"added_{len(self)}")
        return names


def test_another_thread_may_add_a_logger_meanwhile(
    log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call goes on, and its debug logs show no credential."""
    manager = logging.root.manager
    monkeypatch.setattr(manager, "loggerDict", Growing(manager.loggerDict))
    with RawServer(responding(echo_token)) as server:
        replies = send_strigo("sync", server.url, *CALLS)
    assert [reply.value.token for reply in replies] == RIGHT
    said = logged_below(log, "httpx")
    assert any(text.startswith("send_request_headers.started") for text in said)
    assert [text for text in said if "complete" in text] == []


@each_family
@pytest.mark.parametrize("reason", ["OK", "Unprocessable Entity", "Gateway Time-out", SECRET])
def test_a_callers_handler_may_read_the_lines_arguments(
    family: Family, reason: str, log: pytest.LogCaptureFixture
) -> None:
    """They are httpx's own, but for a reason phrase that isn't one of HTTP."""
    read: list[tuple[object, ...]] = []

    def by_status(record: logging.LogRecord) -> bool:
        if record.name == family:
            assert isinstance(record.args, tuple)
            _, _, version, status, said = record.args
            read.append((version, status, said))
        return True

    def respond(request: RawRequest) -> bytes:
        return echo_token(request).replace(b" 200 Whatever", f" 200 {reason}".encode(), 1)

    log.handler.addFilter(by_status)
    try:
        with RawServer(responding(respond)) as server:
            assert tokens("sync", family, "client", server.url) == RIGHT
    finally:
        log.handler.removeFilter(by_status)
    assert read == [("HTTP/1.1", 200, "" if reason == SECRET else reason)] * len(RIGHT)


class Odd:
    """Something that can't be compared with a line."""

    def __eq__(self, other: object) -> bool:
        raise ValueError("the truth value is ambiguous")

    __hash__ = None  # type: ignore[assignment] # as such classes have it

    def __str__(self) -> str:
        return "an odd line"


@each_family
def test_an_odd_line_of_a_callers_doesnt_end_the_call(
    family: Family, log: pytest.LogCaptureFixture
) -> None:
    """It is logged if it can be written at all."""
    logger = logging.getLogger(family)

    def speak(_: object) -> None:
        logger.info(Odd())
        logger.info("%d", "not a number")

    hooks = {"request": [speak]}
    with RawServer(responding(echo_token)) as server:
        assert tokens("sync", family, "client", server.url, event_hooks=hooks) == RIGHT
    assert log.text.count("an odd line") == len(RIGHT)


@each_family
@each_flavour
def test_a_hooks_own_lines_are_logged(
    flavour: Flavour, family: Family, log: pytest.LogCaptureFixture
) -> None:
    """What else is said to httpx's logger during a call is the caller's."""
    logger = logging.getLogger(family)

    def speak(_: object) -> None:
        logger.info("of my own: %s", 5)

    async def speak_async(_: object) -> None:
        speak(None)

    hooks = {"request": [speak if flavour == "sync" else speak_async]}
    with RawServer(responding(echo_token)) as server:
        assert tokens(flavour, family, "client", server.url, event_hooks=hooks) == RIGHT
    assert log.text.count("of my own: 5") == len(RIGHT)


@each_family
def test_other_peoples_exchanges_are_logged_as_ever(
    family: Family, log: pytest.LogCaptureFixture
) -> None:
    """The process's own use of httpx beside our calls keeps its debug log."""
    http_module: Any = import_module(family)
    with RawServer(responding(lambda _: HEALTHY)) as server, http_module.Client() as client:
        client.get(server.url)
    assert any("complete" in text for text in logged_below(log, family))
