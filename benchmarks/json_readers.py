"""Reading answers with orjson, where that must give what the standard library gives.

Run as ``python -m benchmarks.json_readers``; it needs orjson. Prints how long orjson takes with
the check that this needs, as a ratio to tokenkit's own reading.
"""

import json
import statistics
import timeit

import orjson

from tokenkit.extension import JSON, load_json

from .wire import TOKEN

ANSWER = json.dumps({"message": {"token": TOKEN}}).encode()
CALLS = 200
ROUNDS = 101
# Whole numbers beyond 64 bits come as floats of at least that size.
LARGEST_WHOLE = 2.0**63


def load_with_orjson(body: bytes) -> JSON:
    """Read with orjson, and with the standard library what that reads otherwise."""
    try:
        value: JSON = orjson.loads(body)
    except orjson.JSONDecodeError:
        return load_json(body)
    return load_json(body) if has_large_float(value) else value


def has_large_float(value: JSON) -> bool:
    """Tell whether a value may hold a whole number that was made a float."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, float) and abs(item) >= LARGEST_WHOLE:
            return True
    return False


def ratio(body: bytes) -> float:
    """Return how many times as long orjson takes: the median of rounds that take turns."""
    ratios = [
        timeit.timeit(lambda: load_with_orjson(body), number=CALLS)
        / timeit.timeit(lambda: load_json(body), number=CALLS)
        for _ in range(ROUNDS)
    ]
    return statistics.median(ratios)


def main() -> None:
    """Print the ratios."""
    many = b"[" + b",".join([ANSWER] * 100) + b"]"
    for name, body in (("one token", ANSWER), ("100 tokens", many)):
        print(f"{name}: orjson takes {ratio(body):.1f} times as long")  # noqa: T201 - its result


if __name__ == "__main__":
    main()
