import io
import re
import subprocess
import sys
from importlib import import_module
from typing import Any

import pytest

import tokenkit
from tokenkit import __main__, _demo


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "tokenkit", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_demo() -> None:
    """The demo mints from all three issuers, and shows no whole token."""
    done = run("demo")
    assert (done.returncode, done.stderr) == (0, "")
    told, log = done.stdout.split("\nThe sandbox's log:\n")
    check_demo(told, log)


def check_demo(told: str, log: str) -> None:
    lines = told.splitlines()
    assert lines[0].startswith("ZDK UserToken(user_id='")
    assert re.fullmatch(r"  token \S{6}\.\.\., 372 characters", lines[1])
    assert lines[2].startswith("zerohash ClientAuthToken(deposit_intent_id='")
    assert re.fullmatch(r"  token eyJhbG\.\.\., \d{4} characters", lines[3])
    assert re.fullmatch(r"  ends 20\d\d-\d\d-\d\d .*\+00:00, allows \('fwc',\)", lines[4])
    assert lines[5] == "  revoked"
    assert lines[6].startswith("Strigo UserToken(user_id='")
    assert re.fullmatch(r"  token \S{6}\.\.\., 43 characters", lines[7])
    assert len(lines) == 8
    requests = [line.partition(" token=")[0].split(maxsplit=2)[2] for line in log.splitlines()]
    assert [request.partition(" subject=")[0] for request in requests] == [
        "zdk POST /user.tokens.private.v1.Service/Create 200 ok",
        "zerohash POST /client_auth_token 201 ok",
        "zerohash POST /revoke_auth_token 204 ok",
        "strigo POST /api/v1/academy/users/token 200 ok",
    ]
    # A token would be a long run of base64url characters; a UUID is shorter.
    assert not re.search(r"[A-Za-z0-9_-]{40,}", told + log)


def test_demo_in_this_process(capsys: pytest.CaptureFixture[str]) -> None:
    """The command's function writes to standard output and returns the exit code."""
    assert __main__.main(["demo"]) == 0
    told, log = capsys.readouterr().out.split("\nThe sandbox's log:\n")
    check_demo(told, log)


def test_demo_ends_its_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """If a mint fails, the other process is ended and the error raised."""
    started: list[Any] = []
    popen: Any = subprocess.Popen

    def start(*arguments: Any, **options: Any) -> Any:
        started.append(popen(*arguments, **options))
        return started[-1]

    def fail(*_: object) -> None:
        raise RuntimeError("no mint today")

    monkeypatch.setattr(subprocess, "Popen", start)
    monkeypatch.setattr(_demo, "_mint_all", fail)
    with pytest.raises(RuntimeError, match="no mint today"):
        _demo.run_demo(io.StringIO())
    (process,) = started
    assert process.poll() == 0


def test_no_command() -> None:
    """Without a command the help is shown, and the exit code is Python's for a wrong usage."""
    done = run()
    assert done.returncode == 2
    assert done.stderr.startswith("usage: python -m tokenkit [-h] [--version] command ...")
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "acme"], "argument vendor: invalid choice: 'acme'"),
        (["mnt"], "tokenkit: error: argument command: invalid choice: 'mnt'"),
        (["sandbox", "--port", "x"], "argument --port: must be from 0 to 65535, not 'x'"),
        (["sandbox", "--port", "99999"], "argument --port: must be from 0 to 65535, not '99999'"),
        (["sandbox", "--port", "-1"], "argument --port: "),
        (["sandbox", "--clock-skew", "x"], "argument --clock-skew: invalid float value: 'x'"),
        (["sandbox", "--clock-skew", "1e99"], "clock_skew must be seconds"),
        (["sandbox", "--fault", "stauts=503"], "no field is called 'stauts'"),
        (["sandbox", "--rate", "5"], "unrecognized arguments: 5"),
        (["sandbox", "--advertise", "sandbox:8700"], "advertise must be like http://"),
        (["sandbox", "--webhook-url", "http://a.example/"], "webhooks go to this machine only"),
        (["demo", "-v"], "unrecognized arguments: -v"),
    ],
)
def test_wrong_usage(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unknown commands, values and options exit with 2 and say in one line what is wrong."""
    try:
        code: object = __main__.main(arguments)
    except SystemExit as exited:
        code = exited.code
    assert code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("python -m tokenkit")
    assert message in line


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    """The help names all commands."""
    with pytest.raises(SystemExit) as caught:
        __main__.main(["--help"])
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    assert "Mint user tokens, check that a vendor can be called, and serve a sandbox." in shown
    assert "check whether the vendors can be called" in shown
    assert "mint a token from each vendor against a sandbox" in shown
    assert "serve the three issuers on loopback" in shown


def test_help_of_the_sandbox(capsys: pytest.CaptureFixture[str]) -> None:
    """The help of a command has its options in groups."""
    with pytest.raises(SystemExit):
        __main__.main(["sandbox", "--help"])
    shown = capsys.readouterr().out
    groups = ["where it listens:", "what goes wrong:", "rate limits (default: none):", "zerohash:"]
    assert [line for line in shown.splitlines() if line in groups] == groups


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """The version is the package's."""
    with pytest.raises(SystemExit) as caught:
        __main__.main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"tokenkit {tokenkit.__version__}\n"


@pytest.mark.parametrize("command", ["demo", "sandbox"])
def test_missing_extra(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the sandbox's packages, each command says what to install, and exits with 1."""
    monkeypatch.setitem(sys.modules, "tokenkit.sandbox.cli", None)
    assert __main__.main([command]) == 1
    assert capsys.readouterr().err == (
        "The sandbox needs more packages: python -m pip install 'tokenkit-sdk[sandbox]'\n"
    )


def test_the_sandbox_without_its_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the extra is not installed, the import error names the missing package and the fix."""
    for name in [name for name in sys.modules if name.startswith("tokenkit.sandbox")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(ModuleNotFoundError, match=r"package uvicorn: .*tokenkit-sdk\[sandbox\]"):
        import_module("tokenkit.sandbox")


def test_sandbox_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox's command passes its options on, and its exit code back."""
    asked: list[tuple[str, int]] = []
    options: list[dict[str, object]] = []

    def serve(host: str, port: int, **others: object) -> int:
        asked.append((host, port))
        options.append(others)
        return 7

    monkeypatch.setattr("tokenkit.sandbox.cli.run", serve)
    assert __main__.main(["sandbox"]) == 7
    assert __main__.main(["sandbox", "--host", "::1", "--port", "8080"]) == 7
    assert asked == [("127.0.0.1", 0), ("::1", 8080)]
    command = "sandbox --fault status=503 --fault drop=after --clock-skew -3600 --rate-limits"
    command += " --strigo-rate-limit 5/1 --zerohash-rate-limit 20 --unknown-permissions"
    command += " --advertise http://sandbox:1 --webhook-url http://localhost:2"
    assert __main__.main(command.split()) == 7
    assert options[-1] == {
        "faults": ["status=503", "drop=after"],
        "clock_skew": -3600.0,
        "rate_limits": True,
        "strigo_rate_limit": "5/1",
        "zerohash_rate_limit": "20",
        "advertise": "http://sandbox:1",
        "webhook_url": "http://localhost:2",
        "unknown_permissions": True,
    }
