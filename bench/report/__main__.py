"""`python -m bench.report`: the last run's tables and plot become those of docs/performance.md."""

import shutil
import sys
from pathlib import Path
from typing import Final

BEGIN: Final = "<!-- make bench-publish: begin -->"
END: Final = "<!-- make bench-publish: end -->"
_DOCUMENT: Final = Path("docs/performance.md")
_PLOT: Final = Path("docs/performance.svg")
_TABLES, _DRAWN = Path("build/bench.md"), Path("build/bench.svg")


def published(document: str, tables: str) -> str:
    """Return a document with other tables between the marks. Raises ValueError without marks."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the document lacks {BEGIN} or {END}")
    picture = f"![requests a second]({_PLOT.name})"
    return f"{before}{begin}\n\n{tables.strip()}\n\n{picture}\n\n{end}{after}"


def main() -> int:
    """Write both files; the exit code is 1 where nothing was measured."""
    if not _TABLES.exists() or not _DRAWN.exists():
        print("bench: nothing was measured; run `make bench` first", file=sys.stderr)
        return 1
    _DOCUMENT.write_text(published(_DOCUMENT.read_text(), _TABLES.read_text()))
    shutil.copyfile(_DRAWN, _PLOT)
    return 0


if __name__ == "__main__":
    sys.exit(main())
