"""The backends in `examples/`, each in its own process, against a sandbox in another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from example_backends import (
    ALL,
    DJANGO,
    Backend,
    Example,
    csrf_token,
    csrf_token_in,
    log_in,
    readme_environment,
    running,
    sandbox_environment,
    visitor,
)
from raw_server import RawServer, http, json_response, responding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from raw_server import RawRequest


@pytest.fixture(scope="module", params=ALL, ids=str)
def example(request: pytest.FixtureRequest) -> Example:
    given: Example = request.param
    return given


@pytest.fixture(scope="module")
def backend(example: Example, issuers: Mapping[str, str]) -> Iterator[Backend]:
    with running(example, sandbox_environment(issuers)) as started:
        yield started


@pytest.fixture
def client(backend: Backend) -> Iterator[httpx.Client]:
    with visitor(backend) as visiting:
        yield visiting


def subject(issuers: Mapping[str, str], example: Example, token: str) -> str:
    """Ask the sandbox whom it minted a token for."""
    answer = httpx.get(
        f"{issuers['ZDK_BASE_URL']}/browser/check/{example.vendor}",
        headers={"authorization": f"Bearer {token}"},
        trust_env=False,
    )
    assert answer.json()["valid"] is True
    found: str = answer.json()["subject"]
    return found


def test_token_for_the_logged_in_user(
    example: Example, client: httpx.Client, issuers: Mapping[str, str]
) -> None:
    """A user who logs in gets a page with the module, and a token that the vendor accepts."""
    user = example.users[0]
    log_in(client, example, user)
    page = client.get("/").text
    assert user in page
    assert f'data-module="{issuers["ZDK_BASE_URL"]}/browser/{example.vendor}.js"' in page

    answer = client.post(example.mint_path, headers=csrf_token(client))
    assert answer.status_code == 200
    assert "no-store" in answer.headers["cache-control"]
    assert subject(issuers, example, example.token(answer.json())) == user


def test_nobody_logged_in(example: Example, client: httpx.Client) -> None:
    """Without a session there is a login form, and no token."""
    assert f'name="{example.user_field}"' in client.get("/").text
    answer = client.post(example.mint_path, headers=csrf_token(client))
    assert answer.status_code == 401
    assert answer.json() == {"detail": "not logged in"}


def test_forged_session(example: Example, client: httpx.Client) -> None:
    """A session that the backend didn't sign is refused."""
    log_in(client, example, example.users[0])
    names = {"session", "sessionid"} & set(client.cookies)
    assert len(names) == 1
    name = names.pop()
    signed = client.cookies[name]
    client.cookies.delete(name)
    client.cookies.set(name, signed[:-3] + "AAA")
    answer = client.post(example.mint_path, headers=csrf_token(client))
    assert answer.status_code == 401


def test_another_user_in_the_request(
    example: Example, client: httpx.Client, issuers: Mapping[str, str]
) -> None:
    """Whatever the page sends, the token is for the user who is logged in."""
    user, other = example.users
    log_in(client, example, user)
    named = {example.user_field: other}
    csrf = csrf_token(client)
    for answer in (
        client.post(example.mint_path, headers=csrf, json=named),
        client.post(example.mint_path, headers=csrf, data=named),
        client.post(example.mint_path, headers=csrf, params=named),
    ):
        assert subject(issuers, example, example.token(answer.json())) == user


def test_only_post_mints(example: Example, client: httpx.Client) -> None:
    """A link or an image can't make the backend mint."""
    log_in(client, example, example.users[0])
    assert client.get(example.mint_path).status_code == 405


def test_posts_from_other_sites(example: Example, client: httpx.Client) -> None:
    """The browser sends the session only to the site itself; Django also asks for a CSRF token."""
    answer = client.post(
        "/login", data={example.user_field: example.users[0]}, headers=csrf_token(client)
    )
    cookies = answer.headers.get_list("set-cookie")
    session = next(cookie for cookie in cookies if cookie.startswith("session"))
    assert "samesite=lax" in session.lower()
    assert "httponly" in session.lower()
    expected = 403 if example is DJANGO else 200
    assert client.post(example.mint_path).status_code == expected


def test_no_token_in_the_log(example: Example, backend: Backend, client: httpx.Client) -> None:
    """The log mentions the mint, and contains neither the token nor the session."""
    log_in(client, example, example.users[0])
    answer = client.post(example.mint_path + "?logged", headers=csrf_token(client))
    log = backend.log_until(f"POST {example.mint_path}\\?logged.* 200").string
    assert example.token(answer.json()) not in log
    assert not any(cookie.value in log for cookie in client.cookies.jar if cookie.value)


def test_vendor_fails(example: Example, issuers: Mapping[str, str]) -> None:
    """A refusal becomes a 502, a wait that the vendor asks for a 503; only the log says why."""
    refused, slowed = example.users

    def fail(request: RawRequest) -> bytes:
        if slowed.encode() in request.body:
            return http(429, b"slow down", "Retry-After: 30")
        echo = request.head.decode()
        error = {"type": "Refused", "message": echo}
        return json_response({"result": "failure", "error": error, "message": echo}, 401)

    with RawServer(responding(fail)) as vendor:
        urls = {name: vendor.url for name in issuers if name.endswith("_BASE_URL")}
        environment = {**sandbox_environment(issuers), **urls}
        with running(example, environment) as backend, visitor(backend) as client:
            log_in(client, example, refused)
            answer = client.post(example.mint_path, headers=csrf_token(client))
            assert answer.status_code == 502
            assert "retry-after" not in answer.headers
            assert answer.json().keys() == {"detail"}

            log_in(client, example, slowed)
            answer = client.post(example.mint_path, headers=csrf_token(client))
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")

            log = backend.log_until("HTTP 401(.|\\n)*HTTP 429").string
    secrets = [value for name, value in issuers.items() if not name.endswith(("_URL", "_ID"))]
    assert not any(secret in log for secret in secrets)


def test_session_cookies_need_https(example: Example, issuers: Mapping[str, str]) -> None:
    """Outside development, no cookie is sent over plain http."""
    environment = {**sandbox_environment(issuers), "ALLOWED_HOSTS": "127.0.0.1"}
    del environment["DEVELOPMENT"]
    with running(example, environment) as backend, visitor(backend) as client:
        page = client.get("/")
        before = page.headers.get_list("set-cookie")
        # Sent by hand: the client rightly keeps them to itself.
        headers = {"cookie": "; ".join(cookie.partition(";")[0] for cookie in before)}
        answer = client.post(
            "/login",
            data={example.user_field: example.users[0]},
            headers={**headers, **csrf_token_in(page.text)},
        )
    after = answer.headers.get_list("set-cookie")
    assert any(cookie.startswith("session") for cookie in after)
    assert all("; secure" in cookie.lower() for cookie in (*before, *after))


def test_readme_variables(issuers: Mapping[str, str]) -> None:
    """`sandbox.env` has what a sandbox on its port prints."""
    written = readme_environment()
    port = written["ZDK_BASE_URL"]
    printed = {
        name: value.replace(issuers["ZDK_BASE_URL"], port) for name, value in issuers.items()
    }
    assert printed.items() <= written.items()
