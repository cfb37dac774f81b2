"""`python -m tools.deploy`: checks every file of a deployment; exit code 1 if any is wrong."""

import sys

from tools.deploy.checks import CHECKS


def main() -> int:
    """Run every check, and tell all that is wrong at once."""
    is_well = True
    for name, check in CHECKS.items():
        found = check()
        print(f"{'wrong' if found else 'ok   '}  {name}")
        for line in found:
            print(f"       {line}")
        is_well = is_well and not found
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
