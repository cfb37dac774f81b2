"""Metrics as text, in Prometheus' format 0.0.4."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from supervision.families import Family, Labels, Sample
from supervision.sums import CREATED

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_IN_TEXT: Final[Mapping[str, tuple[str, str]]] = {
    "counter": ("_total", "counter"),
    "gauge": ("", "gauge"),
    "histogram": ("", "histogram"),
    "summary": ("", "summary"),
    "info": ("_info", "gauge"),
}
"""What is added to a family's name, and what its kind is called."""
_TEXT: Final = str.maketrans({"\\": r"\\", "\n": r"\n"})
_LABEL: Final = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


def render(families: Iterable[Family]) -> bytes:
    """Return the text of families, each under its help and type."""
    return "".join(line for family in families for line in _lines(family)).encode()


def _lines(family: Family) -> Iterator[str]:
    times = [each for each in family.samples if each.name.endswith(CREATED)]
    numbers = [each for each in family.samples if not each.name.endswith(CREATED)]
    suffix, kind = _IN_TEXT.get(family.kind, ("", "untyped"))
    yield from _block(f"{family.name}{suffix}", kind, family.meaning, numbers)
    if times:
        # The format knows no such sample of a counter or histogram: it is a gauge of its own.
        yield from _block(f"{family.name}{CREATED}", "gauge", family.meaning, times)


def _block(name: str, kind: str, meaning: str, samples: Iterable[Sample]) -> Iterator[str]:
    yield f"# HELP {name} {meaning.translate(_TEXT)}\n"
    yield f"# TYPE {name} {kind}\n"
    for sample in samples:
        yield f"{sample.name}{_labels(sample.labels)} {_number(sample.value)}\n"


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{text.translate(_LABEL)}"' for name, text in labels) + "}"


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return "NaN" if math.isnan(value) else repr(value)
