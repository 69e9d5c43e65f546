"""OpenTelemetry spans, one per call, if a client is asked for them."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pytest
from credentials import ZDK_API_KEY, zdk_client
from http_library import httpx
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from tokenkit import (
    AsyncStrigoClient,
    AuthenticationError,
    ConfigurationError,
    Hooks,
    RetryPolicy,
    StrigoClient,
    ZeroHashClient,
)

if TYPE_CHECKING:
    from tokenkit.extension import AttemptSent

NO_WAIT = RetryPolicy(first_wait=0.0)


@pytest.fixture(scope="module")
def exporter() -> InMemorySpanExporter:
    """Collect the spans of this process; OpenTelemetry takes a provider only once."""
    collecting = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(collecting))
    trace.set_tracer_provider(provider)
    return collecting


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> Iterator[InMemorySpanExporter]:
    """Start a test without spans."""
    exporter.clear()
    yield exporter
    exporter.clear()


def only(spans: InMemorySpanExporter) -> ReadableSpan:
    """Return the only span."""
    (span,) = spans.get_finished_spans()
    return span


def attributes_of(spans: InMemorySpanExporter) -> dict[str, object]:
    """Return the attributes of the only span."""
    return dict(only(spans).attributes or {})


def test_a_call_is_one_span(spans: InMemorySpanExporter, issuers: Mapping[str, str]) -> None:
    """A call opens one client span, with the stable HTTP attributes."""
    with StrigoClient.from_env(environ=issuers, tracing=True) as client:
        client.create_user_token(email="user1@example.com")
    url = httpx.URL(issuers["STRIGO_BASE_URL"])
    assert only(spans).name == "POST /api/v1/academy/users/token"
    assert only(spans).kind is SpanKind.CLIENT
    assert attributes_of(spans) == {
        "http.request.method": "POST",
        "http.route": "/api/v1/academy/users/token",
        "tokenkit.vendor": "strigo",
        "tokenkit.operation": "create_user_token",
        "url.full": f"{url}/academy/users/token",
        "server.address": "127.0.0.1",
        "server.port": url.port,
        "http.response.status_code": 200,
    }


@pytest.mark.anyio
async def test_an_async_call_is_one_span(
    spans: InMemorySpanExporter, issuers: Mapping[str, str]
) -> None:
    """An async call opens one span too."""
    async with AsyncStrigoClient.from_env(environ=issuers, tracing=True) as client:
        await client.check_health()
    assert attributes_of(spans)["http.request.method"] == "GET"


def test_a_failed_call_marks_its_span(spans: InMemorySpanExporter) -> None:
    """A failed call's span names the error and counts the retries, and holds no secret."""
    answers = iter([httpx.Response(503), httpx.Response(503), httpx.Response(401)])
    transport = httpx.MockTransport(lambda _: next(answers))
    client = zdk_client(transport=transport, tracing=True, retry=NO_WAIT)
    with client, pytest.raises(AuthenticationError):
        client.create_user_token(id="1")
    found = attributes_of(spans)
    assert only(spans).status.status_code is StatusCode.ERROR
    assert found["error.type"] == "AuthenticationError"
    assert found["http.response.status_code"] == 401
    assert found["http.request.resend_count"] == 2
    assert found["server.port"] == 443
    assert ZDK_API_KEY not in only(spans).to_json()


def test_a_span_names_the_request(spans: InMemorySpanExporter, issuers: Mapping[str, str]) -> None:
    """If the vendor takes a request id, the call's span has it."""
    seen: list[AttemptSent] = []
    with ZeroHashClient.from_env(
        environ=issuers, tracing=True, hooks=Hooks(on_request=seen.append)
    ) as client:
        client.create_client_auth_token(participant_code="CUST01", permissions=["crypto-buy"])
    (sent,) = seen
    assert sent.request_id
    assert attributes_of(spans)["tokenkit.request_id"] == sent.request_id


@pytest.mark.parametrize("kind", [KeyboardInterrupt, StopIteration])
def test_an_interrupted_call_marks_its_span(
    spans: InMemorySpanExporter, kind: type[BaseException]
) -> None:
    """A span ends with its call, even if something from outside ends it."""

    def interrupt(_: httpx.Request) -> httpx.Response:
        raise kind

    client = zdk_client(transport=httpx.MockTransport(interrupt), tracing=True)
    with client, pytest.raises(kind):
        client.create_user_token(id="1")
    assert attributes_of(spans)["error.type"] == kind.__name__


def test_nothing_is_traced_unless_asked(
    spans: InMemorySpanExporter, issuers: Mapping[str, str]
) -> None:
    """A client that is not asked to trace opens no span."""
    with StrigoClient.from_env(environ=issuers) as client:
        client.check_health()
    assert spans.get_finished_spans() == ()


def test_opentelemetry_is_not_imported_unless_asked() -> None:
    """A client that is not asked to trace doesn't load OpenTelemetry."""
    program = (
        "import sys, tokenkit; tokenkit.ZdkClient(api_key='k').close();"
        "sys.exit('opentelemetry' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_tracing_without_opentelemetry_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Asking for spans without OpenTelemetry names the package."""
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(ConfigurationError, match="tokenkit-sdk\\[tracing\\]"):
        zdk_client(tracing=True)
