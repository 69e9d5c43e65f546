"""The command line: ``python -m tokenkit check``, ``demo``, ``mint`` and ``sandbox``."""

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from . import __version__
from ._mint.arguments import add_mint_options

__all__ = ["main"]

NEEDS_EXTRA = "The sandbox needs more packages: python -m pip install 'tokenkit-sdk[sandbox]'\n"
HIGHEST_PORT = 65535
RATE = "REQUESTS[/SECONDS]"
SANDBOX = (
    "Serve the three issuers until interrupted. The variables that from_env() reads go to "
    "stdout, one KEY=value per line; the log goes to stderr."
)


class Parser(argparse.ArgumentParser):
    """A parser that reports a mistake in one line."""

    def error(self, message: str) -> NoReturn:
        """Exit with code 2."""
        self.exit(2, f"{self.prog}: error: {message} (see --help)\n")


def port(text: str) -> int:
    """Read a port.

    Raises:
        ArgumentTypeError: It is not a port.
    """
    if text.isascii() and text.isdecimal() and len(text) <= len(str(HIGHEST_PORT)):
        number = int(text)
        if number <= HIGHEST_PORT:
            return number
    raise argparse.ArgumentTypeError(f"must be from 0 to {HIGHEST_PORT}, not {text!r}")


def add_sandbox_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command ``sandbox``.

    Args:
        parser: The command's parser.
    """
    where = parser.add_argument_group("where it listens")
    where.add_argument("--host", default="127.0.0.1", help="address (default: %(default)s)")
    where.add_argument("--port", default=0, type=port, help="port (default: any free one)")
    where.add_argument(
        "--advertise",
        metavar="ORIGIN",
        help="origin that clients use instead, such as http://sandbox:8700 between containers",
    )
    wrong = parser.add_argument_group("what goes wrong")
    wrong.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="FIELDS",
        help="inject a failure, such as vendor=zerohash,status=503,share=0.05; repeatable",
    )
    wrong.add_argument(
        "--clock-skew",
        default=0.0,
        type=float,
        metavar="SECONDS",
        help="how far the issuers' clock is ahead; behind, if negative",
    )
    limits = parser.add_argument_group("rate limits (default: none)")
    limits.add_argument(
        "--rate-limits",
        action="store_true",
        help="the documented ones: Strigo 60 a minute (its sample), zerohash 2000 in 10 seconds",
    )
    limits.add_argument("--strigo-rate-limit", metavar=RATE, help="Strigo's, such as 5/1")
    limits.add_argument("--zerohash-rate-limit", metavar=RATE, help="zerohash's, such as 20/1")
    zerohash = parser.add_argument_group("zerohash")
    zerohash.add_argument(
        "--webhook-url", metavar="URL", help="http URL on this machine to send its webhooks to"
    )
    zerohash.add_argument(
        "--unknown-permissions",
        action="store_true",
        help="also mint with permissions that are not documented",
    )


def make_parser() -> Parser:
    """Return the parser of the command line."""
    parser = Parser(
        prog="python -m tokenkit",
        description="Mint user tokens, check that a vendor can be called, and serve a sandbox.",
    )
    parser.add_argument("--version", action="version", version=f"tokenkit {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="command", title="commands")
    commands.add_parser(
        "demo", help="mint a token from each vendor against a sandbox in another process"
    )
    add_check_options(
        commands.add_parser(
            "check", help="check whether the vendors can be called from here, and if not, why"
        )
    )
    add_mint_options(
        commands.add_parser("mint", help="mint a token for each row of a table, into a table")
    )
    sandbox = commands.add_parser(
        "sandbox", help="serve the three issuers on loopback", description=SANDBOX
    )
    add_sandbox_options(sandbox)
    return parser


def add_check_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command ``check``.

    Args:
        parser: The command's parser.
    """
    parser.add_argument(
        "vendor",
        nargs="?",
        choices=("zdk", "zerohash", "strigo"),
        help="the vendor to check (default: each with a variable set)",
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
    parser = make_parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help(sys.stderr)
        return 2
    if options.command == "mint":
        from ._mint.command import run_mint  # noqa: PLC0415 - only this command needs clients

        return run_mint(options)
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
            advertise=options.advertise,
            faults=options.fault,
            clock_skew=options.clock_skew,
            rate_limits=options.rate_limits,
            strigo_rate_limit=options.strigo_rate_limit,
            zerohash_rate_limit=options.zerohash_rate_limit,
            webhook_url=options.webhook_url,
            unknown_permissions=options.unknown_permissions,
        )
    from ._demo import run_demo  # noqa: PLC0415 - the sandbox command does without clients

    return run_demo(sys.stdout)


if __name__ == "__main__":
    sys.exit(main())
