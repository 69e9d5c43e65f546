"""The demo: each vendor's own example, through the real clients, over real HTTP."""

import subprocess
import sys
import uuid
from collections.abc import Mapping
from datetime import timedelta
from itertools import islice
from typing import TextIO

from .extension import IssuedToken
from .strigo import StrigoClient
from .zdk import ALL_PERMISSIONS, ZdkClient
from .zerohash import ZeroHashClient

__all__ = ["run_demo"]

FIRST_CHARACTERS = 6
VARIABLES = 9


def run_demo(out: TextIO) -> int:
    """Start a sandbox in another process, mint from each vendor, and print what happened.

    Args:
        out: Where to write.
    """
    command = [sys.executable, "-m", __package__ or "tokenkit", "sandbox"]
    with subprocess.Popen(  # noqa: S603 - this interpreter, this package
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as sandbox:
        try:
            _mint_all(_variables(sandbox), out)
        finally:
            sandbox.terminate()
            _, log = sandbox.communicate()
        out.write(f"\nThe sandbox's log:\n{log}")
    return sandbox.returncode


def _variables(sandbox: subprocess.Popen[str]) -> Mapping[str, str]:
    lines = sandbox.stdout or ()
    return dict(line.strip().split("=", 1) for line in islice(lines, VARIABLES))


def _mint_all(environ: Mapping[str, str], out: TextIO) -> None:
    with ZdkClient.from_env(environ=environ) as zdk:
        user_token = zdk.create_user_token(
            id=str(uuid.uuid4()),
            avatar="",
            fullname="",
            nickname="ExampleNickname",
            metadata={},
            permissions=ALL_PERMISSIONS,
        )
        _tell(out, user_token)
    with ZeroHashClient.from_env(environ=environ) as zerohash:
        access_token = zerohash.create_client_auth_token(
            participant_code="CUST01", permissions=["fwc"]
        )
        _tell(out, access_token)
        out.write(f"  ends {access_token.expires_at}, allows {access_token.permissions}\n")
        zerohash.revoke_client_auth_token(token=access_token)
        out.write("  revoked\n")
    with StrigoClient.from_env(environ=environ) as strigo:
        learner_token = strigo.create_user_token(
            email="user1@strigo.io",
            name="user1",
            external_user_id="external-user-id",
            expiration=timedelta(days=30),
        )
        _tell(out, learner_token)


def _tell(out: TextIO, token: IssuedToken) -> None:
    text = token.token
    out.write(
        f"{token.issuer} {token}\n  token {text[:FIRST_CHARACTERS]}..., {len(text)} characters\n"
    )
