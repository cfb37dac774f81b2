"""What a core itself says of the calls that it answered: OK, or with which code."""

from collections.abc import Iterable
from typing import Final

import requests
from prometheus_client.parser import text_string_to_metric_families

_COUNTER: Final = "pandora_rpc_requests_total"
_NO_REFUSALS: Final = frozenset({"OK", "CANCELLED"})
_TIMEOUT_SECONDS: Final = 10


def refusals(urls: Iterable[str]) -> int:
    """Return how many calls were answered with another code than OK since the start.

    Those whose caller had left (CANCELLED) are not: generators leave at the end of a run.
    """
    return sum(count_refusals(_read(url)) for url in urls)


def count_refusals(text: str) -> int:
    """Return the same of what one metrics port says."""
    return int(
        sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == _COUNTER and sample.labels["code"] not in _NO_REFUSALS
        )
    )


def _read(url: str) -> str:
    answer = requests.get(url, timeout=_TIMEOUT_SECONDS)
    answer.raise_for_status()
    return answer.text
