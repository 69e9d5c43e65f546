"""A StopIteration of a caller's code, which Python would take for the end of an iterator."""

from types import TracebackType
from typing import TypeVar

__all__ = ["NOT_THE_END", "as_raised"]

E = TypeVar("E", bound=BaseException)


def as_raised(error: E) -> E | StopIteration:
    """Return what was thrown into a generator, which turns a StopIteration into a RuntimeError.

    Args:
        error: What came out of it.
    """
    if isinstance(error, RuntimeError) and isinstance(error.__cause__, StopIteration):
        return error.__cause__
    return error


class _NotTheEnd:
    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, (StopIteration, StopAsyncIteration)):
            text = f"iterator raised {type(error).__name__}"
            raise RuntimeError(text) from error  # noqa: TRY004 - as Python's own


NOT_THE_END = _NotTheEnd()
"""Makes an iterator fail where it would seem to end, as PEP 479 does for generators."""
