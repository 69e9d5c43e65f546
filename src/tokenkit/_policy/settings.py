"""The options of a call, checked."""

import attrs

from .._model.messages import Headers
from .retry import RetryPolicy
from .timeouts import Timeouts

__all__ = ["CallSettings"]


@attrs.frozen(kw_only=True)
class CallSettings:
    """The checked options of a call.

    Attributes:
        timeouts: For each step of an attempt.
        deadline: Seconds for the whole call; infinite for no deadline.
        retry: When to retry.
        headers: Headers for every request.
    """

    timeouts: Timeouts = attrs.field(factory=Timeouts)
    deadline: float = 60.0
    retry: RetryPolicy = attrs.field(factory=RetryPolicy)
    headers: Headers = attrs.field(factory=Headers)
