"""Numbers of audit rows: they rise with time over all people, as those that a database gives."""

from array import array
from collections import defaultdict
from collections.abc import Sequence

from core.data.synthesis.curve import DAY


def in_time_order(times: Sequence["array[int]"], *, above: int) -> list["array[int]"]:
    """Return the number of each row, chunk by chunk as its times came: the first is `above` + 1.

    Rows of one time keep the order of their chunks. Takes 16 bytes a row, and more for those of
    one day at a time.
    """
    days: defaultdict[int, array[int]] = defaultdict(lambda: array("q"))
    starts, total = [], 0
    for part in times:
        starts.append(total)
        for place, at in enumerate(part, start=total):
            days[at // DAY].append(place)
        total += len(part)
    every = array("q", [time for part in times for time in part])
    numbers = array("q", bytes(8 * total))
    number = above
    for day in sorted(days):
        for place in sorted(days.pop(day), key=every.__getitem__):
            number += 1
            numbers[place] = number
    ends = [*starts[1:], total]
    return [numbers[start:end] for start, end in zip(starts, ends, strict=True)]
