"""Runs the command ``check`` in this process."""

import io
import json
from collections.abc import Callable, Mapping
from typing import Any

from vendors_support import Received

from tokenkit._check.command import check


def responses(**by_route: tuple[int, object]) -> Callable[[Received], tuple[int, object]]:
    """Respond by the last part of the route's path, with 200 to everything else."""

    def respond(request: Received) -> tuple[int, object]:
        return by_route.get(request.route.partition("?")[0].rpartition("/")[2], (200, {}))

    return respond


def told(vendor: str | None, environ: Mapping[str, str], **options: bool) -> tuple[int, str]:
    out = io.StringIO()
    settings = {"as_json": False, "explain": False, **options}
    code = check(vendor, out=out, environ=environ, **settings)
    return code, out.getvalue()


def findings(vendor: str | None, environ: Mapping[str, str], **options: bool) -> dict[str, Any]:
    """Return one vendor's checks by name; if a name repeats, the last one counts."""
    code, text = told(vendor, environ, as_json=True, **options)
    written = json.loads(text)
    assert written["ok"] is (code == 0)
    return {finding["check"]: finding for finding in written["checks"]}
