"""New ids that sort in the order in which this process made them."""

import secrets
import threading
from collections.abc import Callable
from uuid import UUID

from core.domain.ids import uuid7
from core.domain.ports.clock import Clock

_RANDOM_BYTES = 10
_HIGH_BITS_SHIFT = 80
_RANDOM_A_MASK = 0x0FFF << 64
_RANDOM_B_MASK = (1 << 62) - 1
_STEP_BYTES = 4


class MonotonicUuid7:
    """Implements the port IdGenerator with UUIDv7, increasing also within one millisecond.

    RFC 9562 section 6.2, method 2: where the clock stands still or steps back, the next id is the
    last one's time and randomness, read as one number, plus a random step.
    """

    def __init__(
        self, *, clock: Clock, randomness: Callable[[int], bytes] = secrets.token_bytes
    ) -> None:
        self._clock = clock
        self._randomness = randomness
        self._last = UUID(int=0)
        self._lock = threading.Lock()

    def new_id(self) -> UUID:
        """See the port; safe to call from several threads."""
        candidate = uuid7(self._clock.now(), self._randomness(_RANDOM_BYTES))
        with self._lock:
            if candidate <= self._last:
                step = 1 + int.from_bytes(self._randomness(_STEP_BYTES), "big")
                candidate = _from_number(_to_number(self._last) + step)
            self._last = candidate
        return candidate


def _to_number(value: UUID) -> int:
    """Return time and randomness (48 + 74 bits) without the version and variant between them."""
    time = value.int >> _HIGH_BITS_SHIFT
    random_a = (value.int & _RANDOM_A_MASK) >> 64
    return time << 74 | random_a << 62 | value.int & _RANDOM_B_MASK


def _from_number(number: int) -> UUID:
    time, random_a, random_b = number >> 74, number >> 62 & 0x0FFF, number & _RANDOM_B_MASK
    return UUID(int=time << _HIGH_BITS_SHIFT | 0x7 << 76 | random_a << 64 | 0b10 << 62 | random_b)
