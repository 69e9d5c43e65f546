"""stripe: a customer session, which mints a client secret."""

from contextlib import asynccontextmanager, contextmanager
from typing import Any

from ..wire import API_KEY
from . import AsyncCalls, Calls, library

# As long as the request of the others, all in all.
ARGUMENTS: dict[str, Any] = {
    "customer": "cus_1",
    "components": {"buy_button": {"enabled": True}, "pricing_table": {"enabled": True}},
    "expand": ["x" * 180],
}


def _client(origin: str) -> Any:
    stripe = library("stripe")
    return stripe.StripeClient(API_KEY, base_addresses={"api": origin})


@contextmanager
def stripe_sync(origin: str) -> Calls:
    """Open a ``stripe.StripeClient``."""
    client = _client(origin)
    yield lambda: client.v1.customer_sessions.create(params=ARGUMENTS).client_secret


@asynccontextmanager
async def stripe_async(origin: str) -> AsyncCalls:
    """Open a ``stripe.StripeClient``, for its async calls."""
    client = _client(origin)

    async def call() -> object:
        return (await client.v1.customer_sessions.create_async(params=ARGUMENTS)).client_secret

    yield call
