"""A FastAPI backend whose page opens ZDK's user module for the logged-in user."""

import logging
import math
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated, TypedDict
from urllib.parse import parse_qs

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi.templating import Jinja2Templates
from starlette.middleware.sessions import SessionMiddleware

from tokenkit import (
    APIError,
    AsyncZdkClient,
    TokenKitError,
    zdk,
)

logger = logging.getLogger(__name__)
templates = Jinja2Templates(Path(__file__).parent / "templates")


class State(TypedDict):
    zdk: AsyncZdkClient


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncGenerator[State]:
    # One client for all requests. A page is waiting, so it gives up soon. ZDK doesn't say how
    # long its tokens live, so each one is used for five minutes at most.
    async with AsyncZdkClient.from_env(deadline=10, token_lifetime=timedelta(minutes=5)) as client:
        yield {"zdk": client}


app = FastAPI(lifespan=lifespan)
# With `lax`, no other site's page can send a POST with the session.
app.add_middleware(
    SessionMiddleware,
    secret_key=os.environ["SECRET_KEY"],
    same_site="lax",
    https_only="DEVELOPMENT" not in os.environ,
)


def logged_in_user(request: Request) -> str:
    """Return who is logged in; only the session says so, nothing else that the page sends."""
    user_id: str | None = request.session.get("user_id")
    if user_id is None:
        raise HTTPException(401, "not logged in")
    return user_id


@app.post("/user-token")
async def create_user_token(
    user_id: Annotated[str, Depends(logged_in_user)], request: Request, response: Response
) -> zdk.SdkSetup:
    client: AsyncZdkClient = request.state.zdk
    # The same user's next page view gets the same token, until shortly before it expires.
    token = await client.get_token(
        zdk.UserTokenRequest(id=user_id, permissions=[zdk.CHAT_PERMISSION])
    )
    response.headers["Cache-Control"] = "no-store"
    return token.to_sdk_setup()


@app.exception_handler(TokenKitError)
def vendor_failed(_: Request, error: TokenKitError) -> JSONResponse:
    logger.error("no user token: %s", error)  # errors hold neither keys nor tokens
    wait = error.retry_after if isinstance(error, APIError) else None
    headers = {} if wait is None else {"Retry-After": str(math.ceil(wait))}
    detail = "The user module is not available at the moment."
    return JSONResponse({"detail": detail}, 503 if headers else 502, headers)


@app.get("/")
def page(request: Request) -> Response:
    context = {
        "user_id": request.session.get("user_id"),
        "module_url": os.environ["ZDK_MODULE_URL"],
    }
    return templates.TemplateResponse(request, "page.html", context)


@app.post("/login")
async def login(request: Request) -> Response:
    """Stand in for your own login, which would check who this really is."""
    form = parse_qs((await request.body()).decode())
    request.session["user_id"] = form["user_id"][0]
    return RedirectResponse("/", 303)
