"""G31: unusable TLS settings in the environment are reported when a client is built."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import anyio
import pytest
import trustme
from all_clients import HEALTH
from credentials import async_strigo_client, strigo_client
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from network_calls import NO_RETRIES, build_strigo, each_family, each_flavour, send_strigo
from tls_servers import AUTHORITY, tls_server

from tokenkit import ConfigurationError, ConnectError

if TYPE_CHECKING:
    from pathlib import Path

    from network_calls import Family, Flavour

    from tokenkit import AsyncStrigoClient

VENDOR = "https://vendor.example"


def revocation_list() -> bytes:
    """Return an authority's list of revoked certificates, without any certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    today = datetime.now(timezone.utc)
    names = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
    made = x509.CertificateRevocationListBuilder(names, today, today + timedelta(days=1))
    return made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


@pytest.fixture
def useless(tmp_path: Path) -> dict[str, tuple[str, Path]]:
    """Return unusable settings: a variable, and the path in it."""
    (tmp_path / "garbage.pem").write_text("this is no certificate")
    (tmp_path / "revoked.pem").write_bytes(revocation_list())
    (tmp_path / "empty").mkdir()
    (tmp_path / "spoiled").mkdir()
    (tmp_path / "spoiled" / "0123abcd.0").write_text("this is no certificate")
    (tmp_path / "spoiled" / "0123abcd.1").symlink_to(tmp_path / "nothing.pem")
    return {
        "missing file": ("SSL_CERT_FILE", tmp_path / "nothing.pem"),
        "directory for a file": ("SSL_CERT_FILE", tmp_path),
        "garbage": ("SSL_CERT_FILE", tmp_path / "garbage.pem"),
        "revocation list": ("SSL_CERT_FILE", tmp_path / "revoked.pem"),
        "missing directory": ("SSL_CERT_DIR", tmp_path / "nothing"),
        "file for a directory": ("SSL_CERT_DIR", tmp_path / "garbage.pem"),
        "empty directory": ("SSL_CERT_DIR", tmp_path / "empty"),
        "garbage in a directory": ("SSL_CERT_DIR", tmp_path / "spoiled"),
        "key log": ("SSLKEYLOGFILE", tmp_path / "nothing" / "keys.log"),
    }


@each_family
@each_flavour
@pytest.mark.parametrize(
    "what",
    [
        "missing file",
        "directory for a file",
        "garbage",
        "revocation list",
        "missing directory",
        "file for a directory",
        "empty directory",
        "garbage in a directory",
        "key log",
    ],
)
def test_a_useless_setting_is_named(
    flavour: Flavour,
    family: Family,
    what: str,
    useless: dict[str, tuple[str, Path]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The error names variable and path; with trust_env=False, they don't matter."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"):
        monkeypatch.delenv(name, raising=False)
    variable, path = useless[what]
    monkeypatch.setenv(variable, str(path))
    with pytest.raises(ConfigurationError, match=variable) as caught:
        build_strigo(flavour, http_family=family)
    assert str(path) in str(caught.value)
    build_strigo(flavour, http_family=family, trust_env=False)
    build_strigo(flavour, http_family=family, ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


@each_family
@each_flavour
def test_without_variables_the_usual_authorities_are_trusted(
    flavour: Flavour, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the environment names no authorities, a client uses the library's own."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"):
        monkeypatch.delenv(name, raising=False)
    with tls_server("localhost") as server:
        url = f"https://localhost:{server.port}"
        with pytest.raises(ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            send_strigo(flavour, url, HEALTH, http_family=family, retry=NO_RETRIES)


@each_family
@each_flavour
@pytest.mark.parametrize("given", [True, False])
def test_a_useless_setting_counts_for_an_https_proxy(
    flavour: Flavour,
    family: Family,
    useless: dict[str, tuple[str, Path]],
    monkeypatch: pytest.MonkeyPatch,
    *,
    given: bool,
) -> None:
    """If ssl_context is for the vendor, the environment's settings are for the proxy."""
    variable, path = useless["garbage"]
    monkeypatch.setenv(variable, str(path))
    options: dict[str, Any] = {"ssl_context": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)}
    if given:
        options["proxy"] = "https://proxy.example"
    else:
        monkeypatch.setenv("HTTPS_PROXY", "https://proxy.example")
    with pytest.raises(ConfigurationError, match=f"{variable}: .*garbage.pem contains no PEM"):
        build_strigo(flavour, http_family=family, **options)
    build_strigo(flavour, http_family=family, trust_env=False, **options)


@each_family
@each_flavour
def test_a_replaced_file_counts_for_new_clients(
    flavour: Flavour, family: Family, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clients read a CA bundle that is renewed in place when they are built."""
    bundle = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(bundle)
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    with tls_server("localhost") as server:
        url = f"https://localhost:{server.port}"
        with pytest.raises(ConnectError, match="SSL_CERT_FILE or ssl_context"):
            send_strigo(flavour, url, HEALTH, http_family=family, retry=NO_RETRIES)
        AUTHORITY.cert_pem.write_to_path(bundle)
        send_strigo(flavour, url, HEALTH, http_family=family)


def test_a_key_log_is_opened_by_each_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key log that can't be written any more is named, though an earlier client has it open."""
    keys = tmp_path / "logs" / "keys.log"
    keys.parent.mkdir()
    monkeypatch.setenv("SSLKEYLOGFILE", str(keys))
    build_strigo("sync")
    keys.unlink()
    keys.parent.rmdir()
    with pytest.raises(ConfigurationError, match=f"SSLKEYLOGFILE: {keys} can't be written: No"):
        build_strigo("sync")


@each_family
@each_flavour
def test_a_directory_of_certificates_is_used(
    flavour: Flavour, family: Family, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SSL_CERT_DIR may be a list of directories with certificates under hashed names.

    Whichever of them is missing is named.
    """
    AUTHORITY.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    done = subprocess.run(["openssl", "rehash", str(tmp_path)], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr
    monkeypatch.setenv("SSL_CERT_DIR", f"{tmp_path}{os.pathsep}")
    with tls_server("localhost") as server:
        url = f"https://localhost:{server.port}"
        send_strigo(flavour, url, HEALTH, http_family=family)
    monkeypatch.setenv("SSL_CERT_DIR", f"{tmp_path}{os.pathsep}{tmp_path / 'none'}")
    with pytest.raises(ConfigurationError, match=f"can't be read: {tmp_path / 'none'}: No such"):
        build_strigo(flavour, http_family=family)


@each_family
@pytest.mark.parametrize("trust_env", [True, False])
def test_session_keys_are_logged_only_where_asked_for(
    family: Family, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, trust_env: bool
) -> None:
    """SSLKEYLOGFILE counts like the other variables, but not with trust_env=False."""
    keys = tmp_path / "keys.log"
    monkeypatch.setenv("SSLKEYLOGFILE", str(keys))
    with AUTHORITY.cert_pem.tempfile() as authority, tls_server("localhost") as server:
        monkeypatch.setenv("SSL_CERT_FILE", authority)
        options: Any = {"http_family": family, "trust_env": trust_env, "retry": NO_RETRIES}
        try:
            send_strigo("sync", f"https://localhost:{server.port}", HEALTH, **options)
        except ConnectError:
            assert not trust_env
    assert keys.exists() == trust_env


LATE = """
import ssl
made_before = ssl.create_default_context()
import truststore
truststore.inject_into_ssl()
from tokenkit import ConnectError, StrigoClient
for family in {families!r}:
    made_after = ssl.create_default_context()
    for options in ({{"ssl_context": made_before}}, {{"ssl_context": made_after}}, {{}}):
        client = StrigoClient(
            org_id="o", api_key="k", base_url="https://127.0.0.1:1", deadline=60,
            http_family=family, **options
        )
        try:
            client.check_health()
        except ConnectError:
            print("fine")
"""


def test_a_context_made_before_truststore_is_accepted() -> None:
    """Truststore replaces ssl.SSLContext; contexts made before that still work."""
    from network_calls import FAMILIES  # noqa: PLC0415 - only here

    pytest.importorskip("truststore")
    done = subprocess.run(
        [sys.executable, "-c", LATE.format(families=FAMILIES)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ},
    )
    assert done.stdout.split() == ["fine"] * 3 * len(FAMILIES), done.stderr


@each_family
@each_flavour
def test_a_file_that_vanishes_is_missed_by_new_clients_only(
    flavour: Flavour, family: Family, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client reads its CA file when it is built, so replacing the file doesn't break calls."""
    bundle = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(bundle)
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))

    async def main(client: AsyncStrigoClient) -> None:
        async with client:
            await client.check_health()

    with tls_server("localhost") as server:
        url = f"https://localhost:{server.port}"
        if flavour == "sync":
            with strigo_client(url, http_family=family) as client:
                bundle.unlink()
                client.check_health()
        else:
            waiting = async_strigo_client(url, http_family=family)
            bundle.unlink()
            anyio.run(main, waiting, backend=flavour)
        with pytest.raises(ConfigurationError, match=r"SSL_CERT_FILE: .*ca\.pem can't be read"):
            build_strigo(flavour, http_family=family)
