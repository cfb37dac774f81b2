"""Connections to Redis by TLS."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from redis.asyncio import Connection


class TlsConnection(Connection):
    """A connection that trusts the given authority alone, and checks the server's name.

    The driver's own way trusts what the operating system trusts beside the file, and reads the
    file once; this one reads it for every connection, so that a replaced file is followed.
    """

    def __init__(self, *, ca_file: Path | None, **options: Any) -> None:  # noqa: ANN401 - the driver's
        """Take a file of certificates (None: the operating system's) and the driver's options."""
        self._ca_file = ca_file
        super().__init__(**options)

    def _connection_arguments(self) -> Mapping[str, Any]:
        context = ssl.create_default_context(cafile=self._ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return {**super()._connection_arguments(), "ssl": context}
