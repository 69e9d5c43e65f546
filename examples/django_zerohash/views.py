"""A Django backend whose page opens a zerohash module for the logged-in participant."""

import atexit
import logging
import math
import os

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from tokenkit import (
    APIError,
    TokenKitError,
    ZeroHashClient,
    zerohash,
)

logger = logging.getLogger(__name__)

# A token from zerohash itself knows its environment; one from the sandbox does not.
ENVIRONMENT = os.environ.get("ZEROHASH_ENVIRONMENT", "us-cert")

# One client for all threads and forked workers. A page is waiting, so it gives up soon.
client = ZeroHashClient.from_env(deadline=10)
atexit.register(client.close)


@require_POST
@never_cache
def create_client_auth_token(request: HttpRequest) -> HttpResponse:
    # Only the session says who is logged in, nothing else that the page sends.
    participant_code = request.session.get("participant_code")
    if participant_code is None:
        return JsonResponse({"detail": "not logged in"}, status=401)
    try:
        # A fund session belongs to one page view, so its token is not reused with get_token().
        token = client.create_client_auth_token(
            participant_code=participant_code, permissions=[zerohash.Permission.FWC]
        )
    except TokenKitError as error:
        return vendor_failed(error)
    return JsonResponse(token.to_sdk_setup(environment=ENVIRONMENT))


def vendor_failed(error: TokenKitError) -> HttpResponse:
    logger.error("no client access token: %s", error)  # errors hold neither keys nor tokens
    wait = error.retry_after if isinstance(error, APIError) else None
    headers = {} if wait is None else {"Retry-After": str(math.ceil(wait))}
    detail = "Account funding is not available at the moment."
    return JsonResponse({"detail": detail}, status=503 if headers else 502, headers=headers)


def page(request: HttpRequest) -> HttpResponse:
    context = {
        "participant_code": request.session.get("participant_code"),
        "module_url": os.environ["ZEROHASH_MODULE_URL"],
    }
    return render(request, "page.html", context)


@require_POST
def login(request: HttpRequest) -> HttpResponse:
    """Stand in for your own login, which would check who this really is."""
    request.session["participant_code"] = request.POST["participant_code"]
    return redirect("/")
