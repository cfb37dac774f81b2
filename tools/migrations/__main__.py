"""`python -m tools.migrations --squawk PROGRAM`: see docs/migrations.md."""

import argparse
import sys
from functools import partial
from pathlib import Path

from tools.migrations import squawk
from tools.migrations.check import FIRST_INSTALLATION, check

_MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
_PROGRAM_MISSING = 2


def main() -> int:
    """Return 0 where nothing was found, 1 where something was, 2 where squawk is missing."""
    parser = argparse.ArgumentParser(prog="python -m tools.migrations", description=__doc__)
    parser.add_argument("--squawk", type=Path, required=True, help="the program")
    parser.add_argument("--folder", type=Path, default=_MIGRATIONS)
    parser.add_argument("--after", default=FIRST_INSTALLATION, help="the last one not looked at")
    options = parser.parse_args()
    try:
        number, found = check(
            options.folder.resolve(), partial(squawk.findings, options.squawk), after=options.after
        )
    except squawk.SquawkFailed as error:
        print(f"migrations: {error}", file=sys.stderr)
        return _PROGRAM_MISSING
    for finding in found:
        print(finding, file=sys.stderr)
    if not found:
        print(f"{number} migrations after {options.after} can run beside the service")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
