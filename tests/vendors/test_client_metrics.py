"""OpenTelemetry metrics of calls."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from clocks import frozen_clock
from credentials import zdk_client
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from tokenkit import ConnectError, RetryPolicy, ServerError
from tokenkit.sandbox import Sandbox


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemoryMetricReader]:
    made = InMemoryMetricReader()
    provider = MeterProvider(metric_readers=[made])
    monkeypatch.setattr(metrics, "get_meter", provider.get_meter)
    yield made
    provider.shutdown()


def points(reader: InMemoryMetricReader) -> dict[str, list[tuple[Mapping[str, Any], Any]]]:
    """Return each metric's points: their attributes, and their count or value."""
    found: dict[str, list[tuple[Mapping[str, Any], Any]]] = {}
    data: Any = reader.get_metrics_data()
    for metric in (
        one
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for one in scope.metrics
    ):
        found[metric.name] = [
            (
                dict(point.attributes),
                getattr(point, "count", None) or getattr(point, "value", None),
            )
            for point in metric.data.data_points
        ]
    return found


def test_durations_and_retries(reader: InMemoryMetricReader) -> None:
    """Each request's duration is recorded with request and response; retries are counted."""
    with (
        Sandbox() as sandbox,
        sandbox.zdk_client(tracing=True, retry=RetryPolicy(first_wait=0.001)) as client,
    ):
        sandbox.fail_next(status=503)
        client.create_user_token(id="u")
        client.request(
            "POST", "/user.tokens.private.v1.Service/Create", json={"arguments": [{"id": "u"}]}
        )
    found = points(reader)
    common = {
        "http.request.method": "POST",
        "server.address": "127.0.0.1",
        "url.scheme": "http",
        "tokenkit.vendor": "zdk",
    }
    durations = found["http.client.request.duration"]
    shown = {
        (
            point.get("tokenkit.operation"),
            point["http.response.status_code"],
            point.get("error.type"),
        )
        for point, _ in durations
    }
    assert shown == {
        ("create_user_token", 503, "503"),
        ("create_user_token", 200, None),
        ("POST", 200, None),
    }
    for point, count in durations:
        assert common.items() <= point.items()
        assert count == 1
        assert ("http.route" in point) is (point["tokenkit.operation"] != "POST")
    ((retried, retries),) = found["tokenkit.client.retries"]
    assert (retried["error.type"], retries) == ("ServerError", 1)


def test_lost_requests_count_too(reader: InMemoryMetricReader) -> None:
    """A request without a response is recorded with its error, once."""
    client = zdk_client(
        "http://127.0.0.1:9",
        tracing=True,
        clock=frozen_clock(0.0),
        retry=RetryPolicy(max_retries=1),
    )
    with client, pytest.raises(ConnectError):
        client.create_user_token(id="u")
    ((point, count),) = points(reader)["http.client.request.duration"]
    assert (point["error.type"], count) == ("ConnectError", 2)
    assert "http.response.status_code" not in point


def test_what_was_never_sent_is_no_request(reader: InMemoryMetricReader) -> None:
    """A call that fails before its request records no duration."""
    with Sandbox() as sandbox, sandbox.zdk_client(tracing=True) as client:
        sandbox.fail_next(status=500)
        with pytest.raises(ServerError):
            client.create_user_token(id="u")
        before = points(reader)
    assert [count for _, count in before["http.client.request.duration"]] == [1]
