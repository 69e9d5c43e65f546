"""A worker process of a backend: serves page views until it is killed.

    page_views.py STORE USERS LOCK_TIMEOUT

It writes a line when it is ready and one for each page view that gets something new: the user and
the token, or "failed" and the error's class.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from contextlib import suppress

from reuse_worker import call_of, open_store

from tokenkit import StrigoClient, TokenCache, TokenKitError
from tokenkit.errors import StoreError

THREADS = 4


def main() -> None:
    """Serve."""
    store, users, lock_timeout = sys.argv[1:]
    cache = TokenCache(store=open_store(store), lock_timeout=float(lock_timeout))
    client = StrigoClient.from_env(token_cache=cache)
    sys.stdout.write("ready\n")
    sys.stdout.flush()

    told: set[str] = set()

    def serve() -> None:
        while True:
            call = call_of(random.randrange(int(users)), int(users))  # noqa: S311 - any user
            try:
                line = f"{call.email} {client.get_token(call).token}\n"
            except TokenKitError as error:
                line = f"failed {type(error).__name__}\n"
            # A hit takes microseconds: all of them would fill the pipe.
            if line not in told:
                told.add(line)
                sys.stdout.write(line)
                sys.stdout.flush()
            # With many more, a process that waits for a token finds none for long.
            if random.random() < 0.05:  # noqa: S311 - now and then rights change
                with suppress(StoreError):
                    client.invalidate_token(call)
            time.sleep(0.004)

    for _ in range(THREADS):
        threading.Thread(target=serve).start()


if __name__ == "__main__":
    main()
