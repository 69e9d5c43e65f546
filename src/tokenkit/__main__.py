"""The command line: ``python -m tokenkit demo`` and ``python -m tokenkit sandbox``."""

import argparse
import sys
from collections.abc import Sequence

__all__ = ["main"]

NEEDS_EXTRA = "The sandbox needs more packages: python -m pip install 'tokenkit-sdk[sandbox]'\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return the exit code.

    Args:
        arguments: The command line, by default the process's own.
    """
    parser = argparse.ArgumentParser(prog="python -m tokenkit", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser(
        "demo", help="mint a token of each vendor against a sandbox in another process"
    )
    sandbox = commands.add_parser("sandbox", help="serve the three issuers on loopback")
    sandbox.add_argument("--host", default="127.0.0.1", help="address (default: %(default)s)")
    sandbox.add_argument("--port", default=0, type=int, help="port (default: any free one)")
    options = parser.parse_args(arguments)
    try:
        from .sandbox.cli import run  # noqa: PLC0415 - an extra, and only the commands need it
    except ModuleNotFoundError:
        sys.stderr.write(NEEDS_EXTRA)
        return 1
    if options.command == "sandbox":
        return run(options.host, options.port)
    from ._demo import run_demo  # noqa: PLC0415 - the sandbox command does without clients

    return run_demo(sys.stdout)


if __name__ == "__main__":
    sys.exit(main())
