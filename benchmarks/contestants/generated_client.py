"""A client that openapi-python-client generates, when the benchmark starts, from openapi.json."""

import os
import subprocess
import sys
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from ..wire import API_KEY, REQUEST, TIMEOUT
from . import AsyncCalls, Calls, library

FOLDER_VARIABLE = "TOKENKIT_BENCH_GENERATED"
PACKAGE = "mint_client"
DOCUMENT = Path(__file__).parents[1] / "openapi.json"


def generate(folder: Path) -> dict[str, str]:
    """Generate the client; return the variables that its contestant's process needs.

    Without the generator, the contestant says that its client is missing.
    """
    arguments = ["--path", str(DOCUMENT), "--output-path", str(folder / PACKAGE), "--meta", "none"]
    subprocess.run(  # noqa: S603 - this interpreter, the generator of the bench environment
        [sys.executable, "-m", "openapi_python_client", "generate", *arguments],
        check=False,
        capture_output=True,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        },
    )
    return {FOLDER_VARIABLE: str(folder)}


def _loaded(origin: str) -> tuple[Any, Any, Any]:
    """Return a client, the module of the call, and the request's class."""
    httpx = library("httpx")
    sys.path.insert(0, os.environ[FOLDER_VARIABLE])
    client = library(PACKAGE).AuthenticatedClient(
        base_url=origin, token=API_KEY, timeout=httpx.Timeout(TIMEOUT)
    )
    endpoint = library(f"{PACKAGE}.api.tokens.create_client_auth_token")
    return client, endpoint, library(f"{PACKAGE}.models")


def _request(models: Any) -> object:
    return models.ClientAuthTokenRequest(
        participant_code=REQUEST["participant_code"],
        reference_id=REQUEST["reference_id"],
        permissions=REQUEST["permissions"],
        deposit_details=models.DepositDetails(**REQUEST["deposit_details"]),
        client_device_info=models.ClientDeviceInfo(**REQUEST["client_device_info"]),
    )


@contextmanager
def generated_sync(origin: str) -> Calls:
    """Open the generated client."""
    client, endpoint, models = _loaded(origin)
    with client:
        yield lambda: endpoint.sync(client=client, body=_request(models)).message.token


@asynccontextmanager
async def generated_async(origin: str) -> AsyncCalls:
    """Open the generated client, for its async calls."""
    client, endpoint, models = _loaded(origin)
    async with client:

        async def call() -> object:
            return (await endpoint.asyncio(client=client, body=_request(models))).message.token

        yield call
