"""The body of a response: decompressed as it arrives, within a limit."""

import zlib
from collections.abc import Generator, Iterator
from typing import Any

__all__ = ["MAX_RESPONSE_BODY", "BoundedBody", "TooLargeError", "UnreadableBodyError"]

MAX_RESPONSE_BODY = 8 * 1_048_576
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
GZIP = frozenset({"gzip", "x-gzip"})
COMPRESSIONS = frozenset({"br", "compress", "dcb", "dcz", "deflate", "x-compress", "zstd"})
GZIP_HEADER = 31
GZIP_MAGIC = b"\x1f\x8b\x08"
# Beyond that, a call would do nothing but unpack members of a few bytes each.
MAX_MEMBERS = 10_000
MAX_LAYERS = 2
# zlib copies what follows a member's end, and needs the memory of what it unpacks twice.
SLICE = 4_096
PIECE = 1_048_576


class TooLargeError(Exception):
    """The decoded body is larger than the limit, in bytes, which is its argument."""


class UnreadableBodyError(Exception):
    """The body is not in the encoding that its headers name."""


class BoundedBody:
    """Collects and decodes a response's body; stops at the limit of decoded bytes.

    Args:
        encoding: The response's ``Content-Encoding``. Codings that compress nothing, such as
            ``identity`` or a stray ``utf-8``, are ignored.

    Raises:
        UnreadableBodyError: The body is compressed in a way that was not requested.
    """

    def __init__(self, encoding: str = "") -> None:
        self._layers: list[_Gunzip] = []
        self._data = bytearray()
        if encoding:
            codings = [_name_of(coding) for coding in encoding.split(",")]
            self._layers = [_Gunzip() for coding in codings if coding in GZIP]
            if len(self._layers) > MAX_LAYERS or not COMPRESSIONS.isdisjoint(codings):
                raise UnreadableBodyError("the response is in an encoding that was not requested")
        # What has gone into each layer, and into the body: gzip can expand what becomes nothing.
        self._sizes = [0] * (len(self._layers) + 1)

    def feed(self, chunk: bytes) -> bool:
        """Take some raw bytes; return whether the body is complete.

        Raises:
            TooLargeError: The body grows beyond the limit, decoded or before.
            UnreadableBodyError: The bytes are not gzip.
        """
        self._take(chunk, 0)
        return bool(self._layers) and self._layers[0].ended

    def _take(self, chunk: bytes, depth: int) -> None:
        self._sizes[depth] += len(chunk)
        if self._sizes[depth] > MAX_RESPONSE_BODY:
            # An error that holds all of it would need the memory twice.
            self._data.clear()
            raise TooLargeError(MAX_RESPONSE_BODY)
        if depth == len(self._layers):
            self._data += chunk
            return
        for piece in self._layers[depth].unpacked(chunk):
            self._take(piece, depth + 1)

    def finish(self) -> None:
        """Check that the encoding is complete.

        Raises:
            UnreadableBodyError: The body was cut short.
        """
        if any(layer.is_cut_short for layer in self._layers):
            raise UnreadableBodyError("the response's gzip encoding was cut short")

    def bytes(self) -> bytes:
        """Return the bytes so far, without a byte order mark, which readers may ignore."""
        return bytes(self._data).removeprefix(BYTE_ORDER_MARK)


def _name_of(coding: str) -> str:
    """Return a coding's name, without what servers add as if it were a parameter or a string."""
    return coding.partition(";")[0].strip(' \t"').lower()


class _Gunzip:
    """Decompresses gzip, of one member or several.

    Attributes:
        ended: Whether something follows that isn't a further member.
    """

    def __init__(self) -> None:
        self._member: Any = zlib.decompressobj(GZIP_HEADER)
        self._members = 1
        self._has_begun = False
        self.ended = False

    @property
    def is_cut_short(self) -> bool:
        return self._has_begun and not self._member.eof and not self.ended

    def unpacked(self, chunk: bytes) -> Iterator[bytes]:
        """Yield what a chunk unpacks to, in pieces."""
        for start in range(0, len(chunk), SLICE):
            rest = chunk[start : start + SLICE]
            while rest and not self.ended:
                if self._member.eof:
                    self._begin_member(rest)
                else:
                    rest = yield from self._unpacked(rest)

    def _begin_member(self, rest: bytes) -> None:
        if not GZIP_MAGIC.startswith(rest[: len(GZIP_MAGIC)]):
            self.ended = True
            return
        self._members += 1
        if self._members > MAX_MEMBERS:
            raise UnreadableBodyError("the response's gzip encoding has too many members")
        self._member = zlib.decompressobj(GZIP_HEADER)

    def _unpacked(self, packed: bytes) -> Generator[bytes, None, bytes]:
        self._has_begun = True
        full = True
        while full:
            try:
                piece = self._member.decompress(packed, PIECE)
            except zlib.error:
                break
            yield piece
            packed, full = self._member.unconsumed_tail, len(piece) == PIECE
        if full:
            raise UnreadableBodyError("the response's gzip encoding is broken")
        rest: bytes = self._member.unused_data
        return rest
