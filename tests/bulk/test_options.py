"""The options of a run, checked before anything is sent."""

from __future__ import annotations

import builtins
import re
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from bulk_runs import learners, reply, results, run
from credentials import async_strigo_client, strigo_client
from cryptography.fernet import Fernet
from listed_problems import listed_problems

from tokenkit import ConfigurationError, Secret
from tokenkit.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from tokenkit import Call, Reply
    from tokenkit.bulk import Progress


def told(call: Call[Any]) -> Reply[Any]:
    return reply(call)


class PathOfBytes:
    """A path that only some systems have."""

    def __fspath__(self) -> bytes:
        return b"mint.journal"


async def asynchronous(progress: Progress) -> None:
    del progress


@pytest.mark.parametrize(
    ("option", "problem"),
    [
        ({"journal": PathOfBytes()}, "journal must be a path as text, not bytes"),
        ({"concurrency": 0}, "concurrency must be a whole number from 1 to 10000, not 0"),
        ({"concurrency": True}, "concurrency must be a whole number from 1 to 10000, not bool"),
        ({"concurrency": 2.0}, "concurrency must be a whole number from 1 to 10000, not 2.0"),
        ({"concurrency": object()}, "a whole number from 1 to 10000, not object"),
        ({"batch_size": 10**5000}, "from 1 to 10000, not an integer of 16610 bits"),
        ({"share": [0.5]}, "share must be above 0 and at most 1, not list"),
        ({"batch_size": 10_001}, "batch_size must be a whole number from 1 to 10000"),
        ({"share": 0}, "share must be above 0 and at most 1, not 0"),
        ({"share": 1.1}, "share must be above 0"),
        ({"share": float("nan")}, "share must be above 0"),
        ({"share": "half"}, "share must be above 0"),
        ({"ordered": 1}, "ordered must be True or False, not int"),
        ({"reuse": "yes"}, "reuse must be True or False, not str"),
        ({"allow_payments": 1}, "allow_payments must be True or False"),
        ({"allow_payments": True}, "allow_payments needs a journal"),
        ({"journal": 7}, "journal must be a path, not int"),
        ({"journal": Path}, "journal must be a path, not the class Path"),
        ({"encryption_keys": [Fernet.generate_key()]}, "encryption_keys need a journal"),
        ({"encryption_keys": "key", "journal": "j"}, "encryption_keys must be a list of keys"),
        ({"encryption_keys": [], "journal": "j"}, "encryption_keys must be a list of keys"),
        ({"encryption_keys": [7], "journal": "j"}, "encryption_keys must be a list of keys"),
        ({"encryption_keys": {7}, "journal": "j"}, "encryption_keys must be a list of keys"),
        ({"progress": 7}, "progress must be True or a function, not int"),
        ({"progress": asynchronous}, "progress must be a plain function"),
        ({"rate_limiter": "redis://"}, "rate_limiter must be a RateLimiter"),
        ({"reuse": True, "batch_size": 2}, "leave batch_size out"),
        (
            {"reuse": True, "journal": "j", "encryption_keys": [Fernet.generate_key()]},
            "leave encryption_keys out",
        ),
    ],
)
def test_a_bad_option_is_named_with_what_is_wrong(option: dict[str, Any], problem: str) -> None:
    """The message names the option, what was given and what it must be."""
    with pytest.raises(ConfigurationError, match=re.escape(problem)):
        run(learners(1), told, **option)


def test_all_problems_are_told_at_once() -> None:
    """Callers don't have to fix problems one after the other."""
    with pytest.raises(ConfigurationError) as caught:
        run([], told, concurrency=-1, share=7, ordered="no")
    found = listed_problems(caught.value, "send_many()")
    assert [problem.split()[0] for problem in found] == ["concurrency", "share", "ordered"]


@pytest.mark.parametrize(
    ("calls", "kind"),
    [(3, "int"), (None, "None"), (next(iter(learners(1))), "UserTokenRequest")],
)
def test_calls_that_are_no_iterable(calls: Any, kind: str) -> None:
    """A single call, passed by mistake, is refused before the run begins."""
    for client in (strigo_client(), async_strigo_client()):
        with pytest.raises(TypeError) as caught:
            client.send_many(calls)
        name = type(client).__name__
        problem = f"calls must be an iterable of calls, not {kind}"
        assert str(caught.value) == f"{name}.send_many(): {problem}"


def test_none_means_the_default() -> None:
    """An option may be passed on as ``None``."""
    names = ("concurrency", "share", "ordered", "batch_size", "journal", "progress", "reuse")
    assert len(results(run(learners(3), told, **dict.fromkeys(names)))) == 3


def test_an_unknown_option_is_a_type_error() -> None:
    """An unknown option is a TypeError, as for any function."""
    text = r"send_many\(\) got an unexpected keyword .*'conurrency'; did you mean 'concurrency'\?"
    with pytest.raises(TypeError, match=f"^{text}"):
        run([], told, conurrency=3)
    misspelt: Any = {"conurrency": 3}
    with pytest.raises(TypeError, match=rf"^AsyncStrigoClient\.{text}"):
        async_strigo_client().send_many([], **misspelt)


@pytest.mark.parametrize("key", ["no key at all", b"no key \xff", Secret("no key either")])
def test_a_bad_encryption_key_is_refused_and_never_shown(key: Any, tmp_path: Path) -> None:
    """The key is in no message and in no frame of the error."""
    options: dict[str, Any] = {"journal": tmp_path / "j", "encryption_keys": [key]}
    with (
        Sandbox() as sandbox,
        sandbox.strigo_client() as client,
        pytest.raises(
            ConfigurationError, match=r"^send_many\(\): encryption_keys: key 1 is not a Fernet key"
        ) as caught,
    ):
        client.send_many(learners(1), **options)
    del options
    frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)][1:]
    shown = [repr(value) for frame in frames for value in frame.f_locals.values()]
    assert [text for text in shown if "no key" in text] == []
    assert not (tmp_path / "j").exists()


def test_without_cryptography_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The message says what to install."""
    real: Callable[..., Any] = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("cryptography"):
            raise ModuleNotFoundError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigurationError, match=r"tokenkit-sdk\[bulk\]"):
        run([], told, journal=tmp_path / "j", encryption_keys=["k"])


def test_bulk_is_loaded_by_who_uses_it() -> None:
    """Importing the package and a client loads neither of them."""
    import subprocess  # noqa: PLC0415 - only here

    program = "import sys; from tokenkit import StrigoClient; print(sorted(sys.modules))"
    ran = subprocess.run(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, check=True, text=True
    )
    assert not [name for name in ("tqdm", "tokenkit.bulk") if f"'{name}'" in ran.stdout]
