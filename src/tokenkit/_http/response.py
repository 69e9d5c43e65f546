"""Reading a response, sync or async."""

from typing import Any

from .._model.messages import Headers, Response
from .._pipeline.effects import NoResponse
from .._pipeline.response_body import BoundedBody
from ..errors import ConnectionLostError, DeadlineExceeded
from .errors import (
    class_of,
    is_connecting,
    is_network_trouble,
    is_timeout,
    may_have_been_sent,
    text_of,
)
from .httpx_adapter import HttpxAdapter
from .progress import Progress

__all__ = ["NO_FREE_CONNECTION", "QUIETLY", "STALE_CONNECTION", "ResponseReader"]

PROXY_AUTHENTICATION_REQUIRED = 407


class _Quietly:
    """A context for closing a response, in which network trouble no longer matters."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        return error is not None and is_network_trouble(error)


QUIETLY = _Quietly()

NO_FREE_CONNECTION = NoResponse(
    error=DeadlineExceeded,
    message="The deadline passed while all connections were in use",
    sent=False,
)

# Nobody sees it: another connection is taken.
STALE_CONNECTION = NoResponse(
    error=ConnectionLostError, message="The connection was stale", sent=False
)


class ResponseReader:
    """Reads a response, and says how the exchange ended.

    Attributes:
        response: The library's response, to be closed at the end.
    """

    response: Any = None
    _status = 0
    _headers = Headers()
    _body: BoundedBody | None = None

    def __init__(self, adapter: HttpxAdapter, progress: Progress) -> None:
        self._adapter = adapter
        self._progress = progress

    def begin(self, response: Any) -> bool:
        """Take status and headers; return whether the body is still to be read.

        Raises:
            ProxyError: A proxy refused.
        """
        self.response = response
        status, headers, content = self._adapter.open_response(response)
        if status == PROXY_AUTHENTICATION_REQUIRED and self._progress.is_refused_by_proxy():
            # It may quote its password.
            raise self._adapter.family.core.ProxyError(str(status))
        self._status = status
        self._headers = _text(headers)
        if content is not None:
            self._body = BoundedBody()
            self._body.feed(content)
        return content is None

    def feed(self, chunk: bytes) -> bool:
        """Take a part of the body; return whether that was the last.

        Raises:
            TimeoutError: The deadline has passed.
        """
        if self._body is None:
            self._body = BoundedBody(self._headers.get("content-encoding", ""))
        complete = self._body.feed(chunk)
        if self._progress.left() <= 0:
            raise TimeoutError
        return complete

    def end(self) -> Response:
        """Return the whole response."""
        if self._body is not None:
            self._body.finish()
        return self._response()

    def _response(self) -> Response:
        content = b"" if self._body is None else self._body.bytes()
        return Response(status=self._status, headers=self._headers, body=content)

    def _partial(self) -> Response | None:
        """Return as much of the response as has arrived."""
        return self._response() if self._status else None

    def deadline_passed(self) -> NoResponse:
        """Return the outcome of an exchange that the deadline ended."""
        self._progress.settle(None, is_connecting=False)
        return self._too_late()

    def _too_late(self) -> NoResponse:
        message = "The deadline passed before the response was complete"
        if peer := self._progress.peer:
            message = f"{peer}: the deadline passed on the way to {self._progress.origin}"
        return NoResponse(
            error=DeadlineExceeded,
            message=message,
            sent=may_have_been_sent(self._adapter, self._progress),
            response=self._partial(),
        )

    def failed(self, error: Exception) -> NoResponse:
        """Return the outcome of an exchange that network trouble ended.

        Raises:
            Exception: It is of another kind.
        """
        if not is_network_trouble(error):
            raise error
        # A tool may have sent the request again, perhaps in its own way.
        is_unsent = self._adapter.knows_what_was_sent and not self._progress.sent
        if self._progress.is_stale and is_unsent:
            return STALE_CONNECTION
        self._progress.settle(error, is_connecting=is_connecting(error))
        if is_timeout(error) and self._progress.is_over():
            return self._too_late()
        return NoResponse(
            error=class_of(error, self._progress),
            message=text_of(error, self._adapter, self._progress),
            sent=may_have_been_sent(self._adapter, self._progress, error),
            response=self._partial(),
        )


def _text(headers: list[tuple[bytes, bytes]]) -> Headers:
    try:
        return Headers([(name.decode(), value.decode()) for name, value in headers])
    except UnicodeDecodeError:
        return Headers(
            [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
        )
