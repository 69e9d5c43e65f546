"""Many calls at once: within the vendor's rate limit, resumable, in constant memory.

with client.send_many(calls) as results:
    for result in results: ...
"""

from .async_sending import AsyncSendMany
from .options import BulkOptions
from .progress import Progress
from .rate_limiter import RateLimiter
from .redis_rate_limiter import RedisRateLimiter
from .results import Counts, Failure, Result, Success
from .rows import as_rows
from .sending import SendMany
from .worker import Worker, WorkerOptions, distribute

__all__ = [
    "AsyncSendMany",
    "BulkOptions",
    "Counts",
    "Failure",
    "Progress",
    "RateLimiter",
    "RedisRateLimiter",
    "Result",
    "SendMany",
    "Success",
    "Worker",
    "WorkerOptions",
    "as_rows",
    "distribute",
]
