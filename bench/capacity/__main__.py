"""`python -m bench.capacity costs`, `check` and `plan`: measures, compares, predicts."""

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from bench.capacity import plan
from bench.capacity.agreement import compare
from bench.capacity.costs import cost, idle_load, row_bytes
from bench.capacity.people import Crowd, measured_service
from bench.errors import BenchError
from tests.e2e.rest import open_rest
from tests.e2e.service import Service

NUMBERS: Final = {
    "register": 200,
    "login": 200,
    "refresh": 600,
    "get-me": 2000,
    "introspect": 2000,
    "kyc-update": 400,
}
_OUTPUT: Final = Path("build/capacity.json")


async def measure_costs(service: Service) -> dict[str, Any]:
    """Return milliseconds by operation and process, and bytes by table."""
    async with open_rest(service) as rest:
        crowd = await Crowd.gather(rest, service)
        idle = await idle_load(service)
        costs = {
            name: await cost(service, operation, number=NUMBERS[name], idle=idle)
            for name, operation in crowd.operations().items()
        }
    print(json.dumps(costs), file=sys.stderr)
    return {"cpu_ms": costs, "idle_cpu_share": idle, "bytes_per_row": row_bytes(service)}


def main() -> int:
    """Return 0 where all went well, and for `check` where predictions and measurements agree."""
    parser = argparse.ArgumentParser(prog="python -m bench.capacity", description=__doc__)
    parser.add_argument("what", choices=("costs", "check", "plan"))
    parser.add_argument("--seconds", type=float, default=20, help="of each measured load")
    options = parser.parse_args()
    if options.what == "plan":
        print("\n".join(plan.lines()))
        return 0
    one_thread = {"PANDORA_PASSWORDS__HASHING_THREADS": "1"}
    settings = one_thread if options.what == "check" else {}
    with tempfile.TemporaryDirectory(prefix="pandora-capacity-") as name:
        folder = Path(name)
        with measured_service(folder, settings) as service:
            if options.what == "costs":
                result, is_well = asyncio.run(measure_costs(service)), True
            else:
                result, is_well = asyncio.run(compare(service, seconds=options.seconds))
    _OUTPUT.parent.mkdir(exist_ok=True)
    text = json.dumps(result, indent=1)
    _OUTPUT.write_text(text + "\n")
    print(text)
    return 0 if is_well else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        sys.exit(1)
