"""The command's arguments."""

import argparse
from pathlib import Path

from .models import MODELS

__all__ = ["add_mint_options"]

DESCRIPTION = """\
Mint a token for each row of a table, as fast as the vendor allows, and write a
table with the same rows and their tokens.

The credentials come from the environment, as for from_env(). Columns are found
by name: a column "email" or "E-Mail" is the field email. Cells that hold lists
separate their items by ";". Other columns are carried over unchanged.
"""
EPILOG = """\
fields:
{fields}

examples:
  python -m tokenkit mint strigo --from learners.csv --to tokens.csv --journal mint.journal
  python -m tokenkit mint strigo --from learners.csv --to tokens.csv --column email=Mail \\
      --set expiration=30d --set "groups=course-1;berlin"
  python -m tokenkit mint zerohash --from people.csv --to tokens.parquet \\
      --set permissions=fiat-deposits

The result holds the columns ok, token, expires_at, error and message (why a row
failed), status and request_id. It holds secrets: only its owner can read it.

After Ctrl-C, a crash or failed rows, run the same command again: with --journal
it continues, and mints only what is missing.

exit codes:
  0    every row has its token
  1    some rows failed; the result says why
  2    nothing was sent: the table, an option or the environment needs fixing
  130  interrupted with Ctrl-C
"""


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals or not value:
        raise argparse.ArgumentTypeError(f"must be FIELD=VALUE, not {text!r}")
    return name, value


def add_mint_options(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments.

    Args:
        parser: The command's parser.
    """
    fields = "\n".join(
        f"  {vendor:<10}{', '.join(model.columns)}" for vendor, model in MODELS.items()
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = DESCRIPTION
    parser.epilog = EPILOG.format(fields=fields)
    parser.add_argument("vendor", choices=list(MODELS), help="the vendor")
    files = parser.add_argument_group("files (.csv, .jsonl, or .parquet with pyarrow)")
    files.add_argument(
        "--from", dest="source", required=True, type=Path, metavar="FILE", help="the table"
    )
    files.add_argument(
        "--to",
        dest="target",
        required=True,
        type=Path,
        metavar="FILE",
        help="where the tokens go; created with mode 0600",
    )
    files.add_argument(
        "--journal",
        type=Path,
        metavar="FILE",
        help="records what is done, so that the same command can continue; has no tokens",
    )
    fields_group = parser.add_argument_group("fields")
    fields_group.add_argument(
        "--column",
        action="append",
        default=[],
        type=_pair,
        metavar="FIELD=COLUMN",
        help="take a field from a column with another name; repeatable",
    )
    fields_group.add_argument(
        "--set",
        dest="constants",
        action="append",
        default=[],
        type=_pair,
        metavar="FIELD=VALUE",
        help="give a field the same value in every row; repeatable",
    )
    pace = parser.add_argument_group("pace")
    pace.add_argument(
        "--share",
        type=float,
        default=0.9,
        help="part of the vendor's rate limit to use; the rest is left to live traffic "
        "(default: %(default)s)",
    )
    pace.add_argument(
        "--concurrency", type=int, default=16, help="requests at a time (default: %(default)s)"
    )
    pace.add_argument(
        "--batch-size",
        type=int,
        default=1,
        metavar="ROWS",
        help="rows to put into one request, ZDK only (default: %(default)s)",
    )
    parser.add_argument(
        "--allow-payments",
        action="store_true",
        help="also mint what opens a payment or a fund session; needs --journal",
    )
    parser.add_argument("--quiet", action="store_true", help="show no progress")
