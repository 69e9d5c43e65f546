"""The Celery task of :mod:`benchmarks.bulk_program`."""

import os
from importlib import import_module

from tokenkit import StrigoClient, strigo

__all__ = ["app", "mint"]

app = import_module("celery").Celery(
    "mints", broker=os.environ["BROKER"], backend=os.environ["BROKER"]
)
app.conf.broker_connection_retry_on_startup = True
CLIENTS: list[StrigoClient] = []


@app.task  # type: ignore[untyped-decorator] # Celery has no types
def mint(email: str) -> bool:
    """Mint one token."""
    if not CLIENTS:
        CLIENTS.append(StrigoClient.from_env())
    return bool(CLIENTS[0].send(strigo.UserTokenRequest(email=email)))
