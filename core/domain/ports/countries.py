"""Where an address is."""

from typing import Protocol


class Countries(Protocol):
    """Knows the countries of addresses, as far as an operator has given a database of them."""

    def country_of(self, address: str) -> str | None:
        """Return the ISO 3166-1 code of an address's country; None where it is not known."""
        ...
