"""Bodies: the request's as a stream of ours, the answer's decoded within a limit."""

import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

from .._model.messages import Headers

__all__ = ["MAX_BODY", "BodyStream", "BoundedBody", "TooLargeError", "UnreadableBodyError"]

MAX_BODY = 8 * 1_048_576
GZIP_HEADER = 31
# zlib needs the memory of what it unpacks in one go twice.
PIECE = 1_048_576


class TooLargeError(Exception):
    """The decoded body is larger than the limit."""


class UnreadableBodyError(Exception):
    """The body is not in the encoding that its headers name."""


class _Once(AsyncIterator[bytes]):
    """Yields one value; httpx's own stream leaves an async generator behind when cancelled."""

    def __init__(self, value: bytes) -> None:
        self._values = iter((value,))

    async def __anext__(self) -> bytes:
        for value in self._values:
            return value
        raise StopAsyncIteration


class BodyStream:
    """A request's body; each family mixes in its own stream classes."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        return iter((self._body,))

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _Once(self._body)


class BoundedBody:
    """Collects and decodes an answer's body; stops at the limit, whatever it unpacks to.

    Args:
        headers: The answer's headers.

    Raises:
        UnreadableBodyError: The body is in an encoding that was not asked for.
    """

    def __init__(self, headers: Headers) -> None:
        encoding = headers.get("content-encoding", "identity").strip().lower() or "identity"
        if encoding not in ("identity", "gzip", "x-gzip"):
            raise UnreadableBodyError("the answer is in an encoding that was not asked for")
        self._gzip = None if encoding == "identity" else zlib.decompressobj(GZIP_HEADER)
        self._chunks: list[bytes] = []
        self._size = 0
        self._packed_size = 0

    def feed(self, chunk: bytes) -> None:
        """Take some raw bytes.

        Raises:
            TooLargeError: The decoded body grows beyond the limit.
            UnreadableBodyError: The bytes are not gzip.
        """
        self._packed_size += len(chunk)
        for piece in (chunk,) if self._gzip is None else _unpacked(self._gzip, chunk):
            self._size += len(piece)
            # Packed bytes count as well: zlib keeps all that follows the end.
            if max(self._size, self._packed_size) > MAX_BODY:
                # An error that holds the whole of it would need the memory twice.
                self._chunks.clear()
                raise TooLargeError
            self._chunks.append(piece)

    def finish(self) -> None:
        """Check that the encoding came to its end.

        Raises:
            UnreadableBodyError: The body was cut short.
        """
        if self._gzip is not None and self._chunks and not self._gzip.eof:
            raise UnreadableBodyError("the answer's gzip encoding was cut short")

    def bytes(self) -> bytes:
        """Return what has come so far."""
        return b"".join(self._chunks)


def _unpacked(gzip: Any, chunk: bytes) -> Iterator[bytes]:
    full = True
    while full:
        try:
            piece = gzip.decompress(chunk, PIECE)
        except zlib.error:
            break
        yield piece
        chunk, full = gzip.unconsumed_tail, len(piece) == PIECE
    if full:
        raise UnreadableBodyError("the answer's gzip encoding is broken")
