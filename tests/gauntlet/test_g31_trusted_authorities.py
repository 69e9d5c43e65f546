"""G31, for authorities: new clients trust those of now, and a missing file is named."""

from __future__ import annotations

import os
import ssl
import subprocess
from typing import TYPE_CHECKING, Any

import certifi
import pytest
import trustme
from all_clients import HEALTH, HEALTHY
from credentials import strigo_client
from network_calls import NO_RETRIES, build_strigo, each_family, each_flavour, send_strigo
from raw_server import RawServer, responding
from tls_servers import AUTHORITY, context_with, server_context, trusting

from tokenkit import ConfigurationError, ConnectError

if TYPE_CHECKING:
    from pathlib import Path

    from network_calls import Family, Flavour

# Two keys of one authority: both certificates have the same hashed name.
OLD, NEW = (
    trustme.CA(organization_name="Company", organization_unit_name="Authority") for _ in range(2)
)


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"):
        monkeypatch.delenv(name, raising=False)


def server_of(authority: trustme.CA) -> RawServer:
    """Make a healthy server with an authority's certificate."""
    tls = context_with(authority.issue_cert("localhost"))
    return RawServer(responding(lambda _: HEALTHY), tls=tls)


def is_trusted(server: RawServer, flavour: Flavour, **options: Any) -> bool:
    """Return whether a new client trusts a server's certificate."""
    url = f"https://localhost:{server.port}"
    try:
        send_strigo(flavour, url, HEALTH, retry=NO_RETRIES, **options)
    except ConnectError as error:
        if "CERTIFICATE_VERIFY_FAILED" not in str(error):
            raise
        return False
    return True


def check_replacement(bundle: Path, flavour: Flavour, family: Family) -> None:
    """Replace the old certificate by the new one; see which server is trusted before and after."""
    OLD.cert_pem.write_to_path(bundle)
    with server_of(OLD) as old, server_of(NEW) as new:
        assert is_trusted(old, flavour, http_family=family)
        NEW.cert_pem.write_to_path(bundle)
        assert is_trusted(new, flavour, http_family=family)
        assert not is_trusted(old, flavour, http_family=family)


def hashed_directory(path: Path) -> Path:
    """Make a directory in which OpenSSL finds the old certificate."""
    path.mkdir()
    OLD.cert_pem.write_to_path(path / "ca.pem")
    done = subprocess.run(["openssl", "rehash", str(path)], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr
    return path


@each_family
@each_flavour
@pytest.mark.parametrize("others", [0, 1])
def test_a_replaced_file_in_a_directory_counts_for_new_clients(
    flavour: Flavour, family: Family, others: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New clients trust an authority's new key, and no longer the withdrawn one."""
    directory = hashed_directory(tmp_path / "certificates")
    monkeypatch.setenv(
        "SSL_CERT_DIR", os.pathsep.join([str(tmp_path)] * others + [str(directory)])
    )
    check_replacement(directory / "ca.pem", flavour, family)


def test_a_file_of_the_same_size_and_time_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What copies a file may also copy its time, and certificates are often equally long."""
    bundle = tmp_path / "ca.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    size = max(len(one.cert_pem.bytes()) for one in (OLD, NEW))

    def put(authority: trustme.CA) -> None:
        bundle.write_bytes(authority.cert_pem.bytes().ljust(size, b"\n"))
        os.utime(bundle, (1, 1))

    put(OLD)
    with server_of(NEW) as new:
        assert not is_trusted(new, "sync")
        put(NEW)
        assert is_trusted(new, "sync")


@each_flavour
@pytest.mark.parametrize("kind", ["file", "directory"])
def test_the_systems_authorities_are_those_of_now(
    flavour: Flavour, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """httpx2 trusts the system's authorities, which may be replaced for new clients, too."""
    pytest.importorskip("httpx2")
    directory = hashed_directory(tmp_path / "certificates")
    bundle = directory / "ca.pem"
    paths = ssl.get_default_verify_paths()
    if kind == "file":
        paths = paths._replace(openssl_cafile=str(bundle), openssl_capath="/nowhere")
    else:
        paths = paths._replace(openssl_cafile="/nowhere", openssl_capath=str(directory))
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)
    check_replacement(bundle, flavour, "httpx2")


@each_flavour
def test_a_replaced_default_file_counts_for_new_clients(
    flavour: Flavour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New clients of httpx read certifi's file again if it has changed."""
    bundle = tmp_path / "cacert.pem"
    monkeypatch.setattr(certifi, "where", lambda: str(bundle))
    check_replacement(bundle, flavour, "httpx")


def test_a_default_file_that_vanishes_is_missed_by_new_clients_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clients read certifi's file when they are built, and open connections without it."""
    bundle = tmp_path / "cacert.pem"
    AUTHORITY.cert_pem.write_to_path(bundle)
    monkeypatch.setattr(certifi, "where", lambda: str(bundle))
    closing = HEALTHY.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
    tls = server_context("localhost")
    with RawServer(responding(lambda _: closing), tls=tls) as server:
        url = f"https://localhost:{server.port}"
        with strigo_client(url, http_family="httpx") as client:
            bundle.unlink()
            client.check_health()
            client.check_health()
            assert server.connections == 2
            with pytest.raises(ConfigurationError, match=r"certifi: .*cacert\.pem can't be read"):
                strigo_client(url, http_family="httpx")


@each_flavour
@pytest.mark.parametrize("trust_env", [True, False])
@pytest.mark.parametrize("variable", [None, "SSLKEYLOGFILE"])
def test_a_missing_default_file_is_named(
    flavour: Flavour,
    variable: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    trust_env: bool,
) -> None:
    """A client that would need certifi's file is not built without it; others are."""
    path = tmp_path / "cacert.pem"
    monkeypatch.setattr(certifi, "where", lambda: str(path))
    if variable is not None:
        monkeypatch.setenv(variable, str(tmp_path / "keys.log"))
    options: dict[str, Any] = {"trust_env": trust_env, "http_family": "httpx"}
    with pytest.raises(ConfigurationError) as caught:
        build_strigo(flavour, **options)
    name = "StrigoClient" if flavour == "sync" else "AsyncStrigoClient"
    assert str(caught.value) == (
        f"{name}: certifi: {path} can't be read: No such file or directory; "
        "reinstall it, or pass ssl_context"
    )
    assert caught.value.__cause__ is None
    build_strigo(flavour, ssl_context=trusting(), **options)
    if variable is None:
        build_strigo(flavour, "http://127.0.0.1:1", **options)


@each_flavour
@pytest.mark.parametrize("trust_env", [True, False])
def test_a_default_file_that_is_garbage_is_named(
    flavour: Flavour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, trust_env: bool
) -> None:
    """The error says what is wrong with the file when a client is built."""
    path = tmp_path / "cacert.pem"
    path.write_text("this is no certificate")
    monkeypatch.setattr(certifi, "where", lambda: str(path))
    with pytest.raises(ConfigurationError, match=r"certifi: .*cacert\.pem contains no PEM.* pass"):
        build_strigo(flavour, http_family="httpx", trust_env=trust_env)


@each_flavour
def test_a_default_file_that_cannot_be_found_is_missed(
    flavour: Flavour, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If certifi itself doesn't find its file, that is the same."""

    def nowhere() -> str:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(certifi, "where", nowhere)
    with pytest.raises(ConfigurationError, match="certifi: its file can't be read: No such file"):
        build_strigo(flavour, http_family="httpx")


@each_flavour
def test_a_missing_default_file_counts_for_an_https_proxy(
    flavour: Flavour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy is judged by the default authorities, whatever ssl_context says."""
    monkeypatch.setattr(certifi, "where", lambda: str(tmp_path / "cacert.pem"))
    monkeypatch.setenv("HTTPS_PROXY", "https://proxy.example")
    with pytest.raises(ConfigurationError, match=r"certifi: .*cacert\.pem can't be read"):
        build_strigo(flavour, http_family="httpx", ssl_context=trusting())


@each_flavour
def test_garbage_for_the_systems_authorities_is_told(
    flavour: Flavour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If httpx2 can't read the system's authorities, that is a matter of configuration."""
    pytest.importorskip("httpx2")
    bundle = tmp_path / "system.pem"
    bundle.write_text("this is no certificate")
    paths = ssl.get_default_verify_paths()._replace(openssl_cafile=str(bundle))
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)
    with pytest.raises(ConfigurationError, match=r"the system's CA bundle can't be read: .* pass"):
        build_strigo(flavour, http_family="httpx2")
