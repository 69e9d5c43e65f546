"""Vendors whose services have their own hosts, over real connections."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, ClassVar

import attrs
import pytest
from vendors_support import Listener, Received, listening

from tokenkit import ClientClosedError, InvalidInputError, auth
from tokenkit.errors import MismatchedResponse
from tokenkit.extension import (
    JSON,
    AsyncClient,
    Call,
    Client,
    Profile,
    ResponseInfo,
)


@attrs.frozen(kw_only=True)
class Ask(Call[JSON]):
    """A call to the vendor's base URL."""

    path: ClassVar[str] = "/ask"
    method: ClassVar[str] = "GET"

    def decode(self, body: JSON, response: ResponseInfo) -> JSON:
        del response
        return body


class AskRoom(Ask):
    """A call to a service with its own host."""

    service: ClassVar[str | None] = "room"


class AskForeign(AskRoom):
    """A call that gets another call's response."""

    def decode(self, body: JSON, response: ResponseInfo) -> JSON:
        del body, response
        raise MismatchedResponse("not for this call")


class AskNobody(Ask):
    """A call to a service that the vendor does not have."""

    service: ClassVar[str | None] = "attic"


def respond(request: Received) -> tuple[int, object]:
    return 200, [request.route, request.headers.get("authorization")]


@attrs.frozen
class Vendor:
    """A vendor with two hosts."""

    main: Listener
    room: Listener

    @property
    def profile(self) -> Profile:
        return Profile(
            vendor="Two",
            base_url=f"{self.main.url}/v1",
            base_url_variable="TWO_BASE_URL",
            credential_variables={"key": "TWO_KEY"},
            strategy=auth.Bearer,
            services={"room": lambda base: base.replace(self.main.url, self.room.url)},
        )

    def client(self, **options: Any) -> Client:
        members = {"profile": self.profile}
        return type("TwoClient", (Client,), members)(auth=auth.Bearer("k-1"), **options)  # type: ignore[no-any-return] # made here

    def async_client(self, **options: Any) -> AsyncClient:
        members = {"profile": self.profile}
        return type("TwoClient", (AsyncClient,), members)(auth=auth.Bearer("k-1"), **options)  # type: ignore[no-any-return] # made here


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with ExitStack() as stack:
        yield Vendor(*(stack.enter_context(listening(respond)) for _ in range(2)))


def test_each_service_has_its_connections(vendor: Vendor) -> None:
    """Each call goes to its own host, with the base URL's path and the credentials."""
    with vendor.client() as client:
        for _ in range(2):
            assert client.send(Ask()) == ["/v1/ask", "Bearer k-1"]
            assert client.send(AskRoom()) == ["/v1/ask", "Bearer k-1"]
    assert (len(vendor.main.received), len(vendor.room.received)) == (2, 2)


@pytest.mark.anyio
async def test_each_service_has_its_connections_async(vendor: Vendor) -> None:
    """The async client does the same."""
    async with vendor.async_client() as client:
        for _ in range(2):
            assert await client.send(Ask()) == ["/v1/ask", "Bearer k-1"]
            assert await client.send(AskRoom()) == ["/v1/ask", "Bearer k-1"]
    assert (len(vendor.main.received), len(vendor.room.received)) == (2, 2)


@pytest.mark.anyio
async def test_connections_that_are_not_trusted(vendor: Vendor) -> None:
    """After another call's response the connections are closed, and new ones are used."""
    with vendor.client() as client:
        client.send(Ask())
        with pytest.raises(MismatchedResponse):
            client.send(AskForeign())
        assert client.send(AskRoom()) == client.send(Ask())
    async with vendor.async_client() as async_client:
        await async_client.send(Ask())
        with pytest.raises(MismatchedResponse):
            await async_client.send(AskForeign())
        assert await async_client.send(AskRoom()) == await async_client.send(Ask())


@pytest.mark.anyio
async def test_a_closed_client_calls_no_service(vendor: Vendor) -> None:
    """Closing ends the calls to all hosts."""
    client = vendor.client()
    client.close()
    async_client = vendor.async_client()
    await async_client.aclose()
    with pytest.raises(ClientClosedError):
        client.send(AskRoom())
    with pytest.raises(ClientClosedError):
        await async_client.send(AskRoom())


def test_a_base_url_stands_for_all_services(vendor: Vendor) -> None:
    """If the caller sets the server, no other one gets a credential."""
    with vendor.client(base_url=vendor.main.url) as client:
        assert client.send(AskRoom()) == ["/ask", "Bearer k-1"]
    assert vendor.room.received == []


def test_a_service_that_the_vendor_lacks(vendor: Vendor) -> None:
    """Another vendor's call is refused, and its credentials are not sent."""
    refused = pytest.raises(InvalidInputError, match="service 'attic', which the client lacks")
    with vendor.client() as client, refused:
        client.send(AskNobody())
    assert vendor.main.received == vendor.room.received == []


def test_an_insecure_service() -> None:
    """A service's address is checked like a base URL, and is reported as an option's problem."""
    insecure = Vendor(Listener("https://main.example", []), Listener("http://room.example", []))
    with pytest.raises(Exception, match=r"TwoClient: .*room\.example over plain http"):
        insecure.client()
    with insecure.client(allow_insecure_http=True) as client:
        assert "main.example" in repr(client)
