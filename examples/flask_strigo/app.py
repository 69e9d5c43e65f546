"""A Flask backend whose page sets up Strigo's Academy SDK for the logged-in learner."""

import atexit
import math
import os
from datetime import timedelta

from flask import Flask, jsonify, redirect, render_template, request, session
from flask.typing import ResponseReturnValue

from tokenkit import APIError, StrigoClient, TokenKitError
from tokenkit.strigo import UserTokenRequest

app = Flask(__name__)
app.secret_key = os.environ["SECRET_KEY"]
app.config["SESSION_COOKIE_SECURE"] = "DEVELOPMENT" not in os.environ
# With this, no other site's page can send a POST with the session.
app.config["SESSION_COOKIE_SAMESITE"] = "Lax"

# One client for all threads and forked workers. A page is waiting, so it gives up soon.
strigo = StrigoClient.from_env(deadline=10)
atexit.register(strigo.close)


@app.post("/strigo-setup")
def create_strigo_setup() -> ResponseReturnValue:
    # Only the session says who is logged in, nothing else that the page sends.
    email = session.get("email")
    if email is None:
        return {"detail": "not logged in"}, 401
    # A valid token is reused: Strigo allows only one to two hundred mints a minute.
    token = strigo.get_token(UserTokenRequest(email=email, expiration=timedelta(hours=1)))
    return jsonify(token.to_sdk_setup()), {"Cache-Control": "no-store"}


@app.errorhandler(TokenKitError)
def vendor_failed(error: TokenKitError) -> ResponseReturnValue:
    app.logger.error("no user token: %s", error)  # errors hold neither keys nor tokens
    wait = error.retry_after if isinstance(error, APIError) else None
    headers = {} if wait is None else {"Retry-After": str(math.ceil(wait))}
    detail = "The academy is not available at the moment."
    return {"detail": detail}, 503 if headers else 502, headers


@app.get("/")
def page() -> str:
    module_url = os.environ["STRIGO_MODULE_URL"]
    return render_template("page.html", email=session.get("email"), module_url=module_url)


@app.post("/login")
def login() -> ResponseReturnValue:
    """Stand in for your own login, which would check who this really is."""
    session["email"] = request.form["email"]
    return redirect("/", 303)
