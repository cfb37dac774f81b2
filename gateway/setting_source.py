"""Reads typed settings from environment variables, and says in one line what is wrong with one."""

import math
import re
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Final

from gateway.middleware.client_address import Network

_HIGHEST_PORT: Final = 65_535
_ORIGIN: Final = re.compile(r"(https?)://([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::([1-9][0-9]{0,4}))?")
_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}


class ConfigError(Exception):
    """A setting is missing or cannot be used; the message is one line and names the variable."""


class SettingSource:
    """The environment, with a note of what was asked for.

    Every method takes the name of a variable and raises ConfigError for a value that cannot be
    used. Empty is the same as not set.
    """

    def __init__(self, environ: Mapping[str, str], prefix: str) -> None:
        """Take the variables, and the beginning of the names that are settings."""
        self._environ = environ
        self._prefix = prefix
        self._asked: set[str] = set()

    def text(self, name: str, default: str) -> str:
        """Any text."""
        self._asked.add(name)
        return self._environ.get(name, "").strip() or default

    def choice(self, name: str, allowed: tuple[str, ...], default: str | None) -> str:
        """One of a few words."""
        value = self.text(name, default or "")
        if value not in allowed:
            raise ConfigError(f"{name} must be one of {', '.join(allowed)}")
        return value

    def file(self, name: str) -> Path | None:
        """Where a file lies; None where that is not set."""
        value = self.text(name, "")
        return Path(value) if value else None

    def integer(
        self, name: str, default: int, *, minimum: int = 0, maximum: int = 2**31 - 1
    ) -> int:
        """A whole number, written in ASCII digits."""
        value = self.text(name, str(default))
        if not (value.isascii() and value.isdigit()) or not minimum <= int(value) <= maximum:
            raise ConfigError(f"{name} must be a whole number from {minimum} to {maximum}")
        return int(value)

    def seconds(self, name: str, default: float, *, allow_zero: bool = False) -> float:
        """A finite time above 0, or 0 as well."""
        value = self._number(name, default)
        if value < 0 or (value == 0 and not allow_zero):
            least = "from 0" if allow_zero else "above 0"
            raise ConfigError(f"{name} must be a number of seconds {least}")
        return value

    def ratio(self, name: str, default: float) -> float:
        """A number from 0 to 1."""
        value = self._number(name, default)
        if not 0 <= value <= 1:
            raise ConfigError(f"{name} must be a number from 0 to 1")
        return value

    def addresses(self, name: str, default: str) -> str:
        """`host:port` or `unix:/path`, or several, split by commas; without spaces afterwards."""
        values = [value.strip() for value in self.text(name, default).split(",")]
        if not all(map(_is_address, values)):
            raise ConfigError(f"{name} must be host:port or unix:/path, or several split by commas")
        return ",".join(values)

    def endpoint(self, name: str, default: str) -> str | None:
        """The address of a collector; None where it is set and empty: no export, as the core's."""
        value = self.text(name, "" if name in self._environ else default)
        if value and not value.startswith(("http://", "https://")):
            raise ConfigError(f"{name} must begin with http:// or https://")
        return value or None

    def networks(self, name: str) -> tuple[Network, ...]:
        """IP networks, separated by commas."""
        parts = [part.strip() for part in self.text(name, "").split(",")]
        try:
            return tuple(ip_network(part) for part in parts if part)
        except ValueError:
            raise ConfigError(f"{name} must be networks like 10.0.0.0/8, split by commas") from None

    def origins(self, name: str) -> tuple[str, ...]:
        """Web origins as browsers write them (RFC 6454 section 6.2), separated by commas.

        `*` and `null` are none: whoever sends credentials is named.
        """
        origins = [origin.strip() for origin in self.text(name, "").split(",")]
        for origin in origins:
            if origin and not _is_origin(origin):
                words = "origins like https://app.example.org, split by commas"
                raise ConfigError(f"{name} must be {words}")
        return tuple(origin for origin in origins if origin)

    def refuse_unknown(self) -> None:
        """A misspelt setting would otherwise be the default without a word."""
        unknown = {name for name in self._environ if name.startswith(self._prefix)} - self._asked
        if unknown:
            raise ConfigError(f"{min(unknown)} is not a setting")

    def _number(self, name: str, default: float) -> float:
        try:
            value = float(self.text(name, str(default)))
        except ValueError:
            value = math.nan
        return value if math.isfinite(value) else -1.0


def _is_address(text: str) -> bool:
    if text.startswith("unix:/"):
        return True
    host, _, port = text.rpartition(":")
    return bool(host) and port.isascii() and port.isdigit() and 0 < int(port) <= _HIGHEST_PORT


def _is_origin(text: str) -> bool:
    """Tell whether a browser would ever send it: lower case, no path, no port that is implied."""
    match = _ORIGIN.fullmatch(text)
    if match is None:
        return False
    scheme, _, port = match.groups()
    return port is None or (port != _DEFAULT_PORTS[scheme] and int(port) <= _HIGHEST_PORT)
