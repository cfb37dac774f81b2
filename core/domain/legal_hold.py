"""Legal holds: what is kept although its time is over, because a court or an authority may ask."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalHold:
    """Covers either all that is stored about one person, or all audit rows of a span of time.

    `from_time` is inclusive, `to_time` is not. A hold counts until it is released, and stays on
    record afterwards. `reason` may name a case; it is shown to operators alone.
    """

    id: UUID
    reason: str = field(repr=False)
    user_id: UUID | None
    from_time: datetime | None
    to_time: datetime | None
    placed_at: datetime
    released_at: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse a hold that covers nothing, or two things at once.

        Raises:
            ValueError: it does.
        """
        span = (self.from_time, self.to_time)
        if (self.user_id is None) != (None not in span) or (self.user_id and span != (None, None)):
            raise ValueError("a legal hold covers either one person or one span of time")
        if self.from_time and self.to_time and self.from_time >= self.to_time:
            raise ValueError("a span of time ends after it begins")
