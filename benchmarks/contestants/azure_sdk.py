"""azure-core: its pipeline with the policies that Azure's SDKs put in, and an API key."""

from contextlib import asynccontextmanager, contextmanager
from typing import Any

from ..wire import API_KEY, PATH, REQUEST
from . import AsyncCalls, Calls, library


def _policies(retry: Any) -> list[Any]:
    credentials = library("azure.core.credentials")
    policies = library("azure.core.pipeline").policies
    return [
        policies.RequestIdPolicy(),
        policies.HeadersPolicy(),
        policies.UserAgentPolicy("bench/1"),
        policies.ProxyPolicy(),
        policies.ContentDecodePolicy(),
        retry,
        policies.AzureKeyCredentialPolicy(
            credentials.AzureKeyCredential(API_KEY), "x-scx-api-key"
        ),
        policies.CustomHookPolicy(),
        policies.NetworkTraceLoggingPolicy(),
        policies.DistributedTracingPolicy(),
        policies.HttpLoggingPolicy(),
    ]


def _token_in(response: Any) -> object:
    response.raise_for_status()
    return response.json()["message"]["token"]


@contextmanager
def azure_sync(origin: str) -> Calls:
    """Open an ``azure.core.PipelineClient``."""
    core = library("azure.core")
    policies = library("azure.core.pipeline.policies")
    rest = library("azure.core.rest")
    with core.PipelineClient(origin, policies=_policies(policies.RetryPolicy())) as client:
        url = origin + PATH

        def call() -> object:
            return _token_in(client.send_request(rest.HttpRequest("POST", url, json=REQUEST)))

        yield call


@asynccontextmanager
async def azure_async(origin: str) -> AsyncCalls:
    """Open an ``azure.core.AsyncPipelineClient``, which sends with aiohttp."""
    core = library("azure.core")
    policies = library("azure.core.pipeline.policies")
    rest = library("azure.core.rest")
    async with core.AsyncPipelineClient(
        origin, policies=_policies(policies.AsyncRetryPolicy())
    ) as client:
        url = origin + PATH

        async def call() -> object:
            return _token_in(
                await client.send_request(rest.HttpRequest("POST", url, json=REQUEST))
            )

        yield call
