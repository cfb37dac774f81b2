"""A plot of rates as SVG: a bar for each measure, its least and its most as a line upon it."""

from collections.abc import Iterator, Mapping
from html import escape
from math import log10
from statistics import median
from typing import Final

from bench.judging.verdict import Samples

_WIDTH, _LABEL, _ROW, _BAR, _TOP = 900, 400, 24, 14, 36
_SCALE: Final = _WIDTH - _LABEL - 90
_LEFT_OUT: Final = ("start", "reads-calm", "reads-beside-logins")
"""Those whose rate says nothing."""
_FLOORS: Final = ("argon2", "echo", "envoy", "inserts", "gateway-echo")


def draw(titles: Mapping[str, str], samples: Samples) -> str:
    """Return the plot; rates are on a logarithmic scale, since they differ by two orders."""
    shown = [name for name in titles if name not in _LEFT_OUT and samples[name]]
    height = _TOP + _ROW * len(shown) + 10
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" font-size="12">'
    )
    title = "requests a second, medians of the rounds; logarithmic"
    most = max((one.per_second for name in shown for one in samples[name]), default=1.0)
    lines = [
        head,
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>',
        f'<text x="{_LABEL}" y="20" fill="#444">{title}</text>',
    ]
    for row, name in enumerate(shown):
        rates = [one.per_second for one in samples[name]]
        lines.extend(_bar(_TOP + row * _ROW, titles[name], rates, most, name.startswith(_FLOORS)))
    return "\n".join([*lines, "</svg>"]) + "\n"


def _bar(
    y: int,
    title: str,
    rates: list[float],
    most: float,
    is_floor: bool,  # noqa: FBT001
) -> Iterator[str]:
    middle, least, greatest = (_x(value, most) for value in (median(rates), min(rates), max(rates)))
    colour = "#b8c4ce" if is_floor else "#2f6f9f"
    text_y, line_y = y + _BAR - 3, y + _BAR / 2
    yield f'<text x="{_LABEL - 8}" y="{text_y}" text-anchor="end">{escape(title)}</text>'
    yield f'<rect x="{_LABEL}" y="{y}" width="{middle:.1f}" height="{_BAR}" fill="{colour}"/>'
    yield (
        f'<line x1="{_LABEL + least:.1f}" x2="{_LABEL + greatest:.1f}" y1="{line_y}" '
        f'y2="{line_y}" stroke="#d1495b" stroke-width="2"/>'
    )
    yield (
        f'<text x="{_LABEL + max(middle, greatest) + 6:.1f}" y="{text_y}">'
        f"{median(rates):,.0f}</text>"
    )


def _x(value: float, most: float) -> float:
    """Return how far to the right a rate lies; 1 a second is the left end."""
    return _SCALE * log10(max(1.0, value)) / max(1.0, log10(max(10.0, most)))
