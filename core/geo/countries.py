"""Countries of addresses, from a file in MaxMind's format (MaxMind DB File Format 2.0)."""

from pathlib import Path
from typing import Self

import maxminddb

_MEMBERS = ("country", "registered_country")
"""Where GeoIP2 and GeoLite2 keep the country: of the place, or else of the network's owner."""


class CountryFileRefused(Exception):
    """The file cannot be read, or is none in MaxMind's format."""


class NoCountries:
    """Implements the port Countries where no file is configured."""

    def country_of(self, address: str) -> str | None:  # noqa: ARG002 - the port's signature
        """Return None: nothing is known."""
        return None


class CountryFile:
    """Implements the port Countries. The file is read once; a newer one needs a restart."""

    def __init__(self, reader: maxminddb.Reader) -> None:
        """Take an open file."""
        self._reader = reader

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read a file into memory, so that it may be replaced while we run.

        Raises:
            CountryFileRefused: there is none, or it is none in MaxMind's format.
        """
        try:
            return cls(maxminddb.open_database(path, maxminddb.MODE_MEMORY))
        except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
            message = f"the country file cannot be read: {type(error).__name__}"
            raise CountryFileRefused(message) from error

    def country_of(self, address: str) -> str | None:
        """Return the country's code as the file has it; a damaged entry is like none."""
        try:
            found = self._reader.get(address)
        except (ValueError, maxminddb.InvalidDatabaseError):
            return None
        return _code(found)


def _code(found: object) -> str | None:
    if not isinstance(found, dict):
        return None
    for member in _MEMBERS:
        place = found.get(member)
        code = place.get("iso_code") if isinstance(place, dict) else None
        if isinstance(code, str) and code:
            return code
    return None
