"""What Jupyter users see: completion, help, reprs and tracebacks, through IPython itself."""

import re
from collections.abc import Iterator

import pytest
from jupyter_shell import JupyterShell

from tokenkit.sandbox import Sandbox

SET_UP = """
import tokenkit
strigo, zdk, zerohash = sandbox.strigo_client(), sandbox.zdk_client(), sandbox.zerohash_client()
async_zdk = sandbox.async_zdk_client()
learner = strigo.create_user_token(email="user1@example.com")
user = zdk.create_user_token(id="user-1")
access = zerohash.create_client_auth_token(participant_code="CUST01", permissions=["fwc"])
"""
TEAR_DOWN = """
for client in (strigo, zdk, zerohash): client.close()
await async_zdk.aclose()
"""
EACH_COMPLETER = pytest.mark.parametrize("completer", ["jedi", "plain"])
EACH_TOKEN = pytest.mark.parametrize("name", ["learner", "user", "access"])
EACH_METHOD = pytest.mark.parametrize(
    ("method", "parameters"),
    [
        (
            "strigo.create_user_token",
            {"email", "name", "external_user_id", "expiration", "groups", "extra"},
        ),
        (
            "async_zdk.create_user_token",
            {"id", "nickname", "fullname", "avatar", "metadata", "permissions", "extra"},
        ),
        ("zerohash.revoke_client_auth_token", {"token", "extra"}),
    ],
)
FAILING_CELLS = {
    "strigo.create_user_token(email='', groups='beginners')": (
        "InvalidInputError: StrigoClient.create_user_token(): "
        "email must not be empty; groups must be a list of strings, not a single string"
    ),
    "await async_zdk.create_user_token(id='')": (
        "InvalidInputError: AsyncZdkClient.create_user_token(): id must not be empty"
    ),
    "zerohash.revoke_client_auth_token(token=access.token, tokne=learner.token)": (
        "TypeError: ZeroHashClient.revoke_client_auth_token() got an unexpected keyword "
        "argument 'tokne'"
    ),
    "tokenkit.zerohash.RevokeAuthTokenRequest(token=access.token, extra={'token': 1})": (
        "InvalidInputError: RevokeAuthTokenRequest: extra: 'token' has its own parameter: token"
    ),
    "with tokenkit.ZdkClient(api_key='wrong', base_url=sandbox.url) as stranger: "
    "stranger.create_user_token(id='user-1')": (
        "AuthenticationError: HTTP 401 unauthenticated: unknown API key"
    ),
}


@pytest.fixture(scope="module", autouse=True)
def notebook(shell: JupyterShell) -> Iterator[None]:
    """Give the shell clients for a sandbox, and a token of each vendor."""
    with Sandbox() as sandbox:
        shell.names["sandbox"] = sandbox
        shell.succeed(SET_UP)
        yield
        shell.succeed(TEAR_DOWN)


def secrets(shell: JupyterShell) -> list[str]:
    """Return the sandbox's credentials and the end of each token."""
    environment: dict[str, str] = shell.names["sandbox"].environment
    tokens: list[str] = [shell.names[name].token for name in ("learner", "user", "access")]
    credentials = [value for name, value in environment.items() if "BASE_URL" not in name]
    return [*credentials, *(token[-20:] for token in tokens)]


def shown_secrets(shell: JupyterShell, text: str) -> list[str]:
    return [secret for secret in secrets(shell) if secret in text]


@EACH_COMPLETER
@EACH_METHOD
def test_completion_of_arguments(
    shell: JupyterShell, method: str, parameters: set[str], completer: str
) -> None:
    """Tab inside a call completes the fields of the request, and no others."""
    found = shell.complete(f"{method}(", with_jedi=completer == "jedi")
    assert {name for name in found if name.endswith("=")} == {f"{name}=" for name in parameters}


@EACH_COMPLETER
@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("learner.", {"token", "user_id", "expiration", "email", "expires_at", "to_sdk_setup"}),
        ("access.", {"token", "participant_code", "deposit_intent_id", "expires_at"}),
        ("strigo.", {"create_user_token", "check_health", "close"}),
        ("tokenkit.", {"StrigoClient", "TokenKitError", "zerohash"}),
    ],
)
def test_completion_of_names(
    shell: JupyterShell, line: str, names: set[str], completer: str
) -> None:
    """Tab after a dot completes a token's fields, a client's calls and the package's names."""
    assert names <= shell.complete(line, with_jedi=completer == "jedi")


@EACH_METHOD
def test_help(shell: JupyterShell, method: str, parameters: set[str]) -> None:
    """`?` after a method shows its signature with every field, and its documentation."""
    signature, _, documentation = shell.inspect(method).partition("Docstring:")
    assert [name for name in parameters if not re.search(rf"\b{name}: \S", signature)] == []
    assert [name for name in parameters if f"    {name}: " not in documentation] == []
    assert "Raises:" in documentation


@EACH_TOKEN
def test_help_on_a_token(shell: JupyterShell, name: str) -> None:
    """`?` after a token explains its fields, and doesn't show the token."""
    shown = shell.inspect(name)
    assert "    token: " in shown
    assert shown_secrets(shell, shown) == []


@EACH_TOKEN
@pytest.mark.parametrize("wrapped", ["{}", "[{}]", "dict(token={})"])
def test_outputs_show_no_token(shell: JupyterShell, name: str, wrapped: str) -> None:
    """No format of an output contains the token, alone or in a list."""
    output = shell.succeed(wrapped.format(name)).output
    assert ("text/html" in output) == (wrapped == "{}")
    assert shown_secrets(shell, "\n".join(output.values())) == []


def test_rich_output(shell: JupyterShell) -> None:
    """As a cell's output, a token shows issuer, class, subject and time left."""
    output = shell.succeed("learner").output
    shown = r"<code>Strigo · UserToken · user1@example\.com · \d+ days, .* left</code>"
    assert re.fullmatch(shown, output["text/html"])


def test_await_at_the_top_level(shell: JupyterShell) -> None:
    """A cell can await an async client's call."""
    shell.succeed("awaited = await async_zdk.create_user_token(id='user-2')")
    assert shell.names["awaited"].user_id == "user-2"


@pytest.mark.parametrize("mode", ["Context", "Verbose", "Minimal"])
@pytest.mark.parametrize(("cell", "last_line"), FAILING_CELLS.items())
def test_tracebacks(shell: JupyterShell, mode: str, cell: str, last_line: str) -> None:
    """In every mode a traceback ends with the reason, and shows neither secret nor token."""
    shown = shell.fail(cell, mode).text.strip()
    assert shown.splitlines()[-1].startswith(last_line)  # newer Pythons may add a suggestion
    assert shown_secrets(shell, shown) == []
    assert "failed resolving arguments" not in shown


def test_the_search_finds_what_is_there(shell: JupyterShell) -> None:
    """The search works: a piece of a token that a cell has cut out shows in Verbose."""
    shown = shell.fail("part = learner.token\nstrigo.create_user_token(mail=part)", "Verbose")
    assert shown_secrets(shell, shown.text) != []


def test_a_traceback_names_the_method(shell: JupyterShell) -> None:
    """The frame below the cell's own has the name of the method that was called."""
    for cell in ("strigo.create_user_token(email='')", "await async_zdk.create_user_token(id='')"):
        assert ", in create_user_token(self" in shell.fail(cell, "Context").text
