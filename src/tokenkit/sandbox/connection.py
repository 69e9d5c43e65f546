"""uvicorn's HTTP/1.1 connection, with access to its socket for the application."""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

from .faults.delivery import TRANSPORT

__all__ = ["Connection"]


class Connection(H11Protocol):
    """A connection whose requests carry their transport in the ASGI scope's state."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Remember the transport."""
        super().connection_made(transport)
        # The mapping is copied into the scope of each request, and shared by all connections.
        vars(self)["app_state"] = {**self.app_state, TRANSPORT: transport}
