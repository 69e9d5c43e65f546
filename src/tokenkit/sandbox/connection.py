"""uvicorn's HTTP/1.1 connection, which lets the application get at its socket."""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

from .faults.delivery import TRANSPORT


class Connection(H11Protocol):
    """A connection whose requests carry their transport in the ASGI scope's state."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Note the connection."""
        super().connection_made(transport)
        # The mapping is copied into the scope of each request, and shared by all connections.
        vars(self)["app_state"] = {**self.app_state, TRANSPORT: transport}
