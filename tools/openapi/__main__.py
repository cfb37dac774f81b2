"""Command line: `python -m tools.openapi write|check`."""

import argparse
import json
import sys
from pathlib import Path
from typing import Final

from openapi_spec_validator import OpenAPIV31SpecValidator

from gateway import documentation
from gateway.contract import load_services

FILE: Final = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"


def render() -> str:
    """The served document with line breaks, so that a change of it can be read."""
    document = json.loads(documentation.describe(load_services()))
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def findings(file: Path) -> list[str]:
    """What is wrong: the file differs, or the document is no OpenAPI 3.1."""
    document = render()
    found = [
        f"/{'/'.join(str(part) for part in error.absolute_path)}: {error.message}"
        for error in OpenAPIV31SpecValidator(json.loads(document)).iter_errors()
    ]
    if not file.is_file() or file.read_text(encoding="utf-8") != document:
        found.append(f"docs/{file.name} differs from what the contract says; run `make openapi`")
    return found


def main(arguments: list[str]) -> int:
    """Run one step; return 0, or 1 after printing what was found."""
    parser = argparse.ArgumentParser(prog="python -m tools.openapi")
    parser.add_argument("step", choices=("write", "check"))
    parser.add_argument("--file", type=Path, default=FILE, help="the copy to work on")
    options = parser.parse_args(arguments)
    if options.step == "write":
        options.file.write_text(render(), encoding="utf-8")
        return 0
    found = findings(options.file)
    for finding in found:
        print(finding, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
