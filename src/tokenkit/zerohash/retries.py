"""Which of zerohash's responses may be retried."""

from ..extension import Headers, RetryRules

__all__ = ["RETRIES"]


def _invites_retry(status: int, headers: Headers) -> bool:
    return status == 503 and headers.get("zh-allow-retry", "").lower() == "true"  # noqa: PLR2004 - HTTP's own number


RETRIES = RetryRules(invites_retry=_invites_retry, waits={429: 10.0})
"""A 503 with ``zh-allow-retry`` may be retried at once; a 429 blocks for 10 seconds (both
documented).
"""
