import json
import os
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from checked import findings, responses, told
from credentials import ENVIRONMENT
from vendors_support import listening

from tokenkit import __main__
from tokenkit._check.command import check
from tokenkit._check.zerohash import clock_finding
from tokenkit.sandbox import Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as started:
        yield started


def test_all_is_well(sandbox: Sandbox) -> None:
    """If everything works, each vendor is reported and the exit code is 0."""
    code, text = told(None, sandbox.environment)
    assert code == 0
    assert [line for line in text.splitlines() if not line.startswith(" ")] == [
        "ZDK",
        "zerohash",
        "Strigo",
    ]
    assert "problem" not in text
    assert "credentials  accepted by GET /payments" in text
    assert "credentials  accepted by GET /health (ok: Healthy)" in text
    assert "note     credentials  not checked: ZDK documents no read-only call" in text
    assert text.isascii()


def test_no_value_is_shown(sandbox: Sandbox) -> None:
    """It reports which variables are set, and never their values."""
    environ = {**sandbox.environment, "ZDK_API_HOST": ""}
    _, text = told(None, environ, explain=True)
    assert "ZEROHASH_PRIVATE_KEY is set" in text
    assert "ZDK_API_HOST is empty, which counts as not set" in text
    for name, value in environ.items():
        assert not value or name.endswith("_BASE_URL") or value not in text


@pytest.mark.parametrize("value", ["whsec-misplaced", "whsec-" + "x" * 100, "whsec-\n\u00e9"])
def test_a_misplaced_value_is_not_shown(sandbox: Sandbox, value: str) -> None:
    """A key that ended up in the environment name's variable is kept out of the text."""
    environ = {**sandbox.environment, "ZEROHASH_BASE_URL": "", "ZEROHASH_ENVIRONMENT": value}
    code, text = told("zerohash", environ)
    assert code == 1
    assert "not what ZEROHASH_ENVIRONMENT holds" in text
    assert "whsec" not in text


def test_the_whole_command(sandbox: Sandbox, tmp_path: Path) -> None:
    """The command reads its own environment, writes to stdout and exits with what it found."""
    command = [sys.executable, "-W", "error", "-m", "tokenkit", "check", "zerohash", "--json"]
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    for change, code in (({}, 0), ({"ZEROHASH_PASSPHRASE": "mistyped"}, 1)):
        done = subprocess.run(
            command,
            env={**kept, **sandbox.environment, **change},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (code, "")
        assert {one["vendor"] for one in json.loads(done.stdout)["checks"]} == {"zerohash"}


def test_in_this_process(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The entry point passes the options on."""
    for name, value in sandbox.environment.items():
        monkeypatch.setenv(name, value)
    assert __main__.main(["check", "strigo"]) == 0
    assert capsys.readouterr().out.startswith("Strigo\n")


def test_a_reader_that_has_read_enough() -> None:
    """If the pipe's reader has gone, as head does, the exit code still says what was found."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as out:
        assert check("zdk", as_json=False, explain=False, out=out, environ={}) == 1


def test_a_command_whose_reader_has_gone(tmp_path: Path) -> None:
    """The whole command ends without a traceback if its output isn't read."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-W", "error", "-m", "tokenkit", "check", "zdk"]
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    with os.fdopen(writer, "w") as out:
        done = subprocess.run(
            command,
            env=kept,
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "")


def test_nothing_is_set() -> None:
    """Without any variable there is nothing to check, and each vendor's variables are named."""
    code, text = told(None, {})
    assert code == 1
    assert (
        "no vendor's variables are set: ZDK needs ZDK_API_KEY; zerohash needs ZEROHASH_API_KEY, "
        "ZEROHASH_PRIVATE_KEY, ZEROHASH_PASSPHRASE; Strigo needs STRIGO_ORG_ID, STRIGO_API_KEY"
    ) in text


def test_what_is_missing() -> None:
    """For a vendor that is asked for, or half set up, the missing variables are named."""
    found = findings("zdk", {})
    assert found["variables"]["message"] == "ZDK_API_KEY is missing"
    environ = {"STRIGO_ORG_ID": "o", "STRIGO_API_KEY": ""}
    found = findings(None, environ)
    assert set(found) == {"variables"}
    assert found["variables"]["message"] == "STRIGO_ORG_ID is set; STRIGO_API_KEY is empty"
    assert found["variables"]["outcome"] == "problem"


def test_values_that_cannot_be_used(sandbox: Sandbox) -> None:
    """What a client refuses is reported unchanged, and nothing is called."""
    for change in (
        {"ZEROHASH_PRIVATE_KEY": "no base64!"},
        {"ZEROHASH_BASE_URL": "ftp://127.0.0.1"},
        {"ZEROHASH_BASE_URL": "", "ZEROHASH_ENVIRONMENT": "eu"},
    ):
        found = findings("zerohash", {**sandbox.environment, **change})
        assert found["settings"]["outcome"] == "problem"
        assert "no base64!" not in str(found)
        assert "connection" not in found


def test_a_refusal_that_leaves_several_causes(sandbox: Sandbox) -> None:
    """A wrong key looks like other mistakes: some are ruled out, the rest are listed."""
    key = b64encode(b"another-private-key-of-32-bytes.").decode()
    environ = {**sandbox.environment, "ZEROHASH_PRIVATE_KEY": key}
    found = findings("zerohash", environ)["credentials"]
    assert found["outcome"] == "problem"
    assert found["message"] == "refused by GET /payments (HTTP 401: Invalid signature)"
    assert [cause.split()[-1] for cause in found["causes"]] == (
        [sandbox.url, "yet", "allow-list", "together"]
    )
    assert "signed" not in found
    _, text = told("zerohash", environ)
    assert f"\n{'':24}- the key is not approved yet\n" in text


@pytest.mark.parametrize(
    ("message", "cause", "count"),
    [
        ("Missing API Key", "arrived without the key", 5),
        ("IP address not allowed", "not on the key's allow-list", 4),
        ("Invalid passphrase", "ZEROHASH_PASSPHRASE is not the passphrase of this", 5),
        ("Forbidden: unauthorised recipient", "the key belongs to another environment", 4),
    ],
)
def test_a_refusal_whose_words_name_the_cause(message: str, cause: str, count: int) -> None:
    """The cause that zerohash's own words suggest comes first, and nothing is listed twice."""
    failure = (401, {"error": True, "message": message})
    with listening(responses(time=(200, {"epoch": time.time()}), payments=failure)) as server:
        found = findings("zerohash", {**ENVIRONMENT, "ZEROHASH_BASE_URL": server.url})
    causes = found["credentials"]["causes"]
    assert cause in causes[0]
    assert len(causes) == len(set(causes)) == count


def test_the_text_that_was_signed(sandbox: Sandbox) -> None:
    """With --explain, a refused signature's text is shown by its parts, and never a key."""
    environ = {**sandbox.environment, "ZEROHASH_PASSPHRASE": "mistyped"}
    signed = findings("zerohash", environ, explain=True)["credentials"]["signed"]
    assert signed["timestamp"].isdigit()
    assert {**signed, "timestamp": ""} == {
        "timestamp": "",
        "METHOD": "GET",
        "route": "/payments?size=1",
        "body": "{}",
    }
    _, text = told("zerohash", environ, explain=True)
    assert "route      /payments?size=1\n" in text
    assert "GET/payments?size=1{}\n" in text
    for name in ("API_KEY", "PRIVATE_KEY"):
        assert environ[f"ZEROHASH_{name}"] not in text


def test_a_key_of_the_wrong_size(sandbox: Sandbox) -> None:
    """A private key that was encoded twice, or truncated, is named as the cause."""
    twice = b64encode(sandbox.environment["ZEROHASH_PRIVATE_KEY"].encode()).decode()
    environ = {**sandbox.environment, "ZEROHASH_PRIVATE_KEY": twice}
    (cause,) = findings("zerohash", environ)["credentials"]["causes"]
    assert cause.startswith("ZEROHASH_PRIVATE_KEY decodes to 44 bytes")


def test_a_clock_that_is_wrong() -> None:
    """A clock beyond zerohash's tolerance is a separate problem."""
    with Sandbox(clock_skew=-300) as skewed:
        found = findings("zerohash", skewed.environment)
    assert found["clock"]["outcome"] == "problem"
    assert found["clock"]["message"].endswith("ahead of zerohash's, which tolerates 60 seconds")


@pytest.mark.parametrize(
    ("off", "words"),
    [
        (0.4, "clock is level with zerohash's"),
        (-0.8, "clock is 1 second behind zerohash's"),
        (1.8, "clock is 2 seconds ahead of zerohash's"),
    ],
)
def test_a_clock_that_is_nearly_right(off: float, words: str) -> None:
    """Less than a second is no difference, and one second is singular."""
    assert words in clock_finding(off).message


def test_a_key_without_the_permission() -> None:
    """A failure that mentions permission is about that, and not about the signature."""
    message = "This api key does not have write permission to this endpoint"
    failure = (403, {"error": True, "message": message})
    with listening(responses(time=(200, {"epoch": time.time()}), payments=failure)) as server:
        found = findings("zerohash", {**ENVIRONMENT, "ZEROHASH_BASE_URL": server.url})
    (cause,) = found["credentials"]["causes"]
    assert cause.startswith("the key may not call GET /payments")
    assert "x-scx-signed" not in server.received[0].headers


def test_a_key_that_may_perhaps_only_read(sandbox: Sandbox) -> None:
    """A key that may read is accepted, with a note that minting needs more than that."""
    found = findings("zerohash", sandbox.environment)["permission"]
    assert found["outcome"] == "note"
    assert "minting needs write permission" in found["message"]
    environ = {**sandbox.environment, "ZEROHASH_PASSPHRASE": "mistyped"}
    assert "permission" not in findings("zerohash", environ)


def test_a_clock_that_explains_the_refusal() -> None:
    """If the clock is wrong, a failure is about the clock."""
    failure = (401, {"error": True, "message": "Invalid timestamp"})
    respond = responses(time=(200, {"epoch": time.time() + 90}), payments=failure)
    with listening(respond) as server:
        found = findings("zerohash", {**ENVIRONMENT, "ZEROHASH_BASE_URL": server.url})
    (cause,) = found["credentials"]["causes"]
    assert cause.startswith("set the clock: it is ")
    assert "seconds behind zerohash's" in cause


@pytest.mark.parametrize(
    ("payments", "words"),
    [
        ((500, {"error": "Internal Server Error"}), "GET /payments: HTTP 500: Internal"),
        ((200, ["no page"]), "GET /payments: DecodeError: "),
    ],
)
def test_a_server_that_fails(payments: tuple[int, object], words: str) -> None:
    """A failure that isn't a failure says nothing about the credentials."""
    with listening(responses(time=(200, []), payments=payments)) as server:
        found = findings("zerohash", {**ENVIRONMENT, "ZEROHASH_BASE_URL": server.url})
    assert found["clock"]["message"].startswith("GET /time: DecodeError: ")
    assert found["credentials"]["message"].startswith(words)
    assert "causes" not in found["credentials"]


@pytest.mark.parametrize(
    ("health", "words", "outcome"),
    [
        (
            (401, {"error": {"message": "No\x1b[2J"}}),
            "refused by GET /health (HTTP 401",
            "problem",
        ),
        ((500, None), "GET /health: HTTP 500", "problem"),
        ((200, {"status": 1}), "GET /health: DecodeError", "problem"),
        ((200, {"status": "down", "message": "soon"}), "(down: soon)", "problem"),
        ((200, {"status": "ok", "message": "Healthy"}), "(ok: Healthy)", "ok"),
    ],
)
def test_strigos_health(health: tuple[int, object], words: str, outcome: str) -> None:
    """Strigo's own check decides about the credentials; its text can't control the terminal."""
    with listening(responses(health=health)) as server:
        environ = {**ENVIRONMENT, "STRIGO_BASE_URL": server.url}
        found = findings("strigo", environ)["credentials"]
        assert "\x1b" not in told("strigo", environ)[1]
    assert words in found["message"]
    assert found["outcome"] == outcome
    assert ("causes" in found) is ("refused" in words)
