"""`python -m tools.watching write` and `check`: dashboards, rules and runbooks."""

import argparse
import sys
from pathlib import Path

from tools.watching import promtool
from tools.watching.check import check
from tools.watching.generated import generated_files

_ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Return 0 where all is well, 1 where it is not, 2 where a program is missing."""
    parser = argparse.ArgumentParser(prog="python -m tools.watching", description=__doc__)
    parser.add_argument("what", choices=("write", "check"))
    if parser.parse_args().what == "write":
        for path, text in generated_files().items():
            (_ROOT / path).parent.mkdir(parents=True, exist_ok=True)
            (_ROOT / path).write_text(text)
        return 0
    problems = [str(finding) for finding in check(_ROOT)]
    try:
        problems = problems or promtool.check_all(_ROOT, promtool.find())
    except promtool.PromtoolMissing as missing:
        print(f"watching: {missing}", file=sys.stderr)
        return 2
    for problem in problems:
        print(f"watching: {problem}", file=sys.stderr)
    if not problems:
        print("rules, alerts, their unit tests, dashboards and runbooks agree")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
