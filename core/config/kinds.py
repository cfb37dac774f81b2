"""The kinds of values that several sections of the settings share."""

from typing import Annotated, Final

from core.config.rules import Between, Host, Shape, Url

HIGHEST_PORT: Final = 65535
ListenPort = Annotated[int, Between(0, HIGHEST_PORT)]
"""A port to listen on; 0 takes any free one."""
Port = Annotated[int, Between(1, HIGHEST_PORT)]
HostName = Annotated[str, Host()]
TimeoutSeconds = Annotated[float, Between(0.05, 300)]
HttpUrl = Annotated[str, Url(("http", "https"))]
Name = Annotated[
    str, Shape(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", "a short name (letters, digits, ._-)")
]
VaultPath = Annotated[
    str, Shape(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*", "a path of letters, digits, _ and -")
]
