"""The command line: ``python -m tokenkit check``, ``demo`` and ``sandbox``."""

import argparse
import sys
from collections.abc import Sequence

__all__ = ["main"]

NEEDS_EXTRA = "The sandbox needs more packages: python -m pip install 'tokenkit-sdk[sandbox]'\n"


def add_sandbox_options(parser: argparse.ArgumentParser) -> None:
    """Declare what the sandbox's command takes.

    Args:
        parser: The command's parser.
    """
    rate = "REQUESTS[/SECONDS]"
    parser.add_argument("--host", default="127.0.0.1", help="address (default: %(default)s)")
    parser.add_argument("--port", default=0, type=int, help="port (default: any free one)")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="FIELDS",
        help="let requests go wrong, e.g. vendor=zerohash,status=503,share=0.05 (repeatable)",
    )
    parser.add_argument(
        "--clock-skew",
        default=0.0,
        type=float,
        metavar="SECONDS",
        help="how far the issuers' clock is ahead; behind, if negative",
    )
    parser.add_argument(
        "--rate-limits",
        action="store_true",
        help="limit requests: Strigo's to the documented sample of 60 a minute, zerohash's to "
        "the documented 2000 in 10 seconds",
    )
    parser.add_argument(
        "--strigo-rate-limit", metavar=rate, help="limit Strigo's, e.g. 5/1 (default: a minute)"
    )
    parser.add_argument(
        "--zerohash-rate-limit", metavar=rate, help="limit zerohash's (default: 10 seconds)"
    )


def add_check_options(parser: argparse.ArgumentParser) -> None:
    """Declare what the command ``check`` takes.

    Args:
        parser: The command's parser.
    """
    parser.add_argument(
        "vendor",
        nargs="?",
        choices=("zdk", "zerohash", "strigo"),
        help="the vendor to check (default: each that a variable is set for)",
    )
    parser.add_argument("--json", action="store_true", help="write JSON")
    parser.add_argument(
        "--explain",
        action="store_true",
        help="for a signature that zerohash refuses, show the text that was signed",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return the exit code.

    Args:
        arguments: The command line, by default the process's own.
    """
    parser = argparse.ArgumentParser(prog="python -m tokenkit", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    add_check_options(
        commands.add_parser(
            "check", help="tell whether the vendors can be called from here, and why not"
        )
    )
    commands.add_parser(
        "demo", help="mint a token of each vendor against a sandbox in another process"
    )
    add_sandbox_options(commands.add_parser("sandbox", help="serve the three issuers on loopback"))
    options = parser.parse_args(arguments)
    if options.command == "check":
        from ._check.command import check  # noqa: PLC0415 - only this command needs all clients

        return check(options.vendor, as_json=options.json, explain=options.explain, out=sys.stdout)
    try:
        from .sandbox.cli import run  # noqa: PLC0415 - an extra, and only the commands need it
    except ModuleNotFoundError:
        sys.stderr.write(NEEDS_EXTRA)
        return 1
    if options.command == "sandbox":
        return run(
            options.host,
            options.port,
            faults=options.fault,
            clock_skew=options.clock_skew,
            rate_limits=options.rate_limits,
            strigo_rate_limit=options.strigo_rate_limit,
            zerohash_rate_limit=options.zerohash_rate_limit,
        )
    from ._demo import run_demo  # noqa: PLC0415 - the sandbox command does without clients

    return run_demo(sys.stdout)


if __name__ == "__main__":
    sys.exit(main())
